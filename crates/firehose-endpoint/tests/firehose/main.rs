//! Firehose's operations, without HTTP.

mod backup;
mod conversion;
mod delivery;
mod journal;
mod lifecycle;
mod puts;
mod recorded;
mod settings;
mod source;

use std::time::Duration;

use firehose_endpoint::{Clock, Endpoint, EndpointBuilder, Refused};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::000000000000:role/firehose";
const BUCKET: &str = "captains-rating";

/// An endpoint whose clock starts on the tutorial's morning and follows tokio's.
fn builder() -> EndpointBuilder {
    let morning = "2022-01-08T06:04:19Z".parse().expect("a time");
    Endpoint::builder().clock(Clock::starting_at(morning))
}

async fn endpoint() -> Endpoint {
    with_bucket(builder()).await
}

async fn with_bucket(builder: EndpointBuilder) -> Endpoint {
    let endpoint = builder.build().await.expect("an endpoint");
    endpoint.create_bucket(BUCKET).await.expect("a bucket");
    endpoint
}

async fn call(endpoint: &Endpoint, operation: &str, input: Value) -> Result<Value, Refused> {
    endpoint.call("Firehose", operation, &input).await
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

/// A destination with these members besides the required ones.
fn s3(members: Value) -> Value {
    let mut destination = json!({
        "RoleARN": ROLE,
        "BucketARN": format!("arn:aws:s3:::{BUCKET}"),
    });
    let given = members.as_object().expect("members").clone();
    destination.as_object_mut().expect("an object").extend(given);
    destination
}

fn stream(name: &str, members: Value) -> Value {
    json!({ "DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": s3(members) })
}

async fn describe(endpoint: &Endpoint, name: &str) -> Value {
    let mut answer =
        ok(endpoint, "DescribeDeliveryStream", json!({ "DeliveryStreamName": name })).await;
    answer["DeliveryStreamDescription"].take()
}

/// A put of these texts, in base64.
fn batch(name: &str, records: &[&str]) -> Value {
    let data = records.iter().map(|record| json!({ "Data": base64(record) }));
    json!({ "DeliveryStreamName": name, "Records": data.collect::<Vec<_>>() })
}

fn base64(text: &str) -> String {
    base64_simd::STANDARD.encode_to_string(text)
}

async fn flushed(endpoint: &Endpoint) -> firehose_endpoint::StreamReport {
    endpoint.flush(None, Duration::from_secs(5)).await.remove(0)
}
