//! All that a call breaks, joined as AWS joins it.

use serde_json::Value;

use super::{
    form::base64_length,
    shape::{Kind, Shape},
};

/// Sentences that are printed; the rest is counted. A body may break a rule in every one of a
/// million places, and its answer must not be many times its size.
const PRINTED: usize = 100;

/// Characters of a refused value that are printed.
const QUOTED: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Violations {
    count: usize,
    sentences: Vec<String>,
}

impl Violations {
    pub(super) fn push(&mut self, sentence: impl FnOnce() -> String) {
        self.count += 1;
        if self.sentences.len() < PRINTED {
            self.sentences.push(sentence());
        }
    }

    /// None if nothing is broken.
    pub(super) fn into_message(self) -> Option<String> {
        let errors = match self.count {
            0 => return None,
            1 => "error",
            _ => "errors",
        };
        let sentences = self.sentences.join("; ");
        Some(format!("{} validation {errors} detected: {sentences}", self.count))
    }
}

/// `'…' ` as Java prints the value; empty for what it would print as an object's address.
pub(super) fn quoted(shape: &Shape, value: &Value) -> String {
    match (&shape.kind, printed(value)) {
        (Kind::Blob, _) => {
            let bytes = value.as_str().and_then(base64_length).unwrap_or_default();
            format!("'java.nio.HeapByteBuffer[pos=0 lim={bytes} cap={bytes}]' ")
        }
        (_, Some(text)) => match text.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("'{}…' ", text.get(..end).unwrap_or_default()),
            None => format!("'{text}' "),
        },
        (_, None) => String::new(),
    }
}

/// `text`, `1`, `[a, b]`, `{k=v}`; None for structures and what holds them.
fn printed(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(scalar).collect::<Option<_>>()?;
            Some(format!("[{}]", items.join(", ")))
        }
        Value::Object(entries) => {
            let entries =
                entries.iter().map(|(key, value)| Some(format!("{key}={}", scalar(value)?)));
            Some(format!("{{{}}}", entries.collect::<Option<Vec<_>>>()?.join(", ")))
        }
        value => scalar(value),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
        value => Some(value.to_string()),
    }
}
