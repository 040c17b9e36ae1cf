//! Rows that are kept as they are: for SQL over the stream itself, and late ones.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// Bytes that a batch takes beside its columns' own, by column.
const COLUMN_BYTES: usize = 128;

/// Rows out of many batches. They are noted one by one while a batch passes, and copied at once.
#[derive(Debug, Default)]
pub(super) struct Kept {
    noted: Vec<u32>,
    pub(super) batches: Vec<RecordBatch>,
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Kept {
    /// Keeps this row of the batch that is passing.
    pub(super) fn note(&mut self, row: usize) {
        // A batch of more rows than that would not fit into memory.
        self.noted.push(u32::try_from(row).unwrap_or(u32::MAX));
    }

    /// Copies what was noted of `batch`; gives the bytes it took.
    pub(super) fn settle(&mut self, batch: &RecordBatch) -> Result<usize, ArrowError> {
        if self.noted.is_empty() {
            return Ok(0);
        }
        let rows = UInt32Array::from(std::mem::take(&mut self.noted));
        Ok(self.add(compact(&take_record_batch(batch, &rows)?)?))
    }

    pub(super) fn add(&mut self, batch: RecordBatch) -> usize {
        let bytes = batch_bytes(&batch);
        self.rows += batch.num_rows();
        self.bytes += bytes;
        self.batches.push(batch);
        bytes
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.noted.extend(other.noted);
        self.batches.extend(other.batches);
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

pub(super) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.get_array_memory_size() + batch.num_columns() * COLUMN_BYTES
}

/// Views share the buffers of the batch they were taken from; here they get their own.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let own = |column: &ArrayRef| -> ArrayRef {
        match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()),
            DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
            _ => Arc::clone(column),
        }
    };
    RecordBatch::try_new(batch.schema(), batch.columns().iter().map(own).collect())
}
