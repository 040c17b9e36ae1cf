//! What is kept of one column while batches pass, by kind of column.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{cast, max, max_string_view, min, min_string_view};
use arrow::datatypes::{
    ArrowNumericType, DataType, Decimal32Type, Decimal64Type, Decimal128Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::array_value_to_string;

use super::{ColumnSummary, DISTINCT_TEXT_LIMIT, Distinct};
use crate::column::Column;
use crate::tally::Tally;
use crate::{ColumnKind, Error, Value};

/// Above this, neighbouring integers share one `f64`.
const LAST_EXACT_INTEGER: u128 = 1 << 53;

/// One column's accumulator.
#[derive(Debug, Clone)]
pub(super) struct ColumnState {
    count: u64,
    nulls: u64,
    kind: KindState,
}

#[derive(Debug, Clone)]
enum KindState {
    Number { tally: Box<Tally>, whole: Whole },
    Boolean { yes: u64 },
    Text { extremes: Option<(String, String)>, distinct: Texts },
    Time { ticks: Option<(i64, i64)> },
    Other,
}

impl ColumnState {
    pub(super) fn new(column: &Column, values_limit: usize) -> Self {
        let kind = match column.kind() {
            ColumnKind::Number => KindState::Number {
                tally: Box::new(Tally::new(values_limit)),
                whole: Whole::default(),
            },
            ColumnKind::Boolean => KindState::Boolean { yes: 0 },
            ColumnKind::Text => {
                KindState::Text { extremes: None, distinct: Texts(Some(HashSet::new())) }
            }
            ColumnKind::Time => KindState::Time { ticks: None },
            ColumnKind::Other => KindState::Other,
        };
        Self { count: 0, nulls: 0, kind }
    }

    pub(super) fn push(&mut self, column: &Column, batch: &RecordBatch) -> Result<(), Error> {
        let raw = column.raw(batch)?;
        let nulls = raw.logical_null_count() as u64;
        match &mut self.kind {
            KindState::Number { tally, whole } => {
                column.numbers(batch)?.iter().flatten().for_each(|value| tally.push(value));
                whole.push(&column.plain(batch)?);
            }
            KindState::Boolean { yes } => {
                let plain = column.plain(batch)?;
                *yes += plain.as_boolean().true_count() as u64;
            }
            KindState::Text { extremes, distinct } => {
                let texts = column.labels(batch)?;
                if let (Some(low), Some(high)) = (min_string_view(&texts), max_string_view(&texts))
                {
                    widen_texts(extremes, low, high);
                }
                texts.iter().flatten().for_each(|text| distinct.push(text));
            }
            KindState::Time { ticks } => widen(ticks, time_extremes(&column.plain(batch)?)),
            KindState::Other => {}
        }
        self.count += (raw.len() as u64).saturating_sub(nulls);
        self.nulls += nulls;
        Ok(())
    }

    pub(super) fn finish(self, column: &Column) -> Result<ColumnSummary, Error> {
        let mut summary = ColumnSummary {
            name: column.name().to_owned(),
            data_type: column.data_type().clone(),
            kind: column.kind(),
            count: self.count,
            nulls: self.nulls,
            nan: 0,
            infinite: 0,
            min: None,
            max: None,
            sum: None,
            mean: None,
            std_dev: None,
            p25: None,
            p50: None,
            p75: None,
            exact: true,
            distinct: Distinct::NotCounted,
            note: None,
        };
        match self.kind {
            KindState::Number { tally, whole } => numbers(&mut summary, *tally, &whole),
            KindState::Boolean { yes } => booleans(&mut summary, yes),
            KindState::Text { extremes, distinct } => {
                let (low, high) = extremes.unzip();
                (summary.min, summary.max) = (low.map(Value::Text), high.map(Value::Text));
                summary.distinct = distinct.count();
            }
            KindState::Time { ticks } => {
                let text = |tick| time_text(column, tick).map(Value::Time);
                let (low, high) = ticks.unzip();
                summary.min = low.map(text).transpose()?;
                summary.max = high.map(text).transpose()?;
            }
            KindState::Other => {
                summary.note =
                    Some(format!("type {} is counted, not summarised", summary.data_type));
            }
        }
        Ok(summary)
    }
}

/// Exact extremes and sum of a column of integers or decimals, which `f64` would round.
#[derive(Debug, Clone, Default)]
struct Whole {
    extremes: Option<(i128, i128)>,
    sum: i128,
    kind: WholeKind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum WholeKind {
    #[default]
    Not,
    Integer,
    Decimal {
        scale: i8,
    },
}

impl Whole {
    fn push(&mut self, array: &ArrayRef) {
        self.kind = match array.data_type() {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale) => WholeKind::Decimal { scale: *scale },
            plain if plain.is_integer() => WholeKind::Integer,
            // Floats are what they are; the 256-bit decimals do not fit and stay `f64`.
            _ => return,
        };
        let array = array.as_ref();
        match array.data_type() {
            DataType::Int8 => self.add::<Int8Type>(array),
            DataType::Int16 => self.add::<Int16Type>(array),
            DataType::Int32 => self.add::<Int32Type>(array),
            DataType::Int64 => self.add::<Int64Type>(array),
            DataType::UInt8 => self.add::<UInt8Type>(array),
            DataType::UInt16 => self.add::<UInt16Type>(array),
            DataType::UInt32 => self.add::<UInt32Type>(array),
            DataType::UInt64 => self.add::<UInt64Type>(array),
            DataType::Decimal32(_, _) => self.add::<Decimal32Type>(array),
            DataType::Decimal64(_, _) => self.add::<Decimal64Type>(array),
            _ => self.add::<Decimal128Type>(array),
        }
    }

    /// Whether `f64` may have made one value out of two.
    fn is_wide(&self) -> bool {
        let magnitude = |(low, high): (i128, i128)| low.unsigned_abs().max(high.unsigned_abs());
        self.extremes.map(magnitude).is_some_and(|most| most > LAST_EXACT_INTEGER)
    }

    fn add<T>(&mut self, array: &dyn Array)
    where
        T: ArrowNumericType,
        T::Native: Into<i128>,
    {
        let Some(array) = array.as_primitive_opt::<T>() else { return };
        widen(&mut self.extremes, min(array).zip(max(array)).map(|(a, b)| (a.into(), b.into())));
        if self.kind == WholeKind::Integer {
            // No overflow: 2^63 rows of 64 bits fit into 128.
            self.sum += array.iter().flatten().map(Into::<i128>::into).sum::<i128>();
        }
    }
}

/// Different texts, until there are too many.
#[derive(Debug, Clone)]
struct Texts(Option<HashSet<Box<str>>>);

impl Texts {
    fn push(&mut self, text: &str) {
        let Some(seen) = &mut self.0 else { return };
        if seen.contains(text) {
            return;
        }
        if seen.len() == DISTINCT_TEXT_LIMIT {
            self.0 = None;
        } else {
            seen.insert(text.into());
        }
    }

    fn count(&self) -> Distinct {
        match &self.0 {
            Some(seen) => Distinct::Exactly(seen.len() as u64),
            None => Distinct::AtLeast(DISTINCT_TEXT_LIMIT as u64 + 1),
        }
    }
}

fn numbers(summary: &mut ColumnSummary, tally: Tally, whole: &Whole) {
    summary.nan = tally.nan;
    summary.infinite = tally.infinite();
    summary.mean = tally.moments.mean();
    summary.std_dev = tally.moments.std_dev();
    summary.min = tally.min().map(Value::Number);
    summary.max = tally.max().map(Value::Number);
    summary.sum = tally.moments.sum().map(Value::Number);
    if let Some((low, high)) = whole.extremes {
        let exact = |unscaled| match whole.kind {
            WholeKind::Decimal { scale } => Value::Decimal { unscaled, scale },
            WholeKind::Integer | WholeKind::Not => Value::Integer(unscaled),
        };
        (summary.min, summary.max) = (Some(exact(low)), Some(exact(high)));
        if whole.kind == WholeKind::Integer {
            summary.sum = Some(Value::Integer(whole.sum));
            summary.mean = Some(whole.sum as f64 / tally.moments.count() as f64);
        }
    }
    let others = tally.distinct_others();
    let sorted = tally.sample.sorted();
    summary.p25 = sorted.quantile(0.25);
    summary.p50 = sorted.median();
    summary.p75 = sorted.quantile(0.75);
    summary.exact = sorted.is_exact();
    let distinct = sorted.distinct() + others;
    // Rounded to `f64`, two different integers or long decimals may look the same.
    let rounded = whole.is_wide() || matches!(summary.data_type, DataType::Decimal256(_, _));
    summary.distinct = if summary.exact && !rounded {
        Distinct::Exactly(distinct)
    } else {
        Distinct::AtLeast(distinct)
    };
    if !summary.exact {
        let kept = sorted.count();
        summary.note = Some(format!("quantiles from an even sample of {kept} values"));
    }
}

fn booleans(summary: &mut ColumnSummary, yes: u64) {
    if summary.count == 0 {
        summary.distinct = Distinct::Exactly(0);
        return;
    }
    let no = summary.count.saturating_sub(yes);
    summary.min = Some(Value::Boolean(no == 0));
    summary.max = Some(Value::Boolean(yes > 0));
    summary.mean = Some(yes as f64 / summary.count as f64);
    summary.distinct = Distinct::Exactly(u64::from(yes > 0) + u64::from(no > 0));
}

fn widen<T: Ord + Copy>(extremes: &mut Option<(T, T)>, by: Option<(T, T)>) {
    if let Some((low, high)) = by {
        let (min, max) = extremes.unwrap_or((low, high));
        *extremes = Some((min.min(low), max.max(high)));
    }
}

fn widen_texts(extremes: &mut Option<(String, String)>, low: &str, high: &str) {
    match extremes {
        Some((min, max)) => {
            if low < min.as_str() {
                low.clone_into(min);
            }
            if high > max.as_str() {
                high.clone_into(max);
            }
        }
        None => *extremes = Some((low.to_owned(), high.to_owned())),
    }
}

/// Times in whatever unit their type has; every type of kind `Time` casts to `Int64`.
fn time_extremes(array: &ArrayRef) -> Option<(i64, i64)> {
    let ticks = cast(array, &DataType::Int64).ok()?;
    let ticks = ticks.as_primitive_opt::<Int64Type>()?;
    min(ticks).zip(max(ticks))
}

fn time_text(column: &Column, tick: i64) -> Result<String, Error> {
    let plain = match crate::column::plain(column.data_type()) {
        // A named zone needs a database that is not here, and UTC reads well.
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
        plain => plain.clone(),
    };
    let failed =
        |source| Error::Convert { column: column.name().to_owned(), to: plain.clone(), source };
    let ticks: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![tick]));
    let narrow = matches!(plain, DataType::Time32(_));
    let ticks = if narrow { cast(&ticks, &DataType::Int32).map_err(failed)? } else { ticks };
    let time = cast(&ticks, &plain).map_err(failed)?;
    array_value_to_string(&time, 0).map_err(failed)
}
