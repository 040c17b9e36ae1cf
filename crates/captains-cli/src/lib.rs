//! What the programs of this workspace share, so that a person who knows one knows all: exit codes,
//! how a failure is told, and logs.

pub mod exit;
mod failure;
mod logs;

pub use exit::ExitStatus;
pub use failure::Failure;
pub use logs::start_logs;
