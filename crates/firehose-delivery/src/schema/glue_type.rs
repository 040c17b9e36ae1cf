//! The primitive column types of a Glue table, as their text is written in the catalogue.

use std::{fmt, str::FromStr};

/// A primitive Hive type, as Glue's `Column.Type` spells it.
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
/// | `timestamp` | `Timestamp(µs)` | INT64 (TIMESTAMP_MICROS, not adjusted to UTC) |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
}

impl GlueType {
    /// The most characters a value may have, for the types that limit it.
    pub(crate) fn max_chars(self) -> Option<usize> {
        match self {
            Self::Char(most) | Self::VarChar(most) => Some(most.into()),
            _ => None,
        }
    }
}

impl FromStr for GlueType {
    type Err = String;

    /// Reads a type in any case, with or without blanks around its parts.
    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let (name, arguments) = match lower.split_once('(') {
            None => (lower.as_str(), None),
            Some((name, rest)) => {
                let inner =
                    rest.strip_suffix(')').ok_or_else(|| format!("`{text}` lacks a `)`"))?;
                (name.trim_end(), Some(inner))
            }
        };
        match (name, arguments) {
            ("boolean", None) => Ok(Self::Boolean),
            ("tinyint", None) => Ok(Self::TinyInt),
            ("smallint", None) => Ok(Self::SmallInt),
            ("int" | "integer", None) => Ok(Self::Int),
            ("bigint", None) => Ok(Self::BigInt),
            ("float", None) => Ok(Self::Float),
            ("double", None) => Ok(Self::Double),
            ("string", None) => Ok(Self::String),
            ("binary", None) => Ok(Self::Binary),
            ("date", None) => Ok(Self::Date),
            ("timestamp", None) => Ok(Self::Timestamp),
            ("char", Some(n)) => length(text, n, 255).map(Self::Char),
            ("varchar", Some(n)) => length(text, n, u16::MAX).map(Self::VarChar),
            ("decimal", arguments) => decimal(text, arguments),
            _ => Err(refusal(text, name)),
        }
    }
}

impl fmt::Display for GlueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Char(n) => return write!(f, "char({n})"),
            Self::VarChar(n) => return write!(f, "varchar({n})"),
            Self::Decimal { precision, scale } => return write!(f, "decimal({precision},{scale})"),
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

fn refusal(text: &str, name: &str) -> String {
    if ["array<", "map<", "struct<", "uniontype<"].iter().any(|nested| name.starts_with(nested)) {
        return format!(
            "has the nested type `{text}`, and nested types are not supported yet; declare the \
             column as `string` to keep its JSON text"
        );
    }
    format!(
        "has the type `{text}`; known types are boolean, tinyint, smallint, int, bigint, float, \
         double, string, char(n), varchar(n), binary, decimal(p,s), date and timestamp"
    )
}

fn length(text: &str, argument: &str, most: u16) -> Result<u16, String> {
    match argument.trim().parse() {
        Ok(n) if (1..=most).contains(&n) => Ok(n),
        _ => Err(format!("has the type `{text}`, whose length must be 1 to {most}")),
    }
}

fn decimal(text: &str, arguments: Option<&str>) -> Result<GlueType, String> {
    let wrong = || {
        format!("has the type `{text}`; write decimal(p,s) with p from 1 to 38 and s from 0 to p")
    };
    let Some(arguments) = arguments else {
        return Ok(GlueType::Decimal { precision: 10, scale: 0 });
    };
    let (precision, scale) = match arguments.split_once(',') {
        None => (arguments.trim().parse(), Ok(0)),
        Some((precision, scale)) => (precision.trim().parse(), scale.trim().parse()),
    };
    match (precision, scale) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
            Ok(GlueType::Decimal { precision, scale })
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_the_catalogue_spells_them() {
        let table = [
            ("string", Some("string")),
            (" INT ", Some("int")),
            ("integer", Some("int")),
            ("decimal", Some("decimal(10,0)")),
            ("decimal(5)", Some("decimal(5,0)")),
            ("Decimal( 38 , 38 )", Some("decimal(38,38)")),
            ("decimal(39,0)", None),
            ("decimal(4,5)", None),
            ("decimal(4,5", None),
            ("varchar(20)", Some("varchar(20)")),
            ("varchar(0)", None),
            ("varchar", None),
            ("char(255)", Some("char(255)")),
            ("char(256)", None),
            ("string(3)", None),
            ("array<int>", None),
            ("", None),
        ];
        for (text, expected) in table {
            let read = text.parse::<GlueType>().ok().map(|read| read.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_nested_type_is_refused_by_name() {
        let refusal = "map<string,int>".parse::<GlueType>().unwrap_err();
        assert!(refusal.contains("map<string,int>") && refusal.contains("nested"), "{refusal}");
    }
}
