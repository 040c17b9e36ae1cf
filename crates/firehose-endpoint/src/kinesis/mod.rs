//! Kinesis's operations on data streams: the request's body in, the answer's body out. What they
//! mean is decided in `state` and in `kinesis-stream`.
//!
//! Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html>

mod error;
mod lifecycle;
mod list_shards;
mod put;
mod read;
mod reshard;
mod settings;
mod streams;
mod tags;
mod target;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::target::Target;
use crate::{
    protocol::{
        AwsError, Caller,
        input::{self, read},
        model,
    },
    state::State,
};

/// Answers one operation.
///
/// # Errors
///
/// AWS's exception, in its order of checks: the body, the model's constraints, the operation's own.
pub(crate) async fn call(
    state: &State,
    caller: &Caller,
    operation: &str,
    body: &Bytes,
) -> Result<Bytes, AwsError> {
    match operation {
        "PutRecord" => return put::put_record(state, caller, body).await,
        "PutRecords" => return put::put_records(state, caller, body).await,
        "GetRecords" => return read::get_records(state, caller, &checked(operation, body)?),
        _ => {}
    }
    let input = checked(operation, body)?;
    let answer = match operation {
        "CreateStream" => lifecycle::create(state, caller, read(input)?).await,
        "ListStreams" => streams::list(state, caller, read(input)?),
        "DescribeLimits" => Ok(streams::limits(state, caller)),
        "ListShards" => list_shards::list(state, caller, &input),
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            let arn = input.get("ResourceARN").and_then(Value::as_str).unwrap_or_default();
            // The model lets no request without an ARN through, and a stream id is none.
            Target::of(caller, &input_with_arn(&input, arn))?;
            tags::by_arn(state, operation, &Target::of_arn(arn)?, input).await
        }
        _ => on_stream(state, &Target::of(caller, &input)?, operation, input).await,
    }?;
    Ok(answer.to_string().into())
}

/// An operation on one stream.
async fn on_stream(
    state: &State,
    target: &Target,
    operation: &str,
    input: Value,
) -> Result<Value, AwsError> {
    match operation {
        "DeleteStream" => lifecycle::delete(state, target).await,
        "DescribeStream" => streams::describe(state, target, &read(input)?),
        "DescribeStreamSummary" => streams::summary(state, target),
        "GetShardIterator" => read::get_shard_iterator(state, target, &read(input)?),
        "SplitShard" => reshard::split(state, target, &read(input)?).await,
        "MergeShards" => reshard::merge(state, target, &read(input)?).await,
        "UpdateShardCount" => reshard::scale(state, target, &read(input)?).await,
        "IncreaseStreamRetentionPeriod" => settings::increase(state, target, &read(input)?).await,
        "DecreaseStreamRetentionPeriod" => settings::decrease(state, target, &read(input)?).await,
        "UpdateStreamMode" => settings::mode(state, target, &read(input)?).await,
        "AddTagsToStream" => tags::add(state, target, read(input)?).await,
        "RemoveTagsFromStream" => tags::remove(state, target, read(input)?).await,
        "ListTagsForStream" => tags::list(state, target, read(input)?),
        other => {
            let message = format!("Kinesis's operation {other} is not supported by firehose-local");
            Err(AwsError::client("UnknownOperationException", message))
        }
    }
}

/// A body that is JSON and keeps to the model; null members are gone.
fn checked(operation: &str, body: &Bytes) -> Result<Value, AwsError> {
    let input = input::json(body)?;
    input::checked(model::kinesis(), operation, input)
}

/// The members that say which stream is meant, where an operation calls them otherwise.
fn input_with_arn(input: &Value, arn: &str) -> Value {
    let mut named = json!({ "StreamARN": arn });
    if let Some(id) = input.get("StreamId") {
        named["StreamId"] = id.clone();
    }
    named
}

/// Epoch seconds with milliseconds, as AWS JSON carries a time.
fn seconds(time: DateTime<Utc>) -> Value {
    // A double keeps milliseconds exact for some hundred thousand years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let seconds = time.timestamp_millis() as f64 / 1000.0;
    json!(seconds)
}

/// The time of an epoch second; None beyond what a calendar has.
fn time(seconds: f64) -> Option<DateTime<Utc>> {
    let milliseconds = (seconds * 1000.0).round();
    // Values beyond the type's range become its ends, which no calendar has.
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    DateTime::from_timestamp_millis(milliseconds as i64)
}

fn nothing() -> Value {
    json!({})
}
