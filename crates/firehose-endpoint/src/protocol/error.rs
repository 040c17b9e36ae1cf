//! Refusals as AWS words them.

use http::StatusCode;

/// An answer that refuses: the exception's name, its HTTP status and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl AwsError {
    /// The caller's fault: HTTP 400.
    pub(crate) fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// A member breaks a constraint of the service's model.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// The body cannot be read at all.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::client("SerializationException", message)
    }

    /// The request is for an operation, a service or a protocol that is not served.
    pub(crate) fn unknown_operation(message: impl Into<String>) -> Self {
        Self::client("UnknownOperationException", message)
    }

    /// Something AWS has and this endpoint has not; refused by name.
    pub(crate) fn not_built(code: &'static str, what: &str) -> Self {
        Self::client(code, format!("{what} is not supported by firehose-local"))
    }

    /// The request is not let in: HTTP 403.
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self {
            code: "AccessDeniedException",
            status: StatusCode::FORBIDDEN,
            message: message.into(),
        }
    }

    /// Throttled: HTTP 503, for no SDK tries a 400 of this name again.
    pub(crate) fn slow_down() -> Self {
        Self {
            code: "ServiceUnavailableException",
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: "Slow down.".to_owned(),
        }
    }

    /// Our own fault: HTTP 500.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            code: "InternalFailure",
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: message.into(),
        }
    }
}
