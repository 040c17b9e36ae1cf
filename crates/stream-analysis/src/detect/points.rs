//! Points out of columns: the numbers of one or more columns of a row, for the forests.

use arrow::array::{Array, Float64Array, RecordBatch};
use arrow::datatypes::Schema;

use crate::Error;
use crate::column::Column;

/// Reads the numbers of some columns, row by row.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Int32Array, RecordBatch};
/// use stream_analysis::Points;
///
/// let ratings = Int32Array::from(vec![Some(7), None]);
/// let batch = RecordBatch::try_from_iter([("rating", Arc::new(ratings) as _)])?;
/// let points = Points::new(batch.schema_ref(), &["rating"])?;
/// let mut seen = Vec::new();
/// points.each(&batch, |row, point| seen.push((row, point.to_vec())))?;
/// assert_eq!(seen[0], (0, vec![7.0]));
/// assert!(seen[1].1[0].is_nan()); // a null, which no forest scores
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Points {
    columns: Vec<Column>,
}

impl Points {
    /// The numbers of these columns.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`].
    pub fn new<S: AsRef<str>>(schema: &Schema, columns: &[S]) -> Result<Self, Error> {
        let columns = columns.iter().map(|name| Column::find_numeric(schema, name.as_ref()));
        Ok(Self { columns: columns.collect::<Result<_, _>>()? })
    }

    /// How many numbers a point has.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.columns.len()
    }

    /// Passes every row with its point; NaN stands for null.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`].
    pub fn each(
        &self,
        batch: &RecordBatch,
        mut visit: impl FnMut(usize, &[f64]),
    ) -> Result<(), Error> {
        let columns = self.columns.iter().map(|column| column.numbers(batch));
        let columns: Vec<Float64Array> = columns.collect::<Result<_, _>>()?;
        let mut point = vec![0.0; columns.len()];
        for row in 0..batch.num_rows() {
            for (number, column) in point.iter_mut().zip(&columns) {
                *number = if column.is_valid(row) { column.value(row) } else { f64::NAN };
            }
            visit(row, &point);
        }
        Ok(())
    }
}
