//! [`ParquetSet`]: which objects, which of their columns, and the questions one can ask them.

mod listed;
mod schema;
#[cfg(feature = "datafusion")]
mod shared;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::list::PaginatedListStore;
use object_store::local::LocalFileSystem;

use crate::decode::Selection;
use crate::error::Error;
use crate::filter::Filter;
use crate::gather::Gather;
use crate::list::{Lister, ObjectInfo, TimeRange};
use crate::location::Location;
use crate::options::ReadOptions;
use crate::read::{Got, ObjectReader, Want};
use crate::report::{Ledger, Meter, Report};
use crate::run::run;
use crate::schema::Unifier;
use crate::stream::{BatchStream, Shape, batches};
use crate::table::Table;
use crate::watch::{Checkpoint, Parts, Watch, WatchOptions};

/// Parquet objects below a prefix, as one table.
///
/// A value describes what is wanted; nothing is asked of the store before a method is awaited, and
/// each call lists anew, so that objects which arrived since are seen.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_parquet_reader::Error> {
/// use std::sync::Arc;
/// use object_store::memory::InMemory;
/// use s3_parquet_reader::{ParquetSet, ReadOptions};
///
/// let set = ParquetSet::new(Arc::new(InMemory::new()), "ratings", &ReadOptions::default());
/// let table = set.columns(["favoritecaptain", "rating"]).read_all().await?;
/// assert_eq!(table.report().listed, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ParquetSet {
    lister: Lister,
    prefix: String,
    options: ReadOptions,
    range: Option<TimeRange>,
    selection: Selection,
    declared: Option<SchemaRef>,
    limit: Option<usize>,
    meter: Option<Meter>,
}

impl ParquetSet {
    /// Opens `s3://bucket/prefix`, a directory, a path prefix, a `file://` URL or one file.
    ///
    /// For S3 this loads the AWS configuration (files, environment), but asks neither S3 nor the
    /// credential provider yet.
    ///
    /// # Errors
    ///
    /// [`Error::Location`] when the location cannot be one, or is on S3 and the feature `aws` is
    /// off.
    pub async fn open(location: &str, options: &ReadOptions) -> Result<Self, Error> {
        match location.parse()? {
            Location::S3 { bucket, prefix } => Self::open_s3(&bucket, &prefix, options).await,
            Location::Local { root, prefix } => {
                let store = LocalFileSystem::new_with_prefix(&root).map_err(|error| {
                    Error::Location { location: location.to_owned(), reason: error.to_string() }
                })?;
                let mut set = Self::new(Arc::new(store), &prefix, options);
                location.clone_into(&mut set.lister.location);
                Ok(set)
            }
        }
    }

    #[cfg(feature = "aws")]
    async fn open_s3(bucket: &str, prefix: &str, options: &ReadOptions) -> Result<Self, Error> {
        let config = crate::config::load(options).await;
        Self::from_sdk_config(&config, bucket, prefix, options)
    }

    #[cfg(not(feature = "aws"))]
    async fn open_s3(bucket: &str, prefix: &str, _options: &ReadOptions) -> Result<Self, Error> {
        let reason = "s3-parquet-reader was built without its feature `aws`: turn it on".to_owned();
        Err(Error::Location { location: format!("s3://{bucket}/{prefix}"), reason })
    }

    /// A bucket and prefix, with an AWS configuration that the caller has loaded. The endpoint and
    /// the region of `options` win over those of `config`.
    ///
    /// # Errors
    ///
    /// [`Error::Location`] when the endpoint or the bucket cannot be used.
    #[cfg(feature = "aws")]
    pub fn from_sdk_config(
        config: &aws_config::SdkConfig,
        bucket: &str,
        prefix: &str,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let store = Arc::new(crate::s3::store(config, bucket, options)?);
        let pages: Arc<dyn PaginatedListStore> = Arc::<object_store::aws::AmazonS3>::clone(&store);
        let mut set = Self::new(store, prefix, options).with_pages(pages);
        set.lister.location = format!("s3://{bucket}/{prefix}");
        bucket.clone_into(&mut set.lister.bucket);
        set.lister.is_s3 = true;
        Ok(set)
    }

    /// Objects of any store whose keys start with `prefix`, character by character.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str, options: &ReadOptions) -> Self {
        let (location, bucket) = (format!("{store}: {prefix}"), store.to_string());
        let suffix = options.suffix.clone();
        let lister = Lister { store, pages: None, location, bucket, is_s3: false, suffix };
        let (prefix, options) = (prefix.to_owned(), options.clone());
        let (range, declared, limit, meter) = (None, None, None, None);
        let selection = Selection::default();
        Self { lister, prefix, options, range, selection, declared, limit, meter }
    }

    /// Lists by pages, with S3's string prefixes, through `pages`: the same store once more, for
    /// stores that can do it, as `AmazonS3` can. Sets on S3 that are opened here do so anyway.
    #[must_use]
    pub fn with_pages(mut self, pages: Arc<dyn PaginatedListStore>) -> Self {
        self.lister.pages = Some(pages);
        self
    }

    /// Only objects whose hour overlaps `from..to`, the end excluded. See
    /// [the crate's root](crate#time-ranges) for what is listed and what an hour means.
    #[must_use]
    pub fn between(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        self.range = Some(TimeRange { from, to });
        self
    }

    /// Only these columns, in this order. Names match exactly.
    #[must_use]
    pub fn columns<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let mut columns: Vec<String> = Vec::new();
        for name in names {
            let name = name.into();
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        self.selection.columns = Some(columns);
        self
    }

    /// Only rows that meet the condition; called again, those that meet all of them.
    ///
    /// Row groups whose statistics exclude it are not decoded, and of a large object not even
    /// fetched. The columns that the condition looks at need not be among the selected ones.
    ///
    /// ```
    /// # use s3_parquet_reader::{Filter, ParquetSet};
    /// # fn high(set: ParquetSet) -> ParquetSet {
    /// set.columns(["user"]).filter(Filter::column("rating").at_least(7_000))
    /// # }
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.selection.filter = Some(match self.selection.filter.take() {
            Some(earlier) => earlier.and(filter),
            None => filter,
        });
        self
    }

    /// At most so many rows, of [`read_all`](Self::read_all) and of streams: the first ones, by
    /// [`order`](ReadOptions::order). No more objects are read than it takes, but for those that
    /// were under way.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The schema of [`stream`](Self::stream)'s batches, for instance the one that
    /// [`schema`](Self::schema) found. The other methods find their own.
    #[must_use]
    pub fn with_schema(mut self, schema: SchemaRef) -> Self {
        self.declared = Some(schema);
        self
    }

    /// The store that the set reads from, with its credentials; keys in it start with
    /// [`prefix`](Self::prefix). For writing beside what is read.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.lister.store)
    }

    /// The first characters of the keys of the set's objects; may be empty.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The objects, in key order. Empty when there are none.
    ///
    /// # Errors
    ///
    /// [`Error::List`], [`Error::AccessDenied`], [`Error::NoSuchBucket`], [`Error::WrongRegion`],
    /// [`Error::Credentials`], [`Error::TimeRange`].
    pub async fn list(&self) -> Result<Vec<ObjectInfo>, Error> {
        self.objects(&Ledger::default())?.try_collect().await
    }

    /// The objects, in key order, page by page as the store gives them.
    ///
    /// # Errors
    ///
    /// [`Error::TimeRange`] at once; those of [`list`](Self::list) as items.
    pub fn list_stream(&self) -> Result<BoxStream<'static, Result<ObjectInfo, Error>>, Error> {
        self.objects(&Ledger::default())
    }

    /// All rows, in memory. Types widen and missing columns are null, see [`Table::report`].
    ///
    /// # Errors
    ///
    /// Those of [`list`](Self::list); [`Error::NotParquet`] and [`Error::Corrupt`] unless bad
    /// objects are skipped; [`Error::NotFound`] if missing ones are not; [`Error::SchemaMismatch`];
    /// [`Error::UnknownColumn`] if no object has a selected column; [`Error::Memory`];
    /// [`Error::Store`] for the network.
    pub async fn read_all(&self) -> Result<Table, Error> {
        if let Some(rows) = self.limit {
            return self.head(rows).await;
        }
        let reader = self.reader();
        let objects = self.objects(&reader.ledger)?;
        let mut gather = Gather::default();
        let mut done = run(&reader, objects, Want::Rows);
        while let Some(done) = done.try_next().await? {
            gather.add(done.got)?;
            gather.note_progress(&reader.ledger);
        }
        self.table(gather, &reader.ledger)
    }

    /// The first `rows` rows, from as few objects as it takes: one page of the listing and one GET
    /// where the first object has them.
    ///
    /// # Errors
    ///
    /// Those of [`read_all`](Self::read_all), as far as it reads.
    pub async fn head(&self, rows: usize) -> Result<Table, Error> {
        let reader = self.reader();
        let mut objects = self.objects(&reader.ledger)?;
        let mut gather = Gather::default();
        let mut at_once = 1;
        loop {
            let missing = rows.saturating_sub(gather.rows());
            let next: Vec<_> = objects.by_ref().take(at_once).collect().await;
            if next.is_empty() || (missing == 0 && !gather.is_empty()) {
                break;
            }
            let mut done = run(&reader, stream::iter(next).boxed(), Want::First(missing));
            while let Some(done) = done.try_next().await? {
                gather.add(done.got)?;
            }
            if gather.rows() >= rows && !gather.is_empty() {
                break;
            }
            at_once = (at_once * 2).min(self.options.concurrency.max(1));
        }
        gather.truncate(rows);
        self.table(gather, &reader.ledger)
    }

    /// The rows as a stream of batches, in key order; memory stays bounded.
    ///
    /// All batches have one schema: that of [`with_schema`](Self::with_schema), else the first
    /// object's. Columns that it lacks are left out and reported; narrower types widen to it.
    /// Under [`OnBad::Skip`](crate::OnBad::Skip) an object is left out whole or not at all: damage
    /// that shows only after rows of a large object were handed out is an error.
    ///
    /// # Errors
    ///
    /// [`Error::TimeRange`] at once; those of [`read_all`](Self::read_all) as the last item,
    /// except [`Error::Memory`].
    pub fn stream(&self) -> Result<BatchStream, Error> {
        let reader = self.reader();
        let objects = self.objects(&reader.ledger)?;
        let done = run(&reader, objects, Want::Flow);
        let batches = batches(done, self.shape(), reader.ledger.clone());
        Ok(match self.limit {
            Some(rows) => batches.limited(rows),
            None => batches,
        })
    }

    /// Objects as they arrive, each once, from those on that are there now. What has been dealt with
    /// is kept in `checkpoint`, so that a watch which is killed goes on where it was acknowledged.
    ///
    /// Rows are shaped as those of [`stream`](Self::stream). Only stores that list by pages are
    /// asked for the recent hours alone; of others everything below the prefix is listed each time.
    ///
    /// # Errors
    ///
    /// [`Error::TimeRange`]; [`Error::Checkpoint`] when the state cannot be read or belongs to
    /// another prefix; those of [`list`](Self::list) where
    /// [`only_new`](WatchOptions::only_new) lists at once.
    pub async fn watch(
        &self,
        checkpoint: Arc<dyn Checkpoint>,
        options: WatchOptions,
    ) -> Result<Watch, Error> {
        self.check_range()?;
        let parts = Parts {
            lister: self.lister.clone(),
            prefix: self.prefix.clone(),
            range: self.range,
            reader: self.reader(),
            shape: self.shape(),
        };
        Watch::begin(parts, checkpoint, options).await
    }

    /// Counts rows by the footers, without decoding: one request of at most 64 KiB per object,
    /// as a rule. The count is the report's `rows`.
    ///
    /// # Errors
    ///
    /// Those of [`list`](Self::list), and [`Error::NotParquet`] or [`Error::Corrupt`] for footers;
    /// damage elsewhere is not seen.
    pub async fn count(&self) -> Result<Report, Error> {
        let reader = self.reader();
        let mut done = run(&reader, self.objects(&reader.ledger)?, Want::Footer);
        while let Some(done) = done.try_next().await? {
            if let Got::Footer(footer) = done.got {
                reader.ledger.note(|report| {
                    report.read += 1;
                    report.rows = report.rows.saturating_add(footer.rows);
                });
            }
        }
        Ok(reader.ledger.report())
    }

    /// One object by its whole key, whatever its name; neither prefix nor time range matter.
    ///
    /// # Errors
    ///
    /// Those of [`read_all`](Self::read_all); a bad or missing object is an error whatever the
    /// options say.
    pub async fn read_object(&self, key: &str) -> Result<Table, Error> {
        let mut this = self.clone();
        this.options.on_bad = crate::OnBad::Fail;
        this.options.on_missing = crate::OnMissing::Fail;
        let reader = this.reader();
        let object = reader.look_up(key).await?;
        reader.ledger.note(|report| report.listed = 1);
        if object.size == 0 {
            let reason = "it has zero bytes".to_owned();
            return Err(Error::NotParquet { key: key.to_owned(), size: 0, reason });
        }
        let mut gather = Gather::default();
        let mut done = run(&reader, stream::iter([Ok(object)]).boxed(), Want::Rows);
        while let Some(done) = done.try_next().await? {
            gather.add(done.got)?;
        }
        this.table(gather, &reader.ledger)
    }

    /// The set with these columns of provenance instead of those of its options.
    #[cfg(feature = "rows")]
    pub(crate) fn with_origin(&self, provenance: crate::Provenance) -> Self {
        let mut this = self.clone();
        this.options.provenance = provenance;
        this
    }

    fn reader(&self) -> Arc<ObjectReader> {
        Arc::new(self.object_reader())
    }

    fn object_reader(&self) -> ObjectReader {
        ObjectReader {
            lister: self.lister.clone(),
            selection: self.selection.clone(),
            options: self.options.clone(),
            ledger: self.meter.clone().unwrap_or_default().0,
            held_bytes: AtomicU64::new(0),
        }
    }

    fn objects(
        &self,
        ledger: &Ledger,
    ) -> Result<BoxStream<'static, Result<ObjectInfo, Error>>, Error> {
        self.check_range()?;
        Ok(self.lister.objects(&self.prefix, self.range, ledger))
    }

    fn check_range(&self) -> Result<(), Error> {
        match self.range.filter(|range| range.to <= range.from) {
            Some(TimeRange { from, to }) => {
                let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                Err(Error::TimeRange { from: text(from), to: text(to) })
            }
            None => Ok(()),
        }
    }

    fn shape(&self) -> Shape {
        Shape {
            declared: self.declared.clone(),
            selection: self.selection.clone(),
            provenance: self.options.provenance,
        }
    }

    fn table(&self, gather: Gather, ledger: &Ledger) -> Result<Table, Error> {
        self.check_columns(gather.unifier(), || gather.known())?;
        self.check_filter(&gather)?;
        let columns = self.selection.columns.as_deref();
        let provenance = self.options.provenance;
        let (schema, batches, drift) = gather.assemble(columns, provenance, ledger)?;
        let mut report = ledger.report();
        report.drift = drift;
        Ok(Table::new(schema, batches, report))
    }

    /// A selected column must be in some object; if there is no object, nothing can be said.
    fn check_columns(
        &self,
        unifier: &Unifier,
        known: impl Fn() -> Vec<String>,
    ) -> Result<(), Error> {
        let selected = self.selection.columns.iter().flatten();
        match selected.into_iter().find(|column| !unifier.knows(column)) {
            Some(column) if !unifier.is_empty() => {
                Err(Error::UnknownColumn { column: column.clone(), known: known() })
            }
            _ => Ok(()),
        }
    }

    /// So must the columns of the filter.
    fn check_filter(&self, gather: &Gather) -> Result<(), Error> {
        let Some(filter) = &self.selection.filter else { return Ok(()) };
        let known = gather.known();
        match filter.0.columns().into_iter().find(|name| !known.iter().any(|known| known == name)) {
            Some(column) if !gather.is_empty() => {
                Err(Error::UnknownColumn { column: column.to_owned(), known })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for ParquetSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetSet")
            .field("location", &self.lister.location)
            .field("selection", &self.selection)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}
