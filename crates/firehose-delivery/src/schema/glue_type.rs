//! The column types of a Glue table, as their text is written in the catalogue.

mod parse;

use std::fmt;

/// A Hive type, as Glue's `Column.Type` spells it.
///
/// | Glue | Arrow | Parquet |
/// |---|---|---|
/// | `boolean` | `Boolean` | BOOLEAN |
/// | `tinyint`, `smallint` | `Int8`, `Int16` | INT32 (INT_8, INT_16) |
/// | `int`, `bigint` | `Int32`, `Int64` | INT32, INT64 |
/// | `float`, `double` | `Float32`, `Float64` | FLOAT, DOUBLE |
/// | `string`, `char(n)`, `varchar(n)` | `Utf8` | BYTE_ARRAY (STRING) |
/// | `binary` | `Binary` | BYTE_ARRAY |
/// | `decimal(p,s)` | `Decimal128(p, s)` | FIXED_LEN_BYTE_ARRAY (DECIMAL) |
/// | `date` | `Date32` | INT32 (DATE) |
/// | `timestamp` | `Timestamp(µs)` | INT64 (TIMESTAMP_MICROS, not adjusted to UTC), or INT96 |
/// | `array<T>` | `List` | group (LIST) of repeated `bag` of `array_element` |
/// | `map<K,V>` | `Map` | group (MAP) of repeated `map` of `key` and `value` |
/// | `struct<a:T,…>` | `Struct` | group |
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GlueType {
    /// `boolean`
    Boolean,
    /// `tinyint`: 8 bits, signed.
    TinyInt,
    /// `smallint`: 16 bits, signed.
    SmallInt,
    /// `int` or `integer`: 32 bits, signed.
    Int,
    /// `bigint`: 64 bits, signed.
    BigInt,
    /// `float`: 32 bits.
    Float,
    /// `double`: 64 bits.
    Double,
    /// `string`
    String,
    /// `char(n)`: at most `n` characters, 1 to 255.
    Char(u16),
    /// `varchar(n)`: at most `n` characters, 1 to 65,535.
    VarChar(u16),
    /// `binary`: base64 in the JSON.
    Binary,
    /// `decimal(precision, scale)`; `decimal` alone is `decimal(10,0)`.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, 0 to `precision`.
        scale: u8,
    },
    /// `date`
    Date,
    /// `timestamp`: no time zone, microseconds here.
    Timestamp,
    /// `array<T>`
    Array(Box<Self>),
    /// `map<K,V>`: keys of any type but a nested one.
    Map(Box<Self>, Box<Self>),
    /// `struct<name:T,…>`: names in lower case, as Hive keeps them.
    Struct(Vec<(String, Self)>),
}

impl GlueType {
    /// The most characters a value may have, for the types that limit it.
    pub(crate) fn max_chars(&self) -> Option<usize> {
        match self {
            Self::Char(most) | Self::VarChar(most) => Some((*most).into()),
            _ => None,
        }
    }
}

impl fmt::Display for GlueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Char(n) => return write!(f, "char({n})"),
            Self::VarChar(n) => return write!(f, "varchar({n})"),
            Self::Decimal { precision, scale } => return write!(f, "decimal({precision},{scale})"),
            Self::Array(item) => return write!(f, "array<{item}>"),
            Self::Map(key, value) => return write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (place, (name, field)) in fields.iter().enumerate() {
                    let comma = if place == 0 { "" } else { "," };
                    write!(f, "{comma}{name}:{field}")?;
                }
                return f.write_str(">");
            }
            Self::Boolean => "boolean",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        })
    }
}
