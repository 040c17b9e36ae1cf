//! One value of an answer, and how it is written for people, as CSV and as JSON.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// One value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// None, not applicable, or null in the data.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with all its digits.
    Num(f64),
    /// A number that people want rounded: three digits behind the point in a table.
    Stat(f64),
    /// A part of a whole, 0 to 1; in per cent in a table.
    Share(f64),
    /// A number of bytes.
    Bytes(u64),
    /// Text.
    Text(String),
    /// Values of a list.
    List(Vec<Cell>),
    /// Named values, in order.
    Map(Vec<(String, Cell)>),
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A statistic, if there is one.
    #[must_use]
    pub fn stat(value: Option<f64>) -> Self {
        value.map_or(Self::Null, Self::Stat)
    }

    /// Whether a table sets it to the right.
    pub(crate) fn is_number(&self) -> bool {
        use Cell::{Bytes, Int, Num, Share, Stat};
        matches!(self, Int(_) | Num(_) | Stat(_) | Share(_) | Bytes(_))
    }

    /// For people: rounded where that reads better, and with control characters made visible, so
    /// that a record cannot steer the terminal.
    pub(crate) fn for_people(&self) -> String {
        match self {
            Self::Null => "-".to_owned(),
            Self::Stat(value) => rounded(*value),
            Self::Share(part) => format!("{:.2} %", part * 100.0),
            Self::Bytes(bytes) => bytesize::ByteSize::b(*bytes).to_string(),
            other => visible(&other.exact()),
        }
    }

    /// For CSV: exact, nothing for null.
    pub(crate) fn exact(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Num(value) | Self::Stat(value) | Self::Share(value) => value.to_string(),
            Self::Bytes(bytes) => bytes.to_string(),
            Self::Text(text) => text.clone(),
            nested => serde_json::to_string(nested).unwrap_or_default(),
        }
    }

    /// The value of a column in a row.
    ///
    /// # Errors
    ///
    /// Arrow's, if the type has no text.
    pub(crate) fn of(column: &dyn Array, row: usize) -> Result<Self, ArrowError> {
        if row >= column.len() || column.logical_nulls().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(Self::Null);
        }
        let one = column.slice(row, 1);
        let plain = |to: &DataType| cast(&one, to);
        Ok(match column.data_type() {
            DataType::Boolean => Self::Bool(one.as_boolean().value(0)),
            DataType::UInt64 => Self::Int(one.as_primitive::<UInt64Type>().value(0).into()),
            whole if whole.is_integer() => {
                Self::Int(plain(&DataType::Int64)?.as_primitive::<Int64Type>().value(0).into())
            }
            // The shortest text of an f32 is not that of the f64 it becomes.
            DataType::Float32 => {
                Self::Num(array_value_to_string(&one, 0)?.parse().unwrap_or(f64::NAN))
            }
            float if float.is_floating() => {
                Self::Num(plain(&DataType::Float64)?.as_primitive::<Float64Type>().value(0))
            }
            DataType::Decimal128(_, 0) => Self::Int(one.as_primitive::<Decimal128Type>().value(0)),
            DataType::Dictionary(_, values) => Self::of(&plain(values)?, 0)?,
            DataType::List(_) => Self::list(&one.as_list::<i32>().value(0))?,
            DataType::LargeList(_) => Self::list(&one.as_list::<i64>().value(0))?,
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(one.as_struct().columns());
                let cell =
                    columns.map(|(field, column)| Ok((field.name().clone(), Self::of(column, 0)?)));
                Self::Map(cell.collect::<Result<_, ArrowError>>()?)
            }
            _ => Self::Text(array_value_to_string(&one, 0)?),
        })
    }

    fn list(values: &dyn Array) -> Result<Self, ArrowError> {
        (0..values.len()).map(|row| Self::of(values, row)).collect::<Result<_, _>>().map(Self::List)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i128(*value),
            Self::Num(value) | Self::Stat(value) | Self::Share(value) => {
                serializer.serialize_f64(*value)
            }
            Self::Bytes(bytes) => serializer.serialize_u64(*bytes),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(cells) => serializer.collect_seq(cells),
            Self::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, cell)| map.serialize_entry(name, cell))?;
                map.end()
            }
        }
    }
}

/// At most three digits behind the point, no trailing zeros.
fn rounded(value: f64) -> String {
    let text = format!("{value:.3}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A number of things, in words.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

fn visible(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let escape =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BinaryArray, BooleanArray, Decimal128Array, DictionaryArray, Float32Array,
        Float64Array, Int8Array, ListArray, StringArray, StructArray, TimestampMicrosecondArray,
        UInt64Array,
    };
    use arrow::datatypes::{Field, Int32Type};

    use super::*;

    #[test]
    fn values_of_every_kind_are_written_thrice() {
        let dictionary: DictionaryArray<Int32Type> = [Some("Kirk"), None].into_iter().collect();
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None])]);
        let field = Arc::new(Field::new("a", DataType::UInt64, true));
        let inner: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        let money = Decimal128Array::from(vec![1250]).with_precision_and_scale(6, 2).unwrap();
        let table: [(ArrayRef, &str, &str, &str); 11] = [
            (Arc::new(Int8Array::from(vec![-7])), "-7", "-7", "-7"),
            (Arc::new(Int8Array::from(vec![None])), "-", "", "null"),
            (Arc::new(BooleanArray::from(vec![true])), "true", "true", "true"),
            (
                Arc::new(Float64Array::from(vec![1_641_622_821.123_456_7])),
                "1641622821.1234567",
                "1641622821.1234567",
                "1641622821.1234567",
            ),
            (Arc::new(Float32Array::from(vec![0.1])), "0.1", "0.1", "0.1"),
            (Arc::new(Float64Array::from(vec![f64::NAN])), "NaN", "NaN", "null"),
            (Arc::new(money), "12.50", "12.50", "\"12.50\""),
            (Arc::new(dictionary), "Kirk", "Kirk", "\"Kirk\""),
            (Arc::new(list), "[1,null]", "[1,null]", "[1,null]"),
            (
                Arc::new(StructArray::from(vec![(field, inner)])),
                "{\"a\":18446744073709551615}",
                "{\"a\":18446744073709551615}",
                "{\"a\":18446744073709551615}",
            ),
            (
                Arc::new(TimestampMicrosecondArray::from(vec![1_000_000])),
                "1970-01-01T00:00:01",
                "1970-01-01T00:00:01",
                "\"1970-01-01T00:00:01\"",
            ),
        ];
        for (column, people, csv, json) in table {
            let cell = Cell::of(&column, 0).unwrap();
            assert_eq!((cell.for_people().as_str(), cell.exact().as_str()), (people, csv));
            assert_eq!(serde_json::to_string(&cell).unwrap(), json);
        }
        assert_eq!(Cell::of(&BinaryArray::from_vec(vec![b"\x00\xff"]), 0).unwrap().exact(), "00ff");
        assert_eq!(Cell::of(&StringArray::from(vec!["a"]), 9).unwrap(), Cell::Null);
    }

    #[test]
    fn people_see_rounded_numbers_and_no_control_characters() {
        for (cell, text) in [
            (Cell::Stat(800.0), "800"),
            (Cell::Stat(1_500.338_1), "1500.338"),
            (Cell::Stat(-0.000_01), "0"),
            (Cell::Stat(f64::INFINITY), "inf"),
            (Cell::Share(0.039_9), "3.99 %"),
            (Cell::Bytes(2_048), "2.0 KiB"),
            (Cell::text("a\x1b[31mb\n"), "a\\u{1b}[31mb\\n"),
        ] {
            assert_eq!(cell.for_people(), text);
        }
    }
}
