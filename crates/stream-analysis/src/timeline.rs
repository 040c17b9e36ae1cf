//! How many rows fall into each minute, or hour, or day, by the time that a column holds.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;

use crate::Error;
use crate::column::Column;
use crate::table::{counts, numbers};

/// How many steps are kept before they are made longer.
pub const DEFAULT_STEPS: usize = 10_000;

/// Lengths that a step may grow to, in seconds; each is a multiple of the one before.
const LADDER: [u32; 8] = [1, 10, 60, 300, 3_600, 21_600, 86_400, 604_800];

/// Counts the rows of each step of time.
///
/// A column of numbers is taken as seconds since 1970, as the tutorial's `timestamp`; dates and
/// timestamps are what they are. Memory is bounded: beyond 10,000 steps they grow to the next of
/// 10 s, 1 min, 5 min, 1 h, 6 h, 1 day, 7 days, and after that the oldest are given up and counted.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Float64Array, RecordBatch};
/// use stream_analysis::Timeline;
///
/// let times = Float64Array::from(vec![1_641_622_821.5, 1_641_622_839.0, 1_641_622_901.0]);
/// let batch = RecordBatch::try_from_iter([("timestamp", Arc::new(times) as _)])?;
/// let mut timeline = Timeline::new(batch.schema_ref(), "timestamp", 60)?;
/// timeline.push(&batch)?;
/// let table = timeline.finish();
/// assert_eq!(table.steps.iter().map(|step| step.rows).collect::<Vec<_>>(), [2, 1]);
/// assert_eq!(table.steps[0].start, 1_641_622_800.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Timeline {
    column: Column,
    steps: Steps,
    missing: u64,
}

/// Rows by steps of time, without a column: also for times that stand elsewhere, such as when an
/// object was written.
#[derive(Debug, Clone)]
pub struct Steps {
    seconds: u32,
    limit: usize,
    rows: BTreeMap<i64, u64>,
    given_up: u64,
}

/// The counted steps.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TimelineTable {
    /// Length of every step in seconds.
    pub seconds: u32,
    /// Steps that have rows, in order of time.
    pub steps: Vec<Step>,
    /// Rows without a time: null, NaN.
    pub missing: u64,
    /// Rows of times so far from the others that they were given up.
    pub given_up: u64,
}

/// One step of time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// Its start, in seconds since 1970.
    pub start: f64,
    /// Rows in it.
    pub rows: u64,
}

impl Timeline {
    /// Counts by the times of this column, in steps of `seconds` (at least one).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`]; [`Error::NotTime`] if the column holds neither times nor numbers.
    pub fn new(schema: &Schema, column: &str, seconds: u32) -> Result<Self, Error> {
        let column = Column::find_time(schema, column)?;
        Ok(Self { column, steps: Steps::new(seconds), missing: 0 })
    }

    /// Takes the next batch.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`].
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for time in &self.column.epoch_seconds(batch)? {
            match time {
                Some(time) if time.is_finite() => self.steps.add(time, 1),
                _ => self.missing += 1,
            }
        }
        Ok(())
    }

    /// The results.
    #[must_use]
    pub fn finish(self) -> TimelineTable {
        TimelineTable { missing: self.missing, ..self.steps.finish() }
    }
}

impl Steps {
    /// Steps of `seconds` (at least one).
    #[must_use]
    pub fn new(seconds: u32) -> Self {
        let seconds = seconds.max(1);
        Self { seconds, limit: DEFAULT_STEPS, rows: BTreeMap::new(), given_up: 0 }
    }

    /// Adds rows at a time in seconds since 1970; a time that is not finite is given up.
    pub fn add(&mut self, time: f64, rows: u64) {
        if !time.is_finite() {
            self.given_up += rows;
            return;
        }
        *self.rows.entry(floor(time, self.seconds)).or_default() += rows;
        while self.rows.len() > self.limit {
            self.lengthen();
        }
    }

    /// The results.
    #[must_use]
    pub fn finish(self) -> TimelineTable {
        let seconds = self.seconds;
        let step = |(at, rows): (i64, u64)| Step { start: at as f64 * f64::from(seconds), rows };
        TimelineTable {
            seconds,
            steps: self.rows.into_iter().map(step).collect(),
            missing: 0,
            given_up: self.given_up,
        }
    }

    fn lengthen(&mut self) {
        let longer =
            LADDER.iter().find(|step| **step > self.seconds && step.is_multiple_of(self.seconds));
        let Some(longer) = longer.copied() else {
            let oldest = self.rows.pop_first();
            self.given_up += oldest.map_or(0, |(_, rows)| rows);
            return;
        };
        let times = i64::from(longer / self.seconds);
        for (at, rows) in std::mem::take(&mut self.rows) {
            *self.rows.entry(at.div_euclid(times)).or_default() += rows;
        }
        self.seconds = longer;
    }
}

impl TimelineTable {
    /// The steps as a table: `start` Float64 (seconds since 1970), `rows` UInt64.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] if Arrow refuses, which no known result makes it do.
    pub fn to_record_batch(&self) -> Result<RecordBatch, Error> {
        let columns: [(&str, ArrayRef, bool); 2] = [
            ("start", numbers(&self.steps, |step| Some(step.start)), false),
            ("rows", counts(&self.steps, |step| Some(step.rows)), false),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }

    /// The same in longer steps, as long as needed for at most `limit` of them from first to last, of
    /// which a chart has room for. Steps longer than a week are not made.
    #[must_use]
    pub fn coarsened(self, limit: usize) -> Self {
        let span = match (self.steps.first(), self.steps.last()) {
            (Some(first), Some(last)) => last.start - first.start,
            _ => return self,
        };
        let fits = |seconds: u32| span / f64::from(seconds) < limit as f64;
        if fits(self.seconds) {
            return self;
        }
        let multiple = |step: &&u32| **step > self.seconds && step.is_multiple_of(self.seconds);
        let mut longer = LADDER.iter().filter(multiple);
        let Some(seconds) = longer.clone().find(|step| fits(**step)).or_else(|| longer.next_back())
        else {
            return self;
        };
        let mut steps = Steps::new(*seconds);
        self.steps.iter().for_each(|step| steps.add(step.start, step.rows));
        let given_up = self.given_up + steps.given_up;
        Self { missing: self.missing, given_up, ..steps.finish() }
    }

    /// The steps from first to last with the empty ones between, as long as they are at most
    /// `limit`; else those with rows alone.
    #[must_use]
    pub fn filled(&self, limit: usize) -> Vec<Step> {
        let length = f64::from(self.seconds);
        let (Some(first), Some(last)) = (self.steps.first(), self.steps.last()) else {
            return Vec::new();
        };
        if (last.start - first.start) / length >= limit as f64 {
            return self.steps.clone();
        }
        let mut filled = Vec::new();
        for step in &self.steps {
            while let Some(before) = filled.last().map(|before: &Step| before.start + length)
                && before < step.start - length / 2.0
            {
                filled.push(Step { start: before, rows: 0 });
            }
            filled.push(*step);
        }
        filled
    }
}

/// Which step a time falls into.
fn floor(time: f64, seconds: u32) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, as far away as it may")]
    let whole = time.floor() as i64;
    whole.div_euclid(i64::from(seconds))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, StringArray, TimestampMillisecondArray};

    use super::*;

    fn batch(array: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("t", array)]).expect("one column")
    }

    fn rows(table: &TimelineTable) -> Vec<(f64, u64)> {
        table.steps.iter().map(|step| (step.start, step.rows)).collect()
    }

    #[test]
    fn numbers_are_seconds_and_timestamps_are_what_they_are() {
        let numbers = Float64Array::from(vec![Some(-0.5), Some(0.0), Some(59.9), None, Some(60.0)]);
        let stamps = TimestampMillisecondArray::from(vec![
            Some(-500),
            Some(0),
            Some(59_900),
            None,
            Some(60_000),
        ]);
        for array in [Arc::new(numbers) as ArrayRef, Arc::new(stamps)] {
            let batch = batch(array);
            let mut timeline = Timeline::new(batch.schema_ref(), "t", 60).expect("times");
            timeline.push(&batch).expect("one schema");
            let table = timeline.finish();
            assert_eq!(rows(&table), [(-60.0, 1), (0.0, 2), (60.0, 1)]);
            assert_eq!(table.missing, 1);
        }
    }

    #[test]
    fn text_is_no_time() {
        let batch = batch(Arc::new(StringArray::from(vec!["now"])));
        let refused = Timeline::new(batch.schema_ref(), "t", 60);
        assert!(matches!(refused, Err(Error::NotTime { .. })), "{refused:?}");
    }

    #[test]
    fn steps_grow_before_memory_does() {
        let mut steps = Steps::new(1);
        for at in 0..200_000_u32 {
            steps.add(f64::from(at), 1);
        }
        let table = steps.finish();
        assert_eq!(table.seconds, 60);
        assert_eq!(rows(&table)[..2], [(0.0, 60), (60.0, 60)]);
        assert_eq!(table.steps.iter().map(|step| step.rows).sum::<u64>(), 200_000);

        let mut wild = Steps::new(7);
        for at in 0..30_000_u32 {
            wild.add(f64::from(at) * 1e9, 1);
        }
        wild.add(f64::INFINITY, 1);
        wild.add(f64::MAX, 1);
        let table = wild.finish();
        assert_eq!(table.steps.len(), DEFAULT_STEPS);
        let kept: u64 = table.steps.iter().map(|step| step.rows).sum();
        assert_eq!(kept + table.given_up, 30_002);
    }

    #[test]
    fn empty_steps_are_filled_in_where_they_are_few() {
        let mut steps = Steps::new(60);
        steps.add(0.0, 1);
        steps.add(180.0, 2);
        let table = steps.finish();
        let filled: Vec<_> = table.filled(10).iter().map(|step| step.rows).collect();
        assert_eq!(filled, [1, 0, 0, 2]);
        assert_eq!(table.filled(2).len(), 2);
        assert_eq!(rows(&table.clone().coarsened(10)), rows(&table));
        let coarse = table.coarsened(2);
        assert_eq!((coarse.seconds, rows(&coarse)), (300, vec![(0.0, 3)]));
        assert_eq!(Steps::new(60).finish().filled(10), []);
    }
}
