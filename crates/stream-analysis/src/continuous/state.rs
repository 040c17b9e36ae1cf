//! What is kept of a group's rows: how many, and of each column of numbers count, sum, least and
//! greatest. States of parts make the state of the whole, in any order.

use arrow::array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Schema, UInt64Type};

use super::bytes::{Reader, write_u64};
use super::exact_sum::ExactSum;
use crate::Error;
use crate::column::{Column, plain};

/// A column of numbers that is summarised.
#[derive(Debug)]
pub(super) struct ValueColumn {
    column: Column,
    pub(super) whole: bool,
}

/// Its numbers in one batch.
#[derive(Debug)]
pub(super) enum Numbers {
    Signed(Int64Array),
    Unsigned(UInt64Array),
    Float(Float64Array),
}

impl ValueColumn {
    pub(super) fn find(schema: &Schema, name: &str) -> Result<Self, Error> {
        let column = Column::find_numeric(schema, name)?;
        let whole = plain(column.data_type()).is_integer();
        Ok(Self { column, whole })
    }

    pub(super) fn name(&self) -> &str {
        self.column.name()
    }

    pub(super) fn numbers(&self, batch: &RecordBatch) -> Result<Numbers, Error> {
        if !self.whole {
            return Ok(Numbers::Float(self.column.numbers(batch)?));
        }
        let values = self.column.plain(batch)?;
        if *values.data_type() == DataType::UInt64 {
            return Ok(Numbers::Unsigned(values.as_primitive::<UInt64Type>().clone()));
        }
        Ok(Numbers::Signed(self.column.cast(&values, &DataType::Int64)?.as_primitive().clone()))
    }
}

/// Of one column of numbers. Nulls, NaN and infinities are left out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueState {
    Whole { count: u64, sum: i128, min: i128, max: i128 },
    Float { count: u64, sum: ExactSum, min: f64, max: f64 },
}

/// Of all rows of a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GroupState {
    pub(super) rows: u64,
    pub(super) values: Box<[ValueState]>,
}

impl ValueState {
    fn new(whole: bool) -> Self {
        match whole {
            true => Self::Whole { count: 0, sum: 0, min: i128::MAX, max: i128::MIN },
            false => Self::Float {
                count: 0,
                sum: ExactSum::default(),
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
            },
        }
    }

    fn push(&mut self, numbers: &Numbers, row: usize) {
        match (self, numbers) {
            (Self::Whole { count, sum, min, max }, numbers) => {
                let number = match numbers {
                    Numbers::Signed(all) => all.is_valid(row).then(|| i128::from(all.value(row))),
                    Numbers::Unsigned(all) => all.is_valid(row).then(|| i128::from(all.value(row))),
                    Numbers::Float(_) => None,
                };
                let Some(number) = number else { return };
                *count += 1;
                *sum = sum.saturating_add(number);
                (*min, *max) = ((*min).min(number), (*max).max(number));
            }
            (Self::Float { count, sum, min, max }, Numbers::Float(all)) => {
                let number = all.value(row);
                if all.is_null(row) || !number.is_finite() {
                    return;
                }
                *count += 1;
                sum.push(number);
                (*min, *max) = (min.min(number), max.max(number));
            }
            (Self::Float { .. }, _) => {}
        }
    }

    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (
                Self::Whole { count, sum, min, max },
                Self::Whole { count: rows, sum: more, min: least, max: most },
            ) => {
                *count += rows;
                *sum = sum.saturating_add(*more);
                (*min, *max) = ((*min).min(*least), (*max).max(*most));
            }
            (
                Self::Float { count, sum, min, max },
                Self::Float { count: rows, sum: more, min: least, max: most },
            ) => {
                *count += rows;
                sum.merge(more);
                (*min, *max) = (min.min(*least), max.max(*most));
            }
            // Both were made of the same columns.
            _ => {}
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Whole { .. } => 0,
            Self::Float { sum, .. } => sum.heap_bytes(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Whole { count, sum, min, max } => {
                out.push(1);
                write_u64(out, *count);
                [sum, min, max].iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
            Self::Float { count, sum, min, max } => {
                let (parts, overflown) = sum.parts();
                out.push(if overflown { 3 } else { 2 });
                write_u64(out, *count);
                [min, max].iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
                write_u64(out, parts.len() as u64);
                parts.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (kind, count) = (reader.u8()?, reader.u64()?);
        if kind == 1 {
            let (sum, min, max) = (reader.i128()?, reader.i128()?, reader.i128()?);
            return Some(Self::Whole { count, sum, min, max });
        }
        let (min, max, parts) = (reader.f64()?, reader.f64()?, reader.u64()?);
        let parts: Option<Vec<f64>> = (0..parts).map(|_| reader.f64()).collect();
        let sum = ExactSum::from_parts(parts?, kind == 3);
        Some(Self::Float { count, sum, min, max })
    }
}

impl GroupState {
    pub(super) fn new(columns: &[ValueColumn]) -> Self {
        Self { rows: 0, values: columns.iter().map(|c| ValueState::new(c.whole)).collect() }
    }

    /// Takes a row; gives the bytes that it made the state grow by.
    pub(super) fn push(&mut self, numbers: &[Numbers], row: usize) -> usize {
        self.rows += 1;
        let mut grown = 0;
        for (state, numbers) in self.values.iter_mut().zip(numbers) {
            let before = state.heap_bytes();
            state.push(numbers, row);
            grown += state.heap_bytes().saturating_sub(before);
        }
        grown
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.values.iter_mut().zip(&other.values).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// What it takes in a map, with a key of this length.
    pub(super) fn bytes(&self, key: &[u8]) -> usize {
        let heap: usize = self.values.iter().map(ValueState::heap_bytes).sum();
        // A slot of a map that is half full, and the header of each allocation.
        let slot = 2 * (size_of::<Box<[u8]>>() + size_of::<Self>() + 1) + 32;
        slot + key.len() + size_of_val(&*self.values) + heap
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write_u64(out, self.rows);
        self.values.iter().for_each(|value| value.write(out));
    }

    pub(super) fn read(reader: &mut Reader<'_>, columns: &[ValueColumn]) -> Option<Self> {
        let rows = reader.u64()?;
        let values: Option<Box<[ValueState]>> =
            columns.iter().map(|_| ValueState::read(reader)).collect();
        let values = values?;
        let fits = |(state, column): (&ValueState, &ValueColumn)| {
            matches!(state, ValueState::Whole { .. }) == column.whole
        };
        values.iter().zip(columns).all(fits).then_some(Self { rows, values })
    }
}
