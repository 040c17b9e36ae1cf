//! Which two types have a common one that keeps every value. Pure; symmetric in its arguments.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

/// The narrowest type that holds every value of both, or `None` when something would be lost.
///
/// 64-bit integers do not go into floats, timestamps with and without a zone do not mix, and
/// nothing becomes a string.
pub(crate) fn widen(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Dictionary, LargeList, List, Null, Timestamp};
    // Nested field names differ between writers (`item`, `element`) and do not matter.
    if a.equals_datatype(b) {
        return Some(a.clone());
    }
    match (a, b) {
        (Null, other) | (other, Null) => Some(other.clone()),
        (Dictionary(_, x), Dictionary(_, y)) => widen(x, y),
        (Dictionary(_, value), other) | (other, Dictionary(_, value)) => widen(value, other),
        (Timestamp(x, zone), Timestamp(y, other)) if zone == other => {
            Some(Timestamp(finer(*x, *y), zone.clone()))
        }
        (List(x), List(y)) => widen_item(x, y).map(List),
        (LargeList(x) | List(x), LargeList(y) | List(y)) => widen_item(x, y).map(LargeList),
        _ => widen_bytes(a, b).or_else(|| widen_decimal(a, b)).or_else(|| widen_number(a, b)),
    }
}

fn widen_item(a: &Field, b: &Field) -> Option<Arc<Field>> {
    let item = widen(a.data_type(), b.data_type())?;
    Some(Arc::new(Field::new(a.name(), item, true)))
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    a.max(b)
}

fn widen_bytes(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Binary, BinaryView, LargeBinary, LargeUtf8, Utf8, Utf8View};
    match (a, b) {
        (Utf8View, Utf8 | LargeUtf8) | (Utf8 | LargeUtf8, Utf8View) => Some(Utf8View),
        (Utf8, LargeUtf8) | (LargeUtf8, Utf8) => Some(LargeUtf8),
        (BinaryView, Binary | LargeBinary) | (Binary | LargeBinary, BinaryView) => Some(BinaryView),
        (Binary, LargeBinary) | (LargeBinary, Binary) => Some(LargeBinary),
        _ => None,
    }
}

fn widen_decimal(a: &DataType, b: &DataType) -> Option<DataType> {
    let ((p, s), (q, t)) = (decimal(a)?, decimal(b)?);
    let scale = s.max(t);
    let whole = (i16::from(p) - i16::from(s)).max(i16::from(q) - i16::from(t));
    let precision = u8::try_from(whole.checked_add(i16::from(scale))?).ok()?;
    match precision {
        1..=38 => Some(DataType::Decimal128(precision, scale)),
        39..=76 => Some(DataType::Decimal256(precision, scale)),
        _ => None,
    }
}

fn decimal(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => Some((*p, *s)),
        _ => None,
    }
}

/// Numbers by the bits that they hold exactly.
#[derive(Clone, Copy)]
enum Number {
    Signed(u8),
    Unsigned(u8),
    Float(u8),
}

fn widen_number(a: &DataType, b: &DataType) -> Option<DataType> {
    use Number::{Float, Signed, Unsigned};
    match (number(a)?, number(b)?) {
        (Signed(x), Signed(y)) => signed(x.max(y)),
        (Unsigned(x), Unsigned(y)) => Some(if x >= y { a.clone() } else { b.clone() }),
        (Signed(x), Unsigned(y)) | (Unsigned(y), Signed(x)) => signed(x.max(y.checked_mul(2)?)),
        (Float(x), Float(y)) => float(x.max(y)),
        (Float(x), Signed(y) | Unsigned(y)) | (Signed(y) | Unsigned(y), Float(x)) => {
            // The significands have 11, 24 and 53 bits.
            float(x.max(y.checked_mul(2)?))
        }
    }
}

fn number(data_type: &DataType) -> Option<Number> {
    use DataType::{
        Float16, Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64,
    };
    Some(match data_type {
        Int8 => Number::Signed(8),
        Int16 => Number::Signed(16),
        Int32 => Number::Signed(32),
        Int64 => Number::Signed(64),
        UInt8 => Number::Unsigned(8),
        UInt16 => Number::Unsigned(16),
        UInt32 => Number::Unsigned(32),
        UInt64 => Number::Unsigned(64),
        Float16 => Number::Float(16),
        Float32 => Number::Float(32),
        Float64 => Number::Float(64),
        _ => return None,
    })
}

fn signed(bits: u8) -> Option<DataType> {
    match bits {
        8 => Some(DataType::Int8),
        16 => Some(DataType::Int16),
        32 => Some(DataType::Int32),
        64 => Some(DataType::Int64),
        _ => None,
    }
}

fn float(bits: u8) -> Option<DataType> {
    match bits {
        16 => Some(DataType::Float16),
        32 => Some(DataType::Float32),
        64 => Some(DataType::Float64),
        _ => None,
    }
}
