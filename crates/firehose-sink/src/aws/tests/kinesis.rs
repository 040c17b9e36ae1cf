//! `PutRecords` on the wire.

use std::collections::HashSet;

use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::{Wire, batch, ids};
use crate::{AwsKinesisSink, FirehoseSink, Limits, PutErrorKind, Record, Stored};

fn sink(config: &SdkConfig) -> AwsKinesisSink {
    AwsKinesisSink::from_config(config, "the-stream")
}

fn accepted(count: usize) -> Wire {
    let entry =
        |n| json!({ "ShardId": "shardId-000000000000", "SequenceNumber": format!("49{n}") });
    let entries: Vec<Value> = (0..count).map(entry).collect();
    Wire::that_says(200, &json!({ "FailedRecordCount": 0, "Records": entries }))
}

fn keys(wire: &Wire) -> Vec<String> {
    let requests = wire.requests();
    let records = requests[0]["Records"].as_array().expect("records");
    let key = |record: &Value| record["PartitionKey"].as_str().expect("a key").to_owned();
    records.iter().map(key).collect()
}

#[tokio::test]
async fn an_id_is_shard_and_sequence_number() {
    let wire = accepted(2);
    let outcomes = sink(&wire.config()).put_batch(&batch(2)).await.expect("accepted");
    assert_eq!(ids(&outcomes), ["shardId-000000000000:490", "shardId-000000000000:491"]);
    let requests = wire.requests();
    assert_eq!(requests[0]["StreamName"], "the-stream");
    assert_eq!(requests[0]["Records"][1]["Data"], "cmVjb3JkIDE=");
}

#[tokio::test]
async fn a_given_key_is_sent_and_a_missing_one_is_random() {
    let wire = accepted(100);
    let mut records = batch(100);
    records[0] = Record::new("x").with_partition_key("Ahab");
    sink(&wire.config()).put_batch(&records).await.expect("accepted");
    let keys = keys(&wire);
    assert_eq!(keys[0], "Ahab");
    assert!(keys[1..].iter().all(|key| key.len() == 16), "{keys:?}");
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 100, "all differ");
}

#[tokio::test]
async fn a_key_that_aws_refuses_is_refused_before() {
    for length in [0, 257] {
        let wire = Wire::default();
        let record = Record::new("x").with_partition_key("k".repeat(length));
        let error = sink(&wire.config()).put_batch(&[record]).await.expect_err("a bad key");
        assert_eq!((error.kind(), error.stored()), (PutErrorKind::Invalid, Stored::Nothing));
        assert!(error.to_string().contains(&length.to_string()), "{error}");
        assert!(wire.requests().is_empty());
    }
}

#[tokio::test]
async fn a_key_never_makes_a_fitting_batch_too_large() {
    let limits = sink(&Wire::default().config()).limits();
    assert!(limits.record_bytes + 256 <= Limits::KINESIS.record_bytes);
    assert!(limits.bytes + limits.records * 256 <= Limits::KINESIS.bytes);
    let wire = accepted(1);
    let record = Record::new(vec![0; limits.record_bytes]).with_partition_key("k".repeat(256));
    sink(&wire.config()).put_batch(&[record]).await.expect("accepted");
}

#[tokio::test]
async fn a_refused_record_keeps_its_place_its_code_and_its_words() {
    let wire = Wire::that_says(
        200,
        &json!({ "FailedRecordCount": 1, "Records": [
            { "ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate" },
            { "ShardId": "s", "SequenceNumber": "1" }] }),
    );
    let outcomes = sink(&wire.config()).put_batch(&batch(2)).await.expect("answered");
    assert_eq!(ids(&outcomes), ["ProvisionedThroughputExceededException: Rate", "s:1"]);
}

#[tokio::test]
async fn every_error_is_understood() {
    super::every_error_is_understood(sink).await;
}

#[tokio::test]
async fn every_strange_answer_is_seen() {
    let short = json!({ "FailedRecordCount": 0, "Records": [] });
    super::every_strange_answer_is_seen(sink, &short).await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends_after_the_attempt_timeout() {
    super::silence_ends_after_the_attempt_timeout(sink).await;
}

#[tokio::test]
async fn missing_credentials_say_what_to_do() {
    super::missing_credentials_say_what_to_do(sink).await;
}

#[tokio::test]
async fn over_limits_nothing_is_sent() {
    super::over_limits_nothing_is_sent(sink).await;
}

#[tokio::test]
async fn an_unknown_stream_is_named_with_its_region() {
    let wire = Wire::that_errs(400, "ResourceNotFoundException");
    let shown =
        super::expect_error(&sink(&wire.config()), PutErrorKind::NotFound, Stored::Nothing).await;
    assert!(shown.contains("data stream in region eu-west-1"), "{shown}");
}

#[tokio::test]
async fn aggregated_records_share_the_outcome_of_theirs() {
    let wire = Wire::that_says(
        200,
        &json!({ "FailedRecordCount": 1, "Records": [
            { "ShardId": "s", "SequenceNumber": "1" },
            { "ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate" }] }),
    );
    let mut records = batch(4);
    records[1] = Record::new("x").with_partition_key("Ahab");
    let sink = sink(&wire.config()).aggregating(1 << 20);
    let outcomes = sink.put_batch(&records).await.expect("answered");
    let refused = "ProvisionedThroughputExceededException: Rate";
    assert_eq!(ids(&outcomes), ["s:1:0", refused, "s:1:1", "s:1:2"]);
    let requests = wire.requests();
    assert_eq!(requests[0]["Records"].as_array().expect("records").len(), 2);
    // The magic of an aggregated record, and a plain one.
    assert!(requests[0]["Records"][0]["Data"].as_str().expect("data").starts_with("84mawg"));
    assert_eq!(requests[0]["Records"][1]["Data"], "eA==");
}

#[tokio::test]
async fn more_keys_than_a_call_holds_are_refused_and_not_sent() {
    let wire = accepted(500);
    let records: Vec<_> =
        (0..600).map(|n| Record::new("x").with_partition_key(n.to_string())).collect();
    let sink = sink(&wire.config()).aggregating(1 << 20);
    let outcomes = sink.put_batch(&records).await.expect("answered");
    let refused = outcomes.iter().filter(|outcome| !outcome.is_accepted()).count();
    assert_eq!((outcomes.len(), refused), (600, 100));
    assert!(outcomes[..500].iter().all(crate::Outcome::is_accepted));
}

#[cfg(feature = "conformance")]
#[tokio::test]
async fn every_promise_is_kept() {
    super::every_promise_is_kept(sink).await;
}
