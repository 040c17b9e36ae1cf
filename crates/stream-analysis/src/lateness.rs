//! Rows whose time does not lie where it should, such as within the hour of their object.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use crate::Error;
use crate::column::Column;

/// Counts the rows that lie before, within and after the span that their batch should cover.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lateness {
    column: Column,
    /// Rows that have a time.
    pub judged: u64,
    /// Rows before their span: they came late.
    pub before: u64,
    /// Rows after their span.
    pub after: u64,
}

impl Lateness {
    /// Judges by the times of this column: timestamps, dates, or seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotTime`].
    pub fn new(schema: &Schema, column: &str) -> Result<Self, Error> {
        let column = Column::find_time(schema, column)?;
        Ok(Self { column, judged: 0, before: 0, after: 0 })
    }

    /// Takes a batch whose rows should lie in `start..end`, in seconds since 1970.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow::array::{Float64Array, RecordBatch};
    /// use stream_analysis::Lateness;
    ///
    /// let times = Float64Array::from(vec![Some(3_599.9), Some(3_600.0), Some(7_200.0), None]);
    /// let batch = RecordBatch::try_from_iter([("t", Arc::new(times) as _)])?;
    /// let mut lateness = Lateness::new(batch.schema_ref(), "t")?;
    /// lateness.push(&batch, 3_600.0, 7_200.0)?;
    /// assert_eq!((lateness.judged, lateness.before, lateness.after), (3, 1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`].
    pub fn push(&mut self, batch: &RecordBatch, start: f64, end: f64) -> Result<(), Error> {
        for time in self.column.epoch_seconds(batch)?.iter().flatten() {
            if time.is_nan() {
                continue;
            }
            self.judged += 1;
            self.before += u64::from(time < start);
            self.after += u64::from(time >= end);
        }
        Ok(())
    }
}
