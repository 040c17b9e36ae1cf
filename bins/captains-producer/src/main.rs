//! Makes captain ratings and sends them somewhere. All work is in the library beside it.

use std::process::ExitCode;

use captains_cli::{ExitStatus, start_logs};
use captains_producer::{Args, Command, doctor, run_to_end};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    start_logs(args.verbose, "firehose_sink=debug,firehose_delivery");
    if let Some(Command::Doctor(args)) = &args.command {
        let ended = doctor(args, &mut anstream::stdout()).await;
        return ended.unwrap_or(ExitStatus::Failed).into();
    }
    run_to_end(&args, &mut anstream::stderr()).await.into()
}
