//! Which row groups may hold rows that meet a condition, by the statistics in the footer.
//!
//! When in doubt a group is read: statistics that are missing, unreadable or NaN exclude nothing.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, UInt64Array};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type, Schema};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

use super::compare::compare;
use super::{Node, Op, Value};

/// For each row group whether it has to be read.
pub(crate) fn matching_groups(
    node: &Node,
    schema: &Schema,
    metadata: &ParquetMetaData,
) -> Vec<bool> {
    let groups = metadata.num_row_groups();
    match node {
        Node::All(nodes) => nodes.iter().fold(vec![true; groups], |kept, node| {
            pairwise(kept, matching_groups(node, schema, metadata), |a, b| a && b)
        }),
        Node::Any(nodes) => nodes.iter().fold(vec![false; groups], |kept, node| {
            pairwise(kept, matching_groups(node, schema, metadata), |a, b| a || b)
        }),
        Node::Compare { column, op, value } => {
            if schema.index_of(column).is_err() {
                return vec![false; groups];
            }
            let kept = Statistics::of(column, schema, metadata)
                .and_then(|statistics| statistics.may_compare(*op, value));
            kept.unwrap_or_else(|| vec![true; groups])
        }
        Node::IsNull { column } | Node::IsNotNull { column } => {
            let wants_null = matches!(node, Node::IsNull { .. });
            if schema.index_of(column).is_err() {
                return vec![wants_null; groups];
            }
            let kept = Statistics::of(column, schema, metadata)
                .and_then(|statistics| statistics.may_be_null(wants_null, metadata));
            kept.unwrap_or_else(|| vec![true; groups])
        }
    }
}

/// Whether rows whose `column` has this one value may meet the condition. Conditions on other
/// columns are taken to be met.
#[cfg(feature = "datafusion")]
pub(crate) fn may_match_constant(node: &Node, column: &str, constant: &ArrayRef) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| may_match_constant(node, column, constant)),
        Node::Any(nodes) => nodes.iter().any(|node| may_match_constant(node, column, constant)),
        Node::Compare { column: name, op, value } if name == column => {
            compare(constant, *op, value).map_or(true, |answer| answer.true_count() > 0)
        }
        Node::IsNull { column: name } if name == column => constant.null_count() > 0,
        Node::IsNotNull { column: name } if name == column => constant.null_count() == 0,
        _ => true,
    }
}

fn pairwise(a: Vec<bool>, b: Vec<bool>, of: impl Fn(bool, bool) -> bool) -> Vec<bool> {
    a.into_iter().zip(b).map(|(a, b)| of(a, b)).collect()
}

/// One column's statistics, an entry for each row group.
struct Statistics {
    lowest: ArrayRef,
    highest: ArrayRef,
    nulls: UInt64Array,
}

impl Statistics {
    fn of(column: &str, schema: &Schema, metadata: &ParquetMetaData) -> Option<Self> {
        let parquet_schema = metadata.file_metadata().schema_descr();
        let converter = StatisticsConverter::try_new(column, schema, parquet_schema).ok()?;
        let converter = converter.with_missing_null_counts_as_zero(false);
        converter.parquet_column_index()?;
        let groups = metadata.row_groups();
        let lowest = without_nan(converter.row_group_mins(groups).ok()?);
        let highest = without_nan(converter.row_group_maxes(groups).ok()?);
        Some(Self { lowest, highest, nulls: converter.row_group_null_counts(groups).ok()? })
    }

    fn may_compare(&self, op: Op, value: &Value) -> Option<Vec<bool>> {
        let low = |op| compare(&self.lowest, op, value).ok();
        let high = |op| compare(&self.highest, op, value).ok();
        let answers = match op {
            Op::Equal => and_or_unknown(low(Op::LessOrEqual)?, high(Op::GreaterOrEqual)?)?,
            // Strings in statistics may be cut, so equal ends prove nothing.
            Op::NotEqual => return None,
            Op::Less | Op::LessOrEqual => low(op)?,
            Op::Greater | Op::GreaterOrEqual => high(op)?,
        };
        Some(answers.iter().map(|answer| answer.unwrap_or(true)).collect())
    }

    fn may_be_null(&self, wants_null: bool, metadata: &ParquetMetaData) -> Option<Vec<bool>> {
        let counts = self.nulls.iter().zip(metadata.row_groups());
        Some(
            counts
                .map(|(nulls, group)| match (nulls, wants_null) {
                    (None, _) => true,
                    (Some(nulls), true) => nulls > 0,
                    (Some(nulls), false) => {
                        u64::try_from(group.num_rows()).map_or(true, |all| nulls < all)
                    }
                })
                .collect(),
        )
    }
}

fn and_or_unknown(a: BooleanArray, b: BooleanArray) -> Option<BooleanArray> {
    Some(
        a.iter()
            .zip(b.iter())
            .map(|(a, b)| match (a, b) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            })
            .collect(),
    )
}

/// Old writers put NaN into statistics; it says nothing.
fn without_nan(array: ArrayRef) -> ArrayRef {
    let doubles: Option<Vec<Option<f64>>> = match array.data_type() {
        DataType::Float64 => Some(array.as_primitive::<Float64Type>().iter().collect()),
        DataType::Float32 => {
            Some(array.as_primitive::<Float32Type>().iter().map(|x| x.map(f64::from)).collect())
        }
        DataType::Float16 => {
            Some(array.as_primitive::<Float16Type>().iter().map(|x| x.map(f64::from)).collect())
        }
        _ => None,
    };
    let Some(doubles) = doubles else { return array };
    let known = doubles.into_iter().map(|x| x.filter(|x| !x.is_nan()));
    Arc::new(known.collect::<Float64Array>())
}
