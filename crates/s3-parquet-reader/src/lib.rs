//! Many Parquet objects, on S3 or in a directory, read as one table.
//!
//! Firehose leaves an object every minute or so; an analyst wants a table. This crate lists the
//! objects of a prefix, reads many of them at once, keeps their order, and says which were bad.
//!
//! # What is in it
//!
//! - [`ParquetSet`]: a location, perhaps a time range and columns. Ask it to
//!   [`list`](ParquetSet::list), [`read_all`](ParquetSet::read_all),
//!   [`stream`](ParquetSet::stream), [`head`](ParquetSet::head), [`count`](ParquetSet::count), or
//!   for its [`schema`](ParquetSet::schema).
//!   Narrow it by [`between`](ParquetSet::between), [`columns`](ParquetSet::columns),
//!   [`filter`](ParquetSet::filter) and [`limit`](ParquetSet::limit).
//! - [`Watch`]: objects as they arrive, each once, with a [`Checkpoint`].
//! - [`ReadOptions`]: endpoint and profile, bounds, and what to do about bad objects.
//! - [`Table`] and [`Report`]: record batches in key order; what was read, skipped (and why), and
//!   where the objects' schemas differ.
//! - [`Error`]: always names the key.
//! - `buckets` (feature `aws`): the names of one's buckets.
//!
//! # Why it is shaped so
//!
//! - **One GET for a small object.** The listing gave the size, so an object below 4 MiB is fetched
//!   whole and decoded from memory; larger ones by ranges, of one version (`If-Match`).
//! - **Many in flight, few bytes.** 32 objects and 64 MiB by default, whatever the number of cores:
//!   what is waited for is the network. Each object has its own task, so decoding uses every core.
//! - **Nothing fewer in silence.** A damaged object ends the read, or is left out whole and
//!   reported. Failures of the network and of permissions are never passed over.
//! - **No concatenation.** It would double the memory; [`Table::concat`] does it on request.
//! - **Schemas widen, values stay.** int32 and int64 make int64, a missing column is null, a string
//!   among numbers is an error that names key, column and both types.
//!
//! # Examples
//!
//! Read two columns of one morning:
//!
//! ```no_run
//! # async fn morning() -> Result<(), Box<dyn std::error::Error>> {
//! use s3_parquet_reader::{ParquetSet, ReadOptions};
//!
//! let set = ParquetSet::open("s3://captains-rating/ratings", &ReadOptions::default()).await?;
//! let (from, to) = ("2022-01-08T06:00:00Z".parse()?, "2022-01-08T12:00:00Z".parse()?);
//! let table = set.between(from, to).columns(["favoritecaptain", "rating"]).read_all().await?;
//! println!("{}", table.report());
//! # Ok(())
//! # }
//! ```
//!
//! Look at the first rows, at the cost of one LIST and one GET:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), s3_parquet_reader::Error> {
//! # use s3_parquet_reader::{ParquetSet, ReadOptions};
//! # let dir = std::env::temp_dir();
//! let location = format!("{}/", dir.display());
//! let set = ParquetSet::open(&location, &ReadOptions::default()).await?;
//! # let set = ParquetSet::new(std::sync::Arc::new(object_store::memory::InMemory::new()), "", &ReadOptions::default());
//! for batch in set.head(5).await?.batches() {
//!     println!("{batch:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Go through more than fits memory, leaving bad objects out:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), s3_parquet_reader::Error> {
//! # use std::sync::Arc;
//! # use object_store::memory::InMemory;
//! use futures::TryStreamExt;
//! use s3_parquet_reader::{OnBad, ParquetSet, ReadOptions};
//!
//! let options = ReadOptions::default().with_on_bad(OnBad::Skip);
//! let set = ParquetSet::new(Arc::new(InMemory::new()), "ratings", &options);
//! let mut rows = set.stream()?;
//! while let Some(batch) = rows.try_next().await? {
//!     println!("{}: {} rows", batch.key(), batch.record_batch().num_rows());
//! }
//! for skipped in rows.report().skipped {
//!     eprintln!("{}: {}", skipped.key, skipped.reason);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Prefixes
//!
//! Prefixes match by string, as on S3: `ratings` finds `ratings2022/01/08/06/…`, which is what
//! Firehose makes of the prefix `ratings`, and `ratings/2022/…` too. On S3 that is S3's own
//! request. On other stores the parent of a partial last segment is listed with a delimiter, and
//! only the matching subtrees are walked. A path that is an existing directory means that
//! directory alone. Only keys that end in `.parquet` count, and none with a file or directory
//! whose name starts with `_` or `.` below the prefix.
//!
//! # Time ranges
//!
//! [`ParquetSet::between`] lists only the `yyyy/MM/dd/HH/` prefixes (whole days, months and years
//! where they fit) that the range overlaps, glued to the prefix and after a slash. An object counts
//! when its hour, see [`hour_of`], overlaps the range; keys without an hour do not. Where those
//! prefixes hold nothing, one page of the whole prefix tells whether the hours stand deeper in the
//! keys, such as `ratings/eu/2022/…`; then everything below the prefix is listed and filtered.
//!
//! An object is read whole: its rows are not filtered by time, unless by a [`Filter`]. Firehose names an object by the arrival of its
//! oldest record, in UTC, so rows of up to one buffering interval (at most 900 seconds) into an
//! hour may lie in the hour before
//! (<https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html>).
//!
//! # Patience
//!
//! On S3 an answer of 5xx (`503 SlowDown`), a reset and a body that breaks off are asked for again,
//! up to eight times with growing pauses, 40 seconds of them at most; a refusal is not. Where nobody
//! listens, [`Error::Unreachable`] comes after three attempts and half a second, or after five
//! seconds without any reply. The metadata service of EC2, the last resort for region and
//! credentials, has one second for each step. Stores that a caller brings have their own rules, and
//! so have the credentials of [`from_sdk_config`](ParquetSet#method.from_sdk_config).
//!
//! # Limits
//!
//! Parquet without page checksums does not notice every flipped bit; this crate checks the
//! checksums that there are. Keys with empty segments (`a//b`) cannot be read, because object_store
//! refuses them. Reading runs on tokio, and a decoder that panics on a damaged file is caught, so
//! build with `panic = "unwind"`.
//!
//! # Features
//!
//! - `aws` (off by default): `s3://` locations with aws-config's credentials, and `buckets`.
//!   Without it, everything works on directories and on any `object_store`.
//! - `blocking` (off by default): `blocking::ParquetSet` and, with `aws`, `blocking::buckets`, for
//!   programs without async.
//! - `codecs` (on by default): Brotli, LZ4 and Zstandard, which Firehose does not write.
//! - `datafusion` (off by default, heavy): `ParquetSetTable`, for SQL.
//! - `rows` (off by default): `ParquetSet::rows`, rows as values of one's own type.

#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "aws")]
mod buckets;
#[cfg(feature = "aws")]
mod config;
#[cfg(feature = "aws")]
mod credentials;
mod decode;
mod diagnose;
mod error;
mod filter;
mod footer;
mod gather;
#[cfg(feature = "aws")]
mod http;
mod layout;
mod list;
mod location;
mod object;
#[cfg(feature = "aws")]
mod on_demand;
mod options;
mod pace;
mod provenance;
#[cfg(feature = "datafusion")]
mod provider;
mod read;
mod report;
#[cfg(feature = "rows")]
mod rows;
mod run;
#[cfg(feature = "aws")]
mod s3;
mod schema;
mod set;
mod stream;
mod table;
mod tail;
mod task;
mod thrift;
mod watch;
mod widen;

#[cfg(feature = "aws")]
pub use buckets::{Bucket, buckets, buckets_from_sdk_config};
pub use error::{Cause, Error, Stage};
pub use filter::{Column, Filter, Value};
pub use layout::hour_of;
pub use list::ObjectInfo;
pub use location::Location;
pub use options::{OnBad, OnMissing, Order, ReadOptions};
pub use provenance::{
    E_TAG_COLUMN, HOUR_COLUMN, KEY_COLUMN, LAST_MODIFIED_COLUMN, Provenance, ROW_COLUMN,
};
#[cfg(feature = "datafusion")]
pub use provider::ParquetSetTable;
pub use report::{Meter, Report, Skipped};
#[cfg(feature = "rows")]
pub use rows::Row;
pub use schema::{Change, Drift, SchemaReport};
pub use set::ParquetSet;
pub use stream::{Batch, BatchStream};
pub use table::Table;
pub use watch::{
    Arrival, Arrived, Checkpoint, FileCheckpoint, MemoryCheckpoint, ObjectCheckpoint, Watch,
    WatchOptions,
};
