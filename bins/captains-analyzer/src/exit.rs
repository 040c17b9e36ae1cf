//! The exit codes, for scripts to rely on.

use std::process::ExitCode;

/// All was done.
pub const DONE: u8 = 0;
/// Something failed, as the message says.
pub const FAILED: u8 = 1;
/// The command line asks for what cannot be: an unknown flag, location or column.
pub const USAGE: u8 = 2;
/// Nothing matched: no Parquet object under the prefix, within the hours, or no bucket.
pub const NOTHING: u8 = 4;
/// No credentials, or no permission.
pub const ACCESS: u8 = 6;
/// The endpoint cannot be reached.
pub const UNREACHABLE: u8 = 7;

/// How a run ended; see the constants of this module. The number 3 is left to
/// `captains-producer`, for records that were not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitStatus {
    /// [`DONE`].
    Done,
    /// [`FAILED`].
    Failed,
    /// [`USAGE`].
    Usage,
    /// [`NOTHING`].
    Nothing,
    /// [`ACCESS`].
    Access,
    /// [`UNREACHABLE`].
    Unreachable,
}

impl ExitStatus {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => DONE,
            Self::Failed => FAILED,
            Self::Usage => USAGE,
            Self::Nothing => NOTHING,
            Self::Access => ACCESS,
            Self::Unreachable => UNREACHABLE,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
