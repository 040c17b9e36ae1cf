//! Makes captain ratings and sends them somewhere. All work is in the library beside it.

use std::process::ExitCode;

use captains_producer::{Args, logs, run_to_end};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    logs::start(args.verbose);
    run_to_end(&args, &mut anstream::stderr()).await.into()
}
