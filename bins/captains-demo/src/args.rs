//! The command line. The comments here are the help text.

use std::path::PathBuf;

use clap::Parser;

/// The whole captain-ratings pipeline in one command, offline
///
/// Makes seeded ratings, sends them through a Firehose delivery stream in this process, which
/// buffers them, converts them to Parquet and writes them as Firehose would write them to S3;
/// then reads the files back, analyses them, and checks that nothing was lost on the way.
///
/// Exit codes: 0 all counts add up, 1 they do not or something failed, 2 wrong usage.
#[derive(Debug, Clone, Parser)]
#[command(name = "captains-demo", version)]
pub struct Args {
    /// Where the files go; those of earlier runs are left alone
    #[arg(long, value_name = "DIRECTORY", default_value = "captains-demo-data")]
    pub dir: PathBuf,
    /// Ratings to make
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100_000,
          value_parser = clap::value_parser!(u64).range(1..=50_000_000))]
    pub count: u64,
    /// The same seed makes the same ratings
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Send through a Kinesis data stream, which the delivery stream reads
    #[arg(long)]
    pub kinesis: bool,
}
