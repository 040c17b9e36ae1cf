//! Reads one object: fetch, check, decode as `decode.rs` plans it. Whole when it is small, by ranges when it is large.
//!
//! The listing gave the size, so a small object costs one GET and no HEAD, and its bytes are of
//! one version whatever happens to it meanwhile. Leaves to others: which objects, how many at
//! once, and what an error means for the rest of the read (`run.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::{ArrowReaderBuilder, ParquetRecordBatchReaderBuilder};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use crate::decode::{Plan, Selection};
use crate::diagnose;
use crate::error::{Error, Stage};
use crate::footer;
use crate::list::{Lister, ObjectInfo};
use crate::object::{Footer, RangeReader};
use crate::options::ReadOptions;
use crate::report::Ledger;
use crate::tail::Tail;

/// Below this an object is fetched whole, in one request.
pub(crate) const WHOLE_BELOW: u64 = 4 << 20;
/// The magic number, the length of the footer, and the magic number again.
const SMALLEST_FILE: usize = 12;
const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED_MAGIC: &[u8] = b"PARE";

/// What of an object is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want {
    /// All rows, held in memory.
    Rows,
    /// The first rows, held in memory.
    First(usize),
    /// All rows of one object at a time; each is bounded by itself.
    Each,
    /// All rows; those of a large object arrive one batch after the other.
    Flow,
    /// Schema and number of rows.
    Footer,
}

/// What came.
pub(crate) enum Got {
    Rows(Box<ObjectRows>),
    Footer(Footer),
}

/// The decoded rows of one object.
pub(crate) struct ObjectRows {
    /// The object as it was when it was read, which may be newer than the listing.
    pub(crate) object: ObjectInfo,
    /// Schema of the batches.
    pub(crate) schema: SchemaRef,
    /// Names of all the object's columns.
    pub(crate) known: Vec<String>,
    pub(crate) batches: Vec<RecordBatch>,
    /// What follows, for [`Want::Flow`].
    pub(crate) tail: Option<Tail>,
}

/// Reads objects of one set; shared by the tasks of one read.
pub(crate) struct ObjectReader {
    pub(crate) lister: Lister,
    pub(crate) selection: Selection,
    pub(crate) options: ReadOptions,
    pub(crate) ledger: Ledger,
    /// Bytes of decoded rows that the read holds so far.
    pub(crate) held_bytes: AtomicU64,
}

impl ObjectReader {
    pub(crate) async fn read(&self, object: &ObjectInfo, want: Want) -> Result<Got, Error> {
        match self.attempt(object, want).await {
            // One version was replaced by another: begin again with the new one, once.
            Err(Error::Changed { .. }) => {
                let current = self.look_up(&object.key).await?;
                self.attempt(&current, want).await
            }
            outcome => outcome,
        }
    }

    /// The object as it is now, by a HEAD request.
    pub(crate) async fn look_up(&self, key: &str) -> Result<ObjectInfo, Error> {
        let path = self.path(key)?;
        let answer = self.lister.store.get_opts(&path, GetOptions::new().with_head(true)).await;
        let meta: ObjectMeta = answer.map_err(|error| self.failed(key, error))?.meta;
        Ok(ObjectInfo::from_meta(meta))
    }

    async fn attempt(&self, object: &ObjectInfo, want: Want) -> Result<Got, Error> {
        let rows = |rows| Got::Rows(Box::new(rows));
        match want {
            Want::Footer => self.footer(object).await.map(Got::Footer),
            _ if object.size < WHOLE_BELOW => self.whole(object, want).await.map(rows),
            _ => self.ranges(object, want).await.map(rows),
        }
    }

    async fn footer(&self, object: &ObjectInfo) -> Result<Footer, Error> {
        let footer = self.footer_by_range(object).await;
        if matches!(footer, Err(Error::Corrupt { .. })) && object.size < WHOLE_BELOW {
            // Its beginning tells whether this was ever a Parquet file.
            let (object, bytes) = self.fetch(object).await?;
            check_magic(&object, &bytes)?;
        }
        footer
    }

    async fn footer_by_range(&self, object: &ObjectInfo) -> Result<Footer, Error> {
        let mut reader = self.range_reader(object)?;
        let at_footer = |error| self.undecodable(object, Stage::Footer, error);
        let metadata = reader.get_metadata(None).await.map_err(at_footer)?;
        let plan = Plan::new(metadata, &Selection::default(), &self.options).map_err(at_footer)?;
        Ok(Footer { schema: Arc::clone(&plan.schema), rows: plan.promised_rows() })
    }

    async fn whole(&self, object: &ObjectInfo, want: Want) -> Result<ObjectRows, Error> {
        let (object, bytes) = self.fetch(object).await?;
        check_magic(&object, &bytes)?;
        let at_footer = |error| self.undecodable(&object, Stage::Footer, error);
        let metadata = footer::parse(&bytes, object.size, None).map_err(at_footer)?;
        let plan = self.plan(&object, Arc::new(metadata))?;
        let in_data = |error| self.undecodable(&object, Stage::Data, error);
        plan.check_pages(&bytes).map_err(in_data)?;
        let metadata = plan.metadata.clone();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
        let mut held = Held::default();
        let mut batches = Vec::new();
        for batch in self.shaped(&plan, builder, want).build().map_err(in_data)? {
            let batch = batch.map_err(|error| in_data(error.into()))?;
            self.hold(&object, &batch, want, &mut held)?;
            batches.push(batch);
        }
        let count = RowCount::expected(&plan, want);
        count.check(held.rows).map_err(in_data)?;
        let Plan { schema, known, .. } = plan;
        Ok(ObjectRows { object, schema, known, batches, tail: None })
    }

    async fn ranges(&self, object: &ObjectInfo, want: Want) -> Result<ObjectRows, Error> {
        let mut reader = self.range_reader(object)?;
        let at_footer = |error| self.undecodable(object, Stage::Footer, error);
        let footer = reader.get_metadata(None).await.map_err(at_footer)?;
        let plan = self.plan(object, footer)?;
        let metadata = plan.metadata.clone();
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata);
        let mut stream = self.shaped(&plan, builder, want).build().map_err(at_footer)?;
        let count = RowCount::expected(&plan, want);
        let Plan { schema, known, .. } = plan;
        let mut rows =
            ObjectRows { object: object.clone(), schema, known, batches: Vec::new(), tail: None };
        let in_data = |error| self.undecodable(object, Stage::Data, error);
        let mut held = Held::default();
        let mut streamed = None;
        while let Some(batch) = stream.try_next().await.map_err(in_data)? {
            self.hold(object, &batch, want, &mut held)?;
            rows.batches.push(batch);
            if matches!(want, Want::Flow) {
                streamed = Some(stream);
                break;
            }
        }
        match streamed {
            None => count.check(held.rows).map_err(in_data)?,
            Some(stream) => {
                let (location, bucket) = (&self.lister.location, &self.lister.bucket);
                let left = count.less(held.rows);
                rows.tail = Some(Tail::spawn(stream, object, left, location, bucket));
            }
        }
        Ok(rows)
    }

    /// What to decode, if it may be held in memory and its columns compare with the filter.
    fn plan(&self, object: &ObjectInfo, footer: Arc<ParquetMetaData>) -> Result<Plan, Error> {
        let plan = Plan::new(footer, &self.selection, &self.options)
            .map_err(|error| self.undecodable(object, Stage::Footer, error))?;
        if plan.promised_bytes() > self.options.memory_limit_bytes {
            return Err(self.too_much(object));
        }
        match plan.check_filter() {
            Ok(()) => Ok(plan),
            Err(mismatch) => Err(Error::SchemaMismatch {
                key: object.key.clone(),
                column: mismatch.column,
                want: mismatch.want,
                got: mismatch.got,
            }),
        }
    }

    fn shaped<T>(
        &self,
        plan: &Plan,
        builder: ArrowReaderBuilder<T>,
        want: Want,
    ) -> ArrowReaderBuilder<T> {
        let builder = plan.apply(builder).with_batch_size(self.options.batch_size);
        match want {
            Want::First(rows) => builder.with_limit(rows),
            _ => builder,
        }
    }

    /// The object whole, and as it was when it was fetched.
    async fn fetch(&self, object: &ObjectInfo) -> Result<(ObjectInfo, Bytes), Error> {
        let path = self.path(&object.key)?;
        let failed = |error| self.failed(&object.key, error);
        let answer = self.lister.store.get_opts(&path, GetOptions::new()).await.map_err(failed)?;
        let meta = answer.meta.clone();
        let bytes = answer.bytes().await.map_err(failed)?;
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.ledger.note(|report| report.bytes += count);
        let fetched = ObjectInfo::from_meta(meta);
        let is_listed = fetched.e_tag.is_none() || fetched.e_tag == object.e_tag;
        let wanted = if is_listed { object.size } else { fetched.size };
        if count != wanted {
            // Not the object's fault, so never passed over.
            let source = format!("{count} bytes came instead of {wanted}").into();
            return Err(Error::Store { key: object.key.clone(), source });
        }
        Ok((fetched, bytes))
    }

    fn range_reader(&self, object: &ObjectInfo) -> Result<RangeReader, Error> {
        Ok(RangeReader {
            store: Arc::clone(&self.lister.store),
            path: self.path(&object.key)?,
            size: object.size,
            e_tag: object.e_tag.clone(),
            ledger: self.ledger.clone(),
        })
    }

    /// Counts a decoded batch against the memory limit, where the read keeps it.
    fn hold(
        &self,
        object: &ObjectInfo,
        batch: &RecordBatch,
        want: Want,
        here: &mut Held,
    ) -> Result<(), Error> {
        let bytes = u64::try_from(batch.get_array_memory_size()).unwrap_or(u64::MAX);
        here.rows = here.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        here.bytes = here.bytes.saturating_add(bytes);
        let held = match want {
            Want::Flow => return Ok(()),
            Want::Each => here.bytes,
            _ => self.held_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes),
        };
        if held > self.options.memory_limit_bytes { Err(self.too_much(object)) } else { Ok(()) }
    }

    fn too_much(&self, object: &ObjectInfo) -> Error {
        let limit_bytes = self.options.memory_limit_bytes;
        Error::Memory { key: object.key.clone(), limit_bytes }
    }

    fn path(&self, key: &str) -> Result<Path, Error> {
        Path::parse(key)
            .map_err(|error| Error::Store { key: key.to_owned(), source: Box::new(error) })
    }

    fn failed(&self, key: &str, error: object_store::Error) -> Error {
        diagnose::fetching(&self.lister.location, &self.lister.bucket, key, error)
    }

    fn undecodable(&self, object: &ObjectInfo, stage: Stage, error: ParquetError) -> Error {
        diagnose::decoding(&self.lister.location, &self.lister.bucket, object, stage, error)
    }
}

/// What one object has given so far.
#[derive(Debug, Default)]
struct Held {
    rows: u64,
    bytes: u64,
}

/// How many rows an object must give; not known where a filter leaves some out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowCount(Option<u64>);

impl RowCount {
    fn expected(plan: &Plan, want: Want) -> Self {
        let promised = plan.promised_rows();
        Self(match want {
            _ if plan.is_filtered() => None,
            Want::First(most) => Some(promised.min(u64::try_from(most).unwrap_or(u64::MAX))),
            _ => Some(promised),
        })
    }

    pub(crate) fn less(self, rows: u64) -> Self {
        Self(self.0.map(|all| all.saturating_sub(rows)))
    }

    /// # Errors
    ///
    /// When the data held fewer rows, or more, than the footer promised.
    pub(crate) fn check(self, rows: u64) -> Result<(), ParquetError> {
        match self.0 {
            Some(promised) if promised != rows => Err(ParquetError::General(format!(
                "the footer promises {promised} rows, the data has {rows}"
            ))),
            _ => Ok(()),
        }
    }
}

/// Tells a file that is no Parquet from one that lost its end.
fn check_magic(object: &ObjectInfo, bytes: &Bytes) -> Result<(), Error> {
    let (key, e_tag) = (object.key.clone(), object.e_tag.clone());
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if bytes.starts_with(ENCRYPTED_MAGIC) {
        let reason = "its footer is encrypted, and there is no key".to_owned();
        return Err(Error::NotParquet { key, size, reason });
    }
    if !bytes.starts_with(MAGIC) {
        let reason = "it does not begin with PAR1".to_owned();
        return Err(Error::NotParquet { key, size, reason });
    }
    if bytes.len() < SMALLEST_FILE || !bytes.ends_with(MAGIC) {
        let source = "it does not end with PAR1, so it was cut off or its end was overwritten";
        return Err(Error::Corrupt {
            key,
            stage: Stage::Footer,
            size,
            e_tag,
            source: source.into(),
        });
    }
    Ok(())
}
