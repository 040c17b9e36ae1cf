//! Scores of a detector that has no threshold of its own: which of them are anomalies is decided
//! when all have passed, without keeping them.

use std::collections::BTreeMap;

use super::Confusion;
use crate::Error;
use crate::moments::Moments;

/// Scores are counted in steps of this; the cutoff lies on a step.
const STEP: f64 = 0.001;

/// Beyond this many standard deviations above the mean a score is an anomaly, as AWS recommends
/// (<https://docs.aws.amazon.com/sagemaker/latest/dg/randomcutforest.html>).
const DEVIATIONS: f64 = 3.0;

/// Takes the scores of a stream, row by row.
///
/// ```
/// use stream_analysis::Scores;
///
/// let mut scores = Scores::new(5);
/// for row in 0..1_000 {
///     let odd = row % 100 == 99;
///     scores.add(row, if odd { 9_000.0 } else { 500.0 }, Some(if odd { 2.4 } else { 0.8 }), Some(odd));
/// }
/// let report = scores.finish(None)?;
/// assert_eq!((report.found, report.strongest.len()), (10, 5));
/// assert_eq!(report.confusion.and_then(|confusion| confusion.precision()), Some(1.0));
/// # Ok::<(), stream_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scores {
    examples: usize,
    rows: u64,
    moments: Moments,
    /// How many ordinary and how many planted rows have a score of this step.
    steps: BTreeMap<i64, (u64, u64)>,
    unscored: (u64, u64),
    truth_known: bool,
    strongest: Vec<ScoredRow>,
}

/// What the scores of a stream say.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScoreReport {
    /// Rows that passed.
    pub rows: u64,
    /// Rows among them that have a score: not those of the warm-up, nor those without a number.
    pub scored: u64,
    /// Scores from here on are anomalies.
    pub cutoff: f64,
    /// Mean of the scores; `None` without any.
    pub mean: Option<f64>,
    /// Their standard deviation.
    pub std_dev: Option<f64>,
    /// Rows at or beyond the cutoff.
    pub found: u64,
    /// The strongest of them, highest score first, equal ones in the order of the stream.
    pub strongest: Vec<ScoredRow>,
    /// How that compares with the truth, where it was given; rows without a score count as not
    /// found.
    pub confusion: Option<Confusion>,
    /// How many scores lie in each step of a thousandth, in ascending order: lower edge and count.
    pub distribution: Vec<(f64, u64)>,
}

/// A row and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ScoredRow {
    /// Position of the row in the stream, from zero.
    pub row: u64,
    /// Its number.
    pub value: f64,
    /// Its score.
    pub score: f64,
}

impl Scores {
    /// Will keep at most so many examples.
    #[must_use]
    pub fn new(examples: usize) -> Self {
        Self {
            examples,
            rows: 0,
            moments: Moments::default(),
            steps: BTreeMap::new(),
            unscored: (0, 0),
            truth_known: false,
            strongest: Vec::new(),
        }
    }

    /// Takes a row: its number, its score if it has one, and whether it is an anomaly in truth, if
    /// that is known.
    pub fn add(&mut self, row: u64, value: f64, score: Option<f64>, truth: Option<bool>) {
        self.rows += 1;
        self.truth_known |= truth.is_some();
        let Some(score) = score.filter(|score| score.is_finite()) else {
            count(&mut self.unscored, truth);
            return;
        };
        self.moments.push(score);
        count(self.steps.entry(step(score)).or_default(), truth);
        let place = self.strongest.partition_point(|known| known.score >= score);
        if place < self.examples {
            self.strongest.insert(place, ScoredRow { row, value, score });
            self.strongest.truncate(self.examples);
        }
    }

    /// Decides: with a cutoff of the caller's, or three standard deviations above the mean.
    ///
    /// # Errors
    ///
    /// [`Error::Threshold`] if a cutoff is given that is not a finite number above zero.
    pub fn finish(self, cutoff: Option<f64>) -> Result<ScoreReport, Error> {
        if let Some(threshold) = cutoff.filter(|cutoff| !(cutoff.is_finite() && *cutoff > 0.0)) {
            return Err(Error::Threshold { threshold });
        }
        let (mean, std_dev) = (self.moments.mean(), self.moments.std_dev());
        let spread = mean.zip(std_dev).map(|(mean, std_dev)| mean + DEVIATIONS * std_dev);
        let edge = step(cutoff.or(spread).unwrap_or_default() + STEP * 0.999);
        let cutoff = edge as f64 * STEP;
        let mut confusion = Confusion {
            false_negatives: self.unscored.1,
            true_negatives: self.unscored.0,
            ..Confusion::default()
        };
        for (at, (ordinary, planted)) in &self.steps {
            let (wrong, right) = match *at >= edge {
                true => (&mut confusion.false_positives, &mut confusion.true_positives),
                false => (&mut confusion.true_negatives, &mut confusion.false_negatives),
            };
            *wrong += ordinary;
            *right += planted;
        }
        let both = |(at, (a, b)): (&i64, &(u64, u64))| (*at as f64 * STEP, a + b);
        Ok(ScoreReport {
            rows: self.rows,
            scored: self.moments.count(),
            cutoff,
            mean,
            std_dev,
            found: confusion.true_positives + confusion.false_positives,
            strongest: self.strongest.into_iter().filter(|row| step(row.score) >= edge).collect(),
            confusion: self.truth_known.then_some(confusion),
            distribution: self.steps.iter().map(both).collect(),
        })
    }
}

impl ScoredRow {
    /// Why the row was found, as a sentence without its full stop.
    #[must_use]
    pub fn reason(&self, column: &str, report: &ScoreReport) -> String {
        let Self { value, score, .. } = self;
        let mean = report.mean.unwrap_or_default();
        format!(
            "{column} {value} scores {score:.2}, {:.1} times the mean score {mean:.2}",
            score / mean.max(f64::MIN_POSITIVE),
        )
    }
}

fn count(pair: &mut (u64, u64), truth: Option<bool>) {
    match truth {
        Some(true) => pair.1 += 1,
        _ => pair.0 += 1,
    }
}

/// The step of a score. Scores are small; one that is absurd lands in the last step.
fn step(score: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a million steps")]
    let step = (score / STEP).floor().clamp(-1e6, 1e6) as i64;
    step
}
