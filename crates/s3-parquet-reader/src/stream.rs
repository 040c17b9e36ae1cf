//! Batches one after the other, in key order, of one schema that is known from the start.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use crate::decode::Selection;
use crate::error::Error;
use crate::provenance::{Origin, Provenance, provenance_schema, with_provenance};
use crate::read::{Got, ObjectRows};
use crate::report::{Ledger, Report};
use crate::run::Done;
use crate::schema::{Change, Drift, conform};

/// Rows of one object.
#[derive(Debug, Clone)]
pub struct Batch {
    key: Arc<str>,
    record_batch: RecordBatch,
}

impl Batch {
    /// Key of the object that the rows come from.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The rows.
    pub fn record_batch(&self) -> &RecordBatch {
        &self.record_batch
    }

    /// The rows themselves.
    pub fn into_record_batch(self) -> RecordBatch {
        self.record_batch
    }
}

/// A stream of [`Batch`]es, see [`ParquetSet::stream`](crate::ParquetSet::stream).
///
/// It ends after the first error. Dropping it stops the requests that are under way.
pub struct BatchStream {
    batches: BoxStream<'static, Result<Batch, Error>>,
    ledger: Ledger,
}

impl BatchStream {
    /// The first `rows` rows; then the stream ends, and what is under way stops.
    pub(crate) fn limited(self, rows: usize) -> Self {
        let Self { batches, ledger } = self;
        let notes = ledger.clone();
        let batches = stream::try_unfold((batches, rows), move |(mut batches, left)| {
            let notes = notes.clone();
            async move {
                if left == 0 {
                    return Ok(None);
                }
                let Some(mut batch) = batches.try_next().await? else { return Ok(None) };
                let had = batch.record_batch.num_rows();
                let kept = had.min(left);
                batch.record_batch = batch.record_batch.slice(0, kept);
                let cut = u64::try_from(had - kept).unwrap_or(0);
                notes.note(|report| report.rows = report.rows.saturating_sub(cut));
                Ok(Some((batch, (batches, left - kept))))
            }
        });
        Self { batches: batches.boxed(), ledger }
    }
    /// What was listed, read and skipped so far; complete once the stream has ended.
    pub fn report(&self) -> Report {
        self.ledger.report()
    }
}

impl Stream for BatchStream {
    type Item = Result<Batch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.batches.poll_next_unpin(context);
        if matches!(next, Poll::Ready(Some(Err(_)))) {
            self.batches = stream::empty().boxed();
        }
        next
    }
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream").field("report", &self.report()).finish_non_exhaustive()
    }
}

/// How the batches of a stream are shaped.
pub(crate) struct Shape {
    /// The schema; without one, the first object's counts.
    pub(crate) declared: Option<SchemaRef>,
    pub(crate) selection: Selection,
    pub(crate) provenance: Provenance,
}

/// Turns objects into batches of one schema.
pub(crate) fn batches(
    done: BoxStream<'static, Result<Done, Error>>,
    shape: Shape,
    ledger: Ledger,
) -> BatchStream {
    let mut target = None;
    let notes = ledger.clone();
    let batches = done
        .and_then(move |done| {
            let batches = match &done.got {
                Got::Rows(rows) => target_for(&mut target, &shape, rows, &notes)
                    .map(|target| flow(done, target, &notes)),
                Got::Footer(_) => Ok(stream::empty().boxed()),
            };
            std::future::ready(batches)
        })
        .try_flatten()
        .boxed();
    BatchStream { batches, ledger }
}

/// A stream's schema, without and with provenance.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) plain: SchemaRef,
    pub(crate) full: SchemaRef,
}

/// The schema of all objects of a stream, found at the first of them.
pub(crate) fn target_for(
    known: &mut Option<Target>,
    shape: &Shape,
    rows: &ObjectRows,
    ledger: &Ledger,
) -> Result<Target, Error> {
    let key = &rows.object.key;
    let target = match known {
        Some(target) => target.clone(),
        None => {
            let plain = first_schema(shape, rows)?;
            let full = provenance_schema(key, &plain, shape.provenance)?;
            known.insert(Target { plain, full }).clone()
        }
    };
    ledger.note(|report| note_drift(&mut report.drift, key, &rows.schema, &target.plain));
    Ok(target)
}

/// The stream's schema: declared or the first object's; of the selected columns, in their order.
fn first_schema(shape: &Shape, rows: &ObjectRows) -> Result<SchemaRef, Error> {
    let source = shape.declared.as_ref().unwrap_or(&rows.schema);
    let unknown = |column: &str| Error::UnknownColumn {
        column: column.to_owned(),
        known: rows.known.clone(),
    };
    if let Some(filter) = &shape.selection.filter {
        let known = |column: &str| {
            rows.known.iter().any(|known| known == column) || source.index_of(column).is_ok()
        };
        if let Some(column) = filter.0.columns().into_iter().find(|column| !known(column)) {
            return Err(unknown(column));
        }
    }
    stream_schema(source, shape.selection.columns.as_deref(), rows.known.clone())
}

/// `source` as a stream's batches have it: the selected columns, nullable, without metadata.
pub(crate) fn stream_schema(
    source: &SchemaRef,
    columns: Option<&[String]>,
    known: Vec<String>,
) -> Result<SchemaRef, Error> {
    let plain = |field: &Field| field.clone().with_nullable(true).with_metadata([].into());
    let Some(columns) = columns else {
        let fields = source.fields().iter().map(|field| plain(field));
        return Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())));
    };
    let mut fields = Vec::with_capacity(columns.len());
    for name in columns {
        match source.field_with_name(name) {
            Ok(field) => fields.push(plain(field)),
            Err(_) => return Err(Error::UnknownColumn { column: name.clone(), known }),
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Adds an object's differences from the stream's schema to those of earlier ones.
fn note_drift(drift: &mut Vec<Drift>, key: &str, got: &SchemaRef, target: &SchemaRef) {
    let mut note = |column: &str, change: Change| match drift
        .iter_mut()
        .find(|d| d.column == column && d.change == change)
    {
        Some(known) => known.objects += 1,
        None => drift.push(Drift {
            column: column.to_owned(),
            change,
            objects: 1,
            first_key: key.to_owned(),
        }),
    };
    for field in target.fields() {
        match got.field_with_name(field.name()) {
            Err(_) => note(field.name(), Change::Missing),
            Ok(had) if had.data_type() != field.data_type() => {
                let (from, to) = (had.data_type().to_string(), field.data_type().to_string());
                note(field.name(), Change::Widened { from, to });
            }
            Ok(_) => {}
        }
    }
    for field in got.fields() {
        if target.index_of(field.name()).is_err() {
            note(field.name(), Change::Dropped);
        }
    }
}

/// The batches of one object, those that have come and those to come.
fn flow(done: Done, target: Target, ledger: &Ledger) -> BoxStream<'static, Result<Batch, Error>> {
    let Got::Rows(rows) = done.got else { return stream::empty().boxed() };
    let rows = *rows;
    let (object, share, ledger) = (rows.object, done._share, ledger.clone());
    let key = Arc::<str>::from(done.key);
    ledger.note(|report| report.read += 1);
    let ready = stream::iter(rows.batches.into_iter().map(Ok));
    let tail = rows.tail.map_or_else(|| stream::empty().boxed(), |tail| tail.into_stream());
    let mut first_row = 0;
    ready
        .chain(tail)
        .and_then(move |decoded: RecordBatch| {
            // The share of the byte budget goes back when the last batch has been handed over.
            let _held = &share;
            let shaped = shaped(&Origin { object: &object, first_row, decoded: &decoded }, &target);
            let rows = decoded.num_rows();
            first_row += i64::try_from(rows).unwrap_or(i64::MAX);
            ledger.note(|report| report.rows += u64::try_from(rows).unwrap_or(u64::MAX));
            let key = Arc::clone(&key);
            std::future::ready(shaped.map(|record_batch| Batch { key, record_batch }))
        })
        .boxed()
}

/// The decoded rows in the schema of the stream.
pub(crate) fn shaped(origin: &Origin<'_>, target: &Target) -> Result<RecordBatch, Error> {
    let batch = conform(&origin.object.key, origin.decoded, &target.plain)?;
    with_provenance(origin, batch, &target.full)
}
