//! What a running producer is like: more than the counters of [`Stats`], for dashboards.
//!
//! Everything is kept whether anybody looks or not; it costs a few additions for each call.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::{Histogram, Producer, Stats, shared::State};

/// More marks than that are thinned out.
const MOST_MARKS: usize = 256;

/// A snapshot of a producer, by [`Producer::metrics`].
///
/// The names are those that the `metrics` feature exports, without their prefix and `_total`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Metrics {
    /// The counters.
    pub stats: Stats,
    /// Ended calls by result: `accepted`, `partly_refused`, `panicked`, `stopped`, or the
    /// [label](crate::PutErrorKind::label) of the error.
    pub calls: BTreeMap<&'static str, u64>,
    /// Time from the start of a call to its answer, in microseconds.
    pub call_micros: Histogram,
    /// Records in a call.
    pub batch_records: Histogram,
    /// Bytes of data in a call.
    pub batch_bytes: Histogram,
    /// Why batches went out when they did: `count` or `bytes` for a full one, `linger`, `flush`
    /// (also at the end), `retry` for refused records, `suspect` in the search for a bad record.
    pub batch_closed_by: BTreeMap<&'static str, u64>,
    /// How often delivered records were sent, 1 for those that went well at once.
    pub attempts: Histogram,
    /// How many calls may run now. Refusals halve it, clean calls raise it again.
    pub in_flight_limit: usize,
    /// Age of the oldest record that is not settled, too high by at most the time between two
    /// calls.
    pub oldest_record_age: Option<Duration>,
}

impl Producer {
    /// A snapshot of everything that is measured.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let shared = self.shared();
        let now = Instant::now();
        let state = shared.lock();
        let Meters { calls, call_micros, batch_records, batch_bytes, closed_by, attempts, .. } =
            state.meters.clone();
        let oldest = state.oldest();
        Metrics {
            stats: Stats { in_flight: state.flights.len(), ..state.stats },
            calls,
            call_micros,
            batch_records,
            batch_bytes,
            batch_closed_by: closed_by,
            attempts,
            in_flight_limit: state.window.limit(),
            oldest_record_age: oldest.map(|since| now.saturating_duration_since(since)),
        }
    }
}

impl State {
    /// About when the oldest record was accepted that is not settled.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.meters.ages.oldest(self.settled.up_to(), self.stats.accepted)
    }
}

/// What is measured while it runs.
#[derive(Debug, Clone)]
pub(super) struct Meters {
    pub(super) calls: BTreeMap<&'static str, u64>,
    pub(super) call_micros: Histogram,
    pub(super) batch_records: Histogram,
    pub(super) batch_bytes: Histogram,
    pub(super) closed_by: BTreeMap<&'static str, u64>,
    pub(super) attempts: Histogram,
    pub(super) ages: Ages,
}

impl Meters {
    pub(super) fn new() -> Self {
        Self {
            calls: BTreeMap::new(),
            call_micros: Histogram::new(),
            batch_records: Histogram::new(),
            batch_bytes: Histogram::new(),
            closed_by: BTreeMap::new(),
            attempts: Histogram::new(),
            ages: Ages::default(),
        }
    }

    /// A call starts.
    pub(super) fn call(&mut self, cause: Cause, records: usize, bytes: usize) {
        *self.closed_by.entry(cause.label()).or_default() += 1;
        self.batch_records.record(records as u64, 1);
        self.batch_bytes.record(bytes as u64, 1);
    }

    /// A call ended.
    pub(super) fn ended(&mut self, result: &'static str, took: Duration) {
        *self.calls.entry(result).or_default() += 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.call_micros.record(micros, 1);
    }
}

/// Why a batch goes out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Count,
    Bytes,
    Linger,
    Flush,
    Retry,
    Suspect,
}

impl Cause {
    fn label(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::Linger => "linger",
            Self::Flush => "flush",
            Self::Retry => "retry",
            Self::Suspect => "suspect",
        }
    }
}

/// When records were accepted, by marks: a clock reading for each would be a tenth of what a
/// record costs.
#[derive(Debug, Clone, Default)]
pub(super) struct Ages {
    /// Record number, and a moment at or before its acceptance and that of those behind it.
    marks: VecDeque<(u64, Instant)>,
}

impl Ages {
    /// Records from `number` on are accepted from now on. Records below `settled` need no mark.
    pub(super) fn mark(&mut self, number: u64, now: Instant, settled: u64) {
        while self.marks.get(1).is_some_and(|&(next, _)| next <= settled) {
            self.marks.pop_front();
        }
        match self.marks.back_mut() {
            Some(last) if last.0 >= number => last.1 = now,
            _ => self.marks.push_back((number, now)),
        }
        if self.marks.len() > MOST_MARKS {
            let mut index = 0;
            self.marks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    /// About when the record `number` was accepted, if it was.
    fn oldest(&self, number: u64, accepted: u64) -> Option<Instant> {
        if number >= accepted {
            return None;
        }
        let (_, since) = self.marks.iter().rev().find(|&&(mark, _)| mark <= number)?;
        Some(*since)
    }
}
