//! CreateTable, GetTable, GetTables, UpdateTable, DeleteTable.

use fancy_regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Unbuilt,
    databases::folded_name,
    error::{exists, invalid, no_database, no_table, refuse},
    nothing,
    pages::{Wanted, page},
    seconds,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Databases, State, Table, TableVersion},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WriteInput {
    database_name: String,
    /// Another way to name the table, for formats that are not built; must agree.
    name: Option<String>,
    table_input: Option<Map<String, Value>>,
    #[serde(default)]
    skip_archive: bool,
    version_id: Option<String>,
    #[serde(flatten)]
    unbuilt: Unbuilt,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameInput {
    database_name: String,
    name: String,
    #[serde(flatten)]
    unbuilt: Unbuilt,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    database_name: String,
    expression: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(flatten)]
    unbuilt: Unbuilt,
}

impl WriteInput {
    /// The table's input with its name in lower case, and that name.
    fn checked(self) -> Result<(String, Map<String, Value>), AwsError> {
        self.unbuilt.check()?;
        let Some(mut input) = self.table_input else {
            return Err(invalid("TableInput must not be null"));
        };
        refuse(&input, "TableInput", &["FederatedTable", "TargetTable", "ViewDefinition"])?;
        if let Some(storage) = input.get("StorageDescriptor").and_then(Value::as_object) {
            // The columns would be those of a schema registry.
            refuse(storage, "TableInput.StorageDescriptor", &["SchemaReference"])?;
        }
        let name = folded_name(&input);
        if self.name.is_some_and(|other| other.to_lowercase() != name) {
            return Err(invalid("Name and TableInput.Name name different tables"));
        }
        input.insert("Name".to_owned(), json!(name));
        Ok((name, input))
    }
}

/// Creates a table in its first version.
pub(super) async fn create(
    state: &State,
    owner: &Caller,
    input: WriteInput,
) -> Result<Value, AwsError> {
    let database = input.database_name.to_lowercase();
    let (name, input) = input.checked()?;
    let now = seconds(state.settings.clock.now());
    let add = |databases: &mut Databases| {
        let found = databases.get_mut(&database).ok_or_else(|| no_database(&database))?;
        if found.tables.contains_key(&name) {
            return Err(exists("Table"));
        }
        found.tables.insert(name, Table::new(input, now));
        Ok(())
    };
    state.catalog.change(owner, add).await?;
    Ok(nothing())
}

/// The current version of a table.
pub(super) fn get(state: &State, owner: &Caller, input: NameInput) -> Result<Value, AwsError> {
    input.unbuilt.check()?;
    let (database, name) = (input.database_name.to_lowercase(), input.name.to_lowercase());
    state.catalog.read(owner, |databases| {
        let found = databases.get(&database).ok_or_else(|| no_database(&database))?;
        let table = found.tables.get(&name).ok_or_else(no_table)?;
        Ok(json!({ "Table": described(table, table.current(), &database, owner) }))
    })
}

/// The tables whose names match, in order of their names.
pub(super) fn list(state: &State, owner: &Caller, input: ListInput) -> Result<Value, AwsError> {
    input.unbuilt.check()?;
    let database = input.database_name.to_lowercase();
    let matches = name_filter(input.expression.as_deref())?;
    state.catalog.read(owner, |databases| {
        let found = databases.get(&database).ok_or_else(|| no_database(&database))?;
        let tables = found.tables.iter().filter(|(name, _)| matches(name));
        let wanted = Wanted {
            list: &format!("tables of {database}"),
            token: input.next_token.as_deref(),
            limit: input.max_results,
        };
        let key = |(name, _): &(&String, &Table)| (*name).clone();
        let (page, token) = page(tables, key, wanted)?;
        let described =
            |(_, table): &(&String, &Table)| described(table, table.current(), &database, owner);
        let page: Vec<_> = page.iter().map(described).collect();
        let mut answer = json!({ "TableList": page });
        if let Some(token) = token {
            answer["NextToken"] = json!(token);
        }
        Ok(answer)
    })
}

/// Replaces a table's input; the version goes up.
pub(super) async fn update(
    state: &State,
    owner: &Caller,
    input: WriteInput,
) -> Result<Value, AwsError> {
    let database = input.database_name.to_lowercase();
    let (archive, expected) = (!input.skip_archive, input.version_id.clone());
    let (name, input) = input.checked()?;
    let now = seconds(state.settings.clock.now());
    let change = |databases: &mut Databases| {
        let found = databases.get_mut(&database).ok_or_else(|| no_database(&database))?;
        let table = found.tables.get_mut(&name).ok_or_else(no_table)?;
        let current = table.current().id.to_string();
        if expected.is_some_and(|expected| expected != current) {
            let message = format!(
                "Update table failed due to concurrent modifications: the current version is {current}."
            );
            return Err(AwsError::client("ConcurrentModificationException", message));
        }
        table.update(input, now, archive);
        Ok(())
    };
    state.catalog.change(owner, change).await?;
    Ok(nothing())
}

/// Deletes a table with its versions.
pub(super) async fn delete(
    state: &State,
    owner: &Caller,
    input: NameInput,
) -> Result<Value, AwsError> {
    input.unbuilt.check()?;
    let (database, name) = (input.database_name.to_lowercase(), input.name.to_lowercase());
    let remove = |databases: &mut Databases| {
        let found = databases.get_mut(&database).ok_or_else(|| no_database(&database))?;
        found.tables.remove(&name).map(drop).ok_or_else(no_table)
    };
    state.catalog.change(owner, remove).await?;
    Ok(nothing())
}

/// A version of a table as GetTable and its like show it.
pub(super) fn described(
    table: &Table,
    version: &TableVersion,
    database: &str,
    owner: &Caller,
) -> Value {
    let mut described = Value::Object(version.input.clone());
    described["DatabaseName"] = json!(database);
    described["CreateTime"] = json!(table.created);
    described["UpdateTime"] = json!(version.updated);
    described["CreatedBy"] = json!(format!("arn:aws:iam::{}:root", owner.account));
    described["IsRegisteredWithLakeFormation"] = json!(false);
    described["CatalogId"] = json!(owner.account);
    described["VersionId"] = json!(version.id.to_string());
    described
}

/// What `Expression` lets through: names that match it as a whole.
fn name_filter(expression: Option<&str>) -> Result<impl Fn(&str) -> bool, AwsError> {
    let whole = |expression: &str| Regex::new(&format!("^(?:{expression})$"));
    let pattern = expression
        .map(whole)
        .transpose()
        .map_err(|why| invalid(format!("Expression is not a regular expression: {why}")))?;
    // A pattern that backtracks beyond its limit matches nothing.
    Ok(move |name: &str| {
        pattern.as_ref().is_none_or(|pattern| pattern.is_match(name).unwrap_or(false))
    })
}
