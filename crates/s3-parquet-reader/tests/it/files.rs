//! Parquet files for tests.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

const CAPTAINS: [&str; 4] = ["James T. Kirk", "Jean-Luc Picard", "Kathryn Janeway", "Ben Sisko"];

/// Rows like the tutorial's: `user`, `favoritecaptain`, `rating`, `timestamp`. The rating counts
/// on from `first`, so that order shows.
pub(crate) fn ratings(first: i32, rows: i32) -> RecordBatch {
    let numbers: Vec<i32> = (first..first + rows).collect();
    let captain = |n: &i32| CAPTAINS[usize::try_from(*n).unwrap_or(0) % CAPTAINS.len()];
    batch([
        (
            "user",
            Arc::new(StringArray::from_iter_values(numbers.iter().map(|n| format!("user {n}")))),
        ),
        ("favoritecaptain", Arc::new(StringArray::from_iter_values(numbers.iter().map(captain)))),
        ("rating", Arc::new(Int32Array::from(numbers.clone()))),
        (
            "timestamp",
            Arc::new(Float64Array::from_iter_values(numbers.iter().map(|n| f64::from(*n)))),
        ),
    ])
}

pub(crate) fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

pub(crate) fn parquet(batch: &RecordBatch) -> Bytes {
    parquet_in_groups(batch, 1 << 20)
}

/// A file whose row groups hold so many rows.
pub(crate) fn parquet_in_groups(batch: &RecordBatch, rows: usize) -> Bytes {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows)).build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file.into()
}

pub(crate) async fn put(store: &dyn ObjectStore, key: &str, content: impl Into<Bytes>) {
    store.put(&Path::from(key), content.into().into()).await.unwrap();
}

/// A key as Firehose makes it, glued to `prefix`, in the hour `2022/01/08/HH`.
pub(crate) fn key(prefix: &str, hour: u32, number: u32) -> String {
    format!(
        "{prefix}2022/01/08/{hour:02}/PUT-S3-qrZbv-1-2022-01-08-{hour:02}-{number:02}-19-{number:08}.parquet"
    )
}

/// The values of an integer column, nulls as `None`.
pub(crate) fn ints(batches: &[RecordBatch], column: &str) -> Vec<Option<i32>> {
    let mut values = Vec::new();
    for batch in batches {
        let column = batch.column_by_name(column).unwrap();
        values.extend(column.as_any().downcast_ref::<Int32Array>().unwrap());
    }
    values
}
