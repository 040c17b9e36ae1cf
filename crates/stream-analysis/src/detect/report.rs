//! The results of scoring: how many anomalies, and the strongest of them with a reason in words.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use arrow::array::{ArrayRef, RecordBatch};

use super::{RobustZ, Scale};
use crate::Error;
use crate::table::{counts, numbers, text};

/// How many anomalies are kept as examples, unless said otherwise.
pub const DEFAULT_EXAMPLES: usize = 100;

/// What scoring one column found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AnomalyReport {
    /// The model that judged.
    pub model: RobustZ,
    /// Rows that passed.
    pub rows: u64,
    /// Rows among them that had a number (not null, not NaN).
    pub scored: u64,
    /// Rows beyond the threshold, all of them.
    pub found: u64,
    /// The strongest of them, as many as were asked to be kept: highest absolute score first,
    /// equal ones in the order of the stream.
    pub anomalies: Vec<Anomaly>,
}

/// One row that does not belong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Anomaly {
    /// Position of the row in the whole stream, from zero.
    pub row: u64,
    /// Position of its batch in the stream, from zero.
    pub batch: u64,
    /// Position of the row in that batch, from zero.
    pub batch_row: u64,
    /// Its number.
    pub value: f64,
    /// Its score; negative below the median.
    pub score: f64,
    /// Why it was found, as a sentence without its full stop.
    pub reason: String,
}

impl AnomalyReport {
    /// The examples as a table: `row`, `batch`, `batch_row` UInt64, `column` Utf8, `value`, `score`
    /// Float64, `reason` Utf8, none nullable.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] if Arrow refuses, which no known result makes it do.
    pub fn to_record_batch(&self) -> Result<RecordBatch, Error> {
        let each = &self.anomalies;
        let columns: [(&str, ArrayRef); 7] = [
            ("row", counts(each, |a| Some(a.row))),
            ("batch", counts(each, |a| Some(a.batch))),
            ("batch_row", counts(each, |a| Some(a.batch_row))),
            ("column", text(each, |_| Some(self.model.column.clone()))),
            ("value", numbers(each, |a| Some(a.value))),
            ("score", numbers(each, |a| Some(a.score))),
            ("reason", text(each, |a| Some(a.reason.clone()))),
        ];
        let columns = columns.map(|(name, array)| (name, array, false));
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

/// The strongest anomalies so far, and how many there were.
#[derive(Debug, Clone)]
pub(super) struct Examples {
    limit: usize,
    found: u64,
    /// The weakest one on top, to make room for a stronger.
    kept: BinaryHeap<Reverse<Example>>,
}

/// Ordered by strength: absolute score, then the earlier row.
#[derive(Debug, Clone, Copy)]
struct Example {
    row: u64,
    batch: u64,
    batch_row: u64,
    value: f64,
    score: f64,
}

impl Default for Examples {
    fn default() -> Self {
        Self::new(DEFAULT_EXAMPLES)
    }
}

impl Examples {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, found: 0, kept: BinaryHeap::new() }
    }

    pub(super) fn add(&mut self, row: u64, batch: u64, batch_row: u64, value: f64, score: f64) {
        self.found += 1;
        let example = Example { row, batch, batch_row, value, score };
        if self.kept.len() >= self.limit {
            match self.kept.peek() {
                Some(Reverse(weakest)) if example > *weakest => _ = self.kept.pop(),
                _ => return,
            }
        }
        self.kept.push(Reverse(example));
    }

    pub(super) fn found(&self) -> u64 {
        self.found
    }

    pub(super) fn explain(self, model: &RobustZ) -> Vec<Anomaly> {
        let strongest_first = self.kept.into_sorted_vec();
        strongest_first.into_iter().map(|Reverse(example)| example.explain(model)).collect()
    }
}

impl Example {
    fn explain(self, model: &RobustZ) -> Anomaly {
        let Self { row, batch, batch_row, value, score } = self;
        let side = if score < 0.0 { "below" } else { "above" };
        let (times, measure) = match model.scale {
            Scale::Mad(mad) => (distance(value, model) / mad, "median distance"),
            Scale::MeanDeviation(mean) => (distance(value, model) / mean, "mean distance"),
            Scale::None => (f64::INFINITY, "distance"),
        };
        let reason = format!(
            "{} {value} lies {times:.1} times the {measure} {side} the median {}",
            model.column, model.median,
        );
        Anomaly { row, batch, batch_row, value, score, reason }
    }
}

fn distance(value: f64, model: &RobustZ) -> f64 {
    (value - model.median).abs()
}

impl Ord for Example {
    fn cmp(&self, other: &Self) -> Ordering {
        let strength = self.score.abs().total_cmp(&other.score.abs());
        strength.then_with(|| other.row.cmp(&self.row))
    }
}

impl PartialOrd for Example {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Example {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Example {}
