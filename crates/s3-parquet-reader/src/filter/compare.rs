//! Evaluates a condition on rows: which of them it is true for.
//!
//! The value is brought to the column's type where it fits exactly; where it does not, the
//! comparison is changed so that it says the same: `x > 3.5` is `x > 3` for integers, and `x <
//! 10^12` is true for any int32. So nothing is rounded, and the column is not copied.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, Scalar};
use arrow::compute::kernels::cmp;
use arrow::compute::{
    CastOptions, and_kleene, cast_with_options, is_not_null, is_null, not, or_kleene,
};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Schema};
use arrow::error::ArrowError;

use super::{Node, Op, Value};

/// Which rows of `batch` meet the condition; null where it can neither be said nor denied.
/// Columns that the batch lacks are null.
pub(crate) fn evaluate(node: &Node, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
    let rows = batch.num_rows();
    let same = |value: bool| BooleanArray::from(vec![value; rows]);
    match node {
        Node::All(nodes) => {
            nodes.iter().try_fold(same(true), |all, node| and_kleene(&all, &evaluate(node, batch)?))
        }
        Node::Any(nodes) => {
            nodes.iter().try_fold(same(false), |any, node| or_kleene(&any, &evaluate(node, batch)?))
        }
        Node::IsNull { column } => match batch.column_by_name(column) {
            Some(array) => is_null(array),
            None => Ok(same(true)),
        },
        Node::IsNotNull { column } => match batch.column_by_name(column) {
            Some(array) => is_not_null(array),
            None => Ok(same(false)),
        },
        Node::Compare { column, op, value } => match batch.column_by_name(column) {
            Some(array) => compare(array, *op, value),
            None => Ok(BooleanArray::new_null(rows)),
        },
    }
}

/// A column that does not compare with the value of a condition.
#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) column: String,
    /// Type of the value.
    pub(crate) want: String,
    /// Type of the column.
    pub(crate) got: String,
}

/// Asks whether all comparisons can be made with columns of these types.
pub(crate) fn check(node: &Node, schema: &Schema) -> Result<(), Mismatch> {
    match node {
        Node::All(nodes) | Node::Any(nodes) => {
            nodes.iter().try_for_each(|node| check(node, schema))
        }
        Node::Compare { column, op, value } => {
            let Ok(field) = schema.field_with_name(column) else { return Ok(()) };
            let got = field.data_type();
            exact(got, *op, value).map(|_| ()).map_err(|_| Mismatch {
                column: column.clone(),
                want: value.0.data_type().to_string(),
                got: got.to_string(),
            })
        }
        Node::IsNull { .. } | Node::IsNotNull { .. } => Ok(()),
    }
}

/// What a comparison with a column of some type comes down to.
pub(super) enum Exact {
    /// The same for every value that is not null.
    Always(bool),
    /// A comparison with a value of the column's type.
    With(Op, ArrayRef),
    /// A comparison of both as doubles.
    AsDoubles(Op, f64),
    /// A comparison with an instant of a finer unit than the column's.
    Finer(Op, ArrayRef),
}

/// Compares every value of `array` with `value`.
pub(super) fn compare(array: &ArrayRef, op: Op, value: &Value) -> Result<BooleanArray, ArrowError> {
    match exact(array.data_type(), op, value)? {
        Exact::Always(answer) => {
            let answers = BooleanArray::from(vec![answer; array.len()]);
            // Null where the column is.
            Ok(BooleanArray::new(answers.values().clone(), array.logical_nulls()))
        }
        Exact::With(op, value) => apply(op, array, &value),
        Exact::Finer(op, value) => {
            // An instant that is out of reach in the finer unit becomes null, and is left out.
            apply(op, &arrow::compute::cast(array, value.data_type())?, &value)
        }
        Exact::AsDoubles(op, value) => as_doubles(&lossless(array, &DataType::Float64)?, op, value),
    }
}

/// As IEEE 754 compares: arrow sorts NaN above everything, and minus zero below zero.
fn as_doubles(doubles: &ArrayRef, op: Op, value: f64) -> Result<BooleanArray, ArrowError> {
    let with =
        |op, value: f64| apply(op, doubles, &(Arc::new(Float64Array::from(vec![value])) as _));
    let answers = match op {
        Op::Equal if value == 0.0 => {
            and_kleene(&with(Op::GreaterOrEqual, -0.0)?, &with(Op::LessOrEqual, 0.0)?)?
        }
        Op::NotEqual if value == 0.0 => {
            or_kleene(&with(Op::Less, -0.0)?, &with(Op::Greater, 0.0)?)?
        }
        Op::Less | Op::GreaterOrEqual if value == 0.0 => with(op, -0.0)?,
        Op::LessOrEqual | Op::Greater if value == 0.0 => with(op, 0.0)?,
        op => with(op, value)?,
    };
    let numbers = BooleanArray::from_unary(doubles.as_primitive::<Float64Type>(), |x| !x.is_nan());
    match op {
        Op::NotEqual => or_kleene(&answers, &not(&numbers)?),
        _ => and_kleene(&answers, &numbers),
    }
}

fn apply(op: Op, array: &ArrayRef, value: &ArrayRef) -> Result<BooleanArray, ArrowError> {
    let value = Scalar::new(Arc::clone(value));
    match op {
        Op::Equal => cmp::eq(array, &value),
        Op::NotEqual => cmp::neq(array, &value),
        Op::Less => cmp::lt(array, &value),
        Op::LessOrEqual => cmp::lt_eq(array, &value),
        Op::Greater => cmp::gt(array, &value),
        Op::GreaterOrEqual => cmp::gt_eq(array, &value),
    }
}

/// The comparison in terms of a column of this type.
///
/// # Errors
///
/// When the two do not compare, such as a text with a number.
pub(super) fn exact(column: &DataType, op: Op, value: &Value) -> Result<Exact, ArrowError> {
    let of_values = match column {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let literal = &value.0;
    if literal.is_null(0) || of_values == &DataType::Null {
        // Nothing compares with null; an impossible comparison says so for all but nulls.
        return Ok(Exact::Always(false));
    }
    let kind = literal.data_type();
    if of_values.is_floating() && kind.is_numeric() {
        let double = cast(literal, &DataType::Float64)?.as_primitive::<Float64Type>().value(0);
        return Ok(match (double.is_nan(), op) {
            (true, op) => Exact::Always(op == Op::NotEqual),
            (false, op) => Exact::AsDoubles(op, double),
        });
    }
    if of_values.is_integer() && kind.is_floating() {
        let double = cast(literal, &DataType::Float64)?.as_primitive::<Float64Type>().value(0);
        return integer_and_double(of_values, op, double);
    }
    if of_values.is_integer() && kind.is_integer() {
        return integers(of_values, op, literal);
    }
    let alike = std::mem::discriminant(of_values) == std::mem::discriminant(kind)
        || (is_text(of_values) && is_text(kind));
    match cast(literal, of_values) {
        Ok(there)
            if alike && cast(&there, kind).is_ok_and(|back| back.as_ref() == literal.as_ref()) =>
        {
            Ok(Exact::With(op, there))
        }
        _ if matches!((of_values, kind), (DataType::Timestamp(..), DataType::Timestamp(..))) => {
            Ok(Exact::Finer(op, Arc::clone(literal)))
        }
        _ => {
            Err(ArrowError::InvalidArgumentError(format!("{column} does not compare with {kind}")))
        }
    }
}

fn integers(column: &DataType, op: Op, literal: &ArrayRef) -> Result<Exact, ArrowError> {
    match cast(literal, column) {
        Ok(there) => Ok(Exact::With(op, there)),
        Err(_) => {
            let wide = cast(literal, &DataType::Decimal128(38, 0))?;
            Ok(beyond(op, wide.as_primitive::<Decimal128Type>().value(0) > 0))
        }
    }
}

fn integer_and_double(column: &DataType, op: Op, double: f64) -> Result<Exact, ArrowError> {
    if double.is_nan() {
        return Ok(Exact::Always(op == Op::NotEqual));
    }
    let whole = double.floor();
    let op = match op {
        op if whole == double => op,
        Op::Equal => return Ok(Exact::Always(false)),
        Op::NotEqual => return Ok(Exact::Always(true)),
        Op::Less | Op::LessOrEqual => Op::LessOrEqual,
        Op::Greater | Op::GreaterOrEqual => Op::Greater,
    };
    let whole_array: ArrayRef = Arc::new(Float64Array::from(vec![whole]));
    // 2^63 and 2^64 are doubles and no integers of theirs; a cast might let them pass.
    let there = cast(&whole_array, column).ok().filter(|there| {
        let back = cast(there, &DataType::Decimal128(38, 0));
        let literal = cast(&whole_array, &DataType::Decimal128(38, 0));
        matches!((back, literal), (Ok(back), Ok(literal)) if back.as_ref() == literal.as_ref())
    });
    Ok(match there {
        Some(there) => Exact::With(op, there),
        None => beyond(op, whole > 0.0),
    })
}

/// A comparison with a number above, or below, all that the column can hold.
fn beyond(op: Op, above: bool) -> Exact {
    Exact::Always(match op {
        Op::Equal => false,
        Op::NotEqual => true,
        Op::Less | Op::LessOrEqual => above,
        Op::Greater | Op::GreaterOrEqual => !above,
    })
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn lossless(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to { Ok(Arc::clone(array)) } else { cast(array, to) }
}

/// A value that is an instant, in microseconds.
#[cfg(feature = "datafusion")]
pub(crate) fn as_micros(value: &Value) -> Option<ArrayRef> {
    use arrow::datatypes::TimeUnit;
    let DataType::Timestamp(_, zone) = value.0.data_type() else { return None };
    cast(&value.0, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone())).ok()
}

/// A cast that fails rather than making nulls.
fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() })
}
