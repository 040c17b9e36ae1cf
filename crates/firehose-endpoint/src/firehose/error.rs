//! Firehose's exceptions, in its words.

use http::StatusCode;

use crate::{
    Error,
    protocol::{AwsError, Caller},
};

pub(super) fn not_found(caller: &Caller, name: &str) -> AwsError {
    let message = format!("Firehose {name} under account {} not found.", caller.account);
    AwsError::client("ResourceNotFoundException", message)
}

pub(super) fn exists(caller: &Caller, name: &str) -> AwsError {
    let message = format!("Firehose {name} under accountId {} already exists", caller.account);
    AwsError::client("ResourceInUseException", message)
}

/// The stream is in a state that does not allow the operation.
pub(super) fn not_active(caller: &Caller, name: &str, status: &str) -> AwsError {
    let account = &caller.account;
    let message =
        format!("Firehose {name} under accountId {account} is not ACTIVE. Its state is {status}");
    AwsError::client("ResourceInUseException", message)
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidArgumentException", message)
}

/// Something that Firehose has and this endpoint has not.
pub(super) fn not_built(what: &str) -> AwsError {
    AwsError::not_built("InvalidArgumentException", what)
}

pub(super) fn limit(message: impl Into<String>) -> AwsError {
    AwsError::client("LimitExceededException", message)
}

/// Firehose's answer to more than it can take: HTTP 503, for with 400 no SDK tries again.
pub(super) fn slow_down() -> AwsError {
    AwsError {
        code: "ServiceUnavailableException",
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: "Slow down.".to_owned(),
    }
}

/// The endpoint's own state cannot be kept: nothing was changed.
impl From<Error> for AwsError {
    fn from(error: Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "state cannot be kept");
        Self::internal(error.to_string())
    }
}
