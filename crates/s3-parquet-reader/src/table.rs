//! The result of a read: a schema, batches in key order, and the report.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::report::Report;

/// Rows of many objects, in key order, as record batches of one schema.
///
/// The batches stay apart: putting them together doubles the memory and gains nothing for most
/// uses. [`concat`](Self::concat) does it where one batch is needed.
#[derive(Debug, Clone)]
pub struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    report: Report,
}

impl Table {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>, report: Report) -> Self {
        Self { schema, batches, report }
    }

    /// The schema of every batch. Without columns when nothing was listed.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batches, in key order; within an object in row order.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The batches themselves.
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// What was read and what was not. `report().listed == 0` tells an empty prefix from objects
    /// without rows.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// All rows as one batch; a copy of all of them.
    ///
    /// # Errors
    ///
    /// When the rows do not fit one batch, such as more than 2 GiB of strings in one column.
    pub fn concat(&self) -> Result<RecordBatch, ArrowError> {
        concat_batches(&self.schema, &self.batches)
    }
}
