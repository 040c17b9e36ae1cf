//! Reads one object: fetch, check, decode. Whole when it is small, by ranges when it is large.
//!
//! The listing gave the size, so a small object costs one GET and no HEAD, and its bytes are of
//! one version whatever happens to it meanwhile. Leaves to others: which objects, how many at
//! once, and what an error means for the rest of the read (`run.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::async_reader::{
    AsyncFileReader, ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder,
};
use parquet::errors::ParquetError;

use crate::diagnose;
use crate::error::{Error, Stage};
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

/// What of an object is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want {
    /// All rows, held in memory.
    Rows,
    /// The first rows, held in memory.
    First(usize),
    /// All rows; those of a large object arrive one batch after the other.
    Flow,
    /// Schema and number of rows.
    Footer,
}

/// What came.
pub(crate) enum Got {
    Rows(ObjectRows),
    Footer(Footer),
}

/// The decoded rows of one object.
pub(crate) struct ObjectRows {
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
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) options: ReadOptions,
    pub(crate) ledger: Ledger,
    /// Bytes of decoded rows that the read holds so far.
    pub(crate) held_bytes: AtomicU64,
}

type ObjectStream = ParquetRecordBatchStream<RangeReader>;

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
        match want {
            Want::Footer => self.footer(object).await.map(Got::Footer),
            _ if object.size < WHOLE_BELOW => self.whole(object, want).await.map(Got::Rows),
            _ => self.ranges(object, want).await.map(Got::Rows),
        }
    }

    async fn footer(&self, object: &ObjectInfo) -> Result<Footer, Error> {
        let footer = self.footer_by_range(object).await;
        if matches!(footer, Err(Error::Corrupt { .. })) && object.size < WHOLE_BELOW {
            // Its beginning tells whether this was ever a Parquet file.
            let bytes = self.fetch(object).await?;
            check_magic(object, &bytes)?;
        }
        footer
    }

    async fn footer_by_range(&self, object: &ObjectInfo) -> Result<Footer, Error> {
        let mut reader = self.range_reader(object)?;
        let at_footer = |error| self.undecodable(object, Stage::Footer, error);
        let metadata = reader.get_metadata(None).await.map_err(at_footer)?;
        let rows = u64::try_from(metadata.file_metadata().num_rows())
            .map_err(|error| at_footer(ParquetError::External(Box::new(error))))?;
        let metadata =
            ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(at_footer)?;
        let schema = self.viewed(metadata.schema());
        Ok(Footer { schema, rows })
    }

    async fn whole(&self, object: &ObjectInfo, want: Want) -> Result<ObjectRows, Error> {
        let bytes = self.fetch(object).await?;
        check_magic(object, &bytes)?;
        let at_footer = |error| self.undecodable(object, Stage::Footer, error);
        let metadata =
            ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()).map_err(at_footer)?;
        let metadata = self.with_views(metadata).map_err(at_footer)?;
        let known = names(metadata.schema());
        let (mask, schema) = self.projection(&metadata);
        self.check_promise(object, &metadata, &mask)?;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata)
            .with_batch_size(self.options.batch_size)
            .with_projection(mask);
        if let Want::First(rows) = want {
            builder = builder.with_limit(rows);
        }
        let in_data = |error| self.undecodable(object, Stage::Data, error);
        let mut batches = Vec::new();
        for batch in builder.build().map_err(in_data)? {
            let batch = batch.map_err(|error| in_data(error.into()))?;
            self.hold(object, &batch, want)?;
            batches.push(batch);
        }
        Ok(ObjectRows { schema, known, batches, tail: None })
    }

    async fn ranges(&self, object: &ObjectInfo, want: Want) -> Result<ObjectRows, Error> {
        let (mut rows, mut stream) = self.open_ranges(object, want).await?;
        let in_data = |error| self.undecodable(object, Stage::Data, error);
        while let Some(batch) = stream.try_next().await.map_err(in_data)? {
            self.hold(object, &batch, want)?;
            rows.batches.push(batch);
            if matches!(want, Want::Flow) {
                let (location, bucket) = (&self.lister.location, &self.lister.bucket);
                rows.tail = Some(Tail::spawn(stream, object, location, bucket));
                break;
            }
        }
        Ok(rows)
    }

    async fn open_ranges(
        &self,
        object: &ObjectInfo,
        want: Want,
    ) -> Result<(ObjectRows, ObjectStream), Error> {
        let mut reader = self.range_reader(object)?;
        let at_footer = |error| self.undecodable(object, Stage::Footer, error);
        let metadata = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new())
            .await
            .map_err(at_footer)?;
        let metadata = self.with_views(metadata).map_err(at_footer)?;
        let known = names(metadata.schema());
        let (mask, schema) = self.projection(&metadata);
        self.check_promise(object, &metadata, &mask)?;
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
            .with_batch_size(self.options.batch_size)
            .with_projection(mask);
        if let Want::First(rows) = want {
            builder = builder.with_limit(rows);
        }
        let stream = builder.build().map_err(at_footer)?;
        Ok((ObjectRows { schema, known, batches: Vec::new(), tail: None }, stream))
    }

    async fn fetch(&self, object: &ObjectInfo) -> Result<Bytes, Error> {
        let path = self.path(&object.key)?;
        let failed = |error| self.failed(&object.key, error);
        let answer = self.lister.store.get_opts(&path, GetOptions::new()).await.map_err(failed)?;
        let bytes = answer.bytes().await.map_err(failed)?;
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.ledger.note(|report| report.bytes += count);
        Ok(bytes)
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

    /// The selected columns of an object: what to decode, and the schema that this gives.
    fn projection(&self, metadata: &ArrowReaderMetadata) -> (ProjectionMask, SchemaRef) {
        let schema = metadata.schema();
        let Some(columns) = &self.columns else {
            return (ProjectionMask::all(), Arc::clone(schema));
        };
        let chosen: Vec<usize> = (0..schema.fields().len())
            .filter(|index| columns.contains(schema.field(*index).name()))
            .collect();
        let fields: Vec<Field> = chosen.iter().map(|index| schema.field(*index).clone()).collect();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), chosen);
        (mask, Arc::new(Schema::new(fields)))
    }

    /// Refuses an object whose footer already promises more than may be held.
    fn check_promise(
        &self,
        object: &ObjectInfo,
        metadata: &ArrowReaderMetadata,
        mask: &ProjectionMask,
    ) -> Result<(), Error> {
        let chunks = metadata.metadata().row_groups().iter().flat_map(|group| {
            group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf))
        });
        let promised = chunks.fold(0_u64, |sum, (_, chunk)| {
            sum.saturating_add(u64::try_from(chunk.uncompressed_size()).unwrap_or(0))
        });
        if promised > self.options.memory_limit_bytes { Err(self.too_much(object)) } else { Ok(()) }
    }

    /// Counts a decoded batch against the memory limit, where the read keeps it.
    fn hold(&self, object: &ObjectInfo, batch: &RecordBatch, want: Want) -> Result<(), Error> {
        if matches!(want, Want::Flow) {
            return Ok(());
        }
        let bytes = u64::try_from(batch.get_array_memory_size()).unwrap_or(u64::MAX);
        let held = self.held_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held > self.options.memory_limit_bytes { Err(self.too_much(object)) } else { Ok(()) }
    }

    fn too_much(&self, object: &ObjectInfo) -> Error {
        let limit_bytes = self.options.memory_limit_bytes;
        Error::Memory { key: object.key.clone(), limit_bytes }
    }

    /// The metadata with strings as views, if the options say so.
    fn with_views(
        &self,
        metadata: ArrowReaderMetadata,
    ) -> Result<ArrowReaderMetadata, ParquetError> {
        if !self.options.string_views {
            return Ok(metadata);
        }
        let options = ArrowReaderOptions::new().with_schema(self.viewed(metadata.schema()));
        ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
    }

    fn viewed(&self, schema: &SchemaRef) -> SchemaRef {
        if !self.options.string_views {
            return Arc::clone(schema);
        }
        let fields = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => {
                Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View))
            }
            _ => Arc::clone(field),
        });
        let fields: Vec<_> = fields.collect();
        Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
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

fn names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Tells a file that is no Parquet from one that lost its end.
fn check_magic(object: &ObjectInfo, bytes: &Bytes) -> Result<(), Error> {
    let (key, e_tag) = (object.key.clone(), object.e_tag.clone());
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
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
