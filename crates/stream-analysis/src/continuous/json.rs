//! JSON records, as they come out of a stream, as record batches.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_json::ReaderBuilder;
use arrow_json::reader::{Decoder, infer_json_schema_from_iterator};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::QueryError;
use super::aggregator::nullable;

/// Makes batches of records that are JSON objects: one in each record, or several, with or without
/// white space between them. Members without a column are left out, columns without a member are
/// null. A record that is no such thing is counted, and left out whole.
///
/// ```
/// use stream_analysis::continuous::JsonRecords;
///
/// let records = [&br#"{"captain":"Kirk","rating":7}"#[..], b"[]", br#"{"captain":"Solo"}"#];
/// let mut json = JsonRecords::new(&JsonRecords::infer(records)?);
/// let batch = json.decode(records)?;
/// assert_eq!((batch.num_rows(), batch.num_columns(), json.bad()), (2, 2, 1));
/// # Ok::<(), stream_analysis::continuous::QueryError>(())
/// ```
#[derive(Debug, Clone)]
pub struct JsonRecords {
    schema: SchemaRef,
    bad: u64,
}

impl JsonRecords {
    /// Will read these columns.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        Self { schema: nullable(schema), bad: 0 }
    }

    /// The columns that these records have: whole numbers as Int64, other numbers as Float64, texts
    /// as Utf8, all nullable, in the order of their names. Records that are no JSON objects are passed over.
    ///
    /// # Errors
    ///
    /// [`QueryError::Table`] when records disagree, such as about a text and a number.
    pub fn infer<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Result<Schema, QueryError> {
        let whole = records.into_iter().filter(|record| objects(record).is_some());
        // Not by lines: a record may hold several objects on one, or one on several.
        let values =
            whole.flat_map(|record| serde_json::Deserializer::from_slice(record).into_iter());
        let values = values.map(|value: serde_json::Result<Value>| {
            value.map_err(|error| ArrowError::JsonError(error.to_string()))
        });
        let mut fields = infer_json_schema_from_iterator(values)?.fields().to_vec();
        fields.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(Schema::new(fields))
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// Records that were left out.
    #[must_use]
    pub fn bad(&self) -> u64 {
        self.bad
    }

    /// The rows of these records, in order.
    ///
    /// # Errors
    ///
    /// [`QueryError::Table`] if Arrow has no decoder for a column's type.
    pub fn decode<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<RecordBatch, QueryError> {
        Ok(self.decode_with_origins(records)?.0)
    }

    /// As [`decode`](Self::decode), and for each row the number of the record that it is of,
    /// counted from zero.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub fn decode_with_origins<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(RecordBatch, Vec<usize>), QueryError> {
        let mut good = Vec::new();
        for (number, record) in records.into_iter().enumerate() {
            match objects(record) {
                Some(rows) => good.push(Objects { number, rows, record }),
                None => self.bad += 1,
            }
        }
        if let Some(batch) = self.rows(&good)? {
            return Ok((batch, origins(&good)));
        }
        // A value does not fit its column. Which record that is shows one by one.
        let before = good.len();
        let mut fitting = Vec::new();
        for objects in good {
            if self.rows(std::slice::from_ref(&objects))?.is_some() {
                fitting.push(objects);
            }
        }
        self.bad += (before - fitting.len()) as u64;
        match self.rows(&fitting)? {
            Some(batch) => Ok((batch, origins(&fitting))),
            None => Ok((RecordBatch::new_empty(self.schema()), Vec::new())),
        }
    }

    /// The rows of all records, or none if one does not fit.
    fn rows(&self, records: &[Objects<'_>]) -> Result<Option<RecordBatch>, QueryError> {
        let rows: usize = records.iter().map(|objects| objects.rows).sum();
        if rows == 0 {
            return Ok(Some(RecordBatch::new_empty(self.schema())));
        }
        let mut decoder = self.decoder(rows)?;
        for Objects { record, .. } in records {
            let read = decoder.decode(record).ok();
            if read != Some(record.len()) || decoder.has_partial_record() {
                return Ok(None);
            }
        }
        Ok(decoder.flush().ok().flatten())
    }

    fn decoder(&self, rows: usize) -> Result<Decoder, QueryError> {
        let builder = ReaderBuilder::new(Arc::clone(&self.schema)).with_batch_size(rows.max(1));
        Ok(builder.build_decoder()?)
    }
}

/// How many objects a record holds; none if it is anything else.
fn objects(record: &[u8]) -> Option<usize> {
    if record.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let mut count = 0;
    let mut rest = serde_json::Deserializer::from_slice(record).into_iter::<IgnoredAny>();
    while let Some(value) = rest.next() {
        value.ok()?;
        count += 1;
        let left = record.get(rest.byte_offset()..)?.trim_ascii_start();
        if left.first().is_some_and(|byte| *byte != b'{') {
            return None;
        }
    }
    Some(count)
}

/// A record with its objects.
struct Objects<'a> {
    number: usize,
    rows: usize,
    record: &'a [u8],
}

fn origins(records: &[Objects<'_>]) -> Vec<usize> {
    records.iter().flat_map(|objects| std::iter::repeat_n(objects.number, objects.rows)).collect()
}
