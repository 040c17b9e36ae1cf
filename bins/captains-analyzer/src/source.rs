//! Opens what the command line names, and passes its rows to whoever asks, more than once if need
//! be.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use s3_parquet_reader::{
    Batch, Change, Error, KEY_COLUMN, ParquetSet, ROW_COLUMN, Report, SchemaReport,
};
use stream_analysis::{ColumnSummary, Value};

use crate::args::{Args, ReadArgs, Shared};
use crate::progress::Progress;
use crate::{Answer, Cell};

/// How much is held in memory before rows are streamed instead, once for each pass.
const HELD_BYTES: u64 = 1 << 30;

/// How many values are kept of a column that does not repeat, in the commands whose memory is flat.
pub(crate) const VALUES_KEPT: usize = 1 << 20;

/// How many skipped objects are named on stderr.
const SKIPPED_NAMED: usize = 20;

/// Why there is nothing to answer with; each has its exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Empty {
    /// No Parquet object lies there.
    #[error("nothing found: no Parquet object under `{location}`{range}{others}")]
    NothingMatched {
        /// Where was looked.
        location: String,
        /// The hours, in words, or nothing.
        range: String,
        /// What lies there instead, in words, or nothing.
        others: String,
    },
    /// The account has no bucket.
    #[cfg(feature = "s3")]
    #[error("nothing found: there are no buckets")]
    NoBuckets,
    /// Objects lie there, and none could be read.
    #[error("none of {listed} objects under `{location}` could be read")]
    AllSkipped {
        /// Where was looked.
        location: String,
        /// How many objects there are.
        listed: u64,
        /// Why the first was skipped.
        reason: String,
    },
}

/// The set that these arguments name, with provenance columns if asked.
pub(crate) async fn open(
    shared: &Shared,
    read: &ReadArgs,
    provenance: bool,
) -> anyhow::Result<ParquetSet> {
    let options = shared
        .options()
        .with_on_bad(read.on_bad.into())
        .with_concurrency(read.concurrency)
        .with_provenance(provenance)
        .with_memory_limit_bytes(HELD_BYTES);
    let set = ParquetSet::open(&read.location, &options).await?;
    Ok(match (read.from, read.to) {
        (None, None) => set,
        (from, to) => set.between(
            from.unwrap_or(DateTime::<Utc>::MIN_UTC),
            to.unwrap_or(DateTime::<Utc>::MAX_UTC),
        ),
    })
}

/// Passes every row once, in key order, and keeps none: memory does not grow with the data, and each
/// object is fetched once.
///
/// The stream's schema is the first object's. Where a later one has more columns or wider types, the
/// pass begins anew with the schema of all, so `start` may be called twice.
pub(crate) async fn pass<S: Send>(
    set: &ParquetSet,
    (shared, read): (&Shared, &ReadArgs),
    start: impl Fn(&Schema) -> anyhow::Result<S> + Send + Sync,
    push: impl Fn(&mut S, &Batch) -> anyhow::Result<()> + Send + Sync,
) -> anyhow::Result<(S, Report)> {
    match stream(set, shared, None, &start, &push).await {
        Ok((state, report)) => {
            check(read, &report)?;
            let is_narrow = report.drift.iter().any(|drift| drift.change == Change::Dropped);
            if let (Some(state), false) = (state, is_narrow) {
                return Ok((state, report));
            }
        }
        // Its columns and types may be those of the first object alone.
        Err(Stop::Reading(Error::SchemaMismatch { .. } | Error::UnknownColumn { .. })) => {}
        Err(stop) => return Err(stop.into_error()),
    }
    let found = schema(set, shared).await?;
    check(read, &found.report)?;
    let passed = stream(set, shared, Some(&found.schema), &start, &push).await;
    let (state, mut report) = passed.map_err(Stop::into_error)?;
    report.drift = found.report.drift;
    check(read, &report)?;
    let state = state.map_or_else(|| start(&data(&found.schema)), Ok)?;
    Ok((state, report))
}

/// The schema of all objects, by their footers.
pub(crate) async fn schema(set: &ParquetSet, shared: &Shared) -> Result<SchemaReport, Error> {
    let (set, meter) = set.metered();
    let _progress = Progress::follow(shared, "looking at footers:", move || meter.report());
    set.schema().await
}

/// The state is made of the first batch's schema; without one there is none.
async fn stream<S: Send>(
    set: &ParquetSet,
    shared: &Shared,
    schema: Option<&SchemaRef>,
    start: &(impl Fn(&Schema) -> anyhow::Result<S> + Send + Sync),
    push: &(impl Fn(&mut S, &Batch) -> anyhow::Result<()> + Send + Sync),
) -> Result<(Option<S>, Report), Stop> {
    let (mut set, meter) = set.metered();
    let _progress = Progress::follow(shared, "reading", move || meter.report());
    if let Some(schema) = schema {
        set = set.with_schema(SchemaRef::clone(schema));
    }
    let mut state = None;
    let mut batches = set.stream().map_err(Stop::Reading)?;
    while let Some(batch) = batches.try_next().await.map_err(Stop::Reading)? {
        let state = match &mut state {
            Some(state) => state,
            None => {
                let schema = data(batch.record_batch().schema_ref());
                state.insert(start(&schema).map_err(Stop::Analysing)?)
            }
        };
        push(state, &batch).map_err(Stop::Analysing)?;
    }
    Ok((state, batches.report()))
}

/// Why a pass ended early.
enum Stop {
    Reading(Error),
    Analysing(anyhow::Error),
}

impl Stop {
    fn into_error(self) -> anyhow::Error {
        match self {
            Self::Reading(error) => error.into(),
            Self::Analysing(error) => error,
        }
    }
}

/// A schema without the columns of provenance.
fn data(schema: &Schema) -> Schema {
    let is_data = |name: &str| name != KEY_COLUMN && name != ROW_COLUMN;
    let fields = schema.fields().iter().filter(|field| is_data(field.name()));
    Schema::new(fields.cloned().collect::<Vec<_>>())
}

/// Rows that can be passed over again and again.
pub(crate) struct Rows {
    shared: Shared,
    schema: SchemaRef,
    report: Report,
    kept: Kept,
}

enum Kept {
    /// All in memory.
    Held(Vec<RecordBatch>),
    /// Too many for that: read anew for each pass.
    Streamed(Box<ParquetSet>),
}

impl Rows {
    /// Reads the set, or finds out that it is too large and learns its schema.
    pub(crate) async fn of(set: ParquetSet, shared: &Shared) -> Result<Self, Error> {
        let (metered, meter) = set.metered();
        let progress = Progress::follow(shared, "reading", move || meter.report());
        let read = metered.read_all().await;
        drop(progress);
        let (schema, report, kept) = match read {
            Ok(table) => {
                let (schema, report) = (SchemaRef::clone(table.schema()), table.report().clone());
                (schema, report, Kept::Held(table.into_batches()))
            }
            Err(Error::Memory { .. }) => {
                let found = schema(&set, shared).await?;
                let set = set.with_schema(SchemaRef::clone(&found.schema));
                (found.schema, found.report, Kept::Streamed(Box::new(set)))
            }
            Err(error) => return Err(error),
        };
        Ok(Self { shared: shared.clone(), schema, report, kept })
    }

    /// The schema of the data, without provenance. Its columns are in their place in every batch.
    pub(crate) fn schema(&self) -> Schema {
        data(&self.schema)
    }

    /// What was read, as of the last pass.
    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    /// Passes every batch, in key order.
    pub(crate) async fn each<F>(&mut self, mut visit: F) -> anyhow::Result<()>
    where
        F: FnMut(&RecordBatch) -> Result<(), stream_analysis::Error> + Send,
    {
        match &self.kept {
            Kept::Held(batches) => batches.iter().try_for_each(visit)?,
            Kept::Streamed(set) => {
                let (set, meter) = set.metered();
                let _progress = Progress::follow(&self.shared, "reading", move || meter.report());
                let mut stream = set.stream()?;
                while let Some(batch) = stream.try_next().await? {
                    visit(batch.record_batch())?;
                }
                let drift = std::mem::take(&mut self.report.drift);
                self.report = stream.report();
                self.report.drift = drift;
            }
        }
        Ok(())
    }
}

/// Which object each row of a pass came from.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    /// Position of the batch's first row in the pass, its object, its first row in the object.
    starts: Vec<(u64, String, u64)>,
    rows: u64,
}

impl Origins {
    /// Notes the next batch of a set that was opened with provenance.
    pub(crate) fn note(&mut self, batch: &RecordBatch) {
        let key = key_of(batch).map(str::to_owned);
        let row = batch.column_by_name(ROW_COLUMN).and_then(|column| {
            let rows = column.as_primitive_opt::<Int64Type>()?;
            u64::try_from(rows.iter().next()??).ok()
        });
        if let (Some(key), Some(row)) = (key, row) {
            self.starts.push((self.rows, key, row));
        }
        self.rows += batch.num_rows() as u64;
    }

    /// The object of a row of the pass, and the row in it.
    pub(crate) fn find(&self, row: u64) -> Option<(&str, u64)> {
        let after = self.starts.partition_point(|(start, _, _)| *start <= row);
        let (start, key, first) = self.starts.get(after.checked_sub(1)?)?;
        Some((key, first + (row - start)))
    }
}

/// The object that the rows of a batch came from, if it was read with provenance.
pub(crate) fn key_of(batch: &RecordBatch) -> Option<&str> {
    let keys = batch.column_by_name(KEY_COLUMN)?.as_any_dictionary_opt()?;
    let names = keys.values().as_string_opt::<i32>()?;
    (!names.is_empty()).then(|| names.value(0))
}

/// An error about a column that is no number names the columns that are, of which it knows but those
/// that were read.
pub(crate) async fn with_numeric_columns(error: anyhow::Error, args: &Args) -> anyhow::Error {
    use stream_analysis::Error::NotNumeric;
    let (Some(NotNumeric { column, data_type, .. }), Some(read)) =
        (error.downcast_ref(), args.command.read())
    else {
        return error;
    };
    let Ok(set) = open(&args.shared, read, false).await else { return error };
    let Ok(found) = set.schema_of_first(1).await else { return error };
    let numeric = stream_analysis::numeric_columns(&found.schema);
    let numeric = numeric.into_iter().map(str::to_owned).collect();
    let (column, data_type) = (column.clone(), data_type.clone());
    NotNumeric { column, data_type, numeric }.into()
}

/// Refuses an answer from nothing.
pub(crate) fn check(read: &ReadArgs, report: &Report) -> Result<(), Empty> {
    let location = read.location.clone();
    if report.listed == 0 {
        let word = |before: &str, time: Option<DateTime<Utc>>| {
            time.map_or(String::new(), |time| format!(" {before} {}", rfc3339(time)))
        };
        let range = word("from", read.from) + &word("to", read.to);
        let others = match report.ignored {
            0 => String::new(),
            ignored => format!("; {ignored} other keys were passed over"),
        };
        return Err(Empty::NothingMatched { location, range, others });
    }
    match report.skipped.first() {
        Some(first) if report.read == 0 => Err(Empty::AllSkipped {
            location,
            listed: report.listed,
            reason: format!("{}: {}", first.key, first.reason),
        }),
        _ => Ok(()),
    }
}

/// Adds the location in front and the report at the end, and says on stderr what was odd.
pub(crate) fn with_report(mut answer: Answer, read: &ReadArgs, report: &Report) -> Answer {
    answer.facts.insert(0, ("location", Cell::text(&read.location)));
    for skipped in report.skipped.iter().take(SKIPPED_NAMED) {
        answer.notes.push(format!("skipped {}: {}", skipped.key, skipped.reason));
    }
    if let Some(more) = report.skipped.len().checked_sub(SKIPPED_NAMED).filter(|more| *more > 0) {
        answer.notes.push(format!("and {more} more; all are in the report of --format json"));
    }
    answer.notes.extend(report.drift.iter().map(|drift| format!("schema: {drift}")));
    let skipped = report.skipped.iter().map(|skipped| {
        Cell::Map(vec![
            ("key".to_owned(), Cell::text(&skipped.key)),
            ("size".to_owned(), Cell::Bytes(skipped.size)),
            ("reason".to_owned(), Cell::text(&skipped.reason)),
        ])
    });
    answer.report = Some(Cell::Map(vec![
        ("listed".to_owned(), Cell::Int(report.listed.into())),
        ("read".to_owned(), Cell::Int(report.read.into())),
        ("rows".to_owned(), Cell::Int(report.rows.into())),
        ("bytes".to_owned(), Cell::Bytes(report.bytes)),
        ("skipped".to_owned(), Cell::List(skipped.collect())),
    ]));
    answer
}

/// The smallest and largest finite number of a column; zeros if it has none.
pub(crate) fn extent(column: &ColumnSummary) -> (f64, f64) {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    match (number(&column.min), number(&column.max)) {
        (Some(min), Some(max)) if min.is_finite() && max.is_finite() => (min, max),
        // An infinity hides the finite extremes; the quartiles at least are finite.
        _ => (column.p25.unwrap_or_default(), column.p75.unwrap_or_default()),
    }
}

/// A time as the answers write it: no listing has more than seconds to tell.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array};
    use clap::Parser;
    use parquet::arrow::ArrowWriter;
    use s3_parquet_reader::ReadOptions;
    use stream_analysis::Describe;

    use super::*;

    fn write(path: &Path, values: std::ops::Range<i32>) {
        let column: ArrayRef = Arc::new(Int32Array::from_iter_values(values));
        let batch = RecordBatch::try_from_iter([("rating", column)]).unwrap();
        let file = File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    #[tokio::test]
    async fn rows_beyond_the_memory_are_streamed_and_give_the_same_answer() {
        let dir = tempfile::tempdir().unwrap();
        for object in 0..10 {
            let rows = object * 100..object * 100 + 100;
            write(&dir.path().join(format!("{object}.parquet")), rows);
        }
        let mut answers = Vec::new();
        let shared = crate::Args::parse_from(["captains-analyzer", "count"]).shared;
        // One object fits into the smaller limit, all ten do not.
        for limit in [1 << 20, 2_000] {
            let options = ReadOptions::default().with_provenance(true);
            let options = options.with_memory_limit_bytes(limit);
            let set = ParquetSet::open(&dir.path().display().to_string(), &options).await.unwrap();
            let mut rows = Rows::of(set, &shared).await.unwrap();
            assert_eq!(matches!(rows.kept, Kept::Streamed(_)), limit == 2_000);

            let mut describe = Describe::new(&rows.schema());
            rows.each(|batch| describe.push(batch)).await.unwrap();
            let mut origins = Origins::default();
            let second = rows.each(|batch| {
                origins.note(batch);
                Ok(())
            });
            second.await.unwrap();
            let found = [0, 99, 100, 999].map(|row| {
                let (key, row) = origins.find(row).unwrap();
                (key.rsplit('/').next().unwrap().to_owned(), row)
            });
            let expected = [("0", 0), ("0", 99), ("1", 0), ("9", 99)];
            assert_eq!(found, expected.map(|(key, row)| (format!("{key}.parquet"), row)));
            assert_eq!((rows.report().read, rows.report().rows), (10, 1_000));
            answers.push(describe.finish().unwrap());
        }
        assert_eq!(answers[0].rows, 1_000);
        assert_eq!(answers[0], answers[1]);
    }
}
