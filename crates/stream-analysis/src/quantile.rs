//! Quantiles: exact while the values fit, from a deterministic sample beyond.
//!
//! A [`Sample`] keeps every value up to its limit. Then it halves itself, again and again, by the
//! *position* of each value in the stream, so that the same stream always gives the same sample,
//! however it was cut into batches. It knows nothing of columns.

/// How many values of one column are kept, unless said otherwise: 80 MB.
pub const DEFAULT_VALUES_LIMIT: usize = 10_000_000;

/// Finite numbers in stream order, all of them or an even sample.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    values: Vec<f64>,
    seen: u64,
    level: u32,
    limit: usize,
}

impl Sample {
    pub(crate) fn new(limit: usize) -> Self {
        Self { values: Vec::new(), seen: 0, level: 0, limit: limit.max(1) }
    }

    pub(crate) fn push(&mut self, value: f64) {
        if self.level == 0 || keeps(self.seen, self.level) {
            self.values.push(value);
        }
        self.seen += 1;
        while self.values.len() > self.limit {
            self.halve();
        }
    }

    /// Values kept now.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Drops about every second value, evenly over the stream.
    ///
    /// Positions are not stored: whether position `i` is kept follows from `i` alone, so walking
    /// over all positions seen says which one each kept value had.
    pub(crate) fn halve(&mut self) {
        let (old, new) = (self.level, self.level + 1);
        let mut positions = (0..self.seen).filter(|at| keeps(*at, old));
        self.values.retain(|_| positions.next().is_some_and(|at| keeps(at, new)));
        self.level = new;
    }

    /// Sorts what was kept.
    pub(crate) fn sorted(mut self) -> Sorted {
        self.values.sort_unstable_by(f64::total_cmp);
        Sorted { values: self.values, exact: self.level == 0 }
    }
}

/// The mixed position must end in `level` zero bits: true for one position in `2^level`.
fn keeps(position: u64, level: u32) -> bool {
    // The finalizer of SplitMix64: neighbours in the stream land far apart.
    let mut bits = position.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).trailing_zeros() >= level
}

/// Numbers in ascending order.
#[derive(Debug, Clone)]
pub(crate) struct Sorted {
    values: Vec<f64>,
    exact: bool,
}

impl Sorted {
    /// Whether these are all values that were pushed.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The quantile at `q` in 0..=1, by linear interpolation between the two nearest values at
    /// rank `q * (n - 1)`: numpy's and pandas' default ("linear"), type 7 of Hyndman and Fan.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        let last = self.values.len().checked_sub(1)?;
        let rank = q.clamp(0.0, 1.0) * last as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the rank lies between zero and the last index"
        )]
        let below = rank.floor() as usize;
        let low = *self.values.get(below)?;
        let high = *self.values.get(below + 1).unwrap_or(&low);
        let part = rank - rank.floor();
        // The distance between two huge values of different sign does not fit into an f64.
        let step = high - low;
        Some(if step.is_finite() { low + step * part } else { low * (1.0 - part) + high * part })
    }

    pub(crate) fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// How many different values there are; -0.0 and 0.0 are one.
    pub(crate) fn distinct(&self) -> u64 {
        let steps = self.values.windows(2).filter(|pair| matches!(pair, [a, b] if a != b));
        steps.count() as u64 + u64::from(!self.values.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(values: &[f64]) -> Sorted {
        let mut sample = Sample::new(100);
        values.iter().for_each(|value| sample.push(*value));
        sample.sorted()
    }

    /// Expected values from numpy's `quantile` with its default method.
    #[test]
    fn quantiles_are_those_of_numpy() {
        for (values, q, expected) in [
            (&[1.0, 2.0, 3.0, 4.0][..], 0.25, 1.75),
            (&[1.0, 2.0, 3.0, 4.0], 0.5, 2.5),
            (&[1.0, 2.0, 3.0, 4.0], 0.75, 3.25),
            (&[7.0], 0.25, 7.0),
            (&[15.0, 20.0, 35.0, 40.0, 50.0], 0.4, 29.0),
            (&[3.0, 1.0, 2.0], 0.0, 1.0),
            (&[3.0, 1.0, 2.0], 1.0, 3.0),
            (&[-f64::MAX, f64::MAX], 0.5, 0.0),
        ] {
            assert_eq!(sorted(values).quantile(q), Some(expected), "{values:?} at {q}");
        }
        assert_eq!(sorted(&[]).quantile(0.5), None);
    }

    #[test]
    fn both_zeros_are_one_value() {
        assert_eq!(sorted(&[0.0, -0.0, 1.0, 1.0]).distinct(), 2);
        assert_eq!(sorted(&[]).distinct(), 0);
    }

    #[test]
    fn a_full_sample_halves_and_stays_even() {
        let mut sample = Sample::new(10_000);
        for value in 0..1_000_000_u32 {
            sample.push(f64::from(value));
        }
        let sorted = sample.sorted();
        assert!(!sorted.is_exact());
        assert!((4_000..=10_000).contains(&sorted.values().len()), "{}", sorted.values().len());
        for q in [0.25, 0.5, 0.75] {
            let found = sorted.quantile(q).unwrap_or_default() / 1e6;
            // Four standard errors of a quantile from 5,000 values.
            assert!((found - q).abs() < 0.03, "{q}: {found}");
        }
    }

    #[test]
    fn a_kept_value_is_kept_for_its_position() {
        let mut sample = Sample::new(7);
        for position in 0..1_000_u32 {
            sample.push(f64::from(position));
        }
        let level = sample.level;
        let expected: Vec<f64> =
            (0..1_000_u32).filter(|at| keeps(u64::from(*at), level)).map(f64::from).collect();
        assert_eq!(sample.values, expected);
    }

    #[test]
    fn the_smallest_limit_still_ends() {
        let mut sample = Sample::new(0);
        (0..10_000_u32).for_each(|value| sample.push(f64::from(value)));
        assert!(sample.len() <= 1);
    }
}
