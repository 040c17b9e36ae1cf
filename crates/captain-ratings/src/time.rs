//! When a record happened: a fixed step from a start, or readings of a clock that the caller gives.
//!
//! Nothing here asks a clock by itself. Times are seconds since 1970-01-01T00:00:00Z as `f64`,
//! which is what Python's `time.time()` gives and what the tutorial's records hold. Today's
//! times are then spaced 2⁻²² s (0.24 µs) apart.

use std::fmt;
use std::num::NonZeroU64;
use std::time::{Duration, SystemTime};

#[cfg(test)]
mod tests;

/// 2022-01-08T06:00:00Z, the hour whose objects the tutorial reads back: where time starts unless
/// [`RatingGenerator::starting_at`](crate::RatingGenerator::starting_at) says otherwise.
pub const TUTORIAL_START: f64 = 1_641_621_600.0;

/// The time between two records unless [`RatingGenerator::every`](crate::RatingGenerator::every)
/// says otherwise.
pub const DEFAULT_STEP: Duration = Duration::from_millis(1);

/// A point in time in seconds since 1970-01-01T00:00:00Z, negative before it.
///
/// Made from an `f64`, which is taken as it is, or from a [`SystemTime`], which is rounded to
/// the nearest 0.24 µs or so. A function that reads a clock may return any of the three.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct EpochSeconds(f64);

impl EpochSeconds {
    /// The seconds as a number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0
    }
}

impl From<f64> for EpochSeconds {
    fn from(seconds: f64) -> Self {
        Self(seconds)
    }
}

impl From<SystemTime> for EpochSeconds {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Self(since.as_secs_f64()),
            Err(before) => Self(-before.duration().as_secs_f64()),
        }
    }
}

/// Says when the record of a given index happened.
///
/// Implement it for a rate curve or a replayed clock. An implementation whose answers depend on
/// the index alone keeps the whole generator reproducible; one that reads a clock makes only
/// the timestamps differ from run to run.
pub trait EventTime {
    /// The time of the record with this index, in seconds since 1970-01-01T00:00:00Z.
    fn at(&self, index: u64) -> f64;

    /// For how many records, counted from `index`, the answer of [`at`](Self::at) holds, so that
    /// a clock need not be read for each of a batch. 0 is taken as 1.
    fn holds_for(&self, index: u64) -> u64 {
        let _ = index;
        1
    }
}

impl<T: EventTime + ?Sized> EventTime for Box<T> {
    fn at(&self, index: u64) -> f64 {
        (**self).at(index)
    }

    fn holds_for(&self, index: u64) -> u64 {
        (**self).holds_for(index)
    }
}

impl<T: EventTime + ?Sized> EventTime for &T {
    fn at(&self, index: u64) -> f64 {
        (**self).at(index)
    }

    fn holds_for(&self, index: u64) -> u64 {
        (**self).holds_for(index)
    }
}

/// Records at equal distances: record `i` happens at `start + i × step`.
///
/// Each time is computed from its index, not from the time before it, so errors do not add up.
/// From a start at a whole second (after 2004) the result is the number nearest to the exact time,
/// the one that its decimal text reads back as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FixedStep {
    start: f64,
    step: Duration,
}

impl FixedStep {
    /// Record 0 at `start`, each further record `step` later. A step of zero gives all records
    /// the same time.
    pub fn new(start: impl Into<EpochSeconds>, step: Duration) -> Self {
        Self { start: start.into().as_f64(), step }
    }

    pub(crate) fn starting_at(self, start: EpochSeconds) -> Self {
        Self { start: start.as_f64(), ..self }
    }

    pub(crate) fn every(self, step: Duration) -> Self {
        Self { step, ..self }
    }

    /// The time from the start to the record, as whole seconds and the rest of a second.
    fn offset(&self, index: u64) -> (f64, f64) {
        let fast =
            u64::try_from(self.step.as_nanos()).ok().and_then(|step| step.checked_mul(index));
        if let Some(nanos) = fast {
            return ((nanos / NANOS_PER_SECOND) as f64, (nanos % NANOS_PER_SECOND) as f64 / 1e9);
        }
        // Seconds and their fraction apart: the product of each with any index fits 128 bits.
        let nanos = u128::from(self.step.subsec_nanos()) * u128::from(index);
        let carried = nanos / u128::from(NANOS_PER_SECOND);
        let whole = u128::from(self.step.as_secs()) * u128::from(index) + carried;
        (whole as f64, (nanos % u128::from(NANOS_PER_SECOND)) as f64 / 1e9)
    }
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl Default for FixedStep {
    fn default() -> Self {
        Self { start: TUTORIAL_START, step: DEFAULT_STEP }
    }
}

impl EventTime for FixedStep {
    fn at(&self, index: u64) -> f64 {
        let (whole, rest) = self.offset(index);
        // Sums of whole seconds are exact, and the fractions are below two: only the
        // last addition rounds much, which is why 1641621600 + 0.001 prints as 1641621600.001.
        let start_whole = self.start.floor();
        (start_whole + whole) + ((self.start - start_whole) + rest)
    }
}

/// Times that a function of the caller gives, for each record or for several in a row.
#[derive(Clone, Copy)]
pub struct Readings<F> {
    read: F,
    records: NonZeroU64,
}

impl<F> Readings<F> {
    /// One call of `read` for each record, with the record's index.
    pub fn new(read: F) -> Self {
        Self { read, records: NonZeroU64::MIN }
    }

    /// Lets up to `records` records share one call of `read`, which then gets the index of the
    /// first of them; 0 is taken as 1.
    #[must_use]
    pub fn shared_by(self, records: u32) -> Self {
        Self { records: NonZeroU64::new(u64::from(records)).unwrap_or(NonZeroU64::MIN), ..self }
    }
}

impl<F, S> EventTime for Readings<F>
where
    F: Fn(u64) -> S,
    S: Into<EpochSeconds>,
{
    fn at(&self, index: u64) -> f64 {
        // Rounding down here, not only in `holds_for`, makes a record the same whether it is made
        // alone, after a skip, or in the middle of a run.
        (self.read)(index - index % self.records).into().as_f64()
    }

    fn holds_for(&self, index: u64) -> u64 {
        self.records.get() - index % self.records
    }
}

impl<F> fmt::Debug for Readings<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readings").field("records", &self.records).finish_non_exhaustive()
    }
}
