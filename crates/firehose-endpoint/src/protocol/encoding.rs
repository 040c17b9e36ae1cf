//! In which of its two encodings a call of AWS JSON came, and its answer goes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use serde_json::Value;

use super::{AwsError, Service, cbor};

pub(crate) const JSON_1_1: &str = "application/x-amz-json-1.1";
pub(crate) const CBOR_1_1: &str = "application/x-amz-cbor-1.1";

/// JSON for all services; CBOR for Kinesis as well, whose clients in Java use it by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Cbor,
}

impl Encoding {
    /// What the request is written in.
    pub(crate) fn of(headers: &HeaderMap, service: Service) -> Self {
        let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
        let cbor = essence.trim_ascii().eq_ignore_ascii_case(CBOR_1_1.as_bytes());
        if cbor && service == Service::Kinesis { Self::Cbor } else { Self::Json }
    }

    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => JSON_1_1,
            Self::Cbor => CBOR_1_1,
        })
    }

    /// The call's JSON.
    ///
    /// # Errors
    ///
    /// `SerializationException` for what is not CBOR.
    pub(crate) fn to_json(self, body: Bytes) -> Result<Bytes, AwsError> {
        match self {
            Self::Json => Ok(body),
            Self::Cbor => cbor::read(&body)
                .map(|value| value.to_string().into())
                .map_err(|why| AwsError::serialization(format!("The body is not CBOR: {why}"))),
        }
    }

    /// An answer's JSON in this encoding.
    pub(crate) fn encode_json(self, answer: Bytes) -> Bytes {
        match self {
            Self::Json => answer,
            // Answers are our own JSON.
            Self::Cbor => cbor::write(&serde_json::from_slice(&answer).unwrap_or_default()),
        }
    }

    pub(crate) fn encode(self, answer: &Value) -> Bytes {
        match self {
            Self::Json => answer.to_string().into(),
            Self::Cbor => cbor::write(answer),
        }
    }
}
