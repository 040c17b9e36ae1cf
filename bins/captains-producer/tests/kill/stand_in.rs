//! A delivery stream that keeps what it acknowledges: just enough of the wire for the program, and
//! an exact account for the test.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

type Records = Arc<Mutex<Vec<Vec<u8>>>>;

/// It serves until the test ends.
pub(crate) struct StandIn {
    endpoint: String,
    records: Records,
}

impl StandIn {
    /// Starts it on a free port; each call takes this long.
    pub(crate) fn start(latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let records = Records::default();
        let kept = Arc::clone(&records);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                // A connection ends when its client was killed; that is no failure here.
                std::thread::spawn(move || serve(&stream, &kept, latency));
            }
        });
        Self { endpoint, records }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How many records it has.
    pub(crate) fn stored(&self) -> usize {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes its records.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether more records than these came in time.
    pub(crate) fn wait_for_more_than(&self, records: usize, patience: Duration) -> bool {
        let began = Instant::now();
        while self.stored() <= records {
            if began.elapsed() > patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

/// Answers requests until the client goes.
fn serve(stream: &TcpStream, records: &Records, latency: Duration) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut target, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                    target = value.trim().to_owned();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().ok()?;
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let answer = answer(&target, &body, records, latency)?.to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length:";
        let mut writer = stream;
        writer.write_all(format!("{head} {}\r\n\r\n{answer}", answer.len()).as_bytes()).ok()?;
    }
}

fn answer(target: &str, body: &[u8], records: &Records, latency: Duration) -> Option<Value> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if target.ends_with(".DescribeDeliveryStream") {
        let arn = "arn:aws:firehose:us-east-1:000000000000:deliverystream/ratings";
        return Some(json!({ "DeliveryStreamDescription": {
            "DeliveryStreamName": "ratings", "DeliveryStreamARN": arn,
            "DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "DirectPut",
            "VersionId": "1", "Destinations": [], "HasMoreDestinations": false } }));
    }
    std::thread::sleep(latency);
    let data = body["Records"].as_array()?.iter().map(|record| &record["Data"]);
    let data: Option<Vec<Vec<u8>>> =
        data.map(|data| BASE64_STANDARD.decode(data.as_str()?).ok()).collect();
    let data = data?;
    let entries: Vec<Value> =
        (0..data.len()).map(|n| json!({ "RecordId": n.to_string() })).collect();
    records.lock().unwrap_or_else(PoisonError::into_inner).extend(data);
    Some(json!({ "FailedPutCount": 0, "Encrypted": false, "RequestResponses": entries }))
}
