//! The program as its users run it: every command, every format, each kind of bad input.
//!
//! `fixture` writes the files and runs the program; `endpoint` answers as S3 would, from a script.

mod commands;
mod endpoint;
mod failures;
mod fixture;
mod s3;
