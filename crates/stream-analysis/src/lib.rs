//! Describe, group and find anomalies in tables of Arrow record batches, as they stream by.
//!
//! # What it is
//!
//! What an analyst asks first of a table nobody has looked at: which columns, how many values, how
//! do they spread, which groups, and what does not belong. Arrow in, typed results out, each of
//! which is an Arrow table again by `to_record_batch`. It does not read files and never prints.
//!
//! # What is in it
//!
//! | question | part |
//! |---|---|
//! | what is in each column? | [`Describe`] → [`Description`] |
//! | how do groups differ? | [`Groups`] → [`GroupTable`] |
//! | which rows are odd? | [`RobustZFit`] → [`RobustZ`] → [`Scorer`] → [`AnomalyReport`] |
//! | which groups are odd? | [`GroupRule`] → [`GroupOutlier`] |
//! | which points are odd, while the stream passes? | [`RandomCutForest`] + [`Scores`] → [`ScoreReport`] |
//! | the same in two passes, quicker | [`IsolationFit`] → [`IsolationForest`] + [`Scores`] |
//! | how do the numbers lie, and where are none? | [`Histogram`] → [`HistogramTable`] |
//! | how many rows in each minute? | [`Timeline`], [`Steps`] → [`TimelineTable`] |
//! | what does each window of a stream say? | [`TumblingWindows`] → [`Window`] |
//! | the same in SQL, with hopping and session windows | `continuous::ContinuousQuery`, feature `sql` |
//! | any question, of objects or of anything that streams batches | `sql::SqlDatabase`, `sql::SqlSession`, feature `sql` |
//! | how does that look? | [`Chart`], as SVG or text; [`HtmlReport`] |
//! | both detectors at once, in memory | [`find_anomalies`] → [`Findings`] |
//! | how good was that? | [`RobustZ::score_against`] → [`Confusion`] |
//!
//! # Why it is shaped so
//!
//! - **Push, then finish.** Batches come from anywhere (a reader, a channel, a test) and need not
//!   stay. The same rows give the same results, to the last bit, however they were cut into
//!   batches.
//! - **Exact first.** Counts, minima, maxima and sums of integers are exact in 128 bits. Quantiles
//!   are exact up to ten million values a column; beyond, they come from an even sample that is
//!   the same in every run, and the result says so.
//! - **Nothing is silently wrong.** Nulls, NaN and infinities are counted apart. A column of a type
//!   that has no statistics is named as such. An unknown column is an error that lists the known.
//! - **Reasons in words.** An anomaly says why it is one.
//!
//! Quantiles interpolate linearly as numpy and pandas do by default; standard deviations are those
//! of a sample (divisor n - 1) as in pandas.
//!
//! # Describe
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::array::{Int32Array, RecordBatch, StringArray};
//! use stream_analysis::Describe;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captains = StringArray::from(vec!["Kirk", "Solo", "Kirk", "Leela"]);
//! let batch = RecordBatch::try_from_iter([
//!     ("captain", Arc::new(captains) as _),
//!     ("rating", Arc::new(Int32Array::from(vec![10, 20, 30, 40])) as _),
//! ])?;
//! let mut describe = Describe::new(batch.schema_ref());
//! describe.push(&batch)?; // and every further batch
//! let description = describe.finish()?;
//! assert_eq!(description.column("rating").and_then(|rating| rating.p25), Some(17.5));
//! assert_eq!(description.to_record_batch()?.num_rows(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Find what does not belong in a stream
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::array::{Int32Array, RecordBatch};
//! use stream_analysis::RobustZFit;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ratings = Int32Array::from(vec![510, 480, 530, 470, 8000, 500]);
//! let batch = RecordBatch::try_from_iter([("rating", Arc::new(ratings) as _)])?;
//!
//! let mut fit = RobustZFit::new(batch.schema_ref(), "rating")?;
//! fit.push(&batch)?; // first pass: what is usual
//! let model = fit.finish();
//!
//! let mut scorer = model.scorer(batch.schema_ref())?;
//! scorer.push(&batch)?; // second pass, or tomorrow's data
//! let report = scorer.finish();
//! assert_eq!(report.found, 1);
//! assert_eq!(
//!     report.anomalies[0].reason,
//!     "rating 8000 lies 299.8 times the median distance above the median 505"
//! );
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `sql` (off by default, heavy: DataFusion): `continuous`, SQL over the windows of a stream; `sql`, over
//!   objects and whatever else streams batches.

mod chart;
mod column;
#[cfg(feature = "sql")]
pub mod continuous;
mod describe;
mod detect;
mod error;
mod groups;
mod histogram;
mod lateness;
mod moments;
mod quantile;
mod random;
mod report;
mod reservoir;
#[cfg(feature = "sql")]
pub mod sql;
mod table;
mod tally;
mod timeline;
mod value;
mod window;

pub use chart::{CHART_CSS, Chart, Mark, Shape, readable};
pub use column::{ColumnKind, numeric_columns};
pub use describe::{ColumnSummary, DISTINCT_TEXT_LIMIT, Describe, Description, Distinct};
pub use detect::{
    Anomaly, AnomalyReport, Attribution, Confusion, DEFAULT_EXAMPLES, DEFAULT_THRESHOLD,
    DetectOptions, Findings, ForestOptions, GroupOutlier, GroupRule, IsolationFit, IsolationForest,
    IsolationOptions, Points, RandomCutForest, RobustZ, RobustZFit, Scale, ScoreReport, ScoredRow,
    Scorer, Scores, Side, Truth, find_anomalies,
};
pub use error::Error;
pub use groups::{DEFAULT_GROUP_LIMIT, Group, GroupTable, Groups};
pub use histogram::{Bin, DEFAULT_BINS, Gap, Histogram, HistogramTable};
pub use lateness::Lateness;
pub use quantile::DEFAULT_VALUES_LIMIT;
pub use report::{HtmlReport, ReportCell, ReportSection, ReportTable};
pub use reservoir::Reservoir;
pub use timeline::{DEFAULT_STEPS, Step, Steps, Timeline, TimelineTable};
pub use value::Value;
pub use window::{
    DEFAULT_WINDOW_GROUPS, TumblingWindows, Window, WindowClock, WindowGroup, WindowOptions,
};

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
