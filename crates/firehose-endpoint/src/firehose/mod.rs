//! Firehose's operations: the request's body in, the answer's body out. What they mean is decided
//! in `state` and in the engine.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/APIReference/API_Operations.html>

mod create;
mod defaults;
mod delete;
mod describe;
mod destination;
mod encryption;
mod engine;
mod error;
mod limits;
mod list;
mod processing;
mod put;
mod rules;
mod schema;
mod source;
mod tags;
mod update;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::engine::reopen;
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
        "PutRecordBatch" => return put::put_record_batch(state, caller, body).await,
        _ => {}
    }
    let input = checked(operation, body)?;
    let answer = match operation {
        "CreateDeliveryStream" => create::create(state, caller, &input).await?,
        "DeleteDeliveryStream" => delete::delete(state, caller, read(input)?).await?,
        "DescribeDeliveryStream" => describe::describe(state, caller, &read(input)?)?,
        "ListDeliveryStreams" => list::list(state, caller, read(input)?),
        "UpdateDestination" => update::update(state, caller, &input).await?,
        "TagDeliveryStream" => tags::tag(state, caller, read(input)?).await?,
        "UntagDeliveryStream" => tags::untag(state, caller, read(input)?).await?,
        "ListTagsForDeliveryStream" => tags::list(state, caller, read(input)?)?,
        "StartDeliveryStreamEncryption" => encryption::start(state, caller, read(input)?).await?,
        "StopDeliveryStreamEncryption" => encryption::stop(state, caller, read(input)?).await?,
        other => {
            let message = format!("Firehose has no operation {other}");
            return Err(AwsError::client("UnknownOperationException", message));
        }
    };
    Ok(written(&answer))
}

/// A body that is JSON and keeps to the model; null members are gone.
fn checked(operation: &str, body: &Bytes) -> Result<Value, AwsError> {
    let input = input::json(body)?;
    destination::check_role_form(&input)?;
    input::checked(model::firehose(), operation, input)
}

fn written(answer: &impl Serialize) -> Bytes {
    // Answers are made of texts, numbers and maps with text keys, which always serialise.
    serde_json::to_vec(answer).unwrap_or_else(|_| b"{}".to_vec()).into()
}

fn nothing() -> Value {
    json!({})
}
