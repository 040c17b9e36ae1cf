//! The program as its users run it: every command, every format, each kind of bad input.
//!
//! `fixture` writes the files and runs the program; `endpoint` answers as S3 would, from a script.

mod browser;
mod commands;
#[cfg(feature = "s3")]
mod endpoint;
mod failures;
mod fixture;
mod objects;
mod report;
mod rows;
#[cfg(feature = "s3")]
mod s3;
mod shell;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "stream")]
mod stream;
mod terminal;
mod watch;
