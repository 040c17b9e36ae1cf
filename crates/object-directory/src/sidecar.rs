//! Attributes of objects, in files of their own.
//!
//! An object's attributes are written before its bytes appear, and name the size and the time of
//! the file they belong to. A file that was replaced by hand has others, and then the attributes
//! are not its own: it has the default ones. While an object is being replaced its attributes'
//! file has those of the old and of the new version, so that either is whole after a crash.

use std::{
    fs::Metadata,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::{
    Attributes, ObjectInfo, Result,
    disk::{self, Disk},
};

/// What marks one version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    size: u64,
    modified_ns: i64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
        Self { size: metadata.len(), modified_ns: nanoseconds(modified) }
    }

    fn last_modified(self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.modified_ns)
    }

    /// An ETag for a file that nobody has read.
    fn etag(self) -> String {
        format!("{}-1", hex(&Md5::digest(format!("{} {}", self.size, self.modified_ns))))
    }
}

/// What is known of one version of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    #[serde(flatten)]
    pub(crate) stamp: Stamp,
    pub(crate) etag: String,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) part_sizes: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upload: Option<String>,
}

/// The file: the newest version first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Sidecar {
    versions: Vec<Version>,
}

/// What is known of the object whose file has this stamp.
pub(crate) fn info(key: &str, stamp: Stamp, sidecar: &Path) -> Result<ObjectInfo> {
    let known = load(sidecar)?.versions.into_iter().find(|version| version.stamp == stamp);
    let version = known.unwrap_or_else(|| Version {
        stamp,
        etag: stamp.etag(),
        attributes: Attributes::default(),
        part_sizes: Vec::new(),
        upload: None,
    });
    Ok(version.into_info(key))
}

impl Version {
    pub(crate) fn into_info(self, key: &str) -> ObjectInfo {
        ObjectInfo {
            key: key.to_owned(),
            size: self.stamp.size,
            last_modified: self.stamp.last_modified(),
            etag: self.etag,
            attributes: self.attributes,
            part_sizes: self.part_sizes,
            upload: self.upload,
        }
    }
}

/// Writes the version that is about to appear, and keeps the one that is there now.
pub(crate) fn store(
    disk: &Arc<Disk>,
    sidecar: &Path,
    version: &Version,
    current: Option<Stamp>,
) -> Result<()> {
    let old = match current {
        Some(stamp) => load(sidecar)?.versions.into_iter().find(|version| version.stamp == stamp),
        None => None,
    };
    let versions = std::iter::once(version.clone()).chain(old).collect();
    // Plain fields and string keys always become JSON.
    let text = serde_json::to_vec(&Sidecar { versions }).unwrap_or_default();
    disk.replace(sidecar, &text)
}

/// The file's versions; a damaged file has none, for it can only be a foreign one.
fn load(sidecar: &Path) -> Result<Sidecar> {
    let Some(text) = disk::read(sidecar)? else { return Ok(Sidecar::default()) };
    Ok(serde_json::from_slice(&text).unwrap_or_else(|why| {
        tracing::warn!(file = %sidecar.display(), %why, "attributes do not read back");
        Sidecar::default()
    }))
}

fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, std::ops::Neg::neg)
        }
    }
}

/// Hexadecimal digits, as ETags have them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
