//! What the programs of this workspace share, so that a person who knows one knows all: exit codes,
//! how a failure is told, interrupts, and logs.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "doctor")]
pub mod doctor;
pub mod exit;
mod failure;
mod interrupt;
mod logs;

pub use exit::ExitStatus;
pub use failure::Failure;
pub use interrupt::Interrupts;
pub use logs::start_logs;
