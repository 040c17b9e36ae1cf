//! DataFusion's expressions as conditions of this crate, as far as these go.

use arrow::array::AsArray;
use arrow::datatypes::{Schema, TimestampMicrosecondType};
use chrono::{DateTime, TimeDelta, Utc};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

use crate::filter::{self, Column, Filter, Node, Op, Value};
use crate::list::TimeRange;
use crate::provenance::HOUR_COLUMN;

/// The expression as a condition that means the same, if there is one.
pub(super) fn condition(expr: &Expr, schema: &Schema) -> Option<Filter> {
    let filter = translate(expr)?;
    filter::check(&filter.0, schema).ok()?;
    Some(filter)
}

fn translate(expr: &Expr) -> Option<Filter> {
    match expr {
        Expr::Alias(alias) => translate(&alias.expr),
        Expr::Column(column) => Some(Filter::column(&column.name).equal_to(true)),
        Expr::Not(inner) => Some(translate(inner)?.negated()),
        Expr::IsNull(inner) => Some(column(inner)?.is_null()),
        Expr::IsNotNull(inner) => Some(column(inner)?.is_not_null()),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            Some(translate(left)?.and(translate(right)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(translate(left)?.or(translate(right)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let op = comparison(*op)?;
            match (column(left), value(right)) {
                (Some(column), Some(value)) => Some(column.compare(op, value)),
                _ => Some(column(right)?.compare(op.swapped(), value(left)?)),
            }
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let column = column(expr)?;
            let between = column.clone().at_least(value(low)?).and(column.at_most(value(high)?));
            Some(if *negated { between.negated() } else { between })
        }
        Expr::InList(InList { expr, list, negated }) => {
            let values: Vec<Value> = list.iter().map(value).collect::<Option<_>>()?;
            let one_of = column(expr)?.one_of(values);
            Some(if *negated { one_of.negated() } else { one_of })
        }
        _ => None,
    }
}

fn column(expr: &Expr) -> Option<Column> {
    match expr {
        Expr::Column(column) => Some(Filter::column(&column.name)),
        _ => None,
    }
}

fn value(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::Literal(ScalarValue::Dictionary(_, inner), _) => scalar(inner),
        Expr::Literal(literal, _) => scalar(literal),
        _ => None,
    }
}

fn scalar(literal: &ScalarValue) -> Option<Value> {
    if literal.is_null() { None } else { literal.to_array().ok().map(Value) }
}

fn comparison(op: Operator) -> Option<Op> {
    Some(match op {
        Operator::Eq => Op::Equal,
        Operator::NotEq => Op::NotEqual,
        Operator::Lt => Op::Less,
        Operator::LtEq => Op::LessOrEqual,
        Operator::Gt => Op::Greater,
        Operator::GtEq => Op::GreaterOrEqual,
        _ => return None,
    })
}

/// The hours that conditions on [`HOUR_COLUMN`] leave, where they have a beginning and an end.
pub(super) fn hours(filters: &[Filter]) -> Option<TimeRange> {
    let (mut from, mut to) = (None, None);
    for filter in filters {
        narrow(&filter.0, &mut from, &mut to);
    }
    Some(TimeRange { from: from?, to: to? })
}

fn narrow(node: &Node, from: &mut Option<DateTime<Utc>>, to: &mut Option<DateTime<Utc>>) {
    match node {
        Node::All(nodes) => nodes.iter().for_each(|node| narrow(node, from, to)),
        Node::Compare { column, op, value } if column == HOUR_COLUMN => {
            let Some(at) = instant(value) else { return };
            // An hour begins at a whole hour, so the next microsecond is past it.
            let after = at.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(at);
            let (lower, upper) = match op {
                Op::Equal => (Some(at), Some(after)),
                Op::GreaterOrEqual | Op::Greater => (Some(at), None),
                Op::Less => (None, Some(at)),
                Op::LessOrEqual => (None, Some(after)),
                Op::NotEqual => (None, None),
            };
            *from = [*from, lower].into_iter().flatten().max();
            *to = [*to, upper].into_iter().flatten().min();
        }
        _ => {}
    }
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let micros = filter::as_micros(value)?;
    DateTime::from_timestamp_micros(micros.as_primitive::<TimestampMicrosecondType>().value(0))
}
