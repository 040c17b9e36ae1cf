//! One table and the versions that it had.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A table: its versions from the oldest that is kept to the current one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Epoch seconds.
    pub(crate) created: f64,
    archived: Vec<TableVersion>,
    current: TableVersion,
}

/// What a table was at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableVersion {
    /// From 0; goes up with each update.
    pub(crate) id: u64,
    /// Epoch seconds.
    pub(crate) updated: f64,
    /// `TableInput` as it came, but for the name, which is in lower case.
    pub(crate) input: Map<String, Value>,
}

impl Table {
    /// A table in its first version.
    pub(crate) fn new(input: Map<String, Value>, now: f64) -> Self {
        let current = TableVersion { id: 0, updated: now, input };
        Self { created: now, archived: Vec::new(), current }
    }

    pub(crate) fn current(&self) -> &TableVersion {
        &self.current
    }

    /// The version of this id, or the current one.
    pub(crate) fn version(&self, id: Option<&str>) -> Option<&TableVersion> {
        let Some(id) = id else { return Some(&self.current) };
        let id: u64 = id.parse().ok()?;
        self.newest_first().find(|version| version.id == id)
    }

    /// Every version that is kept.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &TableVersion> {
        std::iter::once(&self.current).chain(self.archived.iter().rev())
    }

    /// Replaces the table's input by a new version; the old one is kept with `archive`.
    pub(crate) fn update(&mut self, input: Map<String, Value>, now: f64, archive: bool) {
        let id = self.current.id.saturating_add(1);
        let next = TableVersion { id, updated: now, input };
        let old = std::mem::replace(&mut self.current, next);
        if archive {
            self.archived.push(old);
        }
    }
}

impl TableVersion {
    /// Name and type of each column.
    pub(super) fn columns(&self) -> Vec<(String, String)> {
        let columns =
            self.input.get("StorageDescriptor").and_then(|storage| storage.get("Columns"));
        let columns = columns.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |column: &Value, member: &str| {
            column.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        columns.iter().map(|column| (text(column, "Name"), text(column, "Type"))).collect()
    }
}
