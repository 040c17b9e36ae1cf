//! The rows of a set in key order, read anew for each query: what a forest learns from.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use s3_parquet_reader::{Meter, ParquetSet, Report};

use super::{RowError, RowSource};

/// A set with the schema of all its objects.
#[derive(Debug)]
pub(super) struct SetRows {
    set: ParquetSet,
    schema: SchemaRef,
    last: Mutex<Meter>,
}

impl SetRows {
    pub(super) fn new(set: ParquetSet, schema: SchemaRef) -> Self {
        let set = set.with_schema(Arc::clone(&schema));
        Self { set, schema, last: Mutex::default() }
    }

    /// Forgets what the last query read.
    pub(super) fn begin(&self) {
        self.note(Meter::default());
    }

    /// What was read since.
    pub(super) fn report(&self) -> Report {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).report()
    }

    fn note(&self, meter: Meter) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = meter;
    }
}

impl RowSource for SetRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn rows(&self, columns: &[String]) -> BoxStream<'static, Result<RecordBatch, RowError>> {
        let (set, meter) = self.set.metered();
        self.note(meter);
        match set.columns(columns.iter().cloned()).stream() {
            Ok(batches) => {
                batches.map_ok(|batch| batch.into_record_batch()).map_err(RowError::from).boxed()
            }
            Err(error) => stream::iter([Err(error.into())]).boxed(),
        }
    }
}
