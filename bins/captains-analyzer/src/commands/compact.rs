//! `compact`: small objects copied into large ones, hour by hour, and read back to compare.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use s3_parquet_reader::{BatchStream, ParquetSet, Report, hour_of};

use crate::args::{CompactArgs, Shared};
use crate::cell::counted;
use crate::failure::Usage;
use crate::progress::Progress;
use crate::source;
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &CompactArgs) -> anyhow::Result<Answer> {
    let set = source::open(shared, &args.read, false).await?;
    let target = target(shared, args).await?;
    let found = source::schema(&set, shared).await?;
    source::check(&args.read, &found.report)?;
    // Refused now rather than after all was written.
    Digest::new(&found.schema)?;

    let (set, meter) = set.metered();
    let progress = Progress::follow(shared, "compacting", move || meter.report());
    let mut writing = Writing::new(&target, Arc::clone(&found.schema), args.target_size);
    let mut batches = set.with_schema(Arc::clone(&found.schema)).stream()?;
    while let Some(batch) = batches.try_next().await? {
        writing.push(hour_of(batch.key()), batch.record_batch()).await?;
    }
    let report = batches.report();
    let written = writing.finish().await?;
    drop(progress);

    verify_all(shared, &target.set, &found.schema, &written).await?;
    Ok(source::with_report(told(&written, &report), &args.read, &report))
}

/// Where the large objects go.
struct Target {
    set: ParquetSet,
    store: Arc<dyn ObjectStore>,
    /// With a slash at its end, or empty.
    prefix: String,
}

async fn target(shared: &Shared, args: &CompactArgs) -> anyhow::Result<Target> {
    let inside = |reason: &str| Usage(format!("cannot write to `{}`: {reason}", args.into));
    if !args.into.contains("://") {
        std::fs::create_dir_all(&args.into)
            .map_err(|error| super::export::not_written(args.into.as_ref(), error))?;
    }
    let (from, to) = (place(&args.read.location)?, place(&args.into)?);
    if to.starts_with(&from) {
        let reason = "it lies within what is read, whose rows would then be there twice";
        // Made a moment ago, perhaps; one that is not empty stays.
        let _ = std::fs::remove_dir(&args.into);
        return Err(inside(reason).into());
    }
    let options = shared.options();
    let set = ParquetSet::open(&args.into, &options).await?;
    if let Some(object) = set.list().await?.first() {
        let reason = format!("it is not empty, there is `{}`", object.key);
        return Err(inside(&reason).into());
    }
    let prefix = match set.prefix() {
        "" => String::new(),
        prefix => format!("{}/", prefix.trim_end_matches('/')),
    };
    Ok(Target { store: set.store(), set, prefix })
}

/// A location, written so that one which lies within another starts with it.
fn place(location: &str) -> anyhow::Result<String> {
    let parsed: s3_parquet_reader::Location = location.parse()?;
    Ok(parsed.to_string())
}

/// An object that was written, and what was put into it.
struct Written {
    key: String,
    bytes: u64,
    digest: Digest,
}

/// The object that grows.
struct Open {
    hour: Option<DateTime<Utc>>,
    writer: ArrowWriter<Vec<u8>>,
    digest: Digest,
}

struct Writing<'a> {
    target: &'a Target,
    schema: SchemaRef,
    size: u64,
    open: Option<Open>,
    /// Objects of each hour so far.
    numbers: HashMap<Option<DateTime<Utc>>, u32>,
    written: Vec<Written>,
}

impl<'a> Writing<'a> {
    fn new(target: &'a Target, schema: SchemaRef, size: u64) -> Self {
        Self { target, schema, size, open: None, numbers: HashMap::new(), written: Vec::new() }
    }

    async fn push(
        &mut self,
        hour: Option<DateTime<Utc>>,
        batch: &RecordBatch,
    ) -> anyhow::Result<()> {
        if self.open.as_ref().is_some_and(|open| open.hour != hour) {
            self.close().await?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let properties =
                    WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let writer =
                    ArrowWriter::try_new(Vec::new(), Arc::clone(&self.schema), Some(properties))?;
                self.open.insert(Open { hour, writer, digest: Digest::new(&self.schema)? })
            }
        };
        open.writer.write(batch)?;
        open.digest.push(batch)?;
        let size = open.writer.bytes_written() + open.writer.in_progress_size();
        if size as u64 >= self.size {
            self.close().await?;
        }
        Ok(())
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        let Some(Open { hour, writer, digest }) = self.open.take() else { return Ok(()) };
        let bytes = writer.into_inner()?;
        let number = self.numbers.entry(hour).or_default();
        let hour = hour.map_or(String::new(), |hour| hour.format("%Y/%m/%d/%H/").to_string());
        let key = format!("{}{hour}compacted-{number:05}.parquet", self.target.prefix);
        *number += 1;
        let size = bytes.len() as u64;
        let put = self.target.store.put(&Path::parse(&key)?, bytes.into()).await;
        put.with_context(|| format!("cannot write object `{key}`"))?;
        self.written.push(Written { key, bytes: size, digest });
        Ok(())
    }

    async fn finish(mut self) -> anyhow::Result<Vec<Written>> {
        self.close().await?;
        Ok(self.written)
    }
}

/// Rows in order, as one number.
struct Digest {
    converter: RowConverter,
    hasher: DefaultHasher,
    rows: u64,
}

impl Digest {
    fn new(schema: &SchemaRef) -> anyhow::Result<Self> {
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone()));
        let converter = RowConverter::new(fields.collect())
            .context("rows of these types cannot be compared, so compacting would be unverified")?;
        Ok(Self { converter, hasher: DefaultHasher::new(), rows: 0 })
    }

    fn push(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let rows = self.converter.convert_columns(batch.columns())?;
        for row in &rows {
            self.hasher.write_usize(row.as_ref().len());
            self.hasher.write(row.as_ref());
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn value(&self) -> (u64, u64) {
        (self.rows, self.hasher.finish())
    }
}

/// Reads all that was written back, as it is listed now.
async fn verify_all(
    shared: &Shared,
    set: &ParquetSet,
    schema: &SchemaRef,
    written: &[Written],
) -> anyhow::Result<()> {
    let progress = Progress::start(shared, "verifying");
    let listed = set.list().await?;
    let mut bytes = 0;
    for (done, object) in written.iter().enumerate() {
        progress.show_objects(done, written.len(), bytes);
        let info = listed.iter().find(|info| info.key == object.key);
        let info = info.ok_or_else(|| anyhow!("object `{}` is gone", object.key))?;
        verify(set.stream_object(info.clone()), schema, object).await?;
        bytes += object.bytes;
    }
    Ok(())
}

/// Reads an object back and compares it, row by row, with what was put into it.
async fn verify(
    mut batches: BatchStream,
    schema: &SchemaRef,
    object: &Written,
) -> anyhow::Result<()> {
    let mut digest = Digest::new(schema)?;
    while let Some(batch) = batches.try_next().await? {
        digest.push(batch.record_batch())?;
    }
    if digest.value() == object.digest.value() {
        return Ok(());
    }
    let (put, got) = (object.digest.rows, digest.rows);
    Err(anyhow!(
        "object `{}` does not hold the {put} rows that were put into it, but {got}, or others: \
         delete what was written; what was read is unchanged",
        object.key
    ))
}

fn told(written: &[Written], report: &Report) -> Answer {
    let mut section = Section::new("objects", ["key", "rows", "bytes"]);
    section.rows = written
        .iter()
        .map(|object| {
            let rows = Cell::Int(object.digest.rows.into());
            vec![Cell::text(&object.key), rows, Cell::Bytes(object.bytes)]
        })
        .collect();
    let from = counted(report.read, "object");
    let are = if report.read == 1 { "is" } else { "are" };
    let (to, rows) = (written.len(), counted(report.rows, "row"));
    let headline = format!("{from} {are} now {to}; all {rows} read back and compared");
    let facts = vec![("verified", Cell::Bool(true))];
    Answer { facts, headline: Some(headline), sections: vec![section], ..Answer::default() }
}
