//! The exit codes, for scripts to rely on.

use captains_cli::ExitStatus;

/// All was done.
pub const DONE: u8 = captains_cli::exit::DONE;
/// Something failed, as the message says, or `check` found bad objects.
pub const FAILED: u8 = captains_cli::exit::FAILED;
/// The command line asks for what cannot be: an unknown flag, location or column.
pub const USAGE: u8 = captains_cli::exit::USAGE;
/// Nothing matched: no Parquet object under the prefix, within the hours, or no bucket.
pub const NOTHING: u8 = 3;
/// No credentials, or no permission.
pub const ACCESS: u8 = 4;
/// The endpoint cannot be reached.
pub const UNREACHABLE: u8 = captains_cli::exit::UNREACHABLE;

/// The number that the shell sees: as of the other programs, but for [`NOTHING`] and [`ACCESS`].
#[must_use]
pub fn code(status: ExitStatus) -> u8 {
    match status {
        ExitStatus::Nothing => NOTHING,
        ExitStatus::Access => ACCESS,
        other => other.code(),
    }
}
