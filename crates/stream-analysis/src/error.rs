//! What can go wrong in an analysis: a column that is not there, or not of a kind that the
//! question fits. Errors carry names and types, never a value out of the data.

use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// Why an analysis refused. Every variant that is about a column names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No column has this name.
    #[error("there is no column `{column}`; the columns are: {}", list(known))]
    UnknownColumn {
        /// The name that was asked for.
        column: String,
        /// The names that exist, in the order of the schema.
        known: Vec<String>,
    },
    /// Numbers were asked of a column that has none.
    #[error(
        "column `{column}` is of type {data_type}, not a number; the numeric columns are: {}",
        list(numeric)
    )]
    NotNumeric {
        /// The column that was asked for.
        column: String,
        /// What it holds.
        data_type: DataType,
        /// The columns that would do, in the order of the schema.
        numeric: Vec<String>,
    },
    /// Groups were asked of a column whose values have no short text, such as a list.
    #[error(
        "column `{column}` is of type {data_type}, by which rows cannot be grouped; choose a column of text, numbers, booleans or times"
    )]
    NotGroupable {
        /// The column that was asked for.
        column: String,
        /// What it holds.
        data_type: DataType,
    },
    /// Times were asked of a column that has none.
    #[error(
        "column `{column}` is of type {data_type}, which tells no time; choose a column of dates, timestamps, or numbers that are seconds since 1970"
    )]
    NotTime {
        /// The column that was asked for.
        column: String,
        /// What it holds.
        data_type: DataType,
    },
    /// Bins were asked for a range that is none.
    #[error("{min} to {max} is no range of numbers that bins could divide")]
    Range {
        /// Where it should begin.
        min: f64,
        /// Where it should end.
        max: f64,
    },
    /// A setting of a detector or a window that cannot work.
    #[error("{setting} cannot be {value}: {wanted}")]
    Setting {
        /// What is set.
        setting: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        wanted: &'static str,
    },
    /// A batch does not have the schema that the analysis was started with.
    #[error(
        "a batch does not fit the schema this analysis began with: column `{column}` should be {expected} but is {found}; start one analysis per schema, or cast the batches first"
    )]
    SchemaChanged {
        /// The column that differs.
        column: String,
        /// Its type when the analysis began.
        expected: DataType,
        /// What stands in its place now.
        found: String,
    },
    /// The group column has too many different values to keep one summary for each.
    #[error(
        "column `{column}` has more than {limit} different values; group by a column with fewer, or raise the limit with `with_group_limit`"
    )]
    TooManyGroups {
        /// The group column.
        column: String,
        /// How many groups are kept at most.
        limit: usize,
    },
    /// A threshold that nothing, or everything, would pass.
    #[error("a threshold must be a positive number, and {threshold} is not; 3.5 is usual")]
    Threshold {
        /// What was given.
        threshold: f64,
    },
    /// Arrow could not convert a column.
    #[error("column `{column}` could not be converted to {to}")]
    Convert {
        /// The column that was being read.
        column: String,
        /// The type that was wanted.
        to: DataType,
        /// Arrow's own words.
        source: ArrowError,
    },
    /// Arrow could not build the table of results.
    #[error("the results could not be put into a table")]
    Table {
        /// Arrow's own words.
        #[from]
        source: ArrowError,
    },
}

/// A list of names for a sentence.
fn list(names: &[String]) -> String {
    if names.is_empty() { "(none)".to_owned() } else { names.join(", ") }
}
