//! What a command found, before anyone decided how to write it.

use serde::ser::{Serialize, SerializeMap, Serializer};

use stream_analysis::Chart;

use crate::Cell;

/// An answer: single facts, and lists of rows.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// Named values; JSON alone has them all.
    pub facts: Vec<(&'static str, Cell)>,
    /// A sentence above the tables; tables alone have it.
    pub headline: Option<String>,
    /// The lists. CSV has the first alone.
    pub sections: Vec<Section>,
    /// Named values that stand behind the lists in JSON.
    pub report: Option<Cell>,
    /// What is said on stderr.
    pub notes: Vec<String>,
    /// Whether what was found is bad, so that the run fails although it has its answer.
    pub bad: bool,
}

/// A list of rows.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Section {
    /// Its name in JSON.
    pub name: &'static str,
    /// A line above its table, when there is more than one.
    pub title: Option<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// One cell for each column in every row.
    pub rows: Vec<Vec<Cell>>,
    /// How many columns a table shows; JSON and CSV have all.
    pub shown: Option<usize>,
    /// A table without lines and header.
    pub plain: bool,
    /// What people see instead of the table.
    pub drawn: Option<Chart>,
}

impl Answer {
    /// Cuts every list to so many rows, and says so.
    pub(crate) fn limit(&mut self, rows: usize) {
        for section in self.sections.iter_mut().filter(|section| section.rows.len() > rows) {
            let all = section.rows.len();
            self.notes.push(format!("the first {rows} of {all} {} by --limit", section.name));
            section.rows.truncate(rows);
        }
    }
}

impl Section {
    /// An empty list of this name with these columns.
    pub(crate) fn new<S: Into<String>>(
        name: &'static str,
        columns: impl IntoIterator<Item = S>,
    ) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { name, columns, ..Self::default() }
    }
}

/// One object, in the order: facts, sections, report.
impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.facts.iter().try_for_each(|(name, cell)| map.serialize_entry(name, cell))?;
        self.sections.iter().try_for_each(|section| map.serialize_entry(section.name, section))?;
        if let Some(report) = &self.report {
            map.serialize_entry("report", report)?;
        }
        map.end()
    }
}

/// A list of objects with the columns as fields.
impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|cells| Row { columns: &self.columns, cells }))
    }
}

struct Row<'a> {
    columns: &'a [String],
    cells: &'a [Cell],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(self.cells))
    }
}
