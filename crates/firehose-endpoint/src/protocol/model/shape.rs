//! What a model says about one type.

use serde::Deserialize;

use super::pattern::Pattern;

/// A type and its constraints.
#[derive(Debug, Deserialize)]
pub(super) struct Shape {
    #[serde(flatten)]
    pub(super) kind: Kind,
    /// Length of strings, blobs, lists and maps; value of numbers.
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) pattern: Option<Pattern>,
    #[serde(rename = "enum")]
    pub(super) choices: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Kind {
    Structure {
        /// In the order in which AWS checks them.
        members: Vec<Member>,
    },
    List {
        member: String,
    },
    Map {
        key: String,
        value: String,
    },
    String,
    Blob,
    Boolean,
    Integer,
    Long,
    Double,
    Timestamp,
    /// JSON of any form.
    Document,
}

/// A member of a structure.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    /// How a message's path spells it.
    pub(super) path: String,
    pub(super) shape: String,
    #[serde(default)]
    pub(super) required: bool,
}

impl Shape {
    /// Whether values of this type hold no others, so that their container speaks for them.
    pub(super) fn is_scalar(&self) -> bool {
        !matches!(self.kind, Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. })
    }
}
