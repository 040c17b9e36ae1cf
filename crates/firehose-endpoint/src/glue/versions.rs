//! GetTableVersion and GetTableVersions.

use std::cmp::Reverse;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Unbuilt,
    error::{no_database, no_table, not_found},
    pages::{Wanted, page},
    tables::described,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{State, Table, TableVersion},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetInput {
    database_name: String,
    table_name: String,
    version_id: Option<String>,
    #[serde(flatten)]
    unbuilt: Unbuilt,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    database_name: String,
    table_name: String,
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(flatten)]
    unbuilt: Unbuilt,
}

/// One version of a table; without an id, the current one.
pub(super) fn get(state: &State, owner: &Caller, input: GetInput) -> Result<Value, AwsError> {
    input.unbuilt.check()?;
    let (database, id) = (input.database_name.to_lowercase(), input.version_id.as_deref());
    with_table(state, owner, &database, &input.table_name, |table| {
        let version = table.version(id).ok_or_else(|| not_found("Table version not found."))?;
        Ok(json!({ "TableVersion": shown(table, version, &database, owner) }))
    })
}

/// The versions of a table that are kept, the newest first.
pub(super) fn list(state: &State, owner: &Caller, input: ListInput) -> Result<Value, AwsError> {
    input.unbuilt.check()?;
    let database = input.database_name.to_lowercase();
    with_table(state, owner, &database, &input.table_name, |table| {
        let wanted = Wanted {
            list: &format!("versions of {database}.{}", input.table_name.to_lowercase()),
            token: input.next_token.as_deref(),
            limit: input.max_results,
        };
        let key = |version: &&TableVersion| Reverse(version.id);
        let (page, token) = page(table.newest_first(), key, wanted)?;
        let page: Vec<_> =
            page.iter().map(|version| shown(table, version, &database, owner)).collect();
        let mut answer = json!({ "TableVersions": page });
        if let Some(token) = token {
            answer["NextToken"] = json!(token);
        }
        Ok(answer)
    })
}

fn with_table(
    state: &State,
    owner: &Caller,
    database: &str,
    name: &str,
    look: impl FnOnce(&Table) -> Result<Value, AwsError>,
) -> Result<Value, AwsError> {
    state.catalog.read(owner, |databases| {
        let found = databases.get(database).ok_or_else(|| no_database(database))?;
        look(found.tables.get(&name.to_lowercase()).ok_or_else(no_table)?)
    })
}

fn shown(table: &Table, version: &TableVersion, database: &str, owner: &Caller) -> Value {
    json!({
        "Table": described(table, version, database, owner),
        "VersionId": version.id.to_string(),
    })
}
