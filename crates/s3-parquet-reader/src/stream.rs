//! Batches one after the other, in key order, of one schema that is known from the start.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use crate::error::Error;
use crate::read::{Got, ObjectRows};
use crate::report::{Ledger, Report};
use crate::run::Done;
use crate::schema::{Change, Drift, conform, provenance_schema, with_provenance};

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
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) provenance: bool,
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
                Got::Rows(rows) => target_for(&mut target, &shape, &done.key, rows, &notes)
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
#[derive(Clone)]
struct Target {
    plain: SchemaRef,
    full: Option<SchemaRef>,
}

fn target_for(
    known: &mut Option<Target>,
    shape: &Shape,
    key: &str,
    rows: &ObjectRows,
    ledger: &Ledger,
) -> Result<Target, Error> {
    let target = match known {
        Some(target) => target.clone(),
        None => {
            let plain = first_schema(shape, rows)?;
            let full = if shape.provenance { Some(provenance_schema(key, &plain)?) } else { None };
            known.insert(Target { plain, full }).clone()
        }
    };
    ledger.note(|report| note_drift(&mut report.drift, key, &rows.schema, &target.plain));
    Ok(target)
}

/// The stream's schema: declared or the first object's; of the selected columns, in their order.
fn first_schema(shape: &Shape, rows: &ObjectRows) -> Result<SchemaRef, Error> {
    let source = shape.declared.as_ref().unwrap_or(&rows.schema);
    let Some(columns) = &shape.columns else {
        let fields = source.fields().iter().map(|f| f.as_ref().clone());
        let fields = fields.map(|field| field.with_nullable(true).with_metadata([].into()));
        return Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())));
    };
    let field = |name: &String| match source.field_with_name(name) {
        Ok(field) => Ok(field.clone().with_nullable(true).with_metadata([].into())),
        Err(_) => Err(Error::UnknownColumn { column: name.clone(), known: rows.known.clone() }),
    };
    Ok(Arc::new(Schema::new(columns.iter().map(field).collect::<Result<Vec<_>, _>>()?)))
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
    let (key, share, ledger) = (Arc::<str>::from(done.key), done._share, ledger.clone());
    ledger.note(|report| report.read += 1);
    let ready = stream::iter(rows.batches.into_iter().map(Ok));
    let tail = rows.tail.map_or_else(|| stream::empty().boxed(), |tail| tail.into_stream());
    let mut first_row = 0;
    ready
        .chain(tail)
        .and_then(move |batch: RecordBatch| {
            // The share of the byte budget goes back when the last batch has been handed over.
            let _held = &share;
            let shaped = shape(&key, first_row, &batch, &target);
            let rows = batch.num_rows();
            first_row += i64::try_from(rows).unwrap_or(i64::MAX);
            ledger.note(|report| report.rows += u64::try_from(rows).unwrap_or(u64::MAX));
            let key = Arc::clone(&key);
            std::future::ready(shaped.map(|record_batch| Batch { key, record_batch }))
        })
        .boxed()
}

fn shape(
    key: &str,
    first_row: i64,
    batch: &RecordBatch,
    target: &Target,
) -> Result<RecordBatch, Error> {
    let batch = conform(key, batch, &target.plain)?;
    match &target.full {
        Some(full) => with_provenance(key, first_row, &batch, full),
        None => Ok(batch),
    }
}
