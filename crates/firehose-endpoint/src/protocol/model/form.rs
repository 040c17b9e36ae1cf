//! The form of a call's input: JSON types, base64, names of members. No constraints.

use serde_json::{Number, Value};

use super::{
    Document,
    path::Path,
    shape::{Kind, Member},
};

/// Refuses the first value of a wrong type; notes the first member that the model does not have
/// in `unknown`, because a wrong type anywhere is refused before it.
pub(super) fn check(
    document: &Document,
    shape: &str,
    input: &Value,
    unknown: &mut Option<String>,
) -> Result<(), String> {
    Form { document, unknown }.value(shape, input, Path::ROOT)
}

struct Form<'a> {
    document: &'a Document,
    unknown: &'a mut Option<String>,
}

impl Form<'_> {
    fn value(&mut self, shape: &str, value: &Value, path: Path<'_>) -> Result<(), String> {
        let Some(shape) = self.document.shape(shape) else { return Ok(()) };
        match (&shape.kind, value) {
            (_, Value::Null) | (Kind::Document, _) => Ok(()),
            (Kind::Structure { members }, Value::Object(object)) => {
                self.structure(members, object, path)
            }
            (Kind::List { member }, Value::Array(items)) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| self.value(member, item, path.item(index))),
            (Kind::Map { value: shape, .. }, Value::Object(object)) => {
                object.iter().try_for_each(|(key, value)| self.value(shape, value, path.key(key)))
            }
            (Kind::Blob, Value::String(text)) => base64_length(text)
                .map(drop)
                .ok_or_else(|| at(path, "the value is not base64 with padding")),
            (kind, value) if scalar_fits(kind, value) => Ok(()),
            (kind, value) => Err(at(path, &misfit(kind, value))),
        }
    }

    fn structure(
        &mut self,
        members: &[Member],
        object: &serde_json::Map<String, Value>,
        path: Path<'_>,
    ) -> Result<(), String> {
        for (name, value) in object {
            let here = path.member(name);
            match members.iter().find(|member| member.name == *name) {
                Some(member) => self.value(&member.shape, value, here)?,
                None if self.unknown.is_none() => *self.unknown = Some(here.to_string()),
                None => {}
            }
        }
        Ok(())
    }
}

/// Number of bytes that a base64 text with padding stands for.
pub(super) fn base64_length(text: &str) -> Option<usize> {
    let bytes = base64_simd::STANDARD.decode_to_vec(text).ok()?;
    Some(bytes.len())
}

fn scalar_fits(kind: &Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::String, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => true,
        (Kind::Integer, Value::Number(number)) => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Kind::Long, Value::Number(number)) => number.as_i64().is_some(),
        (Kind::Double | Kind::Timestamp, Value::Number(_)) => true,
        _ => false,
    }
}

/// The sentence of AWS's JSON reader. It does not say where; we add that.
fn misfit(kind: &Kind, value: &Value) -> String {
    match value {
        Value::Array(_) => "Start of list found where not expected".to_owned(),
        Value::Object(_) => "Start of structure or map found where not expected.".to_owned(),
        value => format!("{} can not be converted to {}", token(value), name(kind)),
    }
}

fn token(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if is_whole(number) => "NUMBER_VALUE",
        Value::Number(_) => "DECIMAL_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}

fn is_whole(number: &Number) -> bool {
    !number.is_f64()
}

fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Structure { .. } => "a structure",
        Kind::List { .. } => "a list",
        Kind::Map { .. } => "a map",
        Kind::String => "a String",
        Kind::Blob => "a Blob",
        Kind::Boolean => "a Boolean",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Double => "a Double",
        Kind::Timestamp => "a Timestamp",
        Kind::Document => "a document",
    }
}

fn at(path: Path<'_>, what: &str) -> String {
    match path.to_string() {
        root if root.is_empty() => what.to_owned(),
        path => format!("{what} (at '{path}')"),
    }
}
