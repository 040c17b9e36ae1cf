//! The sure way through a record: serde_json reads it, every fault gets its message.

use serde_json::value::RawValue;

use super::{ConversionError, ErrorCode, Row, coerce::Misfit, node::Node};

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
        match Node::read(document.get()).map_err(|why| parse_error(&why))? {
            Node::Object(members) => {
                for (key, node) in members {
                    if let Some(column) = row.keys().find(&key) {
                        let set = row.set(column, node.as_value());
                        set.map_err(|Misfit(message)| malformed_data(&message))?;
                    }
                }
            }
            // Firehose's documentation forbids it; the library below would map by position.
            Node::Array(_) => return Err(malformed_data(TOP_LEVEL_ARRAY)),
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

fn parse_error(why: &serde_json::Error) -> ConversionError {
    ConversionError::new(ErrorCode::ParseError, format!("Encountered malformed JSON. {why}"))
}

fn malformed_data(message: &str) -> ConversionError {
    ConversionError::new(ErrorCode::MalformedData, message)
}
