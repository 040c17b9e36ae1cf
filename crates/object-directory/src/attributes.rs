//! What is known of an object besides its bytes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a writer says of an object and every reader is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// `Content-Type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Encoding`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Disposition`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Language`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Cache-Control`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Expires`, as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The user's own metadata: lower-case names without `x-amz-meta-`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<String, String>,
    /// The KMS key that the object is said to be encrypted with; nothing is encrypted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// The checksum that the object was stored with; verifying it is the caller's part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
}

/// A checksum over an object's bytes, as the caller computed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// S3's name of the algorithm, such as `CRC32`.
    pub algorithm: String,
    /// The value, as it travels.
    pub value: String,
    /// Whether it is a checksum over the checksums of parts.
    #[serde(default)]
    pub composite: bool,
}

/// An object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The key.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// When its file was written.
    pub last_modified: DateTime<Utc>,
    /// Without quotes: MD5 of the bytes in hexadecimal; for a multipart upload the MD5 of the
    /// parts' MD5s, a hyphen and their count. A file that was copied in by hand has the MD5 of its
    /// size and time with `-1` behind, for nobody has read it yet.
    pub etag: String,
    /// What the writer said of it.
    pub attributes: Attributes,
    /// Sizes of the parts in bytes, if it was uploaded in parts.
    pub part_sizes: Vec<u64>,
    /// The multipart upload that made it.
    pub(crate) upload: Option<String>,
}
