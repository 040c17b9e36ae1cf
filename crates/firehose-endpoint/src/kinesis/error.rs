//! Kinesis's exceptions, in its words.

use kinesis_stream::ShardId;

use crate::protocol::{AwsError, Caller};

pub(super) fn not_found(owner: &Caller, name: &str) -> AwsError {
    let message = format!("Stream {name} under account {} not found.", owner.account);
    AwsError::client("ResourceNotFoundException", message)
}

pub(super) fn exists(owner: &Caller, name: &str) -> AwsError {
    let message = format!("Stream {name} under account {} already exists.", owner.account);
    AwsError::client("ResourceInUseException", message)
}

/// The stream is in a state that does not allow the operation.
pub(super) fn not_active(owner: &Caller, name: &str, status: &str) -> AwsError {
    let message = format!(
        "Stream {name} under account {} not ACTIVE, instead in state {status}",
        owner.account
    );
    AwsError::client("ResourceInUseException", message)
}

pub(super) fn no_shard(owner: &Caller, name: &str, shard: &str) -> AwsError {
    let message =
        format!("Shard {shard} in stream {name} under account {} does not exist", owner.account);
    AwsError::client("ResourceNotFoundException", message)
}

pub(super) fn rate_exceeded(owner: &Caller, name: &str, shard: ShardId) -> AwsError {
    let message = rate_exceeded_message(owner, name, shard);
    AwsError::client("ProvisionedThroughputExceededException", message)
}

pub(super) fn rate_exceeded_message(owner: &Caller, name: &str, shard: ShardId) -> String {
    format!("Rate exceeded for shard {shard} in stream {name} under account {}.", owner.account)
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidArgumentException", message)
}

pub(super) fn limit(message: impl Into<String>) -> AwsError {
    AwsError::client("LimitExceededException", message)
}

/// Something that Kinesis has and this endpoint has not.
pub(super) fn not_built(what: &str) -> AwsError {
    AwsError::not_built("InvalidArgumentException", what)
}
