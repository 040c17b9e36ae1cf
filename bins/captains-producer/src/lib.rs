//! The library behind `captains-producer`: make captain ratings and send them somewhere.
//!
//! `args` says what is asked, `target` opens the place it goes to, `source` makes the records at
//! the `rate` that `pace` keeps, `check` asks the stream before the first record, `cost` estimates
//! the bill, `doctor` looks at all that stands between, `spooling` keeps records on disk, `run` puts them together and ends in an orderly way, `progress` and
//! `summary` talk, and `failure` turns an error into sentences and an exit code. The batches, the
//! retries and the counts are `firehose-sink`'s, the local delivery is `firehose-delivery`'s.

mod args;
mod check;
mod cost;
mod doctor;
mod failure;
mod pace;
mod progress;
mod rate;
mod run;
mod source;
mod spooling;
mod summary;
mod target;

pub use args::{Args, Command, OutputFormat, Style, TargetUri};
pub use doctor::{DoctorArgs, doctor};
pub use rate::Rate;
pub use run::{run, run_to_end};
