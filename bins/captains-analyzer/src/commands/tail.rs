//! `tail`: the last rows, from the last objects.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use s3_parquet_reader::{BatchStream, Error, OnBad, ParquetSet, Report, Skipped};

use crate::args::{HeadArgs, Shared};
use crate::source;
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &HeadArgs) -> anyhow::Result<Answer> {
    let read = &args.select.read;
    let mut set = source::open(shared, read, false).await?;
    if !args.select.columns.is_empty() {
        set = set.columns(args.select.columns.iter().cloned());
    }
    let (batches, report) = last(&set, args.rows, read.on_bad.into()).await?;
    source::check(read, &report)?;

    let mut columns: Vec<String> = Vec::new();
    for batch in &batches {
        for field in batch.schema_ref().fields() {
            if !columns.contains(field.name()) {
                columns.push(field.name().clone());
            }
        }
    }
    let mut section = Section::new("rows", columns.iter().cloned());
    for batch in &batches {
        for row in 0..batch.num_rows() {
            section.rows.push(cells(batch, row, &columns)?);
        }
    }
    let headline = section.rows.is_empty().then(|| "no rows".to_owned());
    let answer = Answer { headline, sections: vec![section], ..Answer::default() };
    Ok(source::with_report(answer, read, &report))
}

/// The last rows in key order. Objects are fetched from the last one backwards, one after the other:
/// the last is nearly always enough.
async fn last(
    set: &ParquetSet,
    rows: usize,
    on_bad: OnBad,
) -> anyhow::Result<(Vec<RecordBatch>, Report)> {
    let objects = set.list().await?;
    let mut report = Report::default();
    report.listed = objects.len() as u64;
    let mut kept: Vec<RecordBatch> = Vec::new();
    let mut missing = rows;
    for object in objects.iter().rev() {
        if missing == 0 && report.read > 0 {
            break;
        }
        let mut batches = set.stream_object(object.clone());
        let last = match last_of(&mut batches, missing).await {
            Err(error) if error.is_bad_object() && on_bad == OnBad::Skip => {
                let (key, size, reason) = (object.key.clone(), object.size, error.to_string());
                report.skipped.push(Skipped::new(key, size, reason));
                continue;
            }
            last => last?,
        };
        let read = batches.report();
        report.read += 1;
        report.bytes += read.bytes;
        report.rows += read.rows;
        missing -= last.iter().map(RecordBatch::num_rows).sum::<usize>();
        kept.splice(0..0, last);
    }
    Ok((kept, report))
}

/// The last rows of an object, whose other rows are not held.
async fn last_of(batches: &mut BatchStream, rows: usize) -> Result<Vec<RecordBatch>, Error> {
    let (mut kept, mut had) = (VecDeque::<RecordBatch>::new(), 0);
    while let Some(batch) = batches.try_next().await? {
        had += batch.record_batch().num_rows();
        kept.push_back(batch.into_record_batch());
        // One batch stays, for the names of its columns.
        while let (Some(first), true) = (kept.front(), kept.len() > 1)
            && had - first.num_rows() >= rows
        {
            had -= first.num_rows();
            kept.pop_front();
        }
    }
    if let Some(first) = kept.front_mut() {
        let surplus = had.saturating_sub(rows);
        *first = first.slice(surplus, first.num_rows() - surplus);
    }
    Ok(kept.into())
}

/// The cells of a row in the order of `columns`, null where its object lacks one.
fn cells(batch: &RecordBatch, row: usize, columns: &[String]) -> anyhow::Result<Vec<Cell>> {
    let cell = |name: &String| match batch.column_by_name(name) {
        Some(column) => Ok(Cell::of(column, row)?),
        None => Ok(Cell::Null),
    };
    columns.iter().map(cell).collect()
}
