//! Closed windows as tables: `windows` with a row for each group, `stream` with the rows
//! themselves.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::QueryError;
use super::keys::Keys;
use super::panes::Closed;
use super::state::{GroupState, ValueColumn, ValueState};
use crate::Error;

/// The columns that every table of a window has.
pub(super) const WINDOW_START: &str = "window_start";
pub(super) const WINDOW_END: &str = "window_end";
const ROWS: &str = "rows";

/// UTC, as an offset: a named zone needs a database.
const UTC: &str = "+00:00";

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
}

/// Which column of numbers, and what of it.
type Of<T> = fn(&ValueState) -> Option<T>;

/// The schema of `windows`.
pub(super) fn windows_schema(keys: &Keys, values: &[ValueColumn]) -> Result<SchemaRef, QueryError> {
    let mut fields = vec![
        Field::new(WINDOW_START, time_type(), false),
        Field::new(WINDOW_END, time_type(), false),
    ];
    fields.extend(keys.fields().iter().cloned());
    fields.push(Field::new(ROWS, DataType::Int64, false));
    for value in values {
        let own = if value.whole { DataType::Int64 } else { DataType::Float64 };
        let name = |what| format!("{}_{what}", value.name());
        fields.push(Field::new(name("count"), DataType::Int64, false));
        fields.push(Field::new(name("sum"), own.clone(), true));
        fields.push(Field::new(name("mean"), DataType::Float64, true));
        fields.push(Field::new(name("min"), own.clone(), true));
        fields.push(Field::new(name("max"), own, true));
    }
    once_each(&fields)?;
    Ok(Arc::new(Schema::new(fields)))
}

/// The schema of `stream`: the rows', and their window.
pub(super) fn stream_schema(rows: &Schema) -> Result<SchemaRef, QueryError> {
    let mut fields = vec![
        Field::new(WINDOW_START, time_type(), false),
        Field::new(WINDOW_END, time_type(), false),
    ];
    fields.extend(rows.fields().iter().map(|field| field.as_ref().clone()));
    once_each(&fields)?;
    Ok(Arc::new(Schema::new(fields)))
}

fn once_each(fields: &[Field]) -> Result<(), QueryError> {
    for (at, field) in fields.iter().enumerate() {
        if fields[..at].iter().any(|earlier| earlier.name() == field.name()) {
            return Err(Error::Setting {
                setting: "a column's name",
                value: format!("`{}` twice", field.name()),
                wanted: "rename the column of the stream: a window's table has one of this name",
            }
            .into());
        }
    }
    Ok(())
}

/// A row for each group of a window.
pub(super) fn windows_table(
    schema: &SchemaRef,
    keys: &Keys,
    values: &[ValueColumn],
    window: &Closed,
) -> Result<RecordBatch, QueryError> {
    let groups = &window.groups;
    let [start, end] = bounds(window.start, window.end, groups.len());
    let mut columns = vec![start, end];
    let each: Vec<&[u8]> = groups.iter().map(|(key, _)| &**key).collect();
    columns.extend(keys.arrays(&each)?);
    let rows = groups.iter().map(|(_, state)| whole(state.rows));
    columns.push(Arc::new(Int64Array::from_iter_values(rows)));
    for (at, value) in values.iter().enumerate() {
        let column = Group { groups, at };
        let count = groups.iter().map(|(_, state)| state.values.get(at).map_or(0, count));
        columns.push(Arc::new(Int64Array::from_iter_values(count.map(whole))));
        let sums = match value.whole {
            true => column.wholes("sum", sum, value, window.start)?,
            false => column.floats(float_sum),
        };
        columns.push(sums);
        columns.push(column.floats(mean));
        for (what, of, float) in [
            ("min", min as Of<i128>, float_min as Of<f64>),
            ("max", max as Of<i128>, float_max as Of<f64>),
        ] {
            columns.push(match value.whole {
                true => column.wholes(what, of, value, window.start)?,
                false => column.floats(float),
            });
        }
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The rows of a window, with its bounds before each.
pub(super) fn stream_table(
    schema: &SchemaRef,
    (start, end): (i64, i64),
    kept: &[RecordBatch],
) -> Result<Vec<RecordBatch>, QueryError> {
    let widen = |batch: &RecordBatch| -> Result<RecordBatch, QueryError> {
        let rows = batch.num_rows();
        let mut columns = bounds(start, end, rows).to_vec();
        columns.extend(batch.columns().iter().map(Arc::clone));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
    };
    kept.iter().map(widen).collect()
}

fn bounds(start: i64, end: i64, rows: usize) -> [ArrayRef; 2] {
    let all = |time| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from_value(time, rows).with_timezone(UTC))
    };
    [all(start), all(end)]
}

/// One column of numbers over the groups of a window.
struct Group<'a> {
    groups: &'a [(Box<[u8]>, GroupState)],
    at: usize,
}

impl Group<'_> {
    fn floats(&self, of: Of<f64>) -> ArrayRef {
        let each = self.groups.iter().map(|(_, state)| of(state.values.get(self.at)?));
        Arc::new(each.collect::<Float64Array>())
    }

    fn wholes(
        &self,
        what: &'static str,
        of: Of<i128>,
        value: &ValueColumn,
        start_micros: i64,
    ) -> Result<ArrayRef, QueryError> {
        let fit = |number: Option<i128>| match number.map(i64::try_from) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => {
                let column = value.name().to_owned();
                Err(QueryError::Overflow { what, column, start_micros })
            }
        };
        let each = self.groups.iter();
        let each = each.map(|(_, state)| fit(state.values.get(self.at).and_then(of)));
        Ok(Arc::new(each.collect::<Result<Int64Array, _>>()?))
    }
}

/// Counts of rows are far from the end of 63 bits.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(state: &ValueState) -> u64 {
    match state {
        ValueState::Whole { count, .. } | ValueState::Float { count, .. } => *count,
    }
}

fn sum(state: &ValueState) -> Option<i128> {
    match state {
        ValueState::Whole { count: 1.., sum, .. } => Some(*sum),
        _ => None,
    }
}

fn min(state: &ValueState) -> Option<i128> {
    match state {
        ValueState::Whole { count: 1.., min, .. } => Some(*min),
        _ => None,
    }
}

fn max(state: &ValueState) -> Option<i128> {
    match state {
        ValueState::Whole { count: 1.., max, .. } => Some(*max),
        _ => None,
    }
}

fn float_sum(state: &ValueState) -> Option<f64> {
    match state {
        ValueState::Float { count: 1.., sum, .. } => sum.sum(),
        _ => None,
    }
}

fn float_min(state: &ValueState) -> Option<f64> {
    match state {
        ValueState::Float { count: 1.., min, .. } => Some(*min),
        _ => None,
    }
}

fn float_max(state: &ValueState) -> Option<f64> {
    match state {
        ValueState::Float { count: 1.., max, .. } => Some(*max),
        _ => None,
    }
}

fn mean(state: &ValueState) -> Option<f64> {
    let sum = match state {
        ValueState::Whole { sum, .. } => *sum as f64,
        ValueState::Float { sum, .. } => sum.sum()?,
    };
    let count = count(state);
    (count > 0).then(|| sum / count as f64)
}
