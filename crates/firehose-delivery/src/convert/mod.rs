//! JSON records to rows: one record either becomes its rows or fails whole, and never takes its
//! neighbours with it.

mod coerce;
mod column;
mod dialect;
mod document;
mod joda;
mod keys;
mod nested;
mod node;
mod number;
mod scan;
mod time;

use std::collections::VecDeque;

use arrow::{array::RecordBatch, datatypes::SchemaRef, error::ArrowError};

use self::{
    coerce::Misfit,
    column::{Column, Value},
    dialect::Dialect,
    keys::Keys,
};
use crate::{Error, GlueTable, JsonSerDe};

/// Rows in one batch. Larger ones are no faster and hold more memory.
const BATCH_ROWS: usize = 8192;
/// Bytes of records in one batch: keeps every text column far below the 2 GiB that Arrow's
/// offsets reach, whatever the records hold.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Firehose's code for a record that does not convert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The record is not JSON.
    ParseError,
    /// The record is JSON that does not fit the table.
    MalformedData,
    /// The table or its database is not in the catalogue.
    EntityNotFound,
    /// The table has a schema that records cannot be converted to.
    InvalidSchema,
    /// The engine could not write the rows, through no fault of the record.
    InternalError,
}

impl ErrorCode {
    /// The code as error objects carry it, for example `DataFormatConversion.ParseError`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "DataFormatConversion.ParseError",
            Self::MalformedData => "DataFormatConversion.MalformedData",
            Self::EntityNotFound => "DataFormatConversion.EntityNotFound",
            Self::InvalidSchema => "DataFormatConversion.InvalidSchema",
            Self::InternalError => "DataFormatConversion.InternalError",
        }
    }
}

/// Why a record did not convert. The message may quote the value at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct ConversionError {
    code: ErrorCode,
    message: String,
}

impl ConversionError {
    /// An error with this code and these words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Firehose's code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Firehose's words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Turns JSON records into Arrow batches with the columns of a Glue table.
///
/// A record holds one JSON object or several, back to back or with blanks between them; each is a
/// row. Keys match column names without regard to case unless told otherwise, the last of two equal keys counts, keys
/// that are not in the table are left out, and columns that are not in the record are null.
///
/// ```
/// use firehose_delivery::{GlueTable, JsonConverter};
///
/// let table = GlueTable::new("captains", "ratings", [("user", "string"), ("rating", "int")])?;
/// let mut converter = JsonConverter::new(&table);
/// assert_eq!(converter.push(br#"{"rating":7,"user":"Ada"}{"user":"Bob"}"#), Ok(2));
/// assert!(converter.push(br#"{"rating":"seven"}"#).is_err());
/// let batch = converter.finish().expect("two rows")?;
/// assert_eq!((batch.num_rows(), batch.num_columns()), (2, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JsonConverter {
    schema: SchemaRef,
    keys: Keys,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    ready: VecDeque<Result<RecordBatch, ArrowError>>,
    /// Only the sure way, for the test that compares it with the quick one.
    #[cfg(test)]
    only_documents: bool,
}

impl JsonConverter {
    /// A converter to the columns of `table` that reads as the OpenX SerDe does by default.
    #[must_use]
    pub fn new(table: &GlueTable) -> Self {
        Self::build(table, &JsonSerDe::default(), &Dialect::openx())
    }

    /// A converter to the columns of `table` that reads as `serde` does.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a timestamp format that does not read.
    pub fn reading(table: &GlueTable, serde: &JsonSerDe) -> Result<Self, Error> {
        Ok(Self::build(table, serde, &Dialect::new(serde)?))
    }

    /// Checks a deserializer's options.
    pub(crate) fn check(serde: &JsonSerDe) -> Result<(), Error> {
        Dialect::new(serde).map(drop)
    }

    fn build(table: &GlueTable, serde: &JsonSerDe, dialect: &Dialect) -> Self {
        let columns = table.columns();
        let names = columns.iter().map(|column| serde.key_of(column.name()));
        Self {
            schema: table.arrow_schema(),
            keys: Keys::new(names, dialect.keys),
            columns: columns.iter().map(|one| Column::new(one.glue_type(), dialect)).collect(),
            rows: 0,
            bytes: 0,
            ready: VecDeque::new(),
            #[cfg(test)]
            only_documents: false,
        }
    }

    /// The schema of the batches: the table's columns, every one nullable.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds the rows of a record and answers with how many they are, at least one.
    ///
    /// # Errors
    ///
    /// The record does not convert: nothing of it was added, and the rows before it are unharmed.
    pub fn push(&mut self, record: &[u8]) -> Result<usize, ConversionError> {
        let before = self.rows;
        let read = self.read(record);
        if let Err(why) = read {
            self.drop_rows_from(before);
            return Err(why);
        }
        let added = self.rows - before;
        self.bytes += record.len();
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.seal();
        }
        Ok(added)
    }

    /// A batch that is full, if there is one.
    pub fn next_batch(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        self.ready.pop_front()
    }

    /// The next batch, full or not; nothing when there are no rows left.
    pub fn finish(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        if self.ready.is_empty() && self.rows > 0 {
            self.seal();
        }
        self.ready.pop_front()
    }

    fn read(&mut self, record: &[u8]) -> Result<(), ConversionError> {
        let before = self.rows;
        #[cfg(test)]
        let quick = !self.only_documents;
        #[cfg(not(test))]
        let quick = true;
        let mut row = Row { keys: &self.keys, columns: &mut self.columns, rows: &mut self.rows };
        if quick && scan::read_record(&mut row, record) {
            return Ok(());
        }
        self.drop_rows_from(before);
        let mut row = Row { keys: &self.keys, columns: &mut self.columns, rows: &mut self.rows };
        document::read_record(&mut row, record)
    }

    fn drop_rows_from(&mut self, rows: usize) {
        for column in &mut self.columns {
            column.truncate(rows);
        }
        self.rows = rows;
    }

    fn seal(&mut self) {
        self.rows = 0;
        self.bytes = 0;
        let columns: Result<Vec<_>, _> = self.columns.iter_mut().map(Column::take).collect();
        let batch = columns
            .and_then(|columns| RecordBatch::try_new(SchemaRef::clone(&self.schema), columns));
        self.ready.push_back(batch);
    }
}

/// The row that a record is being read into.
struct Row<'a> {
    keys: &'a Keys,
    columns: &'a mut [Column],
    rows: &'a mut usize,
}

impl Row<'_> {
    fn keys(&self) -> &Keys {
        self.keys
    }

    /// Sets a column of this row; a value that is there already is replaced.
    #[inline]
    fn set(&mut self, column: usize, value: Value<'_>) -> Result<(), Misfit> {
        self.begin(column).map_or(Ok(()), |column| column.push(value))
    }

    /// A column of this row, without a value.
    #[inline]
    fn begin(&mut self, column: usize) -> Option<&mut Column> {
        let column = self.columns.get_mut(column)?;
        if column.len() > *self.rows {
            column.truncate(*self.rows);
        }
        Some(column)
    }

    /// Ends the row: columns without a value are null.
    #[inline]
    fn end(&mut self) {
        *self.rows += 1;
        for column in self.columns.iter_mut() {
            if column.len() < *self.rows {
                column.push_null();
            }
        }
    }
}

#[cfg(test)]
mod tests;
