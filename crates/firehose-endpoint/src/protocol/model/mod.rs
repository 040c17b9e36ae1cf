//! The services' models: which members an operation has and what they may hold.
//!
//! The files in `models/` are extracts of AWS's published models (`tests/wire/models/extract.py`
//! writes them). A call is checked in AWS's order: first the form of the JSON, then the names of
//! its members, then every constraint, all broken ones in one answer. What AWS checks beyond its
//! model (one member against another, against what exists) is left to the operations.

mod constraints;
mod form;
mod path;
mod pattern;
mod rule;
mod shape;
#[cfg(test)]
mod tests;
mod violations;

use std::{collections::HashMap, sync::LazyLock};

use serde_json::Value;

use self::{constraints::Constraints, path::Path, shape::Shape, violations::Violations};
use super::AwsError;

/// The operations of one service and the shapes of their inputs.
#[derive(Debug)]
pub(crate) struct Model {
    document: Document,
    echo: Echo,
}

/// Which refused values the text of a violation quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Echo {
    /// `Value '…' at 'path'`, the older form. Glue and Kinesis: reports up to 2022 have it.
    Values,
    /// `Value at 'path'`, except for blobs. Firehose: its reports have values until 2017 and none
    /// since 2024; for a blob, `java.nio.HeapByteBuffer[…]` is the only form ever seen.
    BlobsOnly,
}

/// The file of a model.
#[derive(Debug, serde::Deserialize)]
struct Document {
    operations: HashMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

#[derive(Debug, serde::Deserialize)]
struct Operation {
    input: String,
}

/// Firehose's model: all of its operations.
pub(crate) fn firehose() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| {
        Model::read(include_str!("../../../models/firehose.json"), Echo::BlobsOnly)
    });
    &MODEL
}

/// Glue's model: the operations on databases, tables and their versions.
pub(crate) fn glue() -> &'static Model {
    static MODEL: LazyLock<Model> =
        LazyLock::new(|| Model::read(include_str!("../../../models/glue.json"), Echo::Values));
    &MODEL
}

/// Kinesis's model: the operations on data streams that are served.
pub(crate) fn kinesis() -> &'static Model {
    static MODEL: LazyLock<Model> =
        LazyLock::new(|| Model::read(include_str!("../../../models/kinesis.json"), Echo::Values));
    &MODEL
}

impl Model {
    /// Checks an operation's input against its shape. A member that is `null` is as absent.
    ///
    /// # Errors
    ///
    /// `UnknownOperationException` for what is not served; `SerializationException` for a member of
    /// the wrong JSON type; `ValidationException` for unknown members, or for broken constraints
    /// (all of them joined, in AWS's words and order).
    pub(crate) fn check(&self, operation: &str, input: &Value) -> Result<(), AwsError> {
        let Some(known) = self.document.operations.get(operation) else {
            return Err(AwsError::unknown_operation(format!(
                "{operation} is not supported by firehose-local"
            )));
        };
        let mut unknown = None;
        form::check(&self.document, &known.input, input, &mut unknown)
            .map_err(AwsError::serialization)?;
        if let Some(member) = unknown {
            return Err(AwsError::validation(format!("Unknown parameter: {member}")));
        }
        let mut violations = Violations::default();
        let constraints = Constraints { document: &self.document, echo: self.echo };
        constraints.check(&known.input, input, Path::ROOT, &mut violations);
        match violations.into_message() {
            None => Ok(()),
            Some(message) => Err(AwsError::validation(message)),
        }
    }

    fn read(text: &str, echo: Echo) -> Self {
        let document =
            serde_json::from_str(text).expect("the text is compiled in, and a test reads it");
        Self { document, echo }
    }
}

/// Drops members that are null, at every depth: AWS treats such a member as one that is not there.
pub(crate) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

impl Document {
    fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }
}
