//! The control routes: health, status, metrics, flush, reset.

use integration_tests::FirehoseLocal;
use serde_json::{Value, json};

fn get(endpoint: &FirehoseLocal, route: &str) -> String {
    let answer = endpoint.request("GET", &format!("/_firehose-local/{route}"), &[], b"");
    assert_eq!(answer.status, 200, "{route}: {}", answer.body);
    answer.body
}

fn post(endpoint: &FirehoseLocal, route: &str) -> Value {
    let answer = endpoint.request("POST", &format!("/_firehose-local/{route}"), &[], b"");
    assert_eq!(answer.status, 200, "{route}: {}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Puts 5 records of 14 bytes: one alone, four together.
fn put(endpoint: &FirehoseLocal) {
    let record = json!({ "Data": "eyJyYXRpbmciOiAgN30=" });
    let one = json!({ "DeliveryStreamName": "PUT-S3-qrZbv", "Record": record });
    let many = json!({ "DeliveryStreamName": "PUT-S3-qrZbv", "Records": [record, record, record, record] });
    for (operation, input) in [("PutRecord", one), ("PutRecordBatch", many)] {
        let target = format!("Firehose_20150804.{operation}");
        assert_eq!(endpoint.aws_json(&target, &input.to_string()).status, 200);
    }
}

fn objects(endpoint: &FirehoseLocal) -> String {
    endpoint.request("GET", "/captains-rating?list-type=2", &[], b"").body
}

#[test]
fn health_tells_the_version() {
    let endpoint = FirehoseLocal::start(&[]);
    let health: Value = serde_json::from_str(&get(&endpoint, "health")).expect("JSON");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"), "{health}");
}

#[test]
fn flush_delivers_now_and_tells_what() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    put(&endpoint);
    assert!(objects(&endpoint).contains("<KeyCount>0</KeyCount>"), "{}", objects(&endpoint));
    let flushed = post(&endpoint, "flush").to_string();
    assert!(flushed.contains("PUT-S3-qrZbv"), "{flushed}");
    assert!(objects(&endpoint).contains("<KeyCount>1</KeyCount>"), "{}", objects(&endpoint));
    put(&endpoint);
    post(&endpoint, "flush?stream=PUT-S3-qrZbv");
    assert!(objects(&endpoint).contains("<KeyCount>2</KeyCount>"), "{}", objects(&endpoint));
    let nobody = endpoint.request("POST", "/_firehose-local/flush?stream=nobody", &[], b"");
    assert_eq!(nobody.status, 404, "{}", nobody.body);
}

#[test]
fn status_and_metrics_count_what_came_in_and_went_out() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    put(&endpoint);
    let status = get(&endpoint, "status");
    assert!(status.contains("\"IncomingRecords\":5"), "{status}");
    assert!(status.contains("\"IncomingBytes\":70"), "{status}");
    post(&endpoint, "flush");
    let status = get(&endpoint, "status");
    assert!(status.contains("\"DeliveryToS3.Records\":5"), "{status}");
    let metrics = get(&endpoint, "metrics");
    let label = "DeliveryStreamName=\"PUT-S3-qrZbv\"";
    let line = metrics.lines().find(|line| line.contains("ncoming") && line.contains(label));
    assert!(line.is_some(), "{metrics}");
    for line in metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let value = line.rsplit_once(' ').map(|(_, value)| value.parse::<f64>());
        assert!(matches!(value, Some(Ok(_))), "no sample: {line}");
    }
}

#[test]
fn reset_forgets_everything() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    put(&endpoint);
    post(&endpoint, "reset");
    let streams = endpoint.aws_json("Firehose_20150804.ListDeliveryStreams", "{}").body;
    let databases = endpoint.aws_json("AWSGlue.GetDatabases", "{}").body;
    let buckets = endpoint.request("GET", "/", &[], b"").body;
    assert!(streams.contains("\"DeliveryStreamNames\":[]"), "{streams}");
    assert!(databases.contains("\"DatabaseList\":[]"), "{databases}");
    assert!(!buckets.contains("<Name>"), "{buckets}");
}

#[test]
fn a_page_in_a_browser_cannot_use_the_control_routes() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    put(&endpoint);
    let headers = ["Origin: https://evil.example", "Content-Type: text/plain"];
    let answer = endpoint.request("POST", "/_firehose-local/reset", &headers, b"");
    assert_eq!(answer.status, 403, "{}", answer.body);
    let streams = endpoint.aws_json("Firehose_20150804.ListDeliveryStreams", "{}").body;
    assert!(streams.contains("PUT-S3-qrZbv"), "{streams}");
}

#[test]
fn faults_can_be_asked_for_and_taken_back() {
    let endpoint = FirehoseLocal::start(&["--tutorial", "--fault", "PutRecord:throttle,times=1"]);
    let input = json!({ "DeliveryStreamName": "PUT-S3-qrZbv", "Record": { "Data": "e30=" } });
    let put = || endpoint.aws_json("Firehose_20150804.PutRecord", &input.to_string());
    let first = put();
    assert_eq!(first.status, 503, "{}", first.body);
    assert!(first.body.contains("ServiceUnavailableException"), "{}", first.body);
    assert_eq!(put().status, 200);
}

#[test]
fn an_unknown_route_is_told_so() {
    let endpoint = FirehoseLocal::start(&[]);
    let answer = endpoint.request("GET", "/_firehose-local/nothing", &[], b"");
    assert_eq!(answer.status, 404, "{}", answer.body);
    let answer = endpoint.request("GET", "/_firehose-local/reset", &[], b"");
    assert_eq!(answer.status, 405, "{}", answer.body);
}
