//! What is kept of a run of numbers: moments, extremes, a sample, and the values that are none.
//!
//! NaN is counted and takes part in nothing. An infinity is counted and takes part in the extremes
//! alone: a mean or a quantile with an infinity in it says nothing about the rest.

use crate::moments::Moments;
use crate::quantile::Sample;

/// Running statistics of `f64` values, nulls left out by the caller.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    pub(crate) moments: Moments,
    pub(crate) sample: Sample,
    pub(crate) nan: u64,
    above: u64,
    below: u64,
    extremes: Option<(f64, f64)>,
}

impl Tally {
    pub(crate) fn new(values_limit: usize) -> Self {
        Self {
            moments: Moments::default(),
            sample: Sample::new(values_limit),
            nan: 0,
            above: 0,
            below: 0,
            extremes: None,
        }
    }

    pub(crate) fn push(&mut self, value: f64) {
        if value.is_nan() {
            self.nan += 1;
            return;
        }
        let (min, max) = self.extremes.unwrap_or((value, value));
        self.extremes = Some((min.min(value), max.max(value)));
        if value.is_finite() {
            self.moments.push(value);
            self.sample.push(value);
        } else if value > 0.0 {
            self.above += 1;
        } else {
            self.below += 1;
        }
    }

    /// Values of either infinity.
    pub(crate) fn infinite(&self) -> u64 {
        self.above + self.below
    }

    /// How many different values the finite ones leave out: NaN and each infinity count as one.
    pub(crate) fn distinct_others(&self) -> u64 {
        u64::from(self.nan > 0) + u64::from(self.above > 0) + u64::from(self.below > 0)
    }

    pub(crate) fn min(&self) -> Option<f64> {
        self.extremes.map(|(min, _)| min)
    }

    pub(crate) fn max(&self) -> Option<f64> {
        self.extremes.map(|(_, max)| max)
    }
}
