//! `check`: every object read whole, footer, pages and checksums.

use futures::{StreamExt, TryStreamExt};
use s3_parquet_reader::{Error, ObjectInfo, ParquetSet, Report};
use tokio::sync::Semaphore;

use crate::args::{ReadArgs, Shared};
use crate::cell::counted;
use crate::progress::Progress;
use crate::source;
use crate::{Answer, Cell, Section};

/// How many bad objects a table shows; JSON and CSV have all.
const SHOWN: usize = 100;

/// KiB of objects that are in flight at once; a larger one travels alone.
const KIB_IN_FLIGHT: u32 = 64 << 10;

pub(super) async fn answer(shared: &Shared, read: &ReadArgs) -> anyhow::Result<Answer> {
    let set = source::open(shared, read, false).await?;
    let objects = set.list().await?;
    let mut report = Report::default();
    report.listed = objects.len() as u64;
    source::check(read, &report)?;
    let progress = Progress::start(shared, "checking");
    let mut section = Section::new("bad", ["key", "size", "fault"]);
    let room = Semaphore::new(KIB_IN_FLIGHT as usize);
    let mut checks = futures::stream::iter(objects.iter())
        .map(|object| {
            let (set, room) = (&set, &room);
            async move { (check(set, object, room).await, object) }
        })
        .buffered(read.concurrency);
    let mut done = 0;
    while let Some((rows, object)) = checks.next().await {
        match rows {
            Ok(rows) => report.rows += rows,
            // What stands in the way of reading is no fault of the object.
            Err(error) if !is_fault(&error) => return Err(error.into()),
            Err(error) => section.rows.push(row(object, &error)),
        }
        done += 1;
        report.bytes += object.size;
        progress.show_objects(done, objects.len(), report.bytes);
    }
    drop((checks, progress));
    Ok(told(shared, read, &report, section))
}

/// Reads an object to its end, keeps nothing, and counts its rows.
async fn check(set: &ParquetSet, object: &ObjectInfo, room: &Semaphore) -> Result<u64, Error> {
    if object.size == 0 {
        let reason = "it has zero bytes".to_owned();
        return Err(Error::NotParquet { key: object.key.clone(), size: 0, reason });
    }
    let size = u32::try_from(object.size >> 10).unwrap_or(u32::MAX).clamp(1, KIB_IN_FLIGHT);
    let cancelled = |_| Error::Cancelled { key: object.key.clone() };
    let _share = room.acquire_many(size).await.map_err(cancelled)?;
    let mut batches = set.stream_object(object.clone());
    let mut rows = 0;
    while let Some(batch) = batches.try_next().await? {
        rows += batch.record_batch().num_rows() as u64;
    }
    Ok(rows)
}

fn told(shared: &Shared, read: &ReadArgs, report: &Report, mut section: Section) -> Answer {
    let bad = section.rows.len();
    let (listed, rows, bytes) = (report.listed, report.rows, Cell::Bytes(report.bytes));
    let headline = match bad {
        0 => {
            let are = if listed == 1 { "is" } else { "are" };
            let (objects, rows) = (counted(listed, "object"), counted(rows, "row"));
            format!("{objects} {are} sound: {rows}, {}", bytes.for_people())
        }
        1 => format!("1 of {} is bad", counted(listed, "object")),
        bad => format!("{bad} of {listed} objects are bad"),
    };
    let mut answer = Answer { headline: Some(headline), bad: bad > 0, ..Answer::default() };
    if shared.format == crate::Format::Table && bad > SHOWN {
        section.rows.truncate(SHOWN);
        answer.notes.push(format!("the first {SHOWN} of {bad}; --format json has all"));
    }
    answer.sections = vec![section];
    answer.facts = vec![
        ("location", Cell::text(&read.location)),
        ("objects", Cell::Int(listed.into())),
        ("rows", Cell::Int(rows.into())),
        ("bytes", bytes),
    ];
    answer
}

/// Whether the object itself is bad, or gone.
fn is_fault(error: &Error) -> bool {
    error.is_bad_object() || matches!(error, Error::NotFound { .. } | Error::Changed { .. })
}

fn row(object: &ObjectInfo, error: &Error) -> Vec<Cell> {
    let cause = std::error::Error::source(error);
    let fault = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    vec![Cell::text(&object.key), Cell::Bytes(object.size), Cell::text(fault)]
}
