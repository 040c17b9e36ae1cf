//! Tumbling windows over a stream: one summary for each window and group, as rows arrive.
//!
//! A window is a step of time that every row falls into once. It is open until the stream's time
//! has passed its end by the lateness that is granted; then it is closed, handed out once, and never
//! changed: what comes later still is counted as late, not lost from sight. Only open windows are
//! kept, so memory is bounded by the lateness and not by the stream.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, TimestampMillisecondArray,
};
use arrow::datatypes::Schema;

use crate::Error;
use crate::column::Column;
use crate::moments::Moments;
use crate::table::{counts, numbers, text};

/// Groups that one window may have, unless said otherwise.
pub const DEFAULT_WINDOW_GROUPS: usize = 10_000;

/// Which clock a row's window is told by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowClock {
    /// The time in this column: dates, timestamps, or numbers as seconds since 1970.
    Event(String),
    /// When the batch arrived, as Kinesis Data Analytics' `ROWTIME`.
    Arrival,
}

/// How windows are cut. Seconds, for both.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowOptions {
    /// Length of a window in seconds, at least 1. Default: 60.
    pub seconds: u32,
    /// How long after its end a window still takes rows, in seconds. Default: 60.
    pub lateness_seconds: u32,
    /// Which clock. Default: [`WindowClock::Arrival`].
    pub clock: WindowClock,
    /// Groups that one window may have. Default: 10,000.
    pub group_limit: usize,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self {
            seconds: 60,
            lateness_seconds: 60,
            clock: WindowClock::Arrival,
            group_limit: DEFAULT_WINDOW_GROUPS,
        }
    }
}

impl WindowOptions {
    /// Sets the length of a window.
    #[must_use]
    pub fn with_seconds(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Sets how long after its end a window still takes rows.
    #[must_use]
    pub fn with_lateness_seconds(mut self, seconds: u32) -> Self {
        self.lateness_seconds = seconds;
        self
    }

    /// Tells windows by the times of this column.
    #[must_use]
    pub fn with_event_time(mut self, column: impl Into<String>) -> Self {
        self.clock = WindowClock::Event(column.into());
        self
    }

    /// Sets how many groups one window may have.
    #[must_use]
    pub fn with_group_limit(mut self, groups: usize) -> Self {
        self.group_limit = groups;
        self
    }
}

/// Summarises a column of numbers by window, and by the values of another column.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Float64Array, Int32Array, RecordBatch, StringArray};
/// use stream_analysis::{TumblingWindows, WindowOptions};
///
/// let batch = RecordBatch::try_from_iter([
///     ("captain", Arc::new(StringArray::from(vec!["Kirk", "Solo", "Kirk"])) as _),
///     ("rating", Arc::new(Int32Array::from(vec![10, 500, 30])) as _),
///     ("timestamp", Arc::new(Float64Array::from(vec![0.0, 30.0, 61.0])) as _),
/// ])?;
/// let options = WindowOptions::default().with_event_time("timestamp").with_lateness_seconds(0);
/// let mut windows = TumblingWindows::new(batch.schema_ref(), Some("captain"), "rating", &options)?;
/// windows.push(&batch, 0.0, None)?;
///
/// let closed = windows.close_due();
/// assert_eq!((closed.len(), closed[0].rows), (1, 2)); // the first minute; 61.0 has passed its end
/// assert_eq!(closed[0].groups[0].mean, Some(500.0)); // Solo's, the highest
/// assert_eq!(windows.finish().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TumblingWindows {
    time: Option<Column>,
    by: Option<Column>,
    value: Column,
    options: WindowOptions,
    open: BTreeMap<i64, Open>,
    /// The latest time seen, in seconds.
    latest: f64,
    /// Windows before this one are closed.
    closed_before: i64,
    late: u64,
    untimed: u64,
}

/// One window, as far as its rows have come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Window {
    /// Its start, in seconds since 1970.
    pub start: f64,
    /// Its end, which the next window starts with.
    pub end: f64,
    /// Rows in it.
    pub rows: u64,
    /// Rows in it that were flagged as anomalies.
    pub anomalies: u64,
    /// Its groups, highest mean first, as `CAPTAIN_SCORES` of the tutorial orders them; those
    /// without numbers last; equal ones by name.
    pub groups: Vec<WindowGroup>,
}

/// One group of a window.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WindowGroup {
    /// The value of the group column; `None` where it is null, or nothing is grouped by.
    pub group: Option<String>,
    /// Rows in it.
    pub rows: u64,
    /// Rows in it that were flagged as anomalies.
    pub anomalies: u64,
    /// Mean of its finite numbers.
    pub mean: Option<f64>,
    /// Their sum.
    pub sum: Option<f64>,
    /// The smallest of them.
    pub min: Option<f64>,
    /// The largest of them.
    pub max: Option<f64>,
}

#[derive(Debug, Clone, Default)]
struct Open {
    rows: u64,
    anomalies: u64,
    groups: HashMap<Option<Box<str>>, State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    rows: u64,
    anomalies: u64,
    moments: Moments,
    extremes: Option<(f64, f64)>,
}

impl TumblingWindows {
    /// Windows over the numbers of column `value`, grouped by the values of column `by` if it is
    /// given.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`], [`Error::NotGroupable`],
    /// [`Error::NotTime`]; [`Error::Setting`] for a length of 0.
    pub fn new(
        schema: &Schema,
        by: Option<&str>,
        value: &str,
        options: &WindowOptions,
    ) -> Result<Self, Error> {
        if options.seconds == 0 {
            return Err(Error::Setting {
                setting: "the length of a window",
                value: "0".to_owned(),
                wanted: "give at least 1 second",
            });
        }
        let time = match &options.clock {
            WindowClock::Event(column) => Some(Column::find_time(schema, column)?),
            WindowClock::Arrival => None,
        };
        Ok(Self {
            time,
            by: by.map(|by| Column::find_label(schema, by)).transpose()?,
            value: Column::find_numeric(schema, value)?,
            options: options.clone(),
            open: BTreeMap::new(),
            latest: f64::NEG_INFINITY,
            closed_before: i64::MIN,
            late: 0,
            untimed: 0,
        })
    }

    /// Takes the next batch, which arrived at `arrival` (seconds since 1970); `flags` says which of
    /// its rows a detector found odd.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`], [`Error::TooManyGroups`]. The batch may then
    /// be counted in part.
    pub fn push(
        &mut self,
        batch: &RecordBatch,
        arrival: f64,
        flags: Option<&BooleanArray>,
    ) -> Result<(), Error> {
        let times: Option<Float64Array> =
            self.time.as_ref().map(|time| time.epoch_seconds(batch)).transpose()?;
        let labels = self.by.as_ref().map(|by| by.labels(batch)).transpose()?;
        let values = self.value.numbers(batch)?;
        let mut latest = self.latest;
        for row in 0..batch.num_rows() {
            let time = match &times {
                Some(times) => times.is_valid(row).then(|| times.value(row)),
                None => Some(arrival),
            };
            let Some(time) = time.filter(|time| time.is_finite()) else {
                self.untimed += 1;
                continue;
            };
            latest = latest.max(time);
            let label = labels.as_ref().filter(|labels| labels.is_valid(row));
            let label = label.map(|labels| labels.value(row));
            let value = values.is_valid(row).then(|| values.value(row));
            let odd = flags
                .is_some_and(|flags| row < flags.len() && flags.is_valid(row) && flags.value(row));
            self.add(time, label, value, odd)?;
        }
        // Rows of one batch do not make each other late: its order says nothing.
        self.latest = latest;
        Ok(())
    }

    fn add(
        &mut self,
        time: f64,
        label: Option<&str>,
        value: Option<f64>,
        odd: bool,
    ) -> Result<(), Error> {
        let at = index(time, self.options.seconds);
        if at < self.closed_before {
            self.late += 1;
            return Ok(());
        }
        let open = self.open.entry(at).or_default();
        let key = label.map(Box::<str>::from);
        if open.groups.len() >= self.options.group_limit && !open.groups.contains_key(&key) {
            let column = self.by.as_ref().map_or("", Column::name).to_owned();
            return Err(Error::TooManyGroups { column, limit: self.options.group_limit });
        }
        let state = open.groups.entry(key).or_default();
        open.rows += 1;
        state.rows += 1;
        open.anomalies += u64::from(odd);
        state.anomalies += u64::from(odd);
        if let Some(value) = value.filter(|value| value.is_finite()) {
            state.moments.push(value);
            let (min, max) = state.extremes.unwrap_or((value, value));
            state.extremes = Some((min.min(value), max.max(value)));
        }
        Ok(())
    }

    /// Says that time has come to `now` (seconds since 1970) though no row did: an idle stream
    /// closes its windows too.
    pub fn advance(&mut self, now: f64) {
        if now.is_finite() {
            self.latest = self.latest.max(now);
        }
    }

    /// The windows whose end and lateness have passed, in order of time; each is handed out once.
    pub fn close_due(&mut self) -> Vec<Window> {
        if self.latest == f64::NEG_INFINITY {
            return Vec::new();
        }
        let watermark = self.latest - f64::from(self.options.lateness_seconds);
        // The window that the watermark lies in is the first that may still grow.
        let first_open = index(watermark, self.options.seconds).max(self.closed_before);
        let still_open = self.open.split_off(&first_open);
        let due = std::mem::replace(&mut self.open, still_open);
        self.closed_before = first_open;
        due.into_iter().map(|(at, open)| open.window(at, self.options.seconds)).collect()
    }

    /// The windows that are open, as they stand now, in order of time.
    #[must_use]
    pub fn open(&self) -> Vec<Window> {
        self.open.iter().map(|(at, open)| open.window(*at, self.options.seconds)).collect()
    }

    /// All windows that are still open, when nothing more will come.
    #[must_use]
    pub fn finish(self) -> Vec<Window> {
        self.open()
    }

    /// The latest time seen, in seconds since 1970; minus infinity before the first.
    #[must_use]
    pub fn latest(&self) -> f64 {
        self.latest
    }

    /// Every window that ends at or before this time is closed, in seconds since 1970; minus
    /// infinity while none is.
    #[must_use]
    pub fn closed_until(&self) -> f64 {
        match self.closed_before {
            i64::MIN => f64::NEG_INFINITY,
            first_open => first_open as f64 * f64::from(self.options.seconds),
        }
    }

    /// Rows that came after their window was closed.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Rows without a time.
    #[must_use]
    pub fn untimed(&self) -> u64 {
        self.untimed
    }
}

impl Open {
    fn window(&self, at: i64, seconds: u32) -> Window {
        let groups = self.groups.iter().map(|(group, state)| state.group(group.as_deref()));
        let mut groups: Vec<WindowGroup> = groups.collect();
        groups.sort_by(|a, b| {
            let mean = |group: &WindowGroup| group.mean.unwrap_or(f64::NEG_INFINITY);
            mean(b).total_cmp(&mean(a)).then_with(|| a.group.cmp(&b.group))
        });
        let start = at as f64 * f64::from(seconds);
        let end = start + f64::from(seconds);
        Window { start, end, rows: self.rows, anomalies: self.anomalies, groups }
    }
}

impl State {
    fn group(&self, group: Option<&str>) -> WindowGroup {
        WindowGroup {
            group: group.map(str::to_owned),
            rows: self.rows,
            anomalies: self.anomalies,
            mean: self.moments.mean(),
            sum: self.moments.sum(),
            min: self.extremes.map(|(min, _)| min),
            max: self.extremes.map(|(_, max)| max),
        }
    }
}

impl Window {
    /// Windows as a table, a row for each group of each: `window_start`, `window_end` Timestamp in
    /// milliseconds, `group` nullable Utf8, `rows`, `anomalies` UInt64, `mean`, `sum`, `min`, `max`
    /// nullable Float64. Ready for SQL.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] if Arrow refuses, which no known result makes it do.
    pub fn to_record_batch(windows: &[Self]) -> Result<RecordBatch, Error> {
        let rows: Vec<(&Self, &WindowGroup)> = windows
            .iter()
            .flat_map(|window| window.groups.iter().map(move |group| (window, group)))
            .collect();
        let time = |of: fn(&Self) -> f64| -> ArrayRef {
            let times = rows.iter().map(|(window, _)| milliseconds(of(window)));
            Arc::new(TimestampMillisecondArray::from_iter_values(times))
        };
        let columns: [(&str, ArrayRef, bool); 9] = [
            ("window_start", time(|window| window.start), false),
            ("window_end", time(|window| window.end), false),
            ("group", text(&rows, |(_, group)| group.group.clone()), true),
            ("rows", counts(&rows, |(_, group)| Some(group.rows)), false),
            ("anomalies", counts(&rows, |(_, group)| Some(group.anomalies)), false),
            ("mean", numbers(&rows, |(_, group)| group.mean), true),
            ("sum", numbers(&rows, |(_, group)| group.sum), true),
            ("min", numbers(&rows, |(_, group)| group.min), true),
            ("max", numbers(&rows, |(_, group)| group.max), true),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

fn index(time: f64, seconds: u32) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, as far away as it may")]
    let index = (time / f64::from(seconds)).floor() as i64;
    index
}

fn milliseconds(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, as far away as it may")]
    let milliseconds = (seconds * 1e3).round() as i64;
    milliseconds
}

#[cfg(test)]
mod tests;
