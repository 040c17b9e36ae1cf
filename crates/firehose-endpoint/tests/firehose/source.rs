//! A Kinesis data stream as source.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/data";

async fn kinesis(endpoint: &Endpoint, operation: &str, input: Value) -> Value {
    let answer = endpoint.call("Kinesis", operation, &input).await;
    answer.unwrap_or_else(|why| panic!("{operation}: {why}"))
}

async fn with_data_stream(builder: EndpointBuilder) -> Endpoint {
    let endpoint = with_bucket(builder.without_shard_limits(true)).await;
    kinesis(&endpoint, "CreateStream", json!({ "StreamName": "data", "ShardCount": 2 })).await;
    endpoint
}

fn sourced(name: &str) -> Value {
    let mut input = stream(name, json!({ "Prefix": format!("{name}/") }));
    input["DeliveryStreamType"] = json!("KinesisStreamAsSource");
    input["KinesisStreamSourceConfiguration"] = json!({ "KinesisStreamARN": ARN, "RoleARN": ROLE });
    input
}

async fn put(endpoint: &Endpoint, records: std::ops::Range<u32>) {
    let record =
        |n: u32| json!({ "PartitionKey": n.to_string(), "Data": base64(&format!("{n}\n")) });
    let records: Vec<_> = records.map(record).collect();
    let answer =
        kinesis(endpoint, "PutRecords", json!({ "StreamName": "data", "Records": records })).await;
    assert_eq!(answer["FailedRecordCount"], 0);
}

#[tokio::test(start_paused = true)]
async fn records_of_the_data_stream_are_delivered_to_every_stream_on_it() {
    let endpoint = with_data_stream(builder()).await;
    put(&endpoint, 0..10).await;
    for name in ["one", "other"] {
        ok(&endpoint, "CreateDeliveryStream", sourced(name)).await;
    }
    put(&endpoint, 10..110).await;
    let scale =
        json!({ "StreamName": "data", "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING" });
    kinesis(&endpoint, "UpdateShardCount", scale).await;
    put(&endpoint, 110..210).await;
    let reports = endpoint.flush(None, Duration::from_secs(5)).await;
    for report in &reports {
        assert!(report.delivered);
        assert_eq!((report.accepted_records, report.delivered_records), (200, 200), "{report:?}");
    }
    assert_eq!(reports.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_with_a_source_is_described_as_aws_was_recorded_to_do_it() {
    let endpoint = with_data_stream(builder()).await;
    ok(&endpoint, "CreateDeliveryStream", sourced("s")).await;
    let described = describe(&endpoint, "s").await;
    assert_eq!(described["DeliveryStreamType"], "KinesisStreamAsSource");
    assert_eq!(
        described["Source"],
        json!({
            "KinesisStreamSourceDescription": {
                "DeliveryStartTimestamp": 1_641_621_859.0,
                "KinesisStreamARN": ARN,
                "RoleARN": ROLE,
            },
        })
    );
    assert_eq!(described.get("DeliveryStreamEncryptionConfiguration"), None);
    ok(&endpoint, "CreateDeliveryStream", stream("direct", json!({}))).await;
    for (kind, expected) in [("KinesisStreamAsSource", "s"), ("DirectPut", "direct")] {
        let listed =
            ok(&endpoint, "ListDeliveryStreams", json!({ "DeliveryStreamType": kind })).await;
        assert_eq!(listed["DeliveryStreamNames"], json!([expected]));
    }
}

#[tokio::test(start_paused = true)]
async fn direct_puts_and_encryption_are_refused_in_awss_words() {
    let endpoint = with_data_stream(builder()).await;
    ok(&endpoint, "CreateDeliveryStream", sourced("s")).await;
    let record = json!({ "DeliveryStreamName": "s", "Record": { "Data": "" } });
    let name = json!({ "DeliveryStreamName": "s" });
    for (operation, input) in [
        ("PutRecord", record),
        ("PutRecordBatch", batch("s", &["x"])),
        ("StartDeliveryStreamEncryption", name.clone()),
        ("StopDeliveryStreamEncryption", name),
    ] {
        let (code, message) = refused(&endpoint, operation, input).await;
        assert_eq!(code, "InvalidArgumentException");
        let words =
            "This operation is not permitted on KinesisStreamAsSource delivery stream type.";
        assert_eq!(message, words);
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_go_together_is_refused() {
    let endpoint = with_data_stream(builder()).await;
    let with = |member: &str, value: Value| {
        let mut input = sourced("s");
        input[member] = value;
        input
    };
    let missing = json!({ "KinesisStreamARN": ARN.replace("data", "none"), "RoleARN": ROLE });
    let mut without = sourced("s");
    without.as_object_mut().unwrap().remove("KinesisStreamSourceConfiguration");
    for (input, words) in [
        (with("DeliveryStreamType", json!("DirectPut")), "only for the delivery stream type"),
        (without, "must be given"),
        (with("KinesisStreamSourceConfiguration", missing), "was not found"),
        (
            with(
                "DeliveryStreamEncryptionConfigurationInput",
                json!({ "KeyType": "AWS_OWNED_CMK" }),
            ),
            "only for",
        ),
        (with("DirectPutSourceConfiguration", json!({ "ThroughputHintInMBs": 1 })), "only for"),
        (with("DeliveryStreamType", json!("MSKAsSource")), "not supported"),
    ] {
        let (code, message) = refused(&endpoint, "CreateDeliveryStream", input).await;
        assert_eq!(code, "InvalidArgumentException");
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_delivers_what_is_in_the_data_stream() {
    let endpoint = with_data_stream(builder()).await;
    ok(&endpoint, "CreateDeliveryStream", sourced("s")).await;
    put(&endpoint, 0..500).await;
    let report = endpoint.close(Duration::from_secs(5)).await.remove(0);
    assert_eq!((report.delivered, report.delivered_records), (true, 500));
}

#[tokio::test(start_paused = true)]
async fn a_source_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = with_data_stream(builder().data_dir(folder.path())).await;
    ok(&endpoint, "CreateDeliveryStream", sourced("s")).await;
    put(&endpoint, 0..20).await;
    endpoint.close(Duration::from_secs(5)).await;
    drop(endpoint);
    tokio::time::advance(Duration::from_secs(2)).await;
    let endpoint = builder().data_dir(folder.path()).build().await.unwrap();
    put(&endpoint, 20..50).await;
    let report = flushed(&endpoint).await;
    assert_eq!((report.accepted_records, report.delivered_records), (30, 30));
}

#[tokio::test(start_paused = true)]
async fn deleting_either_stream_ends_the_reading() {
    let endpoint = with_data_stream(builder()).await;
    ok(&endpoint, "CreateDeliveryStream", sourced("s")).await;
    ok(&endpoint, "CreateDeliveryStream", sourced("t")).await;
    ok(&endpoint, "DeleteDeliveryStream", json!({ "DeliveryStreamName": "s" })).await;
    put(&endpoint, 0..7).await;
    assert_eq!(flushed(&endpoint).await.delivered_records, 7);
    kinesis(&endpoint, "DeleteStream", json!({ "StreamName": "data" })).await;
    assert_eq!(flushed(&endpoint).await.delivered_records, 7);
}
