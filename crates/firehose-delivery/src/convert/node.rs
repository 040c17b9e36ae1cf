//! A JSON value read in full: numbers as they are written, members in the order of the text.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    column::{Text, Value},
    nested::distinct,
    number::Number,
};

/// Levels that a value may have: those of serde_json, which reads it.
const MOST_LEVELS: usize = 128;

#[derive(Debug)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number<'a>),
    /// A text, its escapes undone.
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Node<'a> {
    /// Reads a value, which serde_json has found to be one as far as it looked.
    pub(super) fn read(raw: &'a str) -> Result<Self, serde_json::Error> {
        Self::read_at(raw, MOST_LEVELS)
    }

    fn read_at(raw: &'a str, levels: usize) -> Result<Self, serde_json::Error> {
        let inside = || {
            let too_deep = || serde::de::Error::custom("recursion limit exceeded");
            levels.checked_sub(1).ok_or_else(too_deep)
        };
        Ok(match raw.as_bytes().first() {
            Some(b'"') => Self::Text(serde_json::from_str::<Borrowed<'a>>(raw)?.0),
            Some(b'{') => {
                let levels = inside()?;
                let members: Members<'a> = serde_json::from_str(raw)?;
                let read = |(key, raw): (Borrowed<'a>, &'a RawValue)| {
                    Ok((key.0, Self::read_at(raw.get(), levels)?))
                };
                Self::Object(members.0.into_iter().map(read).collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let levels = inside()?;
                let items: Items<'a> = serde_json::from_str(raw)?;
                let read = |raw: &'a RawValue| Self::read_at(raw.get(), levels);
                Self::Array(items.0.into_iter().map(read).collect::<Result<_, _>>()?)
            }
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            // serde_json has checked that it is a number; both grammars are JSON's.
            _ => Number::parse(raw).map_or(Self::Null, Self::Number),
        })
    }

    pub(super) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(Text(text.as_bytes())),
            Self::Array(_) | Self::Object(_) => Value::Nested(self),
        }
    }

    /// The compact text of the value; with `lower`, every key in lower case.
    pub(super) fn write(&self, lower: bool, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number.text()),
            Self::Text(text) => write_text(text, out),
            Self::Array(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    out.push_str(if place == 0 { "" } else { "," });
                    item.write(lower, out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (place, (key, item)) in distinct(members, lower).into_iter().enumerate() {
                    out.push_str(if place == 0 { "" } else { "," });
                    write_text(&key, out);
                    out.push(':');
                    item.write(lower, out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    // A text always serialises.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[derive(serde::Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object in the order of the text, each value as it is written.
struct Members<'a>(Vec<(Borrowed<'a>, &'a RawValue)>);

struct Items<'a>(Vec<&'a RawValue>);

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

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;

        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }

        deserializer.deserialize_seq(ItemsVisitor)
    }
}
