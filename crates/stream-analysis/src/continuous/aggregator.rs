//! Rows in, closed windows out: times, keys, watermark, bounds. No SQL here.
//!
//! A window is closed by the row that moves the watermark to its end, not when somebody looks. So
//! which rows are late, and what each window holds, depends on the stream alone, however it was cut
//! into batches.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::QueryError;
use super::kept::{Kept, batch_bytes};
use super::keys::Keys;
use super::options::{Cut, QueryOptions, lateness_micros};
use super::panes::{Closed, NewRow, Panes, Place};
use super::sessions::Sessions;
use super::state::ValueColumn;
use super::table::{windows_schema, windows_table};
use super::time::{Clock, from_seconds};
use crate::Error;

/// Later than any window ends.
const END_OF_TIME: i64 = i64::MAX / 2;

/// What became of a stream's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamCounts {
    /// Rows that passed.
    pub rows: u64,
    /// Rows without a time, which are in no window.
    pub untimed: u64,
    /// Rows that came when all of their windows were closed.
    pub late: u64,
    /// Rows that came when some of their windows were closed, and are in the others.
    pub partly_late: u64,
    /// Windows that were closed.
    pub windows: u64,
}

/// What tables a query reads, as far as the windows must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reads {
    pub(super) windows: bool,
    pub(super) stream: bool,
}

/// A closed window as tables.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) rows: u64,
    pub(super) groups: RecordBatch,
    pub(super) kept: Vec<RecordBatch>,
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) enum Store {
    Panes(Panes),
    Sessions(Sessions),
}

#[derive(Debug)]
pub(super) struct Aggregator {
    /// The rows', all columns nullable.
    pub(super) schema: SchemaRef,
    pub(super) windows_schema: SchemaRef,
    pub(super) keys: Keys,
    pub(super) values: Vec<ValueColumn>,
    pub(super) store: Store,
    pub(super) counts: StreamCounts,
    /// The latest time seen.
    pub(super) latest: Option<i64>,
    /// Windows that end by this time are closed.
    pub(super) closed: i64,
    clock: Clock,
    lateness: i64,
    reads: Reads,
    keep_late: bool,
    limit: usize,
    next_end: i64,
    ready: VecDeque<Ready>,
    ready_bytes: usize,
    late: Kept,
}

impl Aggregator {
    pub(super) fn new(
        schema: &Schema,
        options: &QueryOptions,
        reads: Reads,
    ) -> Result<Self, QueryError> {
        let keys = Keys::new(schema, &options.keys)?;
        let values = options.values.iter().map(|name| ValueColumn::find(schema, name));
        let values: Vec<ValueColumn> = values.collect::<Result<_, Error>>()?;
        let store = match options.windows.cut()? {
            Cut::Hopping { length, hop, pane } => Store::Panes(Panes::new(length, hop, pane)),
            Cut::Session { gap } => Store::Sessions(Sessions::new(gap)),
        };
        Ok(Self {
            schema: nullable(schema),
            windows_schema: windows_schema(&keys, &values)?,
            clock: Clock::new(schema, &options.clock)?,
            lateness: lateness_micros(options.lateness)?,
            keys,
            values,
            store,
            counts: StreamCounts::default(),
            latest: None,
            closed: i64::MIN,
            reads,
            keep_late: options.keep_late_rows,
            limit: options.memory_limit_bytes,
            next_end: i64::MAX,
            ready: VecDeque::new(),
            ready_bytes: 0,
            late: Kept::default(),
        })
    }

    /// Takes a batch of exactly the schema.
    pub(super) fn push(&mut self, batch: &RecordBatch, arrival: f64) -> Result<(), QueryError> {
        let times = self.clock.times(batch, arrival)?;
        let keys = self.keys.of(batch)?;
        let numbers = self.values.iter().map(|value| value.numbers(batch));
        let numbers: Vec<_> = numbers.collect::<Result<_, Error>>()?;
        for row in 0..batch.num_rows() {
            self.counts.rows += 1;
            let Some(time) = times.get(row) else {
                self.counts.untimed += 1;
                continue;
            };
            self.add(NewRow { time, key: keys.get(row), numbers: &numbers, row });
            if self.latest.is_none_or(|latest| latest < time) {
                self.move_to(time, Some(batch))?;
            }
            if self.bytes() > self.limit {
                return Err(self.too_large());
            }
        }
        self.settle(batch)?;
        if self.bytes() > self.limit { Err(self.too_large()) } else { Ok(()) }
    }

    /// Says that time has come to `now` (seconds since 1970) though no row did.
    pub(super) fn advance(&mut self, now: f64) -> Result<(), QueryError> {
        match from_seconds(now) {
            Some(now) if self.latest.is_none_or(|latest| latest < now) => self.move_to(now, None),
            _ => Ok(()),
        }
    }

    /// Closes all windows.
    pub(super) fn finish(&mut self) -> Result<(), QueryError> {
        self.close(END_OF_TIME)
    }

    pub(super) fn take(&mut self) -> Option<Ready> {
        let ready = self.ready.pop_front()?;
        self.ready_bytes = self.ready_bytes.saturating_sub(ready.bytes);
        Some(ready)
    }

    pub(super) fn waiting(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn take_late(&mut self) -> Vec<RecordBatch> {
        std::mem::take(&mut self.late).batches
    }

    pub(super) fn late_rows(&self) -> usize {
        self.late.rows
    }

    /// What is held, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let open = match &self.store {
            Store::Panes(panes) => panes.bytes,
            Store::Sessions(sessions) => sessions.bytes,
        };
        open + self.ready_bytes + self.late.bytes
    }

    /// After windows were put back.
    pub(super) fn restored(&mut self) {
        self.next_end = self.earliest_end();
    }

    fn add(&mut self, new: NewRow<'_>) {
        let keep = self.reads.stream;
        let place = match &mut self.store {
            Store::Panes(panes) => {
                let place = panes.place(new.time, self.closed);
                if place != Place::Late {
                    panes.add(new, &self.values, keep);
                }
                place
            }
            Store::Sessions(sessions) => match sessions.add(new, &self.values, keep, self.closed) {
                true => Place::Open,
                false => Place::Late,
            },
        };
        match place {
            Place::Open => {}
            Place::PartlyLate => self.counts.partly_late += 1,
            Place::Late => {
                self.counts.late += 1;
                if self.keep_late {
                    self.late.note(new.row);
                }
            }
        }
    }

    /// Moves the watermark; `batch` is what is passing.
    fn move_to(&mut self, time: i64, batch: Option<&RecordBatch>) -> Result<(), QueryError> {
        self.latest = Some(time);
        let watermark = time.saturating_sub(self.lateness);
        // The row may have opened the window that ends first.
        self.next_end = self.earliest_end();
        if self.next_end > watermark {
            self.closed = self.closed.max(watermark);
            return Ok(());
        }
        if let Some(batch) = batch {
            self.settle(batch)?;
        }
        self.close(watermark)
    }

    fn close(&mut self, until: i64) -> Result<(), QueryError> {
        let due = match &mut self.store {
            Store::Panes(panes) => panes.close(self.closed, until),
            Store::Sessions(sessions) => sessions.close(until),
        };
        self.closed = self.closed.max(until);
        self.next_end = self.earliest_end();
        for window in due {
            self.counts.windows += 1;
            let ready = self.ready(window)?;
            self.ready_bytes += ready.bytes;
            self.ready.push_back(ready);
        }
        Ok(())
    }

    fn ready(&self, window: Closed) -> Result<Ready, QueryError> {
        let groups = match self.reads.windows {
            true => windows_table(&self.windows_schema, &self.keys, &self.values, &window)?,
            false => RecordBatch::new_empty(Arc::clone(&self.windows_schema)),
        };
        let rows = window.groups.iter().map(|(_, state)| state.rows).sum();
        let kept: usize = window.kept.iter().map(batch_bytes).sum();
        let bytes = batch_bytes(&groups) + kept;
        Ok(Ready { start: window.start, end: window.end, rows, groups, kept: window.kept, bytes })
    }

    fn earliest_end(&self) -> i64 {
        let next = match &self.store {
            Store::Panes(panes) => panes.next_end(self.closed),
            Store::Sessions(sessions) => sessions.next_end(),
        };
        next.unwrap_or(i64::MAX)
    }

    fn settle(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        match &mut self.store {
            Store::Panes(panes) if self.reads.stream => panes.settle(batch)?,
            Store::Sessions(sessions) if self.reads.stream => sessions.settle(batch)?,
            _ => {}
        }
        self.late.settle(batch)?;
        Ok(())
    }

    fn too_large(&self) -> QueryError {
        let (groups, rows) = match &self.store {
            Store::Panes(panes) => (panes.groups(), panes.kept_rows()),
            Store::Sessions(sessions) => (sessions.groups(), sessions.kept_rows()),
        };
        let waiting: usize =
            self.ready.iter().flat_map(|ready| &ready.kept).map(RecordBatch::num_rows).sum();
        QueryError::Memory {
            used: self.bytes(),
            limit: self.limit,
            groups: groups as u64,
            rows: (rows + waiting + self.late.rows) as u64,
        }
    }
}

/// The batch under the schema that the query began with.
pub(super) fn conform(to: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let (schema, fields) = (batch.schema_ref(), to.fields());
    for (at, field) in fields.iter().enumerate() {
        let found = schema.fields().get(at);
        let fits = |found: &&Arc<Field>| {
            found.name() == field.name() && found.data_type() == field.data_type()
        };
        if found.filter(fits).is_none() {
            let text = |found: &Arc<Field>| format!("`{}` of {}", found.name(), found.data_type());
            return Err(Error::SchemaChanged {
                column: field.name().clone(),
                expected: field.data_type().clone(),
                found: found.map_or("missing".to_owned(), text),
            }
            .into());
        }
    }
    let columns = batch.columns().iter().take(fields.len()).map(Arc::clone).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(to), columns, &options)?)
}

/// Every column nullable, and nothing but names and types.
pub(super) fn nullable(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| Field::new(field.name(), field.data_type().clone(), true);
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}
