//! Glue's exceptions.

use serde_json::{Map, Value};

use crate::protocol::AwsError;

pub(super) fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::client("EntityNotFoundException", message)
}

pub(super) fn no_database(name: &str) -> AwsError {
    not_found(format!("Database {name} not found."))
}

pub(super) fn no_table() -> AwsError {
    not_found("Entity Not Found")
}

pub(super) fn exists(kind: &str) -> AwsError {
    AwsError::client("AlreadyExistsException", format!("{kind} already exists."))
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidInputException", message)
}

/// A member that asks for what Glue has and this endpoint has not.
pub(super) fn not_built(member: &str) -> AwsError {
    AwsError::not_built("InvalidInputException", member)
}

/// Refuses a structure with members that ask for what is not built, by name.
pub(super) fn refuse(
    structure: &Map<String, Value>,
    name: &str,
    members: &[&str],
) -> Result<(), AwsError> {
    match members.iter().find(|member| structure.contains_key(**member)) {
        Some(member) => Err(not_built(&format!("{name}.{member}"))),
        None => Ok(()),
    }
}
