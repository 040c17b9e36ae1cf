//! Records that can be told apart, and where they lie in the end.

use std::{collections::BTreeMap, path::Path};

use integration_tests::FirehoseLocal;
use serde_json::{Value, json};

/// The stream of these tests, and its bucket.
pub(crate) const STREAM: &str = "kept";
pub(crate) const BUCKET: &str = "kept";

/// A number from a seed; the seed is printed by whoever draws.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A record with a number of its own, as a line of a raw object.
pub(crate) fn line(number: u64) -> Vec<u8> {
    let mut line = format!("{number:012}").into_bytes();
    line.extend_from_slice(&[b'x'; 87]);
    line.push(b'\n');
    line
}

/// Makes the raw stream and its bucket.
pub(crate) fn create(endpoint: &FirehoseLocal) {
    create_bucket(endpoint);
    create_stream(endpoint);
}

pub(crate) fn create_bucket(endpoint: &FirehoseLocal) {
    let made = endpoint.request("PUT", &format!("/{BUCKET}"), &[], b"");
    assert_eq!(made.status, 200, "{}", made.body);
}

pub(crate) fn create_stream(endpoint: &FirehoseLocal) {
    let input = json!({ "DeliveryStreamName": STREAM, "ExtendedS3DestinationConfiguration": {
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "BucketARN": format!("arn:aws:s3:::{BUCKET}") } });
    let made = endpoint.aws_json("Firehose_20150804.CreateDeliveryStream", &input.to_string());
    assert_eq!(made.status, 200, "{}", made.body);
}

/// Puts one record; whether it was acknowledged.
pub(crate) fn put(endpoint: &FirehoseLocal, data: &[u8]) -> bool {
    let data = integration_tests::base64(data);
    let input = json!({ "DeliveryStreamName": STREAM, "Record": { "Data": data } });
    let answer = endpoint.aws_json("Firehose_20150804.PutRecord", &input.to_string());
    assert!([200, 503].contains(&answer.status), "{} {}", answer.status, answer.body);
    if answer.status == 503 {
        assert!(answer.body.contains("ServiceUnavailableException"), "{}", answer.body);
    }
    answer.status == 200
}

/// The stream, as the status route tells it.
pub(crate) fn status(endpoint: &FirehoseLocal) -> Value {
    let answer = endpoint.request("GET", "/_firehose-local/status", &[], b"");
    let status: Value = serde_json::from_str(&answer.body).expect("JSON");
    status["streams"][0].clone()
}

/// How often each record lies in the objects of a bucket, and how many objects there are.
pub(crate) fn delivered(data_dir: &Path) -> (BTreeMap<u64, u32>, usize) {
    let (mut found, mut objects) = (BTreeMap::new(), 0);
    visit(&data_dir.join(BUCKET), &mut |bytes| {
        objects += 1;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let number = line.get(..12).and_then(|number| std::str::from_utf8(number).ok());
            let number = number.and_then(|number| number.parse().ok());
            *found.entry(number.expect("a line of ours")).or_default() += 1;
        }
    });
    (found, objects)
}

fn visit(folder: &Path, read: &mut impl FnMut(&[u8])) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => visit(&path, read),
            false => read(&std::fs::read(&path).expect("an object")),
        }
    }
}
