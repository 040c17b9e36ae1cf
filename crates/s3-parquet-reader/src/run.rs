//! Many objects at once, results in key order: the bounds and the policies.
//!
//! Permits are taken in key order before an object's task is spawned, so the object that the
//! consumer waits for always has its own, and nothing can wait in a circle. One task per object
//! lets decoding use every core; that and the order were measured against alternatives. How many are begun at
//! first is up to `pace.rs`.

use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;
use crate::list::ObjectInfo;
use crate::object::FOOTER_BYTES;
use crate::options::{OnBad, OnMissing, Order, ReadOptions};
use crate::pace::{Pace, Place};
use crate::read::{Got, ObjectReader, Want};
use crate::report::Skipped;
use crate::task::Task;

/// The unit of the byte budget. A semaphore counts in 32 bits, bytes would not fit.
const PERMIT_BYTES: u64 = 1 << 10;

/// What became of one object.
pub(crate) enum Outcome {
    Read(Done),
    /// Damaged and left out, as the options allow it, and why.
    Skipped(ObjectInfo, String),
    /// Deleted after it was listed, which the options allow.
    Vanished(ObjectInfo),
}

/// One object that was read.
pub(crate) struct Done {
    pub(crate) key: String,
    pub(crate) got: Got,
    /// The object's share of the bytes in flight, returned when its rows are handed over.
    pub(crate) _share: OwnedSemaphorePermit,
}

/// Reads `objects` and gives back what came, in their order, without the skipped ones.
pub(crate) fn run(
    reader: &Arc<ObjectReader>,
    objects: BoxStream<'static, Result<ObjectInfo, Error>>,
    want: Want,
) -> BoxStream<'static, Result<Done, Error>> {
    let read = |outcome| match outcome {
        Outcome::Read(done) => Some(done),
        Outcome::Skipped(..) | Outcome::Vanished(_) => None,
    };
    outcomes(reader, objects, want)
        .try_filter_map(move |outcome| std::future::ready(Ok(read(outcome))))
        .boxed()
}

/// Reads `objects` and tells what became of each, in their order.
pub(crate) fn outcomes(
    reader: &Arc<ObjectReader>,
    objects: BoxStream<'static, Result<ObjectInfo, Error>>,
    want: Want,
) -> BoxStream<'static, Result<Outcome, Error>> {
    let options = &reader.options;
    let concurrency = options.concurrency.max(1);
    let budget = Arc::new(Semaphore::new(permits(options.bytes_in_flight, u64::MAX)));
    let (most, reader) = (options.bytes_in_flight, Arc::clone(reader));
    let pace = Pace::new(reader.lister.is_s3);
    let with_share = move |object: ObjectInfo| {
        let bytes = match want {
            Want::Footer => object.size.min(FOOTER_BYTES),
            _ => object.size,
        };
        let count = u32::try_from(permits(bytes, most)).unwrap_or(u32::MAX);
        let (budget, pace) = (Arc::clone(&budget), pace.clone());
        async move {
            let share = budget.acquire_many_owned(count).await;
            let share = share.map_err(|_| Error::Cancelled { key: object.key.clone() })?;
            Ok((object, share, pace.next().await))
        }
    };
    let started = move |(object, share, place): (ObjectInfo, OwnedSemaphorePermit, Place)| {
        let reader = Arc::clone(&reader);
        let task = spawn(&reader, &object, want, place);
        async move {
            let outcome = match task {
                Some(mut task) => task.join(&object).await.and_then(|outcome| outcome),
                None => return Ok(skip(&reader, &object, "zero bytes".to_owned())),
            };
            let key = object.key.clone();
            match outcome {
                Ok(got) => Ok(Outcome::Read(Done { key, got, _share: share })),
                Err(error) => match reason_to_skip(&reader.options, &error) {
                    Some(reason) => {
                        let outcome = skip(&reader, &object, reason);
                        Ok(match error {
                            Error::NotFound { .. } => Outcome::Vanished(object),
                            _ => outcome,
                        })
                    }
                    None => Err(error),
                },
            }
        }
    };
    let started = objects.and_then(with_share).map_ok(started);
    match (options.order, want) {
        (Order::Completion, Want::Flow) => started.try_buffer_unordered(concurrency).boxed(),
        _ => started.try_buffered(concurrency).boxed(),
    }
}

/// Starts reading an object. One without bytes has no rows either and needs no request.
fn spawn(
    reader: &Arc<ObjectReader>,
    object: &ObjectInfo,
    want: Want,
    place: Place,
) -> Option<Task<Result<Got, Error>>> {
    if object.size == 0 {
        return None;
    }
    let (reader, object) = (Arc::clone(reader), object.clone());
    Some(Task::spawn(async move {
        let read = reader.read(&object, want).await;
        drop(place);
        read
    }))
}

fn skip(reader: &ObjectReader, object: &ObjectInfo, reason: String) -> Outcome {
    tracing::warn!(key = object.key, size = object.size, reason, "object skipped");
    let skipped = Skipped { key: object.key.clone(), size: object.size, reason: reason.clone() };
    reader.ledger.note(|report| report.skipped.push(skipped));
    Outcome::Skipped(object.clone(), reason)
}

/// Why the error's object may be left out, if the options allow it.
fn reason_to_skip(options: &ReadOptions, error: &Error) -> Option<String> {
    let reason = match error {
        Error::NotFound { .. } if options.on_missing == OnMissing::Skip => {
            "deleted after it was listed".to_owned()
        }
        Error::NotParquet { reason, .. } if options.on_bad == OnBad::Skip => {
            format!("not Parquet: {reason}")
        }
        Error::Corrupt { stage, source, .. } if options.on_bad == OnBad::Skip => {
            format!("damaged {stage}: {source}")
        }
        _ => return None,
    };
    Some(reason)
}

/// The permits for so many bytes: at least one, and never more than there are.
fn permits(bytes: u64, most: u64) -> usize {
    let all = u64::from(u32::MAX).min(u64::try_from(Semaphore::MAX_PERMITS).unwrap_or(u64::MAX));
    let most = (most / PERMIT_BYTES).clamp(1, all);
    usize::try_from((bytes / PERMIT_BYTES).clamp(1, most)).unwrap_or(1)
}
