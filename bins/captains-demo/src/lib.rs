//! The library behind `captains-demo`: the tutorial from record to answer, in this process.
//!
//! `pipeline` makes ratings and sends them through a delivery stream into Parquet files,
//! `answers` reads the files back and analyses them, `tell` prints, `run` puts them together and
//! checks that the counts add up.

mod answers;
mod args;
mod pipeline;
mod run;
mod tell;

pub use args::Args;
pub use run::{run, run_to_end};
