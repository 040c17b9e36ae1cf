//! Conditions on rows: what a caller says, in a form that needs no further negation.
//!
//! `compare.rs` evaluates them on decoded rows, `prune.rs` on the statistics of row groups.

mod compare;
mod prune;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use chrono::{DateTime, Utc};

#[cfg(feature = "datafusion")]
pub(crate) use compare::as_micros;
pub(crate) use compare::{Mismatch, check, evaluate};
pub(crate) use prune::matching_groups;
#[cfg(feature = "datafusion")]
pub(crate) use prune::may_match_constant;

/// A condition that rows must meet, for [`ParquetSet::filter`](crate::ParquetSet::filter).
///
/// As in SQL, a comparison with a null is neither true nor false, and only rows for which the
/// condition is true are kept; a column that an object lacks is null there. Not as in some SQL: a
/// NaN meets no comparison but `not_equal_to`.
///
/// ```
/// use s3_parquet_reader::Filter;
///
/// let high = Filter::column("rating").at_least(7_000);
/// let armstrong = Filter::column("favoritecaptain").equal_to("Neil Armstrong");
/// let unexpected = high.and(armstrong.negated());
/// ```
#[derive(Debug, Clone)]
pub struct Filter(pub(crate) Node);

/// A [`Filter`] without negations.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Compare { column: String, op: Op, value: Value },
    IsNull { column: String },
    IsNotNull { column: String },
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a column is compared with: a number, a text, a truth value or an instant.
///
/// Integers compare exactly, also with columns of floats up to 2^53 and with columns too narrow to
/// hold them; instants with timestamps of any unit.
#[derive(Debug, Clone)]
pub struct Value(pub(crate) ArrayRef);

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self(Arc::new(Int64Array::from(vec![value])))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self(Arc::new(Float64Array::from(vec![value])))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self(Arc::new(BooleanArray::from(vec![value])))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self(Arc::new(StringArray::from(vec![value])))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        value.as_str().into()
    }
}

/// To the microsecond, as UTC.
impl From<DateTime<Utc>> for Value {
    fn from(value: DateTime<Utc>) -> Self {
        let instant = TimestampMicrosecondArray::from(vec![value.timestamp_micros()]);
        Self(Arc::new(instant.with_timezone("UTC")))
    }
}

impl Filter {
    /// Begins a condition on the column of this name.
    pub fn column(name: impl Into<String>) -> Column {
        Column { name: name.into() }
    }

    /// Rows that meet both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(Node::All(vec![self.0, other.0]))
    }

    /// Rows that meet either condition or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(Node::Any(vec![self.0, other.0]))
    }

    /// Rows for which the condition is false. Those for which it is neither, because a value is
    /// null, meet neither the condition nor its negation.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.negated())
    }
}

impl Node {
    fn negated(self) -> Self {
        let all = |nodes: Vec<Self>| nodes.into_iter().map(Self::negated).collect();
        match self {
            Self::Compare { column, op, value } => {
                Self::Compare { column, op: op.negated(), value }
            }
            Self::IsNull { column } => Self::IsNotNull { column },
            Self::IsNotNull { column } => Self::IsNull { column },
            Self::All(nodes) => Self::Any(all(nodes)),
            Self::Any(nodes) => Self::All(all(nodes)),
        }
    }

    /// The names of the columns that the condition looks at, each once.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.gather_columns(&mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    fn gather_columns<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Compare { column, .. } | Self::IsNull { column } | Self::IsNotNull { column } => {
                names.push(column);
            }
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter().for_each(|node| node.gather_columns(names));
            }
        }
    }
}

impl Op {
    /// The same comparison with its sides exchanged.
    #[cfg(feature = "datafusion")]
    pub(crate) fn swapped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

/// The left side of a comparison, from [`Filter::column`].
#[derive(Debug, Clone)]
pub struct Column {
    name: String,
}

impl Column {
    pub(crate) fn compare(self, op: Op, value: impl Into<Value>) -> Filter {
        Filter(Node::Compare { column: self.name, op, value: value.into() })
    }

    /// The column is equal to `value`.
    pub fn equal_to(self, value: impl Into<Value>) -> Filter {
        self.compare(Op::Equal, value)
    }

    /// The column differs from `value`.
    pub fn not_equal_to(self, value: impl Into<Value>) -> Filter {
        self.compare(Op::NotEqual, value)
    }

    /// The column is less than `value`.
    pub fn less_than(self, value: impl Into<Value>) -> Filter {
        self.compare(Op::Less, value)
    }

    /// The column is `value` or less.
    pub fn at_most(self, value: impl Into<Value>) -> Filter {
        self.compare(Op::LessOrEqual, value)
    }

    /// The column is greater than `value`.
    pub fn greater_than(self, value: impl Into<Value>) -> Filter {
        self.compare(Op::Greater, value)
    }

    /// The column is `value` or greater.
    pub fn at_least(self, value: impl Into<Value>) -> Filter {
        self.compare(Op::GreaterOrEqual, value)
    }

    /// The column is equal to one of `values`.
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        let equal = |value| self.clone().equal_to(value).0;
        Filter(Node::Any(values.into_iter().map(equal).collect()))
    }

    /// The column has no value.
    pub fn is_null(self) -> Filter {
        Filter(Node::IsNull { column: self.name })
    }

    /// The column has a value.
    pub fn is_not_null(self) -> Filter {
        Filter(Node::IsNotNull { column: self.name })
    }
}
