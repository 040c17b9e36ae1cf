//! CreateDatabase, GetDatabase, GetDatabases, DeleteDatabase.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Unbuilt,
    error::{exists, no_database, refuse},
    nothing,
    pages::{Wanted, page},
    seconds,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Database, State},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput {
    database_input: Map<String, Value>,
    #[serde(flatten)]
    unbuilt: Unbuilt,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameInput {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(flatten)]
    unbuilt: Unbuilt,
}

/// Creates a database; its name is kept in lower case.
pub(super) async fn create(
    state: &State,
    owner: &Caller,
    input: CreateInput,
) -> Result<Value, AwsError> {
    input.unbuilt.check()?;
    refuse(&input.database_input, "DatabaseInput", &["TargetDatabase", "FederatedDatabase"])?;
    let name = folded_name(&input.database_input);
    let created = seconds(state.settings.clock.now());
    let mut kept = input.database_input;
    kept.insert("Name".to_owned(), json!(name));
    let add = |databases: &mut crate::state::Databases| {
        if databases.contains_key(&name) {
            return Err(exists("Database"));
        }
        let database = Database { input: kept, created, ..Database::default() };
        databases.insert(name, database);
        Ok(())
    };
    state.catalog.change(owner, add).await?;
    Ok(nothing())
}

/// One database.
pub(super) fn get(state: &State, owner: &Caller, input: NameInput) -> Result<Value, AwsError> {
    let name = input.name.to_lowercase();
    state.catalog.read(owner, |databases| {
        let database = databases.get(&name).ok_or_else(|| no_database(&name))?;
        Ok(json!({ "Database": described(database, owner) }))
    })
}

/// The databases in order of their names.
pub(super) fn list(state: &State, owner: &Caller, input: ListInput) -> Result<Value, AwsError> {
    input.unbuilt.check()?;
    state.catalog.read(owner, |databases| {
        let wanted = Wanted {
            list: "databases",
            token: input.next_token.as_deref(),
            limit: input.max_results,
        };
        let key = |(name, _): &(&String, &Database)| (*name).clone();
        let (page, token) = page(databases.iter(), key, wanted)?;
        let page: Vec<_> = page.iter().map(|(_, database)| described(database, owner)).collect();
        let mut answer = json!({ "DatabaseList": page });
        if let Some(token) = token {
            answer["NextToken"] = json!(token);
        }
        Ok(answer)
    })
}

/// Deletes a database with its tables.
pub(super) async fn delete(
    state: &State,
    owner: &Caller,
    input: NameInput,
) -> Result<Value, AwsError> {
    let name = input.name.to_lowercase();
    let remove = |databases: &mut crate::state::Databases| {
        databases.remove(&name).map(drop).ok_or_else(|| no_database(&name))
    };
    state.catalog.change(owner, remove).await?;
    Ok(nothing())
}

fn described(database: &Database, owner: &Caller) -> Value {
    let mut described = Value::Object(database.input.clone());
    described["CreateTime"] = json!(database.created);
    described["CatalogId"] = json!(owner.account);
    described
}

/// Glue folds names to lower case when they are stored.
pub(super) fn folded_name(input: &Map<String, Value>) -> String {
    input.get("Name").and_then(Value::as_str).unwrap_or_default().to_lowercase()
}
