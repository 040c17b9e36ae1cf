//! What a journal can fail at.

use std::{io, path::PathBuf};

/// What a journal can fail at. Every variant names the file or directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory cannot be made, listed or synced.
    #[error("failed to use the journal `{}`", path.display())]
    Directory {
        /// The journal's directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process, or another [`Journal`](crate::Journal) of this one, has the directory.
    #[error("the journal `{}` is in use", path.display())]
    InUse {
        /// The journal's directory.
        path: PathBuf,
    },
    /// A segment cannot be made, written or synced. It takes nothing more: what became of the bytes
    /// since the last commit that succeeded is not known, and asking the system again may only hide
    /// that. Another segment may do better.
    #[error("failed to write the segment `{}`", path.display())]
    Write {
        /// The segment's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk has less left than the journal's reserve. Nothing was written; the segment takes
    /// more once there is room.
    #[error(
        "the disk of `{}` has {available} bytes left, and {reserve} are kept for deliveries",
        path.display()
    )]
    Reserve {
        /// The segment's file.
        path: PathBuf,
        /// What is left, in bytes.
        available: u64,
        /// What is kept, in bytes.
        reserve: u64,
    },
    /// The segment failed before. See [`Error::Write`].
    #[error("the segment `{}` takes nothing more: a write failed before", path.display())]
    Poisoned {
        /// The segment's file.
        path: PathBuf,
    },
    /// A segment cannot be read or removed.
    #[error("failed to read or remove the segment `{}`", path.display())]
    Read {
        /// The segment's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A frame or a header is longer than [`Segment::MAX_FRAME_BYTES`](crate::Segment::MAX_FRAME_BYTES).
    #[error("a frame of {bytes} bytes is longer than {limit}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest.
        limit: usize,
    },
}

impl Error {
    /// Whether the disk is full, so that the same may succeed once there is room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Reserve { .. } => true,
            Self::Write { source, .. } | Self::Directory { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}
