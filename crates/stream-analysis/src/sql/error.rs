//! Why a query has no answer.

use datafusion::error::DataFusionError;

use crate::Error;

/// The cause of a failure, kept whole.
pub type SqlCause = Box<DataFusionError>;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The text is not SQL, or asks for what is not there.
    #[error("the query cannot be answered: {}", words(.source))]
    Query {
        /// What DataFusion says, with the names that come close.
        source: SqlCause,
    },
    /// The query asks for a table that there is not.
    #[error("there is no table `{table}`; there are: {}", .known.join(", "))]
    UnknownTable {
        /// The table as it was named.
        table: String,
        /// The tables that there are.
        known: Vec<String>,
    },
    /// The statement would create, write, change or set something.
    #[error("{statement} is refused: queries read and change nothing")]
    Refused {
        /// The words that it begins with, such as `CREATE EXTERNAL TABLE`.
        statement: String,
    },
    /// The query broke off while it was answered; the source is the rows' own error where there is
    /// one.
    #[error("the query broke off")]
    Running {
        /// What DataFusion says.
        source: SqlCause,
    },
    /// A table could not be made known.
    #[error("table `{table}` cannot be used")]
    Table {
        /// Its name.
        table: String,
        /// What DataFusion says.
        source: SqlCause,
    },
    /// The objects of a database could not be looked at.
    #[error(transparent)]
    Objects(#[from] s3_parquet_reader::Error),
    /// The scores of a database cannot be made as the options say.
    #[error(transparent)]
    Scores(#[from] Error),
}

impl SqlError {
    /// What the rows of a table said, where they broke the query off.
    #[must_use]
    pub fn row_error(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        let (Self::Query { source } | Self::Running { source } | Self::Table { source, .. }) = self
        else {
            return None;
        };
        match source.find_root() {
            DataFusionError::External(error) => Some(error.as_ref()),
            _ => None,
        }
    }

    /// True when the query needed more memory than it may have.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        let Self::Running { source } = self else { return false };
        matches!(source.find_root(), DataFusionError::ResourcesExhausted(_))
    }

    /// What went wrong before the first row.
    pub(super) fn planning(source: DataFusionError, known: impl FnOnce() -> Vec<String>) -> Self {
        match source.find_root() {
            DataFusionError::External(_) | DataFusionError::ResourcesExhausted(_) => {
                return Self::running(source);
            }
            DataFusionError::Plan(message) => {
                if let Some(table) = missing_table(message) {
                    return Self::UnknownTable { table, known: known() };
                }
                if let Some((kind, statement)) = message.split_once(" not supported: ")
                    && ["DDL", "DML", "Statement"].contains(&kind)
                {
                    return Self::Refused { statement: statement.to_uppercase() };
                }
            }
            _ => {}
        }
        Self::Query { source: Box::new(source) }
    }

    pub(super) fn running(source: DataFusionError) -> Self {
        Self::Running { source: Box::new(source) }
    }

    pub(super) fn table(table: &str, source: DataFusionError) -> Self {
        Self::Table { table: table.to_owned(), source: Box::new(source) }
    }
}

/// What DataFusion says of a query. An argument of the wrong type it takes for a bug of its own, and
/// says so at length before the sentence that helps.
fn words(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    match text.find("No function matches") {
        Some(at) => text.get(at..).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// The table of `table 'datafusion.captains.ratinks' not found`.
fn missing_table(message: &str) -> Option<String> {
    let name = message.strip_prefix("table '")?.split_once("' not found")?.0;
    Some(name.strip_prefix("datafusion.").unwrap_or(name).to_owned())
}
