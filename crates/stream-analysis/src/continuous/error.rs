//! Why a continuous query refused, or could not go on.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

/// What can go wrong with a continuous query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A column or a setting that cannot work; the error names it.
    #[error(transparent)]
    Analysis(#[from] crate::Error),
    /// The open windows would need more memory than they may have.
    #[error(
        "the open windows need {used} bytes, and {limit} are allowed ({groups} groups, {rows} rows kept): take shorter windows or less lateness, group by fewer values, read `windows` instead of `stream`, or raise the memory limit"
    )]
    Memory {
        /// What they need, in bytes.
        used: usize,
        /// What is allowed, in bytes.
        limit: usize,
        /// Groups in them.
        groups: u64,
        /// Rows that are kept for the SQL, as late ones, or in closed windows that nobody took.
        rows: u64,
    },
    /// The SQL is none, or not one that a window can answer.
    #[error("the SQL cannot run on a window: {reason}")]
    Sql {
        /// What is wrong with it.
        reason: String,
    },
    /// DataFusion refused the SQL, or failed on a window's rows.
    #[error("the SQL failed {place}")]
    DataFusion {
        /// On which window, or that it was before the first.
        place: String,
        /// DataFusion's own words.
        #[source]
        source: Box<DataFusionError>,
    },
    /// A whole number that 64 bits do not hold.
    #[error(
        "the {what} of column `{column}` does not fit into 64 bits in the window that starts at {start_micros} µs; cast the column to a double"
    )]
    Overflow {
        /// `sum`, `min` or `max`.
        what: &'static str,
        /// The column.
        column: String,
        /// Start of the window, in microseconds since 1970.
        start_micros: i64,
    },
    /// A checkpoint was asked for while closed windows or late rows wait to be taken.
    #[error(
        "{windows} closed windows and {rows} late rows wait to be taken; take them before the checkpoint, which does not hold them"
    )]
    Untaken {
        /// Windows that are closed.
        windows: usize,
        /// Rows that came late and were to be kept.
        rows: usize,
    },
    /// A checkpoint that cannot be used.
    #[error("the checkpoint cannot be used: {reason}")]
    Checkpoint {
        /// What is wrong with it.
        reason: String,
    },
    /// Arrow could not build a table of the windows.
    #[error("a table of the windows could not be built")]
    Table {
        /// Arrow's own words.
        #[from]
        source: ArrowError,
    },
}

impl QueryError {
    pub(super) fn checkpoint(reason: impl Into<String>) -> Self {
        Self::Checkpoint { reason: reason.into() }
    }

    pub(super) fn sql(reason: impl Into<String>) -> Self {
        Self::Sql { reason: reason.into() }
    }
}
