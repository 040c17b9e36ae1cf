//! The Glue catalogue: databases, tables and their versions, of every account and region. Members
//! that mean nothing here are kept as they came and given back.

mod table;

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use self::table::{Table, TableVersion};
use super::Kept;
use crate::{Error, protocol::Caller};

/// Scope (account and region) to databases.
type Scopes = BTreeMap<String, Databases>;
/// Databases by their names, which are in lower case.
pub(crate) type Databases = BTreeMap<String, Database>;

/// The catalogue of every account and region.
#[derive(Debug)]
pub(crate) struct Catalog {
    scopes: Kept<Scopes>,
}

/// One database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Database {
    /// `DatabaseInput` as it came, but for the name, which is in lower case.
    pub(crate) input: Map<String, Value>,
    /// Epoch seconds.
    pub(crate) created: f64,
    /// Tables by their names, which are in lower case.
    pub(crate) tables: BTreeMap<String, Table>,
}

/// The columns of one version of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableColumns {
    pub(crate) version_id: String,
    /// Name and type of each, without partition keys.
    pub(crate) columns: Vec<(String, String)>,
}

impl Catalog {
    /// Reads the catalogue back from its file in `folder`, or begins an empty one.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) async fn open(folder: &Path) -> Result<Self, Error> {
        Ok(Self { scopes: Kept::open(folder, "glue-catalog.json")? })
    }

    /// Looks at the databases of an account and region.
    pub(crate) fn read<R>(&self, owner: &Caller, look: impl FnOnce(&Databases) -> R) -> R {
        match self.scopes.get().get(&owner.scope()) {
            Some(databases) => look(databases),
            None => look(&Databases::new()),
        }
    }

    /// Changes the databases of an account and region, and keeps the change.
    ///
    /// # Errors
    ///
    /// What `change` answers, and a file that cannot be written; then nothing is changed.
    pub(crate) async fn change<R, E: From<Error>>(
        &self,
        owner: &Caller,
        change: impl FnOnce(&mut Databases) -> Result<R, E> + Send,
    ) -> Result<R, E> {
        let scope = owner.scope();
        self.scopes.change(|scopes| change(scopes.entry(scope).or_default())).await
    }

    /// Columns (name, type) of a table at a version (`None` or `LATEST`: the newest), and the
    /// number of that version.
    ///
    /// # Errors
    ///
    /// Which of database, table or version does not exist, in Glue's words.
    pub(crate) fn columns(
        &self,
        owner: &Caller,
        database: &str,
        table: &str,
        version: Option<&str>,
    ) -> Result<TableColumns, String> {
        self.read(owner, |databases| {
            let missing = || format!("Database {} not found.", database.to_lowercase());
            let found = databases.get(&database.to_lowercase()).ok_or_else(missing)?;
            let table = found.tables.get(&table.to_lowercase()).ok_or("Entity Not Found")?;
            let version = version.filter(|version| *version != "LATEST");
            let version = table.version(version).ok_or("Table version not found.")?;
            Ok(TableColumns { version_id: version.id.to_string(), columns: version.columns() })
        })
    }

    /// Forgets everything.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) async fn reset(&self) -> Result<(), Error> {
        self.scopes
            .change(|scopes| {
                scopes.clear();
                Ok(())
            })
            .await
    }
}
