//! How good verdicts are, where the truth is known.

use std::fmt;

use arrow::array::BooleanArray;

/// Verdicts against truth, counted: the confusion matrix.
///
/// ```
/// use stream_analysis::Confusion;
///
/// let mut confusion = Confusion::default();
/// for (flagged, planted) in [(true, true), (true, false), (false, true), (true, true)] {
///     confusion.add(flagged, planted);
/// }
/// assert_eq!(confusion.precision(), Some(2.0 / 3.0));
/// assert_eq!(confusion.to_string(), "2 of 3 found, 1 wrong");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confusion {
    /// Anomalies that were flagged.
    pub true_positives: u64,
    /// Ordinary rows that were flagged.
    pub false_positives: u64,
    /// Anomalies that were missed.
    pub false_negatives: u64,
    /// Ordinary rows that were left alone.
    pub true_negatives: u64,
}

impl Confusion {
    /// Counts one row.
    pub fn add(&mut self, flagged: bool, truth: bool) {
        let cell = match (flagged, truth) {
            (true, true) => &mut self.true_positives,
            (true, false) => &mut self.false_positives,
            (false, true) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        };
        *cell += 1;
    }

    /// Counts the rows of a batch, by two columns of equal length; a null is a no.
    pub fn add_flags(&mut self, flagged: &BooleanArray, truth: &BooleanArray) {
        for (flagged, truth) in flagged.iter().zip(truth) {
            self.add(flagged == Some(true), truth == Some(true));
        }
    }

    /// Part of the flagged rows that are anomalies; `None` if no row was flagged.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        part(self.true_positives, self.false_positives)
    }

    /// Part of the anomalies that were flagged; `None` if there is no anomaly.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        part(self.true_positives, self.false_negatives)
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let planted = self.true_positives + self.false_negatives;
        write!(f, "{} of {planted} found, {} wrong", self.true_positives, self.false_positives)
    }
}

fn part(of: u64, rest: u64) -> Option<f64> {
    let all = of + rest;
    (all > 0).then(|| of as f64 / all as f64)
}
