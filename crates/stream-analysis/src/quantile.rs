//! Quantiles: exact while the values fit, and beyond that as long as few of them differ; else from a
//! deterministic sample.
//!
//! A [`Sample`] keeps every value up to its limit. Then, where values repeat much, as ratings do, it
//! goes on with a count for each, which stays exact. Where they do not, it halves itself, again and
//! again, by the *position* of each value in the stream, so that the same stream always gives the
//! same sample, however it was cut into batches. It knows nothing of columns.

use std::collections::HashMap;

/// How many values of one column are kept, unless said otherwise: 80 MB.
pub const DEFAULT_VALUES_LIMIT: usize = 10_000_000;

/// How many different values are counted exactly once there are too many to keep each.
const COUNTED_LIMIT: usize = 65_536;

/// Finite numbers in stream order, all of them, a count of each, or an even sample.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    kept: Kept,
    seen: u64,
    limit: usize,
}

#[derive(Debug, Clone)]
enum Kept {
    /// All values at level 0, one in `2^level` else.
    Values { values: Vec<f64>, level: u32 },
    /// How often each value came, by its bits.
    Counts(HashMap<u64, u64>),
}

impl Sample {
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Kept::Values { values: Vec::new(), level: 0 }, seen: 0, limit: limit.max(1) }
    }

    pub(crate) fn push(&mut self, value: f64) {
        match &mut self.kept {
            Kept::Values { values, level } => {
                if *level == 0 || keeps(self.seen, *level) {
                    values.push(value);
                }
            }
            Kept::Counts(counts) => *counts.entry(value.to_bits()).or_default() += 1,
        }
        self.seen += 1;
        while self.len() > self.limit {
            self.shrink();
        }
    }

    /// Values, or counts, kept now.
    pub(crate) fn len(&self) -> usize {
        match &self.kept {
            Kept::Values { values, .. } => values.len(),
            Kept::Counts(counts) => counts.len(),
        }
    }

    /// Gives up at least some room: by counting, else by dropping about every second value, evenly
    /// over the stream.
    pub(crate) fn shrink(&mut self) {
        self.kept = match std::mem::replace(&mut self.kept, Kept::Counts(HashMap::new())) {
            Kept::Values { values, level: 0 } => match counted(&values) {
                Some(counts) => Kept::Counts(counts),
                None => halved(values, 0, self.seen),
            },
            Kept::Values { values, level } => halved(values, level, self.seen),
            Kept::Counts(counts) => spread(&counts, self.seen, self.limit.min(counts.len())),
        };
        if let Kept::Counts(counts) = &self.kept
            && counts.len() > COUNTED_LIMIT
        {
            self.kept = spread(counts, self.seen, self.limit);
        }
    }

    /// Sorts what was kept.
    pub(crate) fn sorted(self) -> Sorted {
        match self.kept {
            Kept::Values { mut values, level } => {
                values.sort_unstable_by(f64::total_cmp);
                Sorted { values, ends: None, exact: level == 0 }
            }
            Kept::Counts(counts) => Sorted::weighted(
                counts.into_iter().map(|(bits, count)| (f64::from_bits(bits), count)).collect(),
            ),
        }
    }
}

/// A count of each value, if that takes less than half the room.
fn counted(values: &[f64]) -> Option<HashMap<u64, u64>> {
    let limit = COUNTED_LIMIT.min(values.len() / 2);
    let mut counts = HashMap::new();
    for value in values {
        *counts.entry(value.to_bits()).or_default() += 1;
        if counts.len() > limit {
            return None;
        }
    }
    Some(counts)
}

/// Positions are not stored: whether position `i` is kept follows from `i` alone, so walking over
/// all positions seen says which one each kept value had.
fn halved(mut values: Vec<f64>, level: u32, seen: u64) -> Kept {
    let mut positions = (0..seen).filter(|at| keeps(*at, level));
    values.retain(|_| positions.next().is_some_and(|at| keeps(at, level + 1)));
    Kept::Values { values, level: level + 1 }
}

/// A sample out of counts: positions in the stream are gone, so those in the order of the values
/// stand for them, which is evener still.
fn spread(counts: &HashMap<u64, u64>, seen: u64, limit: usize) -> Kept {
    let mut level = 1;
    while level < 63 && (seen >> level) > limit as u64 / 2 {
        level += 1;
    }
    let sorted = Sorted::weighted(
        counts.iter().map(|(bits, count)| (f64::from_bits(*bits), *count)).collect(),
    );
    let mut values = Vec::new();
    let mut position = 0_u64;
    for (value, count) in sorted.weights() {
        let kept = (position..position + count).filter(|at| keeps(*at, level)).count();
        values.extend(std::iter::repeat_n(value, kept));
        position += count;
    }
    Kept::Values { values, level }
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
    /// How many numbers there are up to and with each value; without it, each value is one number.
    ends: Option<Vec<u64>>,
    exact: bool,
}

impl Sorted {
    /// Values with how often each occurs, in any order.
    fn weighted(mut pairs: Vec<(f64, u64)>) -> Self {
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut end = 0;
        let ends = pairs.iter().map(|(_, count)| {
            end += count;
            end
        });
        let ends = Some(ends.collect());
        Self { values: pairs.into_iter().map(|(value, _)| value).collect(), ends, exact: true }
    }

    /// How far each number lies from `centre`, in ascending order.
    pub(crate) fn distances(&self, centre: f64) -> Self {
        if self.ends.is_some() {
            return Self::weighted(
                self.weights().map(|(value, count)| ((value - centre).abs(), count)).collect(),
            );
        }
        let mut values: Vec<f64> = self.values.iter().map(|value| (value - centre).abs()).collect();
        values.sort_unstable_by(f64::total_cmp);
        Self { values, ends: None, exact: self.exact }
    }

    /// The mean; zero without numbers.
    pub(crate) fn mean(&self) -> f64 {
        let count = self.count().max(1) as f64;
        // Divided before it is added: the sum of huge distances would overflow.
        self.weights().map(|(value, times)| value / count * times as f64).sum()
    }

    /// Whether these are all values that were pushed.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// How many numbers these are.
    pub(crate) fn count(&self) -> u64 {
        match &self.ends {
            Some(ends) => ends.last().copied().unwrap_or_default(),
            None => self.values.len() as u64,
        }
    }

    /// Each value with how often it occurs.
    pub(crate) fn weights(&self) -> impl Iterator<Item = (f64, u64)> {
        self.values.iter().enumerate().map(|(at, value)| match &self.ends {
            Some(ends) => {
                let before = at.checked_sub(1).and_then(|at| ends.get(at)).copied();
                (*value, ends.get(at).copied().unwrap_or_default() - before.unwrap_or_default())
            }
            None => (*value, 1),
        })
    }

    /// The number at this rank, from zero.
    fn at(&self, rank: u64) -> Option<f64> {
        let at = match &self.ends {
            Some(ends) => ends.partition_point(|end| *end <= rank),
            None => usize::try_from(rank).ok()?,
        };
        self.values.get(at).copied()
    }

    /// The quantile at `q` in 0..=1, by linear interpolation between the two nearest values at
    /// rank `q * (n - 1)`: numpy's and pandas' default ("linear"), type 7 of Hyndman and Fan.
    pub(crate) fn quantile(&self, q: f64) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        let rank = q.clamp(0.0, 1.0) * last as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the rank lies between zero and the last index"
        )]
        let below = rank.floor() as u64;
        let low = self.at(below)?;
        let high = self.at(below + 1).unwrap_or(low);
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
        assert!((4_000..=10_000).contains(&sorted.count()), "{}", sorted.count());
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
        let Kept::Values { values, level } = sample.kept else { panic!("they are all different") };
        let expected: Vec<f64> =
            (0..1_000_u32).filter(|at| keeps(u64::from(*at), level)).map(f64::from).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn the_smallest_limit_still_ends() {
        let mut sample = Sample::new(0);
        (0..10_000_u32).for_each(|value| sample.push(f64::from(value)));
        assert!(sample.len() <= 1);
    }

    #[test]
    fn values_that_repeat_stay_exact_whatever_their_number() {
        let mut sample = Sample::new(1_000);
        let mut all: Vec<f64> = (0..50_000_u32).map(|at| f64::from(at * 11 % 301)).collect();
        all.iter().for_each(|value| sample.push(*value));
        assert_eq!(sample.len(), 301);
        let sorted = sample.sorted();
        all.sort_unstable_by(f64::total_cmp);
        let plain = Sorted { values: all, ends: None, exact: true };
        assert!(sorted.is_exact());
        assert_eq!((sorted.count(), sorted.distinct()), (50_000, 301));
        for q in [0.0, 0.1, 0.25, 0.5, 0.75, 0.999, 1.0] {
            assert_eq!(sorted.quantile(q), plain.quantile(q), "{q}");
        }
        let (a, b) = (sorted.distances(150.0), plain.distances(150.0));
        assert_eq!(a.median(), b.median());
        assert!((a.mean() - b.mean()).abs() < 1e-9);
    }

    #[test]
    fn counts_that_grow_too_many_become_a_sample() {
        let mut sample = Sample::new(1_000);
        // Few values at first, then ever more.
        for at in 0..400_000_u32 {
            sample.push(f64::from(if at < 100_000 { at % 100 } else { at % 40_000 }));
        }
        assert!(sample.len() <= 1_000);
        let sorted = sample.sorted();
        assert!(!sorted.is_exact());
        // A quarter of the values lies below 100; the rest spreads to 40,000.
        let found = sorted.quantile(0.625).unwrap_or_default();
        assert!((found / 20_000.0 - 1.0).abs() < 0.2, "{found}");
    }
}
