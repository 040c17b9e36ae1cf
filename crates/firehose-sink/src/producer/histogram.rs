//! Counts by size, for quantiles: what a mean would hide.

use std::fmt;

/// Eight steps to each doubling: a quantile is at most one eighth too high.
const STEPS: u32 = 8;
const STEP_BITS: u32 = STEPS.ilog2();
/// Values of up to 2^40 are told apart: 13 days in microseconds, a terabyte in bytes.
const BUCKETS: usize = ((40 - STEP_BITS + 1) * STEPS) as usize;

/// How often values of which size occurred. Quantiles are at most an eighth above the true value;
/// the mean and the maximum are exact.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64; BUCKETS]>,
    count: u64,
    sum: u64,
    max: u64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { counts: Box::new([0; BUCKETS]), count: 0, sum: 0, max: 0 }
    }

    pub(super) fn record(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += times;
        }
        self.count += times;
        self.sum = self.sum.saturating_add(value.saturating_mul(times));
        self.max = self.max.max(value);
    }

    /// How many values there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The largest, 0 when there is none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The mean, 0 when there is none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// The value that this share of all values, 0 to 1, does not exceed: 0.99 for the p99.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        let mut left = (share.clamp(0.0, 1.0) * self.count as f64).ceil().max(1.0);
        for (index, &count) in self.counts.iter().enumerate() {
            left -= count as f64;
            if count > 0 && left <= 0.0 {
                return largest_in(index).min(self.max);
            }
        }
        self.max
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count)
            .field("mean", &self.mean())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

/// Where a value is counted: small ones exactly, others by their power of two and three more bits.
fn bucket(value: u64) -> usize {
    let Some(power) = value.checked_ilog2().filter(|&power| power >= STEP_BITS) else {
        return usize::try_from(value).unwrap_or_default();
    };
    let shift = power - STEP_BITS;
    let step = (value >> shift) & u64::from(STEPS - 1);
    let index = u64::from((shift + 1) * STEPS) + step;
    usize::try_from(index).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The largest value that is counted there.
fn largest_in(index: usize) -> u64 {
    let index = index as u64;
    let steps = u64::from(STEPS);
    if index < steps {
        return index;
    }
    let shift = index / steps - 1;
    ((steps + index % steps + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_lies_in_a_bucket_at_most_an_eighth_above_it() {
        let mut last = 0;
        for value in (0..5_000).chain((12..39).flat_map(|p| [(1 << p) - 1, 1 << p, (1 << p) + 1])) {
            let index = bucket(value);
            assert!(index >= last || value < 5_000, "{value}");
            last = index;
            let largest = largest_in(index);
            assert!(largest >= value && largest - value <= value / 8, "{value}: {largest}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_near_the_truth_and_the_ends_are_exact() {
        let mut histogram = Histogram::new();
        assert_eq!((histogram.quantile(0.5), histogram.max()), (0, 0));
        (1..=1_000).for_each(|value| histogram.record(value, 1));
        for (share, truth) in [(0.5, 500), (0.9, 900), (0.99, 990)] {
            let found = histogram.quantile(share);
            assert!((truth..=truth + truth / 8).contains(&found), "{share}: {found}");
        }
        assert_eq!((histogram.quantile(1.0), histogram.max()), (1_000, 1_000));
        assert_eq!((histogram.count(), histogram.sum()), (1_000, 500_500));
    }
}
