//! The sure way through a record: serde_json reads it, every fault gets its message.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    ConversionError, ErrorCode, Row,
    column::{Misfit, Text, Value},
    number::Number,
};

/// Adds the rows of `record`: one for each JSON object in it.
///
/// # Errors
///
/// The record as a whole does not convert; rows may be left behind that the caller has to drop.
pub(super) fn read_record(row: &mut Row<'_>, record: &[u8]) -> Result<(), ConversionError> {
    if record.trim_ascii().is_empty() {
        return Err(malformed_data("The record was empty or contained only whitespace."));
    }
    for document in serde_json::Deserializer::from_slice(record).into_iter::<&RawValue>() {
        let document = document.map_err(|why| parse_error(&why))?;
        match document.get().as_bytes().first() {
            Some(b'{') => read_object(row, document.get())?,
            // Firehose's documentation forbids it; the library below would map by position.
            Some(b'[') => return Err(malformed_data(TOP_LEVEL_ARRAY)),
            _ => return Err(malformed_data(TOP_LEVEL_PRIMITIVE)),
        }
        row.end();
    }
    Ok(())
}

const TOP_LEVEL_ARRAY: &str = "The input JSON contained an array at the top level. Each record \
                               must hold one or more objects.";
const TOP_LEVEL_PRIMITIVE: &str = "The input JSON contained a primitive at the top level. The \
                                   top level must be an object or array.";

fn read_object(row: &mut Row<'_>, object: &str) -> Result<(), ConversionError> {
    let members: Members<'_> = serde_json::from_str(object).map_err(|why| parse_error(&why))?;
    for (key, raw) in members.0 {
        // A value that goes nowhere is still read, so that a fault in it is found.
        let value = Owned::read(raw.get()).map_err(|why| parse_error(&why))?;
        if let Some(column) = row.keys().find(&key) {
            row.set(column, value.as_value()).map_err(|Misfit(why)| {
                malformed_data(&format!("Data does not match the schema. {why}"))
            })?;
        }
    }
    Ok(())
}

fn parse_error(why: &serde_json::Error) -> ConversionError {
    ConversionError::new(ErrorCode::ParseError, format!("Encountered malformed JSON. {why}"))
}

fn malformed_data(message: &str) -> ConversionError {
    ConversionError::new(ErrorCode::MalformedData, message)
}

/// The members of an object in the order of the text, each value as it is written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// A value read in full, its escapes undone.
enum Owned<'a> {
    Plain(Value<'a>),
    Text(Cow<'a, str>),
    Nested(String),
}

impl<'a> Owned<'a> {
    fn read(raw: &'a str) -> Result<Self, serde_json::Error> {
        Ok(match raw.as_bytes().first() {
            Some(b'"') => Self::Text(serde_json::from_str::<BorrowedText<'a>>(raw)?.0),
            Some(b'{' | b'[') => Self::Nested(nested_text(raw)?),
            Some(b't') => Self::Plain(Value::Bool(true)),
            Some(b'f') => Self::Plain(Value::Bool(false)),
            Some(b'n') => Self::Plain(Value::Null),
            // serde_json has checked that it is a number; both grammars are JSON's.
            _ => Self::Plain(Number::parse(raw).map_or(Value::Null, Value::Number)),
        })
    }

    fn as_value(&self) -> Value<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::Text(text) => Value::Text(Text(text.as_bytes())),
            Self::Nested(text) => Value::Nested(text),
        }
    }
}

#[derive(serde::Deserialize)]
struct BorrowedText<'a>(#[serde(borrow)] Cow<'a, str>);

/// The compact text of a nested value with every key in lower case, as the OpenX SerDe leaves it
/// in a text column.
fn nested_text(raw: &str) -> Result<String, serde_json::Error> {
    let value: serde_json::Value = serde_json::from_str(raw)?;
    Ok(lower_keys(value).to_string())
}

fn lower_keys(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(lower_keys).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| (key.to_lowercase(), lower_keys(value)))
                .collect(),
        ),
        other => other,
    }
}
