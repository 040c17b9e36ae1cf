//! Glue's operations on databases, tables and their versions: what a delivery stream needs that
//! converts, and what tools ask for around it. What they mean is decided in `state::catalog`.
//!
//! Source: <https://docs.aws.amazon.com/glue/latest/webapi/API_Operations.html>

mod databases;
mod error;
mod pages;
mod tables;
mod versions;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

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
/// Glue's exception, in its order of checks: the body, the model's constraints, the operation's own.
pub(crate) async fn call(
    state: &State,
    caller: &Caller,
    operation: &str,
    body: &Bytes,
) -> Result<Bytes, AwsError> {
    let input = checked(operation, body)?;
    let owner = &owner(caller, &input)?;
    let answer = match operation {
        "CreateDatabase" => databases::create(state, owner, read(input)?).await,
        "GetDatabase" => databases::get(state, owner, read(input)?),
        "GetDatabases" => databases::list(state, owner, read(input)?),
        "DeleteDatabase" => databases::delete(state, owner, read(input)?).await,
        "CreateTable" => tables::create(state, owner, read(input)?).await,
        "GetTable" => tables::get(state, owner, read(input)?),
        "GetTables" => tables::list(state, owner, read(input)?),
        "UpdateTable" => tables::update(state, owner, read(input)?).await,
        "DeleteTable" => tables::delete(state, owner, read(input)?).await,
        "GetTableVersion" => versions::get(state, owner, read(input)?),
        "GetTableVersions" => versions::list(state, owner, read(input)?),
        other => {
            let message = format!("Glue's operation {other} is not supported by firehose-local");
            return Err(AwsError::client("UnknownOperationException", message));
        }
    }?;
    Ok(answer.to_string().into())
}

/// A body that is JSON and keeps to the model; null members are gone.
fn checked(operation: &str, body: &Bytes) -> Result<Value, AwsError> {
    let input = input::json(body)?;
    input::checked(model::glue(), operation, input)
}

/// Whose catalogue is meant: the caller's, unless a `CatalogId` names another account.
fn owner(caller: &Caller, input: &Value) -> Result<Caller, AwsError> {
    let Some(id) = input.get("CatalogId").and_then(Value::as_str) else {
        return Ok(caller.clone());
    };
    if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(error::not_found(format!("Catalog {id} not found.")));
    }
    Ok(Caller { account: id.to_owned(), region: caller.region.clone() })
}

/// Members that ask for what is not built; whichever is given is refused by name.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Unbuilt {
    attributes_to_get: Option<Value>,
    force: Option<bool>,
    include_status_details: Option<bool>,
    open_table_format_input: Option<Value>,
    partition_indexes: Option<Value>,
    query_as_of_time: Option<Value>,
    resource_share_type: Option<String>,
    tags: Option<Value>,
    transaction_id: Option<String>,
    update_open_table_format_input: Option<Value>,
    view_update_action: Option<String>,
}

impl Unbuilt {
    fn check(&self) -> Result<(), AwsError> {
        let given = [
            ("AttributesToGet", self.attributes_to_get.as_ref().is_some_and(has_elements)),
            ("Force", self.force == Some(true)),
            ("IncludeStatusDetails", self.include_status_details == Some(true)),
            ("OpenTableFormatInput", self.open_table_format_input.is_some()),
            ("PartitionIndexes", self.partition_indexes.as_ref().is_some_and(has_elements)),
            ("QueryAsOfTime", self.query_as_of_time.is_some()),
            ("ResourceShareType", self.resource_share_type.as_deref().is_some_and(|t| t != "ALL")),
            ("Tags", self.tags.as_ref().is_some_and(has_elements)),
            ("TransactionId", self.transaction_id.is_some()),
            ("UpdateOpenTableFormatInput", self.update_open_table_format_input.is_some()),
            ("ViewUpdateAction", self.view_update_action.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((member, _)) => Err(error::not_built(member)),
            None => Ok(()),
        }
    }
}

fn has_elements(value: &Value) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty())
        || value.as_object().is_some_and(|map| !map.is_empty())
}

/// Epoch seconds, as AWS JSON carries a time.
fn seconds(time: DateTime<Utc>) -> f64 {
    // A double keeps milliseconds exact for some hundred thousand years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let seconds = time.timestamp_millis() as f64 / 1000.0;
    seconds
}

fn nothing() -> Value {
    json!({})
}
