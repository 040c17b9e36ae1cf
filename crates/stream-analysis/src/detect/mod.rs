//! Finding what does not belong: rows far from the rest, and groups apart from all others.
//!
//! [`RobustZ`] judges single numbers, [`GroupRule`] whole groups; [`RandomCutForest`] and
//! [`IsolationForest`] judge points of one or more numbers, with [`Scores`] to decide where their
//! scores become anomalies. The forests' own files say how they pass. The first two work in two steps, so that a stream need not be kept: first the numbers pass to
//! learn what is usual, then the rows pass to be judged. [`find_anomalies`] does both steps with
//! both detectors over batches in memory. [`Confusion`] compares with a known truth.

mod confusion;
#[cfg(test)]
mod forest_tests;
mod group_rule;
mod isolation_forest;
mod points;
mod random_cut_forest;
mod report;
mod robust_z;
mod scores;
#[cfg(test)]
mod tests;
mod truth;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use crate::groups::Groups;
use crate::{Error, numeric_columns};

pub use confusion::Confusion;
pub use group_rule::{GroupOutlier, GroupRule, Side};
pub use isolation_forest::{IsolationFit, IsolationForest, IsolationOptions};
pub use points::Points;
pub use random_cut_forest::{Attribution, ForestOptions, RandomCutForest};
pub use report::{Anomaly, AnomalyReport, DEFAULT_EXAMPLES};
pub use robust_z::{DEFAULT_THRESHOLD, RobustZ, RobustZFit, Scale, Scorer};
pub use scores::{ScoreReport, ScoredRow, Scores};
pub use truth::Truth;

/// What [`find_anomalies`] looks at. [`Default`] is every numeric column, no groups, threshold
/// 3.5, a hundred examples for each column.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DetectOptions {
    /// Columns to score; `None` for all that hold numbers.
    pub columns: Option<Vec<String>>,
    /// Column to group by; `None` leaves the group rule out.
    pub group_by: Option<String>,
    /// Score above which a row is an anomaly.
    pub threshold: f64,
    /// How many anomalies are kept as examples for each column.
    pub examples: usize,
}

/// Both detectors' results.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Findings {
    /// One report for each column scored, in order.
    pub columns: Vec<AnomalyReport>,
    /// Groups apart from all others, by column in the same order.
    pub groups: Vec<GroupOutlier>,
}

impl Default for DetectOptions {
    fn default() -> Self {
        Self {
            columns: None,
            group_by: None,
            threshold: DEFAULT_THRESHOLD,
            examples: DEFAULT_EXAMPLES,
        }
    }
}

impl DetectOptions {
    /// Scores these columns alone.
    #[must_use]
    pub fn with_columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Applies the group rule to the groups of this column as well.
    #[must_use]
    pub fn with_group_by(mut self, column: impl Into<String>) -> Self {
        self.group_by = Some(column.into());
        self
    }

    /// Calls a row an anomaly if its score is above this, in either direction.
    #[must_use]
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// Keeps at most so many examples for each column; the count of anomalies is exact anyway.
    #[must_use]
    pub fn with_examples(mut self, examples: usize) -> Self {
        self.examples = examples;
        self
    }
}

/// Looks for anomalies with both detectors in batches that are in memory.
///
/// A column that is grouped by is not scored by its own groups.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Int32Array, RecordBatch};
/// use stream_analysis::{DetectOptions, find_anomalies};
///
/// let ratings = Arc::new(Int32Array::from(vec![3, 4, 5, 4, 5, 8000, 4, 3]));
/// let batch = RecordBatch::try_from_iter([("rating", ratings as _)])?;
/// let findings = find_anomalies(&batch.schema(), &[batch], &DetectOptions::default())?;
///
/// let rating = &findings.columns[0];
/// assert_eq!((rating.scored, rating.found), (8, 1));
/// assert_eq!((rating.anomalies[0].row, rating.anomalies[0].value), (5, 8000.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::UnknownColumn`], [`Error::NotNumeric`], [`Error::NotGroupable`],
/// [`Error::Threshold`]; [`Error::SchemaChanged`] if a batch does not fit the schema;
/// [`Error::TooManyGroups`].
pub fn find_anomalies(
    schema: &Schema,
    batches: &[RecordBatch],
    options: &DetectOptions,
) -> Result<Findings, Error> {
    let columns = match &options.columns {
        Some(columns) => columns.clone(),
        None => numeric_columns(schema).into_iter().map(str::to_owned).collect(),
    };
    let mut findings = Findings { columns: Vec::new(), groups: Vec::new() };
    for column in &columns {
        let mut fit = RobustZFit::new(schema, column)?;
        batches.iter().try_for_each(|batch| fit.push(batch))?;
        let model = fit.finish().with_threshold(options.threshold)?;
        let mut scorer = model.scorer(schema)?.with_examples(options.examples);
        batches.iter().try_for_each(|batch| scorer.push(batch))?;
        findings.columns.push(scorer.finish());

        if let Some(by) = options.group_by.as_ref().filter(|by| *by != column) {
            let mut groups = Groups::new(schema, by, column)?;
            batches.iter().try_for_each(|batch| groups.push(batch))?;
            findings.groups.extend(GroupRule::default().apply(&groups.finish()));
        }
    }
    Ok(findings)
}
