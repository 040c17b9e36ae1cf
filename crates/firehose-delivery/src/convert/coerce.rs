//! Which JSON value a column takes, and what it becomes there.
//!
//! The rules are those of the two JSON SerDes where they are known: with OpenX a number in a text
//! column keeps its characters and a numeric text in a numeric column is parsed. Where they are not
//! known, a value that does not fit exactly is refused: a number is never written that is silently
//! wrong.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    column::{Text, Value},
    dialect::{Dialect, Kind, TimestampFormat},
    node::Node,
    number::Number,
    time,
};
use crate::GlueType;

/// Why a value does not go into a column: the message of the error object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit(pub(super) String);

impl Misfit {
    /// Most messages begin alike.
    pub(super) fn new(why: &str) -> Self {
        Self(format!("Data does not match the schema. {why}"))
    }
}

pub(super) fn input_string(text: &str) -> Misfit {
    Misfit::new(&format!("For input string: \"{text}\""))
}

impl<'a> Text<'a> {
    pub(super) fn as_str(self) -> Result<&'a str, Misfit> {
        std::str::from_utf8(self.0).map_err(|_| Misfit::new("the text is not UTF-8"))
    }
}

impl Value<'_> {
    /// The value as it is quoted in a message.
    pub(super) fn text(self) -> String {
        let mut text = String::new();
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => text.push_str(if value { "true" } else { "false" }),
            Self::Number(number) => text.push_str(number.text()),
            Self::Text(bytes) => text.push_str(&String::from_utf8_lossy(bytes.0)),
            Self::Nested(node) => node.write(false, &mut text),
        }
        text
    }
}

pub(super) fn boolean(value: Value<'_>, kind: Kind) -> Result<bool, Misfit> {
    match (value, kind) {
        (Value::Bool(value), _) => Ok(value),
        (other, Kind::OpenX) => Err(not_a(other, "boolean")),
        (other, Kind::Hive) => {
            Err(Misfit::new(&format!("Current token ({}) not of boolean type", token_of(other))))
        }
    }
}

pub(super) fn integer<T: TryFrom<i64>>(value: Value<'_>, kind: Kind) -> Result<T, Misfit> {
    numeric(value, kind)?;
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

pub(super) fn float<'a, T: std::ops::Neg<Output = T>>(
    value: Value<'a>,
    kind: Kind,
    convert: impl FnOnce(Number<'a>) -> Option<T>,
    infinity: T,
    nan: T,
) -> Result<T, Misfit> {
    numeric(value, kind)?;
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

/// What a column of texts keeps of the value.
pub(super) fn text<'a>(
    value: Value<'a>,
    glue_type: &GlueType,
    dialect: &Dialect,
) -> Result<Cow<'a, [u8]>, Misfit> {
    let text: Cow<'a, [u8]> = match value {
        Value::Text(text) => text.0.into(),
        Value::Number(number) => number.text().as_bytes().into(),
        Value::Bool(true) => b"true".into(),
        Value::Bool(false) => b"false".into(),
        Value::Nested(_) if dialect.kind == Kind::Hive => {
            let words = "One or more fields have incorrect format. Exception when validating field \
                         (root)";
            return Err(Misfit(words.to_owned()));
        }
        Value::Nested(node) => {
            let mut text = String::new();
            node.write(dialect.lowers_keys(), &mut text);
            text.into_bytes().into()
        }
        Value::Null => b"".into(),
    };
    if let Some(most) = glue_type.max_chars()
        && text.len() > most
    {
        let chars = Text(&text).as_str()?.chars().count();
        if chars > most {
            return Err(Misfit::new(&format!("{chars} characters do not fit {glue_type}")));
        }
    }
    Ok(text)
}

pub(super) fn binary(value: Value<'_>) -> Result<Vec<u8>, Misfit> {
    match value {
        Value::Text(text) => STANDARD
            .decode(text.0)
            .map_err(|why| Misfit::new(&format!("The text is not base64: {why}"))),
        other => Err(not_a(other, "base64 text")),
    }
}

pub(super) fn decimal(
    value: Value<'_>,
    kind: Kind,
    precision: u8,
    scale: u8,
) -> Result<i128, Misfit> {
    numeric(value, kind)?;
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
        .ok_or_else(|| Misfit::new(&format!("{text} does not fit decimal({precision},{scale})")))
}

pub(super) fn date(value: Value<'_>) -> Result<i32, Misfit> {
    match value {
        Value::Text(text) => {
            let text = text.as_str()?;
            time::text_days(text).ok_or_else(|| input_string(text))
        }
        other => Err(not_a(other, "date text")),
    }
}

pub(super) fn timestamp(value: Value<'_>, dialect: &Dialect) -> Result<i64, Misfit> {
    let bad_text = || Misfit::new("Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]");
    let text = match (value, dialect.kind) {
        (Value::Number(number), Kind::OpenX) => {
            return time::epoch_micros(number).ok_or_else(|| input_string(number.text()));
        }
        (Value::Number(number), Kind::Hive) => number.text(),
        (Value::Text(text), _) => text.as_str()?,
        (other, _) => return Err(not_a(other, "timestamp")),
    };
    if dialect.kind == Kind::OpenX {
        return time::text_micros(text).ok_or_else(bad_text);
    }
    let by_format = dialect.formats.iter().find_map(|format| match format {
        TimestampFormat::Millis => time::epoch_millis_micros(text),
        TimestampFormat::Pattern(pattern) => pattern.micros(text),
    });
    by_format.or_else(|| time::jdbc_micros(text)).ok_or_else(bad_text)
}

/// Hive's parser takes numbers for numbers only.
fn numeric(value: Value<'_>, kind: Kind) -> Result<(), Misfit> {
    match (value, kind) {
        (Value::Number(_) | Value::Null, _) | (_, Kind::OpenX) => Ok(()),
        (other, Kind::Hive) => Err(Misfit::new(&format!(
            "Current token ({}) not numeric, can not use numeric value accessors",
            token_of(other)
        ))),
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
    Misfit::new(&format!("The column wants a {wanted} and the record has {found}"))
}

/// Jackson's name of the token.
fn token_of(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "VALUE_NULL",
        Value::Bool(true) => "VALUE_TRUE",
        Value::Bool(false) => "VALUE_FALSE",
        Value::Number(number) if number.is_integral() => "VALUE_NUMBER_INT",
        Value::Number(_) => "VALUE_NUMBER_FLOAT",
        Value::Text(_) => "VALUE_STRING",
        Value::Nested(Node::Array(_)) => "START_ARRAY",
        Value::Nested(_) => "START_OBJECT",
    }
}

/// The Java class that the OpenX SerDe reads the value as.
pub(super) fn class_of(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "org.openx.data.jsonserde.json.JSONObject$Null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_integral() => "java.lang.Long",
        Value::Number(_) => "java.lang.Double",
        Value::Text(_) => "java.lang.String",
        Value::Nested(Node::Array(_)) => "org.openx.data.jsonserde.json.JSONArray",
        Value::Nested(_) => "org.openx.data.jsonserde.json.JSONObject",
    }
}
