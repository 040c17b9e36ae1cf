//! What is wrong with a segment.

use std::path::PathBuf;

/// Frames that had been committed and cannot be read any more: not a torn end, which a power cut
/// leaves and nobody was promised, but a file that was changed or cut behind the journal's back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// How many frames that had been committed are gone.
    pub lost_frames: u64,
    /// Where the file is kept, under a name that the journal does not read again.
    pub kept_as: PathBuf,
}
