//! AWS's protocols: bytes to shapes, errors to answers. Knows HTTP, and nothing of what an
//! operation does.

pub(crate) mod aws_json;
pub(crate) mod body;
mod caller;
mod cbor;
mod credential;
mod encoding;
mod error;
pub(crate) mod input;
pub(crate) mod model;
mod percent;
mod request_id;
pub(crate) mod signature;
mod target;
pub(crate) mod xml;

pub(crate) use caller::Caller;
pub(crate) use encoding::Encoding;
pub(crate) use error::AwsError;
pub(crate) use percent::pairs as query_pairs;
pub(crate) use request_id::RequestId;
pub(crate) use target::{Service, operation_of};
