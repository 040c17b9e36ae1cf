//! Generated records straight into Arrow columns, without JSON in between (feature `arrow`).
//!
//! Writing them to Parquet is left to whoever does that for other tables too.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int32Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::columns::COLUMNS;
use crate::generator::RatingGenerator;
use crate::time::EventTime;

#[cfg(test)]
mod tests;

/// The most rows that [`RatingGenerator::record_batch`] puts into one batch: 16,777,216. A `Utf8`
/// column holds less than 2 GiB of text, and this many of the longest names stay below that.
pub const MAX_BATCH_ROWS: usize = 1 << 24;

/// The Arrow schema of [`COLUMNS`]: `user` and `favoritecaptain` as `Utf8`, `rating` as `Int32`,
/// `timestamp` as `Float64`, all nullable as columns of a Glue table are. Generated columns
/// hold no null.
#[must_use]
pub fn arrow_schema() -> SchemaRef {
    let types = [DataType::Utf8, DataType::Utf8, DataType::Int32, DataType::Float64];
    let fields = COLUMNS.iter().zip(types).map(|((name, _), kind)| Field::new(*name, kind, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl<T: EventTime> RatingGenerator<T> {
    /// Makes the next `rows` records as columns of [`arrow_schema`], in the records' order: the
    /// same values that the other ways give.
    ///
    /// ```
    /// use captain_ratings::RatingGenerator;
    ///
    /// let batch = RatingGenerator::with_seed(42).record_batch(1000)?;
    /// assert_eq!((batch.num_rows(), batch.num_columns()), (1000, 4));
    /// # Ok::<(), arrow::error::ArrowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArrowError::InvalidArgumentError`] if `rows` is above [`MAX_BATCH_ROWS`]; the generator
    /// then stands where it stood.
    pub fn record_batch(&mut self, rows: usize) -> Result<RecordBatch, ArrowError> {
        if rows > MAX_BATCH_ROWS {
            return Err(ArrowError::InvalidArgumentError(format!(
                "{rows} ratings do not fit one record batch; ask for {MAX_BATCH_ROWS} at most and repeat"
            )));
        }
        // The mean name has 13.5 letters, the mean captain 13.2.
        let mut users = StringBuilder::with_capacity(rows, rows * 14);
        let mut captains = StringBuilder::with_capacity(rows, rows * 14);
        let mut ratings = Int32Builder::with_capacity(rows);
        let mut timestamps = Float64Builder::with_capacity(rows);
        self.for_each_drawn(rows, |drawn| {
            // Writing to this builder cannot fail: it is memory.
            let _ = users.write_str(drawn.first_name());
            let _ = users.write_str(" ");
            users.append_value(drawn.last_name());
            captains.append_value(drawn.favorite_captain());
            ratings.append_value(drawn.rating());
            timestamps.append_value(drawn.timestamp());
        });
        let columns: Vec<ArrayRef> = vec![
            Arc::new(users.finish()),
            Arc::new(captains.finish()),
            Arc::new(ratings.finish()),
            Arc::new(timestamps.finish()),
        ];
        RecordBatch::try_new(arrow_schema(), columns)
    }
}
