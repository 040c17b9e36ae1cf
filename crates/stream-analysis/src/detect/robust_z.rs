//! The robust z-score: how far a number lies from the median, in units of the median distance.
//!
//! Mean and standard deviation are drawn towards the very values that are looked for; median and
//! median absolute deviation (MAD) are not, as long as less than half of the values are odd. The
//! score is `0.6745 * (x - median) / MAD`, the threshold 3.5, both after Iglewicz and Hoaglin,
//! "How to Detect and Handle Outliers" (1993).

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::Schema;

use super::{AnomalyReport, Confusion, report::Examples};
use crate::Error;
use crate::column::Column;
use crate::quantile::{DEFAULT_VALUES_LIMIT, Sample, Sorted};

/// The threshold of Iglewicz and Hoaglin.
pub const DEFAULT_THRESHOLD: f64 = 3.5;

/// Makes the MAD of normal data equal to its standard deviation: the 0.75 quantile of the standard
/// normal distribution.
const MAD_TO_SIGMA: f64 = 0.674_489_750_196_081_7;

/// Does the same for the mean absolute deviation: the square root of pi over two.
const MEAN_DEVIATION_TO_SIGMA: f64 = 1.253_314_137_315_500_3;

/// Learns from one column what is usual.
///
/// Memory: 8 bytes for each number up to the values limit (10 million, 80 MB); beyond it a count for
/// each value where values repeat, which is exact too, else an even, deterministic sample.
#[derive(Debug, Clone)]
pub struct RobustZFit {
    column: Column,
    sample: Sample,
    fitted_on: u64,
}

/// What is usual in one column, and how far from it a number may lie.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RobustZ {
    /// The column it was learnt from.
    pub column: String,
    /// The median; zero if there was no number.
    pub median: f64,
    /// What a distance from the median is measured in.
    pub scale: Scale,
    /// Scores beyond this, in either direction, are anomalies.
    pub threshold: f64,
    /// How many finite numbers were seen.
    pub fitted_on: u64,
    /// False if the model comes from a sample of them.
    pub exact: bool,
}

/// What a distance from the median is measured in.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Scale {
    /// Median absolute deviation from the median: the usual case.
    Mad(f64),
    /// Mean absolute deviation from the median. More than half of the values are equal, so that
    /// the MAD is zero, but not all are.
    MeanDeviation(f64),
    /// All values are equal, or there were none. Nothing is an anomaly: there is no measure of what
    /// would be far.
    None,
}

/// Judges the rows of one stream by a model. Made by [`RobustZ::scorer`].
#[derive(Debug, Clone)]
pub struct Scorer {
    model: RobustZ,
    column: Column,
    rows: u64,
    batches: u64,
    scored: u64,
    examples: Examples,
}

impl RobustZFit {
    /// Will learn from the numbers of this column.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`].
    pub fn new(schema: &Schema, column: &str) -> Result<Self, Error> {
        let column = Column::find_numeric(schema, column)?;
        Ok(Self { column, sample: Sample::new(DEFAULT_VALUES_LIMIT), fitted_on: 0 })
    }

    /// Keeps at most so many numbers (at least one). Set it before the first batch.
    #[must_use]
    pub fn with_values_limit(mut self, values: usize) -> Self {
        self.sample = Sample::new(values);
        self
    }

    /// Takes the next batch. Nulls, NaN and infinities teach nothing.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`].
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let numbers = self.column.numbers(batch)?;
        for value in numbers.iter().flatten().filter(|value| value.is_finite()) {
            self.sample.push(value);
            self.fitted_on += 1;
        }
        Ok(())
    }

    /// The model, with the usual threshold.
    #[must_use]
    pub fn finish(self) -> RobustZ {
        let sorted = self.sample.sorted();
        let median = sorted.median().unwrap_or_default();
        RobustZ {
            column: self.column.name().to_owned(),
            median,
            scale: Scale::of(&sorted, median),
            threshold: DEFAULT_THRESHOLD,
            fitted_on: self.fitted_on,
            exact: sorted.is_exact(),
        }
    }
}

impl Scale {
    fn of(sorted: &Sorted, median: f64) -> Self {
        let distances = sorted.distances(median);
        let mad = distances.median().unwrap_or_default();
        if mad > 0.0 && mad.is_finite() {
            return Self::Mad(mad);
        }
        let mean = distances.mean();
        if mean > 0.0 && mean.is_finite() { Self::MeanDeviation(mean) } else { Self::None }
    }

    /// The scale as a standard deviation that normal data would have.
    fn sigma(self) -> Option<f64> {
        match self {
            Self::Mad(mad) => Some(mad / MAD_TO_SIGMA),
            Self::MeanDeviation(mean) => Some(mean * MEAN_DEVIATION_TO_SIGMA),
            Self::None => None,
        }
    }
}

impl RobustZ {
    /// With another threshold.
    ///
    /// # Errors
    ///
    /// [`Error::Threshold`] unless it is a finite number above zero.
    pub fn with_threshold(mut self, threshold: f64) -> Result<Self, Error> {
        if !(threshold.is_finite() && threshold > 0.0) {
            return Err(Error::Threshold { threshold });
        }
        self.threshold = threshold;
        Ok(self)
    }

    /// The score of one number: zero at the median, negative below it. An infinity scores infinite.
    /// `None` for NaN, and for every number if the model has no [`Scale`].
    #[must_use]
    pub fn score(&self, value: f64) -> Option<f64> {
        let score = (value - self.median) / self.scale.sigma()?;
        (!score.is_nan()).then_some(score)
    }

    /// Whether a number scores beyond the threshold.
    #[must_use]
    pub fn is_anomaly(&self, value: f64) -> bool {
        self.score(value).is_some_and(|score| score.abs() > self.threshold)
    }

    /// For each row of the batch whether it is an anomaly; a null is none.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`], [`Error::Convert`].
    pub fn flags(&self, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let column = Column::find_numeric(batch.schema_ref(), &self.column)?;
        let numbers = column.numbers(batch)?;
        let flag = |value: Option<f64>| Some(value.is_some_and(|value| self.is_anomaly(value)));
        Ok(numbers.iter().map(flag).collect())
    }

    /// Starts to judge a stream of this schema.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`].
    pub fn scorer(&self, schema: &Schema) -> Result<Scorer, Error> {
        Ok(Scorer {
            column: Column::find_numeric(schema, &self.column)?,
            model: self.clone(),
            rows: 0,
            batches: 0,
            scored: 0,
            examples: Examples::default(),
        })
    }

    /// Compares the model's verdicts with a known truth, row by row: `truth(batch, row)` says
    /// whether the row is an anomaly in fact.
    ///
    /// # Errors
    ///
    /// As for [`flags`](Self::flags).
    pub fn score_against<'a>(
        &self,
        batches: impl IntoIterator<Item = &'a RecordBatch>,
        mut truth: impl FnMut(&RecordBatch, usize) -> bool,
    ) -> Result<Confusion, Error> {
        let mut confusion = Confusion::default();
        for batch in batches {
            for (row, flagged) in self.flags(batch)?.iter().enumerate() {
                confusion.add(flagged == Some(true), truth(batch, row));
            }
        }
        Ok(confusion)
    }
}

impl Scorer {
    /// Keeps at most so many examples, those that score highest. Set it before the first batch.
    #[must_use]
    pub fn with_examples(mut self, examples: usize) -> Self {
        self.examples = Examples::new(examples);
        self
    }

    /// Takes the next batch.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`].
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let numbers = self.column.numbers(batch)?;
        for (row, value) in (0_u64..).zip(&numbers) {
            let Some(value) = value.filter(|value| !value.is_nan()) else { continue };
            self.scored += 1;
            let Some(score) = self.model.score(value) else { continue };
            if score.abs() > self.model.threshold {
                self.examples.add(self.rows + row, self.batches, row, value, score);
            }
        }
        self.rows += numbers.len() as u64;
        self.batches += 1;
        Ok(())
    }

    /// The results.
    #[must_use]
    pub fn finish(self) -> AnomalyReport {
        let Self { model, rows, scored, examples, .. } = self;
        let found = examples.found();
        AnomalyReport { rows, scored, found, anomalies: examples.explain(&model), model }
    }
}
