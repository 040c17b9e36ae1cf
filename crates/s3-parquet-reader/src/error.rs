//! What can go wrong, by what a caller does next. Every error about an object names its key.
//!
//! Leaves to others: deciding whether an error stops a read (`run.rs` asks [`Error::is_bad_object`]
//! and the policies in [`ReadOptions`](crate::ReadOptions)) and reading a store's answer
//! (`diagnose.rs`).

use std::fmt;

/// The cause behind an [`Error`], kept whole.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a location, a listing or an object could not be read.
///
/// The messages say what happened to which thing and what to do next; what the store or the
/// decoder said stands in [`source`](std::error::Error::source). Contents of records appear in
/// neither.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The location is not one that can be read.
    #[error("cannot read `{location}`: {reason}")]
    Location {
        /// The location as it was given.
        location: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },

    /// A time range that ends before it begins.
    #[error("the time range {from} to {to} is empty: the end must lie after the start")]
    TimeRange {
        /// Start of the range, RFC 3339.
        from: String,
        /// End of the range, RFC 3339.
        to: String,
    },

    /// No credentials, or credentials that cannot be renewed.
    #[error(
        "no usable AWS credentials ({provider}): run `aws sso login`, set AWS_PROFILE, or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    Credentials {
        /// Which profile or chain was asked.
        provider: String,
        /// What the provider said.
        source: Cause,
    },

    /// The credentials are known but may not do this.
    #[error("access to `{what}` is denied: the identity in use needs {needs}")]
    AccessDenied {
        /// The location or key.
        what: String,
        /// The permission that is missing.
        needs: &'static str,
        /// The store's answer.
        source: Cause,
    },

    /// No connection to the store came about: nobody listens, or the name is not known.
    #[error("cannot reach {endpoint}: check the network and the endpoint")]
    Unreachable {
        /// Scheme, host and port, where they are known; otherwise the location.
        endpoint: String,
        /// What the network said.
        source: Cause,
    },

    /// The bucket does not exist.
    #[error("bucket `{bucket}` does not exist: check the name, the profile and the endpoint")]
    NoSuchBucket {
        /// Name of the bucket.
        bucket: String,
        /// The store's answer.
        source: Cause,
    },

    /// The bucket lives in another region than the one that was asked.
    #[error(
        "`{location}` lies in {}: set the region by ReadOptions or AWS_REGION",
        region.as_deref().map_or_else(|| "another region".to_owned(), |r| format!("region {r}"))
    )]
    WrongRegion {
        /// The location that was asked for.
        location: String,
        /// The right region, where the store told it.
        region: Option<String>,
        /// The store's answer.
        source: Cause,
    },

    /// The keys could not be listed.
    #[error("cannot list `{location}`")]
    List {
        /// The location that was listed.
        location: String,
        /// The store's answer.
        source: Cause,
    },

    /// The object vanished after it was listed, or was never there.
    #[error("object `{key}` does not exist (any more): list again")]
    NotFound {
        /// Key of the object.
        key: String,
        /// The store's answer.
        source: Cause,
    },

    /// The object is no Parquet file at all.
    #[error("object `{key}` ({size} bytes) is not a Parquet file: {reason}")]
    NotParquet {
        /// Key of the object.
        key: String,
        /// Its size in bytes.
        size: u64,
        /// How that was found out.
        reason: String,
    },

    /// The object is a Parquet file, but a damaged one.
    #[error(
        "object `{key}` ({size} bytes, ETag {}) is damaged, found while reading its {stage}",
        e_tag.as_deref().unwrap_or("unknown")
    )]
    Corrupt {
        /// Key of the object.
        key: String,
        /// Where the damage showed.
        stage: Stage,
        /// Its size in bytes.
        size: u64,
        /// Its ETag, where the store gives one.
        e_tag: Option<String>,
        /// What the decoder said.
        source: Cause,
    },

    /// The object was replaced again and again while it was read.
    #[error("object `{key}` was replaced while it was read: read again")]
    Changed {
        /// Key of the object.
        key: String,
        /// The store's answer.
        source: Cause,
    },

    /// A column's type cannot be brought to the table's type without loss.
    #[error(
        "column `{column}` of object `{key}` is {got}, which does not fit {want} without loss: \
         leave the column out, or read the objects of each type apart"
    )]
    SchemaMismatch {
        /// Key of the object.
        key: String,
        /// Name of the column.
        column: String,
        /// The type that the table has.
        want: String,
        /// The type that the object has.
        got: String,
    },

    /// A column was asked for that no object has.
    #[error("there is no column `{column}`; there are: {}", known.join(", "))]
    UnknownColumn {
        /// The name that was asked for.
        column: String,
        /// The names that there are.
        known: Vec<String>,
    },

    /// The table does not fit the memory that it may take.
    #[error(
        "object `{key}` takes the table over the memory limit of {limit_bytes} bytes: use \
         stream(), fewer columns or a shorter time range, or raise the limit"
    )]
    Memory {
        /// The object at which the limit was passed.
        key: String,
        /// The limit in bytes.
        limit_bytes: u64,
    },

    /// The store failed in another way, for instance because the network did on the way.
    #[error("cannot fetch object `{key}`")]
    Store {
        /// Key of the object.
        key: String,
        /// What the store said.
        source: Cause,
    },

    /// Rows do not fit the type that was asked for.
    #[error("rows of object `{key}` do not fit the type {wanted}")]
    Rows {
        /// Key of the object.
        key: String,
        /// Name of the type.
        wanted: &'static str,
        /// Which field, and why.
        source: Cause,
    },

    /// The checkpoint of a watch cannot be used.
    #[error(
        "checkpoint {checkpoint}: {reason}; to begin anew, and get every object once more, name \
         another one"
    )]
    Checkpoint {
        /// Which one: a path or a key.
        checkpoint: String,
        /// What is wrong with it, in a clause.
        reason: String,
        /// What the file system or the store said.
        source: Option<Cause>,
    },

    /// The reading task was stopped by the runtime that ran it.
    #[error("reading object `{key}` was cancelled: the runtime is shutting down")]
    Cancelled {
        /// Key of the object.
        key: String,
    },
}

impl Error {
    /// True when the object itself is at fault, so that `OnBad::Skip` may pass it over.
    ///
    /// Failures of the network, of permissions or of the caller's question are not.
    pub fn is_bad_object(&self) -> bool {
        matches!(self, Self::NotParquet { .. } | Self::Corrupt { .. })
    }

    /// The key of the object that this is about, if it is about one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::NotFound { key, .. }
            | Self::NotParquet { key, .. }
            | Self::Corrupt { key, .. }
            | Self::Changed { key, .. }
            | Self::SchemaMismatch { key, .. }
            | Self::Memory { key, .. }
            | Self::Store { key, .. }
            | Self::Rows { key, .. }
            | Self::Cancelled { key } => Some(key),
            _ => None,
        }
    }
}

/// How far the decoder had come when an object turned out to be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The metadata at the end of the file.
    Footer,
    /// The column data.
    Data,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Footer => "footer",
            Self::Data => "data",
        })
    }
}
