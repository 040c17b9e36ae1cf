//! Looks at Parquet objects on S3 or in a directory. All work is in the library beside it.

use std::process::ExitCode;

use captains_analyzer::{Args, logs, run_to_end};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    logs::start(args.shared.verbose);
    run_to_end(&args, &mut std::io::stdout(), &mut anstream::stderr()).await.into()
}
