//! Records of CloudWatch Logs, unpacked.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::*;
use crate::{LogDecompression, Processing, SubRecords};

fn packed(text: &[u8]) -> Record {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text).unwrap();
    Record::from(gzip.finish().unwrap())
}

fn envelope(kind: &str, messages: &[&str]) -> String {
    let events =
        messages.iter().map(|message| json!({ "id": "1", "timestamp": 1, "message": message }));
    json!({
        "messageType": kind, "owner": "123456789012", "logGroup": "g", "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": events.collect::<Vec<_>>(),
    })
    .to_string()
}

/// What becomes of some records: the body that is delivered, and the lines of those that failed.
async fn unpacked(processing: Processing, records: &[Record]) -> (String, Vec<Value>) {
    let store = Arc::new(InMemory::new());
    let config = DeliveryStreamConfig::new("s")
        .with_prefix("ok/")
        .with_error_output_prefix("e/!{firehose:error-output-type}/")
        .processing(processing);
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(records).await.unwrap();
    let stats = stream.close().await;
    assert_eq!(stats.failed_records, stats.processing_failed_records);
    let objects = objects(&*store).await;
    let of = |prefix: &str| {
        let found = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let bodies = found.map(|(_, body)| String::from_utf8(body.to_vec()).unwrap());
        bodies.collect::<String>()
    };
    let lines = of("e/decompression-failed/");
    (of("ok/"), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn logs(extract_messages: bool) -> Processing {
    let decompression = Some(LogDecompression { extract_messages });
    Processing { decompression, ..Processing::default() }
}

#[tokio::test(start_paused = true)]
async fn section_2_2_decompression_keeps_the_envelope_and_extraction_takes_it_off() {
    let data = envelope("DATA_MESSAGE", &["one", "", "tw\"o\nlines"]);
    let control = envelope("CONTROL_MESSAGE", &["CWL CONTROL MESSAGE: Checking health"]);
    let records = [packed(data.as_bytes()), packed(control.as_bytes())];
    let (body, failed) = unpacked(logs(false), &records).await;
    assert_eq!((body, failed.len()), (format!("{data}{control}"), 0));
    let (body, failed) = unpacked(logs(true), &records).await;
    assert_eq!((body.as_str(), failed.len()), ("one\n\ntw\"o\nlines\n", 0));
}

#[tokio::test(start_paused = true)]
async fn section_2_2_what_cannot_be_unpacked_fails_as_it_came() {
    let good = packed(envelope("DATA_MESSAGE", &["ok"]).as_bytes());
    let cut = Record::from(good.data()[..good.len() - 9].to_vec());
    let plain = Record::from(&b"{}"[..]);
    let bomb = packed(&vec![b' '; 17 * 1024 * 1024]);
    let table = [
        (plain, false, "is not in gzip"),
        (cut, false, "is not in gzip"),
        (bomb, false, "more than 16777216 bytes"),
        (packed(b"no"), false, "is not JSON in gzip"),
        (packed(b"{}"), true, "is not of CloudWatch Logs"),
        (packed(br#"{"messageType":"DATA_MESSAGE","logEvents":[{}]}"#), true, "not of CloudWatch"),
    ];
    for (record, extract, words) in table {
        let (body, failed) = unpacked(logs(extract), &[record.clone(), good.clone()]).await;
        assert!(body.contains("ok"), "its neighbour stays");
        let [line] = failed.as_slice() else { panic!("{words}: {failed:?}") };
        assert_eq!(line["errorCode"], "Decompression failed.");
        assert!(line["errorMessage"].as_str().unwrap().contains(words), "{line}");
        assert_eq!(line["rawData"], STANDARD.encode(record.data()));
        assert_eq!((&line["attemptsMade"], line.get("lambdaARN")), (&json!(1), None));
    }
    assert!(unpacked(logs(false), &[packed(b"{}")]).await.1.is_empty(), "JSON of any kind");
}

/// What is put is small enough; what comes out of it may be more than an event holds.
#[tokio::test(start_paused = true)]
async fn a_record_too_large_for_an_event_fails_alone() {
    let function = super::scripted::Scripted::new([]);
    let config = DeliveryStreamConfig::new("s")
        .with_prefix("ok/")
        .processing(logs(true))
        .transformed_by(function.processor());
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let large = packed(envelope("DATA_MESSAGE", &[&"x".repeat(5_000_000)]).as_bytes());
    let small = packed(envelope("DATA_MESSAGE", &["ok"]).as_bytes());
    stream.put_batch(&[small.clone(), large, small]).await.unwrap();
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records), (2, 1));
    assert_eq!((stats.invocations, stats.failed_invocations), (2, 0), "it is never sent");
}

/// Messages that are JSON are records of their own once they are taken apart.
#[tokio::test(start_paused = true)]
async fn section_4_4_messages_are_taken_apart_after_they_are_taken_out() {
    let mut processing = logs(true);
    processing.sub_records = Some(SubRecords::Json);
    processing.delimiter = Some(b";".to_vec());
    let record = packed(envelope("DATA_MESSAGE", &[r#"{"a":1}"#, r#"{"b":2}"#]).as_bytes());
    assert_eq!(unpacked(processing, &[record]).await.0, r#"{"a":1};{"b":2};"#);
}
