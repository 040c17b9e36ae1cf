//! How a deserializer reads JSON: which key is which column, and what fits into what.

use std::sync::Arc;

use super::{joda::JodaPattern, keys::KeyRules};
use crate::{Error, JsonSerDe};

/// A deserializer's options, ready for use. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    pub(super) kind: Kind,
    pub(super) keys: KeyRules,
    /// Formats of timestamps beside the deserializer's own.
    pub(super) formats: Arc<[TimestampFormat]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    OpenX,
    Hive,
}

/// One of `HiveJsonSerDe`'s `TimestampFormats`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TimestampFormat {
    /// `millis`: epoch milliseconds.
    Millis,
    Pattern(JodaPattern),
}

impl Dialect {
    /// The OpenX SerDe with its defaults.
    pub(super) fn openx() -> Self {
        let keys = KeyRules { ignore_case: true, dots: false };
        Self { kind: Kind::OpenX, keys, formats: Arc::default() }
    }

    pub(super) fn new(serde: &JsonSerDe) -> Result<Self, Error> {
        Ok(match serde {
            JsonSerDe::OpenX(options) => Self {
                kind: Kind::OpenX,
                keys: KeyRules {
                    ignore_case: options.case_insensitive,
                    dots: options.convert_dots_in_json_keys_to_underscores,
                },
                formats: Arc::default(),
            },
            JsonSerDe::Hive(options) => Self {
                kind: Kind::Hive,
                keys: KeyRules { ignore_case: true, dots: false },
                formats: options
                    .timestamp_formats
                    .iter()
                    .map(|format| timestamp_format(format))
                    .collect::<Result<_, _>>()?,
            },
        })
    }

    /// Whether every key of the JSON is in lower case before it is read.
    pub(super) fn lowers_keys(&self) -> bool {
        self.kind == Kind::OpenX && self.keys.ignore_case
    }

    /// The same for the keys of maps, which are texts whatever their type.
    pub(super) fn of_map_keys(&self) -> Self {
        Self { kind: Kind::OpenX, ..self.clone() }
    }
}

fn timestamp_format(text: &str) -> Result<TimestampFormat, Error> {
    if text == "millis" {
        return Ok(TimestampFormat::Millis);
    }
    JodaPattern::parse(text).map(TimestampFormat::Pattern).map_err(|problem| {
        Error::config("", "HiveJsonSerDe", format!("TimestampFormats `{text}` {problem}"))
    })
}
