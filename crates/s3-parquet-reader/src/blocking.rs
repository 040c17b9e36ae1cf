//! The same without async (feature `blocking`): for programs that have no runtime of their own.
//!
//! Each set brings a small runtime, which its clones share. Nothing here panics when it is called
//! within another runtime, but it blocks that one's thread.
//!
//! ```
//! # fn main() -> Result<(), s3_parquet_reader::Error> {
//! use s3_parquet_reader::{ReadOptions, blocking};
//!
//! # let dir = std::env::temp_dir().join("s3-parquet-reader-doc");
//! # std::fs::create_dir_all(&dir).unwrap();
//! # let location = dir.to_str().unwrap();
//! let set = blocking::ParquetSet::open(location, &ReadOptions::default())?;
//! for batch in set.stream()? {
//!     println!("{}", batch?.record_batch().num_rows());
//! }
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::ObjectStore;
use tokio::runtime::{Builder, Runtime};

use crate::{
    Batch, BatchStream, Error, Filter, ObjectInfo, ReadOptions, Report, SchemaReport, Table,
};

/// As [`buckets`](crate::buckets).
///
/// # Errors
///
/// Those of [`buckets`](crate::buckets), and [`Error::Location`] when the system gives no threads.
#[cfg(feature = "aws")]
pub fn buckets(options: &ReadOptions) -> Result<Vec<crate::Bucket>, Error> {
    let threads = Threads::start("s3://")?;
    let options = options.clone();
    threads.wait(async move { crate::buckets(&options).await }, "s3://")?
}

/// [`ParquetSet`](crate::ParquetSet), whose methods wait for their results.
#[derive(Debug, Clone)]
pub struct ParquetSet {
    set: crate::ParquetSet,
    threads: Threads,
}

impl ParquetSet {
    /// As [`ParquetSet::open`](crate::ParquetSet::open).
    ///
    /// # Errors
    ///
    /// [`Error::Location`], also when the system gives no threads.
    pub fn open(location: &str, options: &ReadOptions) -> Result<Self, Error> {
        let threads = Threads::start(location)?;
        let (text, options) = (location.to_owned(), options.clone());
        let set = threads
            .wait(async move { crate::ParquetSet::open(&text, &options).await }, location)??;
        Ok(Self { set, threads })
    }

    /// As [`ParquetSet::new`](crate::ParquetSet::new).
    ///
    /// # Errors
    ///
    /// [`Error::Location`] when the system gives no threads.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let threads = Threads::start(prefix)?;
        Ok(Self { set: crate::ParquetSet::new(store, prefix, options), threads })
    }

    /// Only objects whose hour overlaps `from..to`.
    #[must_use]
    pub fn between(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        self.set = self.set.between(from, to);
        self
    }

    /// Only these columns, in this order.
    #[must_use]
    pub fn columns<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.set = self.set.columns(names);
        self
    }

    /// Only rows that meet the condition.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.set = self.set.filter(filter);
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Self {
        self.set = self.set.limit(rows);
        self
    }

    /// The set for use with a runtime.
    pub fn as_async(&self) -> &crate::ParquetSet {
        &self.set
    }

    /// As [`ParquetSet::list`](crate::ParquetSet::list).
    ///
    /// # Errors
    ///
    /// The same.
    pub fn list(&self) -> Result<Vec<ObjectInfo>, Error> {
        let set = self.set.clone();
        self.wait(async move { set.list().await })
    }

    /// As [`ParquetSet::read_all`](crate::ParquetSet::read_all).
    ///
    /// # Errors
    ///
    /// The same.
    pub fn read_all(&self) -> Result<Table, Error> {
        let set = self.set.clone();
        self.wait(async move { set.read_all().await })
    }

    /// As [`ParquetSet::head`](crate::ParquetSet::head).
    ///
    /// # Errors
    ///
    /// The same.
    pub fn head(&self, rows: usize) -> Result<Table, Error> {
        let set = self.set.clone();
        self.wait(async move { set.head(rows).await })
    }

    /// As [`ParquetSet::count`](crate::ParquetSet::count).
    ///
    /// # Errors
    ///
    /// The same.
    pub fn count(&self) -> Result<Report, Error> {
        let set = self.set.clone();
        self.wait(async move { set.count().await })
    }

    /// As [`ParquetSet::schema`](crate::ParquetSet::schema).
    ///
    /// # Errors
    ///
    /// The same.
    pub fn schema(&self) -> Result<SchemaReport, Error> {
        let set = self.set.clone();
        self.wait(async move { set.schema().await })
    }

    /// As [`ParquetSet::stream`](crate::ParquetSet::stream), one batch after the other.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn stream(&self) -> Result<Batches, Error> {
        let set = self.set.clone();
        let stream = self.wait(async move { set.stream() })?;
        Ok(Batches { stream: Some(stream), threads: self.threads.clone() })
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.threads.wait(work, self.set.prefix())?
    }
}

/// The batches of a set, as an iterator; it ends after the first error.
pub struct Batches {
    stream: Option<BatchStream>,
    threads: Threads,
}

impl Batches {
    /// What was listed, read and skipped so far. Empty after an error.
    pub fn report(&self) -> Report {
        self.stream.as_ref().map(BatchStream::report).unwrap_or_default()
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut stream = self.stream.take()?;
        let next = self.threads.wait(
            async move {
                let next = stream.try_next().await;
                (stream, next)
            },
            "",
        );
        match next {
            Ok((stream, Ok(batch))) => {
                self.stream = Some(stream);
                batch.map(Ok)
            }
            Ok((_, Err(error))) | Err(error) => Some(Err(error)),
        }
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// The runtime behind a set and its clones.
#[derive(Debug, Clone)]
struct Threads(Arc<Held>);

#[derive(Debug)]
struct Held(Option<Runtime>);

impl Threads {
    fn start(location: &str) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread().enable_all().build().map_err(|error| {
            let reason = format!("no threads to read with: {error}");
            Error::Location { location: location.to_owned(), reason }
        })?;
        Ok(Self(Arc::new(Held(Some(runtime)))))
    }

    /// Runs `work` on the runtime. Waiting for a channel, unlike `block_on`, is allowed anywhere.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        key: &str,
    ) -> Result<T, Error> {
        let cancelled = || Error::Cancelled { key: key.to_owned() };
        let runtime = self.0.0.as_ref().ok_or_else(cancelled)?;
        let (sender, receiver) = mpsc::channel();
        runtime.spawn(async move {
            // Nobody waits any more if this fails.
            let _ = sender.send(work.await);
        });
        receiver.recv().map_err(|_| cancelled())
    }
}

impl Drop for Held {
    /// A runtime that is dropped within another would panic.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
