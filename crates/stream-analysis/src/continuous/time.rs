//! The time of each row, in whole microseconds since 1970.

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, Schema, TimeUnit};

use crate::column::Column;
use crate::{Error, WindowClock};

/// Times beyond this, in microseconds, are none: sums with a window's length stay within 64 bits.
const FARTHEST: i64 = i64::MAX / 4;

/// Tells the times of a batch's rows.
#[derive(Debug)]
pub(super) enum Clock {
    Event(Column),
    Arrival,
}

/// The times of one batch.
#[derive(Debug)]
pub(super) enum Times {
    Each(Int64Array),
    All(Option<i64>),
}

impl Clock {
    pub(super) fn new(schema: &Schema, clock: &WindowClock) -> Result<Self, Error> {
        Ok(match clock {
            WindowClock::Event(column) => Self::Event(Column::find_time(schema, column)?),
            WindowClock::Arrival => Self::Arrival,
        })
    }

    /// `arrival` in seconds since 1970.
    pub(super) fn times(&self, batch: &RecordBatch, arrival: f64) -> Result<Times, Error> {
        match self {
            Self::Event(column) => Ok(Times::Each(epoch_micros(column, batch)?)),
            Self::Arrival => Ok(Times::All(from_seconds(arrival))),
        }
    }
}

impl Times {
    /// None where the row has no time.
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Each(times) => times.is_valid(row).then(|| times.value(row)),
            Self::All(time) => *time,
        }
    }
}

fn epoch_micros(column: &Column, batch: &RecordBatch) -> Result<Int64Array, Error> {
    let values = column.plain(batch)?;
    let (ticks, per_second) = match values.data_type() {
        DataType::Timestamp(unit, _) => {
            let per_second = match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            };
            (column.cast(&values, &DataType::Int64)?, per_second)
        }
        DataType::Date32 | DataType::Date64 => {
            let seconds = column.cast(&values, &DataType::Timestamp(TimeUnit::Second, None))?;
            (column.cast(&seconds, &DataType::Int64)?, 1)
        }
        plain if plain.is_integer() => (column.cast(&values, &DataType::Int64)?, 1),
        _ => {
            let seconds = column.numbers(batch)?;
            return Ok(seconds.iter().map(|time| time.and_then(from_seconds)).collect());
        }
    };
    let ticks = ticks.as_primitive::<Int64Type>();
    Ok(ticks.iter().map(|tick| tick.and_then(|tick| from_ticks(tick, per_second))).collect())
}

fn from_ticks(tick: i64, per_second: i64) -> Option<i64> {
    let micros = match per_second {
        1_000_000_000 => Some(tick.div_euclid(1_000)),
        _ => tick.checked_mul(1_000_000 / per_second),
    };
    micros.filter(|micros| (-FARTHEST..=FARTHEST).contains(micros))
}

/// The nearest microsecond: a double tells the seconds since 1970 not much finer than that.
pub(super) fn from_seconds(seconds: f64) -> Option<i64> {
    let micros = (seconds * 1e6).round();
    if micros.is_nan() || micros.abs() > FARTHEST as f64 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within a quarter of the range")]
    let micros = micros as i64;
    Some(micros)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Date32Array, Float64Array, Int32Array, TimestampNanosecondArray,
        TimestampSecondArray, UInt64Array,
    };

    use super::*;

    #[test]
    fn every_kind_of_time_is_told_in_microseconds() {
        let cases: [(ArrayRef, &[Option<i64>]); 6] = [
            (
                Arc::new(Float64Array::from(vec![
                    Some(1_641_622_800.5),
                    Some(-0.25),
                    Some(f64::NAN),
                    Some(f64::INFINITY),
                    Some(1e300),
                    None,
                ])),
                &[Some(1_641_622_800_500_000), Some(-250_000), None, None, None, None],
            ),
            (
                Arc::new(Float64Array::from(vec![128.456, 59.999_999_4])),
                &[Some(128_456_000), Some(59_999_999)],
            ),
            (Arc::new(Int32Array::from(vec![Some(-3), None])), &[Some(-3_000_000), None]),
            (Arc::new(UInt64Array::from(vec![7, u64::MAX])), &[Some(7_000_000), None]),
            (
                Arc::new(TimestampNanosecondArray::from(vec![1_999, -1]).with_timezone("+02:00")),
                &[Some(1), Some(-1)],
            ),
            (Arc::new(Date32Array::from(vec![1])), &[Some(86_400_000_000)]),
        ];
        for (column, expected) in cases {
            check(column, expected);
        }
        check(Arc::new(TimestampSecondArray::from(vec![2, i64::MAX])), &[Some(2_000_000), None]);
    }

    fn check(column: ArrayRef, expected: &[Option<i64>]) {
        let batch = RecordBatch::try_from_iter([("t", column)]).expect("one column");
        let clock = WindowClock::Event("t".to_owned());
        let clock = Clock::new(&batch.schema(), &clock).expect("it tells a time");
        let times = clock.times(&batch, 0.0).expect("plain");
        let told: Vec<_> = (0..batch.num_rows()).map(|row| times.get(row)).collect();
        assert_eq!(told, expected, "{:?}", batch.column(0).data_type());
    }
}
