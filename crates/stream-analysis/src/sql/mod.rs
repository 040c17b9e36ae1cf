//! SQL by DataFusion (feature `sql`): over the objects of a
//! [`ParquetSet`](s3_parquet_reader::ParquetSet), over anything that streams batches, and over
//! batches that are there.
//!
//! [`SqlDatabase`] is the short way: one set of objects as a table, the scores of a random cut forest
//! beside it, and the tutorial's queries by name ([`PRESETS`]). [`SqlSession`] is what it is made of:
//! tables by name, and queries that read and change nothing.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! # use arrow::array::{Int32Array, RecordBatch, StringArray};
//! # use object_store::{ObjectStoreExt, memory::InMemory};
//! # use parquet::arrow::ArrowWriter;
//! # let store = Arc::new(InMemory::new());
//! # let batch = RecordBatch::try_from_iter([
//! #     ("favoritecaptain", Arc::new(StringArray::from(vec!["Kirk", "Solo", "Kirk"])) as _),
//! #     ("rating", Arc::new(Int32Array::from(vec![1, 2, 3])) as _),
//! # ])?;
//! # let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None)?;
//! # writer.write(&batch)?;
//! # store.put(&"ratings/a.parquet".into(), writer.into_inner()?.into()).await?;
//! use s3_parquet_reader::{ParquetSet, ReadOptions};
//! use stream_analysis::sql::{DatabaseOptions, SqlDatabase};
//!
//! let set = ParquetSet::new(store, "ratings", &ReadOptions::default());
//! let database = SqlDatabase::open(set, &DatabaseOptions::default()).await?;
//! let mut answer = database
//!     .query("SELECT favoritecaptain, avg(rating) FROM ratings GROUP BY favoritecaptain")
//!     .await?;
//! let mut groups = 0;
//! while let Some(batch) = answer.next().await? {
//!     groups += batch.num_rows();
//! }
//! assert_eq!((groups, database.report().rows), (2, 3));
//! # Ok(())
//! # }
//! ```

mod database;
mod error;
mod presets;
mod scored;
mod session;
mod set_rows;
mod statement;
mod stream_table;

pub use database::{DatabaseOptions, SCORED_TABLE, SqlDatabase};
pub use error::{SqlCause, SqlError};
pub use presets::{PRESETS, Preset};
pub use scored::{SCORE_COLUMN, ScoredRows};
pub use session::{SqlAnswer, SqlOptions, SqlSession};
pub use stream_table::{RowError, RowSource, StreamTable};

pub use datafusion::catalog::TableProvider;

#[cfg(test)]
mod tests;
