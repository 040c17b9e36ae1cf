//! The whole captain-ratings pipeline in one command, offline. All work is in the library beside
//! it.

use std::process::ExitCode;

use captains_demo::{Args, run_to_end};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    run_to_end(&args, &mut anstream::stdout(), &mut anstream::stderr()).await.into()
}
