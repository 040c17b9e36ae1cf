//! The results of [`Describe`](crate::Describe), typed and as an Arrow table.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::DataType;

use crate::table::{counts, flags, numbers, text};
use crate::{ColumnKind, Error, Value};

/// What a whole table looks like.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// Rows of all batches.
    pub rows: u64,
    /// One summary for each column, in the order asked for.
    pub columns: Vec<ColumnSummary>,
}

/// What one column looks like.
///
/// A statistic that does not apply to the column's [`kind`](Self::kind), or that no value is there
/// for, is `None`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnSummary {
    /// The column's name.
    pub name: String,
    /// The column's Arrow type.
    pub data_type: DataType,
    /// What the values are to an analyst.
    pub kind: ColumnKind,
    /// Values that are not null; NaN and infinities are among them.
    pub count: u64,
    /// Nulls. For a dictionary, also keys that point at a null.
    pub nulls: u64,
    /// NaN values: they take part in no statistic.
    pub nan: u64,
    /// Infinite values: they take part in `min` and `max` alone.
    pub infinite: u64,
    /// The smallest value; for text the first by bytes, for booleans false before true.
    pub min: Option<Value>,
    /// The largest value.
    pub max: Option<Value>,
    /// Sum of the finite values: exact for integers, compensated for floats and decimals.
    pub sum: Option<Value>,
    /// Mean of the finite values; for booleans the share of true.
    pub mean: Option<f64>,
    /// Sample standard deviation (divisor n - 1, pandas' `std`, numpy's with `ddof=1`) of the
    /// finite values; `None` below two.
    pub std_dev: Option<f64>,
    /// First quartile, by linear interpolation as numpy and pandas do it.
    pub p25: Option<f64>,
    /// Median, likewise.
    pub p50: Option<f64>,
    /// Third quartile, likewise.
    pub p75: Option<f64>,
    /// False if the quantiles come from a sample, because there were more values than the limit.
    pub exact: bool,
    /// How many different values there are, nulls left out.
    pub distinct: Distinct,
    /// Why something is missing, in words.
    pub note: Option<String>,
}

/// How many different values a column has, as far as it was cheap to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distinct {
    /// Exactly so many.
    Exactly(u64),
    /// This many were seen before counting stopped, or in a sample.
    AtLeast(u64),
    /// Not counted for columns of this kind.
    NotCounted,
}

impl Description {
    /// The first column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnSummary> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The summaries as a table: one row for each column, in order.
    ///
    /// | column | type | |
    /// |---|---|---|
    /// | `column`, `type`, `kind` | Utf8 | name, Arrow type, kind |
    /// | `count`, `nulls`, `nan`, `infinite` | UInt64 | |
    /// | `min`, `max` | Utf8, nullable | exact, as text |
    /// | `mean`, `std`, `p25`, `p50`, `p75` | Float64, nullable | |
    /// | `exact` | Boolean | whether the quantiles are |
    /// | `distinct` | UInt64, nullable | |
    /// | `distinct_exact` | Boolean | false where `distinct` is a lower bound |
    /// | `note` | Utf8, nullable | |
    ///
    /// # Errors
    ///
    /// [`Error::Table`] if Arrow refuses, which no known result makes it do.
    pub fn to_record_batch(&self) -> Result<RecordBatch, Error> {
        let each = &self.columns;
        let columns: [(&str, ArrayRef, bool); 17] = [
            ("column", text(each, |c| Some(c.name.clone())), false),
            ("type", text(each, |c| Some(c.data_type.to_string())), false),
            ("kind", text(each, |c| Some(c.kind.to_string())), false),
            ("count", counts(each, |c| Some(c.count)), false),
            ("nulls", counts(each, |c| Some(c.nulls)), false),
            ("nan", counts(each, |c| Some(c.nan)), false),
            ("infinite", counts(each, |c| Some(c.infinite)), false),
            ("min", text(each, |c| c.min.as_ref().map(Value::to_string)), true),
            ("max", text(each, |c| c.max.as_ref().map(Value::to_string)), true),
            ("mean", numbers(each, |c| c.mean), true),
            ("std", numbers(each, |c| c.std_dev), true),
            ("p25", numbers(each, |c| c.p25), true),
            ("p50", numbers(each, |c| c.p50), true),
            ("p75", numbers(each, |c| c.p75), true),
            ("exact", flags(each, |c| c.exact), false),
            ("distinct", counts(each, |c| c.distinct.at_least()), true),
            ("distinct_exact", flags(each, |c| c.distinct.is_exact()), false),
        ];
        let note = ("note", text(each, |c| c.note.clone()), true);
        Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().chain([note]))?)
    }
}

impl Distinct {
    /// The number, or the lower bound; `None` if not counted.
    #[must_use]
    pub fn at_least(self) -> Option<u64> {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => Some(count),
            Self::NotCounted => None,
        }
    }

    /// Whether the number is exact.
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}
