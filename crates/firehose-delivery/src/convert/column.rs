//! One column as it grows: which JSON values it takes, and the Arrow array it becomes.
//!
//! The rules are those of the OpenX JSON SerDe where they are known: a number in a text column
//! keeps its characters, a numeric text in a numeric column is parsed. Where they are not known,
//! a value that does not fit exactly is refused: a number is never written that is silently wrong.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, PrimitiveArray,
        StringArray, TimestampMicrosecondArray,
    },
    buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer},
    datatypes::{
        ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    },
    error::ArrowError,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{number::Number, time};
use crate::GlueType;

/// A JSON value on its way into a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number<'a>),
    /// A text, escapes undone.
    Text(Text<'a>),
    /// An object or an array, as the compact JSON text that a text column keeps of it.
    Nested(&'a str),
}

/// The bytes of a text: already known to be UTF-8, or plain ASCII that nobody has checked as such.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl<'a> Text<'a> {
    fn as_str(self) -> Result<&'a str, Misfit> {
        std::str::from_utf8(self.0).map_err(|_| Misfit("the text is not UTF-8".to_owned()))
    }
}

/// Why a value does not go into a column, in the words of the error object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit(pub(super) String);

fn input_string(text: &str) -> Misfit {
    Misfit(format!("For input string: \"{text}\""))
}

/// The values of one column since the last batch.
#[derive(Debug)]
pub(super) struct Column {
    values: Values,
    /// One entry a row, kept only from the first null on.
    valid: Option<Vec<bool>>,
    glue_type: GlueType,
}

#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Text(VarBytes),
    Binary(VarBytes),
    Decimal { values: Vec<i128>, precision: u8, scale: u8 },
    Date(Vec<i32>),
    Timestamp(Vec<i64>),
}

/// Runs the same expression on whichever vector a column holds.
macro_rules! each {
    ($values:expr, $inner:ident => $body:expr) => {
        match $values {
            Values::Boolean($inner) => $body,
            Values::Int8($inner) => $body,
            Values::Int16($inner) => $body,
            Values::Int32($inner) | Values::Date($inner) => $body,
            Values::Int64($inner) | Values::Timestamp($inner) => $body,
            Values::Float32($inner) => $body,
            Values::Float64($inner) => $body,
            Values::Decimal { values: $inner, .. } => $body,
            Values::Text($inner) | Values::Binary($inner) => $body,
        }
    };
}

impl Column {
    pub(super) fn new(glue_type: GlueType) -> Self {
        let values = match glue_type {
            GlueType::Boolean => Values::Boolean(Vec::new()),
            GlueType::TinyInt => Values::Int8(Vec::new()),
            GlueType::SmallInt => Values::Int16(Vec::new()),
            GlueType::Int => Values::Int32(Vec::new()),
            GlueType::BigInt => Values::Int64(Vec::new()),
            GlueType::Float => Values::Float32(Vec::new()),
            GlueType::Double => Values::Float64(Vec::new()),
            GlueType::String | GlueType::Char(_) | GlueType::VarChar(_) => {
                Values::Text(VarBytes::default())
            }
            GlueType::Binary => Values::Binary(VarBytes::default()),
            GlueType::Decimal { precision, scale } => {
                Values::Decimal { values: Vec::new(), precision, scale }
            }
            GlueType::Date => Values::Date(Vec::new()),
            GlueType::Timestamp => Values::Timestamp(Vec::new()),
        };
        Self { values, valid: None, glue_type }
    }

    /// Rows so far.
    #[inline]
    pub(super) fn len(&self) -> usize {
        each!(&self.values, values => values.len())
    }

    /// Drops the rows from `rows` on.
    pub(super) fn truncate(&mut self, rows: usize) {
        each!(&mut self.values, values => values.truncate(rows));
        if let Some(valid) = &mut self.valid {
            valid.truncate(rows);
        }
    }

    /// Adds a row. After an error the column is as it was.
    #[inline]
    pub(super) fn push(&mut self, value: Value<'_>) -> Result<(), Misfit> {
        match (&mut self.values, value) {
            // The four that the ratings use come first; the rest is one call away.
            (Values::Text(texts), Value::Text(text)) if self.glue_type == GlueType::String => {
                texts.push(text.0);
            }
            (Values::Int32(values), Value::Number(number)) => {
                let value = number.to_i64().and_then(|value| i32::try_from(value).ok());
                values.push(value.ok_or_else(|| input_string(number.text()))?);
            }
            (Values::Float64(values), Value::Number(number)) => {
                values.push(number.to_f64().ok_or_else(|| input_string(number.text()))?);
            }
            (_, Value::Null) => {
                self.push_null();
                return Ok(());
            }
            _ => self.push_other(value)?,
        }
        if let Some(valid) = &mut self.valid {
            valid.push(true);
        }
        Ok(())
    }

    /// Adds a row without a value.
    pub(super) fn push_null(&mut self) {
        let rows = self.len();
        self.valid.get_or_insert_with(|| vec![true; rows]).push(false);
        match &mut self.values {
            Values::Text(values) | Values::Binary(values) => values.push(&[]),
            Values::Boolean(values) => values.push(false),
            Values::Int8(values) => values.push(0),
            Values::Int16(values) => values.push(0),
            Values::Int32(values) | Values::Date(values) => values.push(0),
            Values::Int64(values) | Values::Timestamp(values) => values.push(0),
            Values::Float32(values) => values.push(0.0),
            Values::Float64(values) => values.push(0.0),
            Values::Decimal { values, .. } => values.push(0),
        }
    }

    fn push_other(&mut self, value: Value<'_>) -> Result<(), Misfit> {
        match &mut self.values {
            Values::Boolean(values) => values.push(boolean(value)?),
            Values::Int8(values) => values.push(integer(value)?),
            Values::Int16(values) => values.push(integer(value)?),
            Values::Int32(values) => values.push(integer(value)?),
            Values::Int64(values) => values.push(integer(value)?),
            Values::Float32(values) => {
                values.push(float(value, Number::to_f32, f32::INFINITY, f32::NAN)?);
            }
            Values::Float64(values) => {
                values.push(float(value, Number::to_f64, f64::INFINITY, f64::NAN)?);
            }
            Values::Text(values) => push_text(values, value, self.glue_type)?,
            Values::Binary(values) => values.push(&binary(value)?),
            Values::Decimal { values, precision, scale } => {
                values.push(decimal(value, *precision, *scale)?);
            }
            Values::Date(values) => values.push(date(value)?),
            Values::Timestamp(values) => values.push(timestamp(value)?),
        }
        Ok(())
    }

    /// The rows so far as an Arrow array; the column is empty afterwards.
    pub(super) fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.valid.take().map(NullBuffer::from);
        Ok(match &mut self.values {
            Values::Boolean(values) => {
                Arc::new(BooleanArray::new(std::mem::take(values).into(), nulls))
            }
            Values::Int8(values) => primitive::<Int8Type>(values, nulls)?,
            Values::Int16(values) => primitive::<Int16Type>(values, nulls)?,
            Values::Int32(values) => primitive::<Int32Type>(values, nulls)?,
            Values::Int64(values) => primitive::<Int64Type>(values, nulls)?,
            Values::Float32(values) => primitive::<Float32Type>(values, nulls)?,
            Values::Float64(values) => primitive::<Float64Type>(values, nulls)?,
            Values::Text(texts) => {
                let (offsets, data) = texts.take();
                Arc::new(StringArray::try_new(offsets, data, nulls)?)
            }
            Values::Binary(values) => {
                let (offsets, data) = values.take();
                Arc::new(BinaryArray::try_new(offsets, data, nulls)?)
            }
            Values::Decimal { values, precision, scale } => Arc::new(
                Decimal128Array::try_new(std::mem::take(values).into(), nulls)?
                    .with_precision_and_scale(*precision, scale.cast_signed())?,
            ),
            Values::Date(values) => {
                Arc::new(Date32Array::try_new(std::mem::take(values).into(), nulls)?)
            }
            Values::Timestamp(values) => {
                Arc::new(TimestampMicrosecondArray::try_new(std::mem::take(values).into(), nulls)?)
            }
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(PrimitiveArray::<T>::try_new(std::mem::take(values).into(), nulls)?))
}

fn boolean(value: Value<'_>) -> Result<bool, Misfit> {
    match value {
        Value::Bool(value) => Ok(value),
        other => Err(not_a(other, "boolean")),
    }
}

fn integer<T: TryFrom<i64>>(value: Value<'_>) -> Result<T, Misfit> {
    let (read, text) = match value {
        Value::Number(number) => (number.to_i64(), number.text()),
        Value::Text(text) => {
            let text = text.as_str()?;
            (text.parse().ok(), text)
        }
        other => return Err(not_a(other, "number")),
    };
    read.and_then(|value| T::try_from(value).ok()).ok_or_else(|| input_string(text))
}

fn float<'a, T: std::ops::Neg<Output = T>>(
    value: Value<'a>,
    convert: impl FnOnce(Number<'a>) -> Option<T>,
    infinity: T,
    nan: T,
) -> Result<T, Misfit> {
    match value {
        Value::Number(number) => convert(number).ok_or_else(|| input_string(number.text())),
        Value::Text(text) => match text.as_str()? {
            // As Java spells them; JSON has no numbers for these.
            "NaN" => Ok(nan),
            "Infinity" => Ok(infinity),
            "-Infinity" => Ok(-infinity),
            text => Number::parse(text).and_then(convert).ok_or_else(|| input_string(text)),
        },
        other => Err(not_a(other, "number")),
    }
}

fn push_text(texts: &mut VarBytes, value: Value<'_>, glue_type: GlueType) -> Result<(), Misfit> {
    let text = match value {
        Value::Text(text) => text.0,
        Value::Number(number) => number.text().as_bytes(),
        Value::Bool(true) => b"true",
        Value::Bool(false) => b"false",
        Value::Nested(text) => text.as_bytes(),
        Value::Null => b"",
    };
    if let Some(most) = glue_type.max_chars()
        && text.len() > most
    {
        let chars = Text(text).as_str()?.chars().count();
        if chars > most {
            return Err(Misfit(format!("{chars} characters do not fit {glue_type}")));
        }
    }
    texts.push(text);
    Ok(())
}

fn binary(value: Value<'_>) -> Result<Vec<u8>, Misfit> {
    match value {
        Value::Text(text) => {
            STANDARD.decode(text.0).map_err(|why| Misfit(format!("The text is not base64: {why}")))
        }
        other => Err(not_a(other, "base64 text")),
    }
}

fn decimal(value: Value<'_>, precision: u8, scale: u8) -> Result<i128, Misfit> {
    let (number, text) = match value {
        Value::Number(number) => (Some(number), number.text()),
        Value::Text(text) => {
            let text = text.as_str()?;
            (Number::parse(text), text)
        }
        other => return Err(not_a(other, "number")),
    };
    let number = number.ok_or_else(|| input_string(text))?;
    let limit = 10i128.pow(u32::from(precision.min(38)));
    number
        .to_scaled(scale.into())
        .filter(|scaled| scaled.abs() < limit)
        .ok_or_else(|| Misfit(format!("{text} does not fit decimal({precision},{scale})")))
}

fn date(value: Value<'_>) -> Result<i32, Misfit> {
    match value {
        Value::Text(text) => {
            let text = text.as_str()?;
            time::text_days(text).ok_or_else(|| input_string(text))
        }
        other => Err(not_a(other, "date text")),
    }
}

fn timestamp(value: Value<'_>) -> Result<i64, Misfit> {
    match value {
        Value::Number(number) => {
            time::epoch_micros(number).ok_or_else(|| input_string(number.text()))
        }
        Value::Text(text) => {
            let text = text.as_str()?;
            time::text_micros(text).ok_or_else(|| {
                Misfit("Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]".to_owned())
            })
        }
        other => Err(not_a(other, "timestamp")),
    }
}

fn not_a(value: Value<'_>, wanted: &str) -> Misfit {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::Text(_) => "a text",
        Value::Nested(_) => "an object or an array",
    };
    Misfit(format!("The column wants a {wanted} and the record has {found}"))
}

/// Values of different lengths, end to end.
#[derive(Debug, Default)]
struct VarBytes {
    data: Vec<u8>,
    ends: Vec<i32>,
}

impl VarBytes {
    #[inline]
    fn push(&mut self, value: &[u8]) {
        self.data.extend_from_slice(value);
        // A batch is taken long before its texts reach 2 GiB, see `JsonConverter::is_full`.
        self.ends.push(i32::try_from(self.data.len()).unwrap_or(i32::MAX));
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        let end = self.ends.last().copied().unwrap_or(0);
        self.data.truncate(usize::try_from(end).unwrap_or(0));
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.append(&mut self.ends);
        let data = std::mem::take(&mut self.data);
        self.data.reserve(data.len());
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(data))
    }
}
