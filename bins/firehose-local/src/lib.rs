//! The library behind `firehose-local`: an AWS endpoint on a port of this machine.
//!
//! `args` says what is asked, `settings` turns it into an endpoint, `tutorial` makes what the
//! tutorial needs, `run` serves until it is told to end, `keys` reads credentials to verify,
//! `shell` prints the environment, and `failure` turns an error into sentences and an exit code.
//! Everything that an AWS client can see is `firehose-endpoint`'s.

mod args;
mod failure;
mod keys;
mod run;
mod settings;
mod shell;
pub mod tutorial;

pub use args::Args;
pub use run::run_to_end;
