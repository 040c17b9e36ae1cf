//! What can go wrong when an endpoint starts or stops. What a caller is answered is
//! `protocol::AwsError`.

use std::path::PathBuf;

/// What an endpoint can fail at, outside of answers to its callers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data directory cannot be used.
    #[error("failed to use the data directory `{}`", path.display())]
    DataDirectory {
        /// The directory or the file in it.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process uses the data directory.
    #[error("the data directory `{}` is in use by another process", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file of the endpoint's own in the data directory does not read back.
    #[error("failed to read `{}`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The buckets in the data directory cannot be used.
    #[error("failed to use the buckets")]
    Buckets(#[source] object_directory::Error),
    /// A setting breaks a rule.
    #[error("{setting} {problem}")]
    Setting {
        /// Name of the setting, as the builder calls it.
        setting: &'static str,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// The listener failed.
    #[error("failed to accept connections")]
    Accept(#[source] std::io::Error),
}
