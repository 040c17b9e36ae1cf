//! Kinesis's operations on data streams, without a port.

mod cbor;
mod lifecycle;
mod puts;
mod reading;
mod reshard;

use firehose_endpoint::{Clock, Endpoint, EndpointBuilder, Refused};
use serde_json::{Value, json};

/// An endpoint whose clock starts on the tutorial's morning and follows tokio's.
fn builder() -> EndpointBuilder {
    let morning = "2022-01-08T06:04:19Z".parse().expect("a time");
    Endpoint::builder().clock(Clock::starting_at(morning))
}

async fn endpoint() -> Endpoint {
    builder().build().await.expect("an endpoint")
}

/// An endpoint with the stream `s` of so many shards.
async fn with_stream(shards: u32) -> Endpoint {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateStream", json!({ "StreamName": "s", "ShardCount": shards })).await;
    endpoint
}

async fn call(endpoint: &Endpoint, operation: &str, input: Value) -> Result<Value, Refused> {
    endpoint.call("Kinesis", operation, &input).await
}

/// The answer to a call that is taken.
async fn ok(endpoint: &Endpoint, operation: &str, input: Value) -> Value {
    call(endpoint, operation, input).await.unwrap_or_else(|why| panic!("{operation}: {why}"))
}

/// Code and message of a call that is refused.
async fn refused(endpoint: &Endpoint, operation: &str, input: Value) -> (&'static str, String) {
    let Refused { code, message, .. } =
        call(endpoint, operation, input).await.expect_err("a refusal");
    (code, message)
}

/// Checks a table of calls that are refused: operation, input, exception, words of its text.
async fn check_refusals(endpoint: &Endpoint, table: &[(&str, Value, &str, &str)]) {
    for (operation, input, code, words) in table {
        let (found, message) = refused(endpoint, operation, input.clone()).await;
        assert_eq!(found, *code, "{operation} {input}: {message}");
        assert!(message.contains(words), "{operation} {input}: {message}");
    }
}

async fn put(endpoint: &Endpoint, key: &str, text: &str) -> Value {
    let input = json!({ "StreamName": "s", "PartitionKey": key, "Data": base64(text) });
    ok(endpoint, "PutRecord", input).await
}

fn base64(text: &str) -> String {
    base64_simd::STANDARD.encode_to_string(text)
}

fn text_of(record: &Value) -> String {
    let data = record["Data"].as_str().expect("data");
    String::from_utf8(base64_simd::STANDARD.decode_to_vec(data).expect("base64")).expect("a text")
}

async fn iterator(endpoint: &Endpoint, shard: &str, start: Value) -> Value {
    let mut input = json!({ "StreamName": "s", "ShardId": shard });
    input.as_object_mut().expect("an object").extend(start.as_object().expect("a start").clone());
    ok(endpoint, "GetShardIterator", input).await["ShardIterator"].take()
}

/// What one read of a shard finds.
async fn read(endpoint: &Endpoint, shard: &str, start: Value) -> Value {
    let iterator = iterator(endpoint, shard, start).await;
    ok(endpoint, "GetRecords", json!({ "ShardIterator": iterator })).await
}

fn texts(page: &Value) -> String {
    let records = page["Records"].as_array().expect("records");
    records.iter().map(text_of).collect::<Vec<_>>().join(" ")
}

async fn shards(endpoint: &Endpoint) -> Vec<Value> {
    let answer = ok(endpoint, "ListShards", json!({ "StreamName": "s" })).await;
    answer["Shards"].as_array().expect("shards").clone()
}

const FIRST: &str = "shardId-000000000000";
