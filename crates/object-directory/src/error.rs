//! What buckets in directories can refuse or fail at.

use std::{io, path::PathBuf};

use crate::ObjectInfo;

/// What an operation on a bucket can answer instead of a result. Every variant names the bucket,
/// the key, the upload or the file it happened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name breaks one of S3's rules for names of buckets.
    #[error("`{name}` is no name of a bucket: {problem}")]
    InvalidBucketName {
        /// The name, as given.
        name: String,
        /// The rule that it breaks.
        problem: &'static str,
    },
    /// There is no such bucket; writing to one does not create it.
    #[error("The specified bucket does not exist: {bucket}")]
    NoSuchBucket {
        /// Name of the bucket.
        bucket: String,
    },
    /// A bucket of that name is there already.
    #[error("bucket `{bucket}` exists already")]
    BucketExists {
        /// Name of the bucket.
        bucket: String,
    },
    /// Only an empty bucket can be deleted.
    #[error("bucket `{bucket}` is not empty")]
    BucketNotEmpty {
        /// Name of the bucket.
        bucket: String,
    },
    /// The key is empty or has more than 1,024 bytes.
    #[error("the key begins with `{}` and has {} bytes: a key has 1 to 1024", start(key), key.len())]
    InvalidKey {
        /// The key, as given.
        key: String,
    },
    /// No object has this key.
    #[error("bucket `{bucket}` has no object `{key}`")]
    NoSuchKey {
        /// Name of the bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A condition on the object does not hold.
    #[error("object `{key}` does not meet the condition {condition}")]
    PreconditionFailed {
        /// The key.
        key: String,
        /// Name of the condition, such as `If-Match`.
        condition: &'static str,
    },
    /// The caller has this version of the object already.
    #[error("object `{}` is not modified", info.key)]
    NotModified {
        /// The object as it is.
        info: Box<ObjectInfo>,
    },
    /// The range begins behind the object's end, or asks for its last zero bytes.
    #[error("object `{key}` has {size} bytes and none in the range asked for")]
    InvalidRange {
        /// The key.
        key: String,
        /// Size of the object in bytes.
        size: u64,
    },
    /// There is no such multipart upload, or it is one of another key.
    #[error("there is no multipart upload `{upload}` of this key")]
    NoSuchUpload {
        /// The upload's id, as given.
        upload: String,
    },
    /// A part was not uploaded, or is another one than the caller means.
    #[error("multipart upload `{upload}` has no such part {part}")]
    InvalidPart {
        /// The upload's id.
        upload: String,
        /// Number of the part.
        part: u16,
    },
    /// The parts to put together are not in ascending order, or there is none.
    #[error("the parts of multipart upload `{upload}` are not in ascending order")]
    InvalidPartOrder {
        /// The upload's id.
        upload: String,
    },
    /// A part that is not the last one is too small.
    #[error(
        "part {part} of multipart upload `{upload}` has {size} bytes: all but the last need {minimum}"
    )]
    PartTooSmall {
        /// The upload's id.
        upload: String,
        /// Number of the part.
        part: u16,
        /// Its size in bytes.
        size: u64,
        /// What it needs at least.
        minimum: u64,
    },
    /// The bytes to store stopped coming.
    #[error("failed to read the bytes to store")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file system failed.
    #[error("failed to {doing} `{}`", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What this crate's operations answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Adds to an error of the file system what was tried on which path.
pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io { doing, path, source }
}

/// Whether there is nothing at a path: also where a file stands in the place of a directory.
pub(crate) fn is_absent(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What a key begins with, short enough for a message.
fn start(key: &str) -> String {
    key.chars().take(40).collect()
}
