//! One schema out of many: widen, union, report; never lose a value.
//!
//! Columns match by name, exactly. A column that an object lacks is null there. Types widen where
//! every value keeps its meaning; anything else is an error that names key, column and both types.
//! Metadata of fields and schemas is dropped, because it differs between writers and batches of
//! one table must agree. Which types go together is `widen.rs`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::error::Error;
use crate::report::Report;
use crate::widen::widen;

/// The schema of many objects, and what was looked at to find it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SchemaReport {
    /// The union of the objects' columns, in the order of their first appearance.
    pub schema: SchemaRef,
    /// Objects and drift; the rows are those that the footers promise.
    pub report: Report,
}

/// A difference between one column's appearances.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// Name of the column.
    pub column: String,
    /// What differs.
    pub change: Change,
    /// Number of objects in which it does.
    pub objects: u64,
    /// The first of them in key order.
    pub first_key: String,
}

/// What differs between one column's appearances.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The objects lack the column; it is null there.
    Missing,
    /// The objects have a narrower type than the table.
    Widened {
        /// Their type.
        from: String,
        /// The table's type.
        to: String,
    },
    /// The objects have a column that the stream's schema lacks; it is left out.
    Dropped,
    /// Another column differs from this one in letter case only; both are kept.
    CaseDiffers {
        /// Name of the other column.
        other: String,
    },
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, change, objects, first_key } = self;
        write!(f, "column `{column}` ")?;
        match change {
            Change::Missing => write!(f, "is missing (read as null)")?,
            Change::Widened { from, to } => write!(f, "is {from} (read as {to})")?,
            Change::Dropped => write!(f, "is not in the stream's schema (left out)")?,
            Change::CaseDiffers { other } => {
                return write!(f, "and column `{other}` differ in case only (both kept)");
            }
        }
        write!(f, " in {objects} objects, first in {first_key}")
    }
}

/// Gathers the schemas of objects, in key order.
#[derive(Debug, Default)]
pub(crate) struct Unifier {
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
    keys: u64,
    first_key: String,
}

#[derive(Debug)]
struct Column {
    name: String,
    data_type: DataType,
    /// Each type, the first object that has it, and how many have it.
    seen: Vec<(DataType, String, u64)>,
    first_without: Option<String>,
}

impl Unifier {
    /// Takes in the schema of the object `key`.
    pub(crate) fn add(&mut self, key: &str, schema: &Schema) -> Result<(), Error> {
        if self.keys == 0 {
            key.clone_into(&mut self.first_key);
        }
        for (index, field) in schema.fields().iter().enumerate() {
            if schema.index_of(field.name()).ok() != Some(index) {
                return Err(mismatch(key, field.name(), "one column", "two of the same name"));
            }
            self.add_column(key, field)?;
        }
        for column in &mut self.columns {
            if column.first_without.is_none() && schema.index_of(&column.name).is_err() {
                column.first_without = Some(key.to_owned());
            }
        }
        self.keys += 1;
        Ok(())
    }

    fn add_column(&mut self, key: &str, field: &Field) -> Result<(), Error> {
        let (name, data_type) = (field.name(), field.data_type());
        let Some(column) = self.by_name.get(name).and_then(|index| self.columns.get_mut(*index))
        else {
            self.by_name.insert(name.clone(), self.columns.len());
            self.columns.push(Column {
                name: name.clone(),
                data_type: data_type.clone(),
                seen: vec![(data_type.clone(), key.to_owned(), 1)],
                first_without: (self.keys > 0).then(|| self.first_key.clone()),
            });
            return Ok(());
        };
        column.data_type = widen(&column.data_type, data_type)
            .ok_or_else(|| mismatch(key, name, &column.data_type, data_type))?;
        match column.seen.iter_mut().find(|(seen, _, _)| seen == data_type) {
            Some((_, _, count)) => *count += 1,
            None => column.seen.push((data_type.clone(), key.to_owned(), 1)),
        }
        Ok(())
    }

    /// True when some object had the column.
    pub(crate) fn knows(&self, column: &str) -> bool {
        self.by_name.contains_key(column)
    }

    /// True before the first object.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys == 0
    }

    /// Names of the columns, in the order of their appearance.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The common schema: the `selected` columns in that order, or all of them.
    pub(crate) fn schema(&self, selected: Option<&[String]>) -> SchemaRef {
        let field = |column: &Column| Field::new(&column.name, column.data_type.clone(), true);
        let fields: Vec<Field> = match selected {
            None => self.columns.iter().map(field).collect(),
            Some(names) => names
                .iter()
                .filter_map(|name| self.columns.get(*self.by_name.get(name)?).map(field))
                .collect(),
        };
        Arc::new(Schema::new(fields))
    }

    /// Where the objects differ.
    pub(crate) fn drift(&self) -> Vec<Drift> {
        self.columns.iter().flat_map(|column| self.drift_of(column)).collect()
    }

    fn drift_of(&self, column: &Column) -> Vec<Drift> {
        let drift = |change, objects, first_key: &str| Drift {
            column: column.name.clone(),
            change,
            objects,
            first_key: first_key.to_owned(),
        };
        let mut found = Vec::new();
        let narrower = column.seen.iter().filter(|(seen, _, _)| *seen != column.data_type);
        for (data_type, key, objects) in narrower {
            let (from, to) = (data_type.to_string(), column.data_type.to_string());
            found.push(drift(Change::Widened { from, to }, *objects, key));
        }
        if let Some(key) = &column.first_without {
            let having: u64 = column.seen.iter().map(|(_, _, objects)| objects).sum();
            found.push(drift(Change::Missing, self.keys.saturating_sub(having), key));
        }
        let earlier = self.columns.iter().take_while(|other| other.name != column.name);
        for other in earlier.filter(|other| other.name.eq_ignore_ascii_case(&column.name)) {
            let (other, key) = (other.name.clone(), column.seen.first().map(|(_, key, _)| key));
            let key = key.map_or("", String::as_str);
            found.push(drift(Change::CaseDiffers { other }, 1, key));
        }
        found
    }
}

/// Brings a batch of the object `key` to `target`: casts, adds nulls, leaves out, reorders.
pub(crate) fn conform(
    key: &str,
    batch: &RecordBatch,
    target: &SchemaRef,
) -> Result<RecordBatch, Error> {
    let columns = target.fields().iter().map(|field| conform_column(key, batch, field));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    batch_of(target, columns, batch.num_rows()).map_err(|error| not_a_batch(key, error))
}

fn conform_column(key: &str, batch: &RecordBatch, field: &Field) -> Result<ArrayRef, Error> {
    let want = field.data_type();
    let Some(column) = batch.column_by_name(field.name()) else {
        return Ok(new_null_array(want, batch.num_rows()));
    };
    let got = column.data_type();
    if got == want {
        return Ok(Arc::clone(column));
    }
    let refused = || mismatch(key, field.name(), want, got);
    if widen(want, got).as_ref() != Some(want) {
        return Err(refused());
    }
    // A value that does not fit must not become null. What the cast says could hold the value.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, want, &options).map_err(|_| refused())
}

/// A batch that keeps its number of rows even without columns.
pub(crate) fn batch_of(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch, ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

pub(crate) fn not_a_batch(key: &str, error: ArrowError) -> Error {
    Error::Store { key: key.to_owned(), source: Box::new(error) }
}

pub(crate) fn mismatch(
    key: &str,
    column: &str,
    want: impl fmt::Display,
    got: impl fmt::Display,
) -> Error {
    Error::SchemaMismatch {
        key: key.to_owned(),
        column: column.to_owned(),
        want: want.to_string(),
        got: got.to_string(),
    }
}
