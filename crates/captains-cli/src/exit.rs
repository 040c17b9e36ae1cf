//! The exit codes, for scripts to rely on.

use std::process::ExitCode;

/// All was done; for a producer also after Ctrl-C, when everything was delivered.
pub const DONE: u8 = 0;
/// Something failed, as the message says.
pub const FAILED: u8 = 1;
/// The command line asks for what cannot be: an unknown flag, target, location or column.
pub const USAGE: u8 = 2;
/// Some records were not delivered; the summary says how many.
pub const UNDELIVERED: u8 = 3;
/// Nothing matched: no Parquet object under the prefix, within the hours, or no bucket.
pub const NOTHING: u8 = 4;
/// No credentials, or no permission.
pub const ACCESS: u8 = 6;
/// The endpoint cannot be reached.
pub const UNREACHABLE: u8 = 7;
/// A second Ctrl-C ended the program before everything was delivered.
pub const INTERRUPTED: u8 = 130;

/// How a run ended; see the constants of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitStatus {
    /// [`DONE`].
    Done,
    /// [`FAILED`].
    Failed,
    /// [`USAGE`].
    Usage,
    /// [`UNDELIVERED`].
    Undelivered,
    /// [`NOTHING`].
    Nothing,
    /// [`ACCESS`].
    Access,
    /// [`UNREACHABLE`].
    Unreachable,
    /// [`INTERRUPTED`].
    Interrupted,
}

impl ExitStatus {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => DONE,
            Self::Failed => FAILED,
            Self::Usage => USAGE,
            Self::Undelivered => UNDELIVERED,
            Self::Nothing => NOTHING,
            Self::Access => ACCESS,
            Self::Unreachable => UNREACHABLE,
            Self::Interrupted => INTERRUPTED,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
