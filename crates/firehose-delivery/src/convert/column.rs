//! One column as it grows, and the Arrow array it becomes.

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

use super::{
    coerce::{self, Misfit, input_string},
    dialect::Dialect,
    nested::Nested,
    node::Node,
    number::Number,
};
use crate::GlueType;

/// A JSON value on its way into a column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number<'a>),
    /// A text, escapes undone.
    Text(Text<'a>),
    /// An object or an array.
    Nested(&'a Node<'a>),
}

/// The bytes of a text: already known to be UTF-8, or plain ASCII that nobody has checked as such.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

/// The values of one column since the last batch.
#[derive(Debug)]
pub(super) struct Column {
    values: Values,
    /// One entry a row, kept only from the first null on.
    valid: Option<Vec<bool>>,
    /// Whether any text fits: a `string` has no length.
    any_text: bool,
    glue_type: GlueType,
    dialect: Dialect,
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
    Nested(Box<Nested>),
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
            Values::Nested($inner) => $body,
        }
    };
}

impl Column {
    pub(super) fn new(glue_type: &GlueType, dialect: &Dialect) -> Self {
        let values = match glue_type {
            GlueType::Boolean => Values::Boolean(Vec::new()),
            GlueType::TinyInt => Values::Int8(Vec::new()),
            GlueType::SmallInt => Values::Int16(Vec::new()),
            GlueType::Int => Values::Int32(Vec::new()),
            GlueType::BigInt => Values::Int64(Vec::new()),
            GlueType::Float => Values::Float32(Vec::new()),
            GlueType::Double => Values::Float64(Vec::new()),
            GlueType::Binary => Values::Binary(VarBytes::default()),
            GlueType::Decimal { precision, scale } => {
                Values::Decimal { values: Vec::new(), precision: *precision, scale: *scale }
            }
            GlueType::Date => Values::Date(Vec::new()),
            GlueType::Timestamp => Values::Timestamp(Vec::new()),
            GlueType::String | GlueType::Char(_) | GlueType::VarChar(_) => {
                Values::Text(VarBytes::default())
            }
            nested => match Nested::new(nested, dialect) {
                Some(nested) => Values::Nested(Box::new(nested)),
                // There is no other type.
                None => Values::Text(VarBytes::default()),
            },
        };
        Self {
            values,
            valid: None,
            any_text: *glue_type == GlueType::String,
            glue_type: glue_type.clone(),
            dialect: dialect.clone(),
        }
    }

    /// The inside of a nested column.
    pub(super) fn nested(&mut self) -> Option<&mut Nested> {
        match &mut self.values {
            Values::Nested(nested) => Some(nested),
            _ => None,
        }
    }

    /// Whether this is a column of texts of any length.
    pub(super) fn takes_any_text(&self) -> bool {
        self.any_text
    }

    /// The bytes of the texts from row `from` on.
    pub(super) fn texts_from(&self, from: usize) -> impl Iterator<Item = &[u8]> {
        let texts = match &self.values {
            Values::Text(texts) => Some(texts),
            _ => None,
        };
        texts.into_iter().flat_map(move |texts| texts.from(from))
    }

    /// Says of a row that was added inside that it has a value.
    #[inline]
    pub(super) fn mark_valid(&mut self) {
        if let Some(valid) = &mut self.valid {
            valid.push(true);
        }
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

    /// Adds a row. After an error the record has to be dropped.
    #[inline]
    pub(super) fn push(&mut self, value: Value<'_>) -> Result<(), Misfit> {
        match (&mut self.values, value) {
            // The four that the ratings use come first; the rest is one call away.
            (Values::Text(texts), Value::Text(text)) if self.any_text => {
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
        self.mark_valid();
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
            Values::Nested(nested) => nested.push_null(),
        }
    }

    fn push_other(&mut self, value: Value<'_>) -> Result<(), Misfit> {
        let kind = self.dialect.kind;
        match &mut self.values {
            Values::Boolean(values) => values.push(coerce::boolean(value, kind)?),
            Values::Int8(values) => values.push(coerce::integer(value, kind)?),
            Values::Int16(values) => values.push(coerce::integer(value, kind)?),
            Values::Int32(values) => values.push(coerce::integer(value, kind)?),
            Values::Int64(values) => values.push(coerce::integer(value, kind)?),
            Values::Float32(values) => {
                values.push(coerce::float(value, kind, Number::to_f32, f32::INFINITY, f32::NAN)?);
            }
            Values::Float64(values) => {
                values.push(coerce::float(value, kind, Number::to_f64, f64::INFINITY, f64::NAN)?);
            }
            Values::Text(values) => {
                values.push(coerce::text(value, &self.glue_type, &self.dialect)?.as_ref());
            }
            Values::Binary(values) => values.push(&coerce::binary(value)?),
            Values::Decimal { values, precision, scale } => {
                values.push(coerce::decimal(value, kind, *precision, *scale)?);
            }
            Values::Date(values) => values.push(coerce::date(value)?),
            Values::Timestamp(values) => values.push(coerce::timestamp(value, &self.dialect)?),
            Values::Nested(nested) => nested.push(value, &self.dialect)?,
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
            Values::Nested(nested) => nested.take(nulls)?,
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

    fn from(&self, row: usize) -> impl Iterator<Item = &[u8]> {
        let place = |end: &i32| usize::try_from(*end).unwrap_or(0);
        let before = row.checked_sub(1).and_then(|row| self.ends.get(row));
        let mut start = before.map_or(0, place);
        self.ends.iter().skip(row).filter_map(move |end| {
            let text = self.data.get(start..place(end));
            start = place(end);
            text
        })
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
