//! The body of an operation, on its way to the operation's own shape.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{AwsError, model};

/// The body as JSON.
///
/// # Errors
///
/// `SerializationException` for a body that is none.
pub(crate) fn json(body: &Bytes) -> Result<Value, AwsError> {
    serde_json::from_slice(body)
        .map_err(|why| AwsError::serialization(format!("The body is not JSON: {why}")))
}

/// The input of an operation that keeps the constraints of its service's model, without members
/// that are null.
///
/// # Errors
///
/// What the model says.
pub(crate) fn checked(
    service: &model::Model,
    operation: &str,
    mut input: Value,
) -> Result<Value, AwsError> {
    service.check(operation, &input)?;
    model::drop_nulls(&mut input);
    Ok(input)
}

/// The input as the operation's own shape.
///
/// # Errors
///
/// `SerializationException` for what the model lets through and the shape does not.
pub(crate) fn read<T: DeserializeOwned>(input: Value) -> Result<T, AwsError> {
    serde_json::from_value(input).map_err(|why| AwsError::serialization(why.to_string()))
}
