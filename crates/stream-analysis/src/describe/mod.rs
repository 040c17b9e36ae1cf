//! Every column at a glance: how many values, which, how they spread.
//!
//! [`Describe`] takes batches as they come and keeps one accumulator for each column; the results
//! are a [`Description`]. What one accumulator keeps is in `column_state`; numbers as such are in
//! `tally`, `moments` and `quantile`.

mod column_state;
mod summary;
#[cfg(test)]
mod tests;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use crate::column::Column;
use crate::quantile::DEFAULT_VALUES_LIMIT;
use crate::{Error, numeric_columns};

use column_state::ColumnState;
pub use summary::{ColumnSummary, Description, Distinct};

/// How many different texts of one column are counted exactly.
pub const DISTINCT_TEXT_LIMIT: usize = 100_000;

/// Summarises the columns of a table that arrives in batches.
///
/// Memory: per numeric column 8 bytes for each value up to the values limit (10 million, 80 MB),
/// per text column at most 100,000 different texts, else a few words per column.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Int32Array, RecordBatch};
/// use stream_analysis::{Describe, Value};
///
/// let ratings = Arc::new(Int32Array::from(vec![Some(1), Some(4), None, Some(7)]));
/// let batch = RecordBatch::try_from_iter([("rating", ratings as _)])?;
///
/// let mut describe = Describe::new(batch.schema_ref());
/// describe.push(&batch)?;
/// let description = describe.finish()?;
///
/// let rating = description.column("rating").expect("it is in the schema");
/// assert_eq!((rating.count, rating.nulls), (3, 1));
/// assert_eq!((rating.mean, rating.p50, rating.std_dev), (Some(4.0), Some(4.0), Some(3.0)));
/// assert_eq!(rating.max, Some(Value::Integer(7)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Describe {
    rows: u64,
    columns: Vec<(Column, ColumnState)>,
}

impl Describe {
    /// All columns of the schema, in its order.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        Self::start(Column::all(schema))
    }

    /// These columns alone, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], which lists the columns that exist.
    pub fn of_columns<S: AsRef<str>>(schema: &Schema, columns: &[S]) -> Result<Self, Error> {
        let found = columns.iter().map(|name| Column::find(schema, name.as_ref()));
        Ok(Self::start(found.collect::<Result<_, _>>()?))
    }

    /// The columns of numbers alone, in the order of the schema.
    ///
    /// # Errors
    ///
    /// None that a sound schema could cause; the signature is that of
    /// [`of_columns`](Self::of_columns).
    pub fn of_numbers(schema: &Schema) -> Result<Self, Error> {
        Self::of_columns(schema, &numeric_columns(schema))
    }

    /// Keeps at most so many values of each numeric column (at least one).
    ///
    /// Up to the limit quantiles and distinct counts are exact. Beyond it they come from an even,
    /// deterministic sample of between half the limit and the limit, and are marked so; all other
    /// statistics stay exact. Set it before the first batch.
    #[must_use]
    pub fn with_values_limit(mut self, values: usize) -> Self {
        for (column, state) in &mut self.columns {
            *state = ColumnState::new(column, values);
        }
        self
    }

    /// Takes the next batch.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`] if a column of the batch is not where and what the schema said;
    /// [`Error::Convert`] if Arrow cannot read it. The batch may then be counted in part.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for (column, state) in &mut self.columns {
            state.push(column, batch)?;
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// The results.
    ///
    /// # Errors
    ///
    /// [`Error::Convert`] if Arrow cannot write the time of a minimum or maximum as text.
    pub fn finish(self) -> Result<Description, Error> {
        let summaries = self.columns.into_iter().map(|(column, state)| state.finish(&column));
        Ok(Description { rows: self.rows, columns: summaries.collect::<Result<_, _>>()? })
    }

    fn start(columns: Vec<Column>) -> Self {
        let state = |column: Column| {
            let state = ColumnState::new(&column, DEFAULT_VALUES_LIMIT);
            (column, state)
        };
        Self { rows: 0, columns: columns.into_iter().map(state).collect() }
    }
}
