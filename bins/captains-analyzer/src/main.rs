//! Looks at Parquet objects on S3 or in a directory. All work is in the library beside it.

use std::process::ExitCode;

use captains_analyzer::{Args, exit, run_to_end};
use captains_cli::start_logs;
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    start_logs(args.shared.verbose, "s3_parquet_reader");
    let status = run_to_end(&args, &mut std::io::stdout(), &mut anstream::stderr()).await;
    ExitCode::from(exit::code(status))
}
