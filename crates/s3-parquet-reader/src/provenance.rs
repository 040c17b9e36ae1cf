//! Columns that say where a row comes from: added to batches once they have the table's schema.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};

use crate::decode::ROW_NUMBER;
use crate::error::Error;
use crate::list::ObjectInfo;
use crate::schema::{batch_of, mismatch, not_a_batch};

/// Name of the provenance column with the object's key.
pub const KEY_COLUMN: &str = "_key";
/// Name of the provenance column with the row's index within its object, from 0.
pub const ROW_COLUMN: &str = "_row";
/// Name of the provenance column with the hour that the object's key carries.
pub const HOUR_COLUMN: &str = "_hour";
/// Name of the provenance column with the time at which the object was written.
pub const LAST_MODIFIED_COLUMN: &str = "_last_modified";
/// Name of the provenance column with the object's ETag.
pub const E_TAG_COLUMN: &str = "_etag";

/// Which columns are added that say where a row comes from, in this order, after the data's own.
///
/// ```
/// use s3_parquet_reader::{Provenance, ReadOptions};
///
/// let provenance = Provenance { hour: true, ..Provenance::key_and_row() };
/// let options = ReadOptions::default().with_provenance_columns(provenance);
/// assert!(options.provenance.row);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Provenance {
    /// [`KEY_COLUMN`], a dictionary of strings.
    pub key: bool,
    /// [`ROW_COLUMN`], int64; counts the rows that a filter leaves out too.
    pub row: bool,
    /// [`HOUR_COLUMN`], a timestamp in microseconds, UTC; null where the key has no hour.
    pub hour: bool,
    /// [`LAST_MODIFIED_COLUMN`], a timestamp in microseconds, UTC.
    pub last_modified: bool,
    /// [`E_TAG_COLUMN`], a dictionary of strings; null where the store gives none.
    pub e_tag: bool,
}

impl Provenance {
    /// The key and the row's number.
    pub const fn key_and_row() -> Self {
        Self { key: true, row: true, hour: false, last_modified: false, e_tag: false }
    }

    /// All of them.
    pub const fn all() -> Self {
        Self { key: true, row: true, hour: true, last_modified: true, e_tag: true }
    }

    /// True when no column is asked for.
    pub const fn is_none(self) -> bool {
        !(self.key || self.row || self.hour || self.last_modified || self.e_tag)
    }

    /// The columns asked for: name, type, and whether there may be nulls.
    fn columns(self) -> impl Iterator<Item = (&'static str, DataType, bool)> {
        let texts = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let instants = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        [
            (self.key, (KEY_COLUMN, texts.clone(), false)),
            (self.row, (ROW_COLUMN, DataType::Int64, false)),
            (self.hour, (HOUR_COLUMN, instants.clone(), true)),
            (self.last_modified, (LAST_MODIFIED_COLUMN, instants, false)),
            (self.e_tag, (E_TAG_COLUMN, texts, true)),
        ]
        .into_iter()
        .filter_map(|(wanted, column)| wanted.then_some(column))
    }
}

/// `schema` with the provenance columns at its end.
///
/// A column of that name in the data is refused, for the object `key`.
pub(crate) fn provenance_schema(
    key: &str,
    schema: &SchemaRef,
    wanted: Provenance,
) -> Result<SchemaRef, Error> {
    if wanted.is_none() {
        return Ok(Arc::clone(schema));
    }
    let mut fields: Vec<_> = schema.fields().iter().map(Arc::clone).collect();
    for (name, data_type, nullable) in wanted.columns() {
        if let Ok(field) = schema.field_with_name(name) {
            return Err(mismatch(key, name, "reserved for provenance", field.data_type()));
        }
        fields.push(Arc::new(Field::new(name, data_type, nullable)));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Rows of an object that are to get their provenance.
pub(crate) struct Origin<'a> {
    pub(crate) object: &'a ObjectInfo,
    /// Number of the batch's first row, where no row is left out.
    pub(crate) first_row: i64,
    /// The batch as it was decoded, with the numbers of its rows where some are left out.
    pub(crate) decoded: &'a RecordBatch,
}

/// Adds the provenance columns to a conformed batch; `schema` comes from [`provenance_schema`].
pub(crate) fn with_provenance(
    origin: &Origin<'_>,
    batch: RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, Error> {
    let data = batch.num_columns();
    if schema.fields().len() == data {
        return Ok(batch);
    }
    let (rows, key) = (batch.num_rows(), &origin.object.key);
    let mut columns = batch.columns().to_vec();
    for field in schema.fields().iter().skip(data) {
        let column = column(origin, field, rows).map_err(|error| not_a_batch(key, error))?;
        columns.push(column);
    }
    batch_of(schema, columns, rows).map_err(|error| not_a_batch(key, error))
}

fn column(origin: &Origin<'_>, field: &Field, rows: usize) -> Result<ArrayRef, ArrowError> {
    let Origin { object, first_row, decoded } = origin;
    match field.name().as_str() {
        KEY_COLUMN => repeated_text(Some(&object.key), field, rows),
        E_TAG_COLUMN => repeated_text(object.e_tag.as_deref(), field, rows),
        HOUR_COLUMN => Ok(repeated_instant(object.hour, rows)),
        LAST_MODIFIED_COLUMN => Ok(repeated_instant(Some(object.last_modified), rows)),
        _ => Ok(match decoded.column_by_name(ROW_NUMBER) {
            Some(numbers) => Arc::clone(numbers),
            None => Arc::new(Int64Array::from_iter_values((*first_row..).take(rows))),
        }),
    }
}

fn repeated_text(text: Option<&str>, field: &Field, rows: usize) -> Result<ArrayRef, ArrowError> {
    let Some(text) = text else { return Ok(new_null_array(field.data_type(), rows)) };
    let zeros = Int32Array::from_value(0, rows);
    let texts = Arc::new(StringArray::from_iter_values([text]));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(zeros, texts)?))
}

/// The instant in each of so many rows, as the provenance columns have it.
pub(crate) fn repeated_instant(instant: Option<DateTime<Utc>>, rows: usize) -> ArrayRef {
    let micros = instant.map(|instant| instant.timestamp_micros());
    let instants = TimestampMicrosecondArray::from(vec![micros; rows]);
    Arc::new(instants.with_timezone("UTC"))
}
