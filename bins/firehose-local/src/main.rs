//! A local AWS endpoint. All work is in the library beside it.

use std::process::ExitCode;

use captains_cli::start_logs;
use clap::Parser;
use firehose_local::{Args, run_to_end};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    start_logs(args.verbose, "firehose_endpoint=debug,firehose_delivery");
    run_to_end(&args, &mut std::io::stdout(), &mut anstream::stderr()).await.into()
}
