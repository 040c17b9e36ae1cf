//! Rows as values of a type that implements serde's `Deserialize` (feature `rows`).

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::provenance::{Provenance, ROW_COLUMN};
use crate::set::ParquetSet;
use crate::stream::Batch;

/// One row, and where it stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Row<T> {
    /// Key of the object.
    pub key: Arc<str>,
    /// Number of the row within the object, from 0.
    pub index: u64,
    /// The row itself.
    pub value: T,
}

impl ParquetSet {
    /// The rows as values, in key order. The type's fields are found by the columns' names;
    /// columns without a field are passed over, but select [`columns`](Self::columns) to spare
    /// them. A column that may be missing or null needs an `Option`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_parquet_reader::Error> {
    /// # use std::sync::Arc;
    /// # use object_store::memory::InMemory;
    /// # use s3_parquet_reader::{ParquetSet, ReadOptions};
    /// use futures::TryStreamExt;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Rating {
    ///     favoritecaptain: String,
    ///     rating: i32,
    /// }
    ///
    /// # let set = ParquetSet::new(Arc::new(InMemory::new()), "ratings", &ReadOptions::default());
    /// let mut rows = set.rows::<Rating>()?;
    /// while let Some(row) = rows.try_next().await? {
    ///     println!("{} {} {}", row.key, row.value.favoritecaptain, row.value.rating);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`stream`](Self::stream), and [`Error::Rows`] as the last item where rows do not
    /// fit the type.
    pub fn rows<T>(&self) -> Result<BoxStream<'static, Result<Row<T>, Error>>, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let provenance = Provenance { row: true, ..Provenance::default() };
        let batches = self.with_origin(provenance).stream()?;
        let rows = batches.and_then(|batch| std::future::ready(typed::<T>(&batch)));
        Ok(rows.map_ok(|rows| stream::iter(rows.into_iter().map(Ok))).try_flatten().boxed())
    }
}

fn typed<T: DeserializeOwned>(batch: &Batch) -> Result<Vec<Row<T>>, Error> {
    let key = Arc::<str>::from(batch.key());
    let failed = |source: crate::Cause| Error::Rows {
        key: batch.key().to_owned(),
        wanted: std::any::type_name::<T>(),
        source,
    };
    let (data, numbers) = without_numbers(batch.record_batch()).map_err(|e| failed(e.into()))?;
    let values: Vec<T> =
        serde_arrow::from_record_batch(&data).map_err(|error| failed(error.into()))?;
    let numbers = numbers.as_primitive_opt::<Int64Type>();
    let index = |row| numbers.map_or(0, |numbers| u64::try_from(numbers.value(row)).unwrap_or(0));
    let rows = values.into_iter().enumerate();
    Ok(rows.map(|(row, value)| Row { key: Arc::clone(&key), index: index(row), value }).collect())
}

/// The data's columns, and the column with the numbers of the rows.
fn without_numbers(
    batch: &RecordBatch,
) -> Result<(RecordBatch, arrow::array::ArrayRef), arrow::error::ArrowError> {
    let place = batch.schema_ref().index_of(ROW_COLUMN)?;
    let mut data = batch.clone();
    let numbers = data.remove_column(place);
    debug_assert_eq!(numbers.len(), batch.num_rows());
    Ok((data, numbers))
}
