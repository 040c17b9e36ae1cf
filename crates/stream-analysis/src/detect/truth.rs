//! What is known to be an anomaly: the rows in which a column has a given value.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::Schema;

use crate::Error;
use crate::column::Column;

/// Says of each row whether it is an anomaly in truth.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{RecordBatch, StringArray};
/// use stream_analysis::Truth;
///
/// let captains = StringArray::from(vec![Some("Kirk"), Some("Armstrong"), None]);
/// let batch = RecordBatch::try_from_iter([("captain", Arc::new(captains) as _)])?;
/// let truth = Truth::new(batch.schema_ref(), "captain", "Armstrong")?;
/// assert_eq!(truth.flags(&batch)?.true_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Truth {
    column: Column,
    value: String,
}

impl Truth {
    /// The rows whose `column` has this value, as text.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotGroupable`].
    pub fn new(schema: &Schema, column: &str, value: impl Into<String>) -> Result<Self, Error> {
        Ok(Self { column: Column::find_label(schema, column)?, value: value.into() })
    }

    /// For each row whether it is one of them; a null is none.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`].
    pub fn flags(&self, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let labels = self.column.labels(batch)?;
        Ok(labels.iter().map(|label| Some(label == Some(self.value.as_str()))).collect())
    }
}
