//! Count, mean and spread of a run of numbers in constant space.
//!
//! Welford's recurrence takes one value at a time, so that the result depends on the values and
//! their order alone, never on how they were cut into batches. It knows no nulls and no NaN: the
//! caller passes finite numbers only.

/// Running mean and sum of squared differences.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    sum: f64,
    lost: f64,
}

impl Moments {
    pub(crate) fn push(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
        self.add(value);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// `None` without values, or when the mean does not fit into an `f64`.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0 && self.mean.is_finite()).then_some(self.mean)
    }

    /// The sum, with the digits that plain addition would lose. `None` as for the mean.
    pub(crate) fn sum(&self) -> Option<f64> {
        let sum = self.sum + self.lost;
        (self.count > 0 && sum.is_finite()).then_some(sum)
    }

    /// Sample standard deviation (divisor n - 1); `None` below two values.
    pub(crate) fn std_dev(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        // Rounding can leave a tiny negative sum where all values are equal.
        let variance = self.squares.max(0.0) / (self.count - 1) as f64;
        (self.squares.is_finite()).then(|| variance.sqrt())
    }

    /// Neumaier's compensated addition: `lost` collects what did not fit into `sum`.
    fn add(&mut self, value: f64) {
        let total = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - total) + value
        } else {
            (value - total) + self.sum
        };
        self.sum = total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.push(*value));
        moments
    }

    #[test]
    fn a_large_offset_does_not_eat_the_spread() {
        let far = moments(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!(far.mean(), Some(1e9 + 10.0));
        assert_eq!(far.std_dev(), Some(30_f64.sqrt()));
    }

    #[test]
    fn the_sum_keeps_what_plain_addition_loses() {
        assert_eq!(moments(&[1.0, 1e100, 1.0, -1e100]).sum(), Some(2.0));
    }

    #[test]
    fn nothing_has_no_mean_and_one_value_no_spread() {
        assert_eq!(moments(&[]).mean(), None);
        assert_eq!(moments(&[]).sum(), None);
        assert_eq!(moments(&[3.0]).mean(), Some(3.0));
        assert_eq!(moments(&[3.0]).std_dev(), None);
    }

    #[test]
    fn what_does_not_fit_is_absent_and_not_infinite() {
        let huge = moments(&[f64::MAX, -f64::MAX, f64::MAX]);
        assert!(huge.mean().is_none_or(f64::is_finite));
        assert_eq!(huge.std_dev(), None);
        assert_eq!(moments(&[f64::MAX, f64::MAX]).sum(), None);
    }
}
