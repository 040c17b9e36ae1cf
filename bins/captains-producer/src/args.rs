//! The command line. The comments here are the help text.

use std::{path::PathBuf, str::FromStr, time::Duration, time::SystemTime};

use bytesize::ByteSize;
use clap::{ArgGroup, Parser, Subcommand, ValueEnum};
use firehose_sink::Billing;

use crate::{DoctorArgs, Rate};

/// Records made when nobody says how many: enough to look at.
pub(crate) const DEFAULT_COUNT: u64 = 10;
/// When a local buffer becomes a file: the tutorial's settings.
pub(crate) const DEFAULT_BUFFER_SIZE: ByteSize = ByteSize::mib(1);
pub(crate) const DEFAULT_BUFFER_INTERVAL: Duration = Duration::from_secs(60);

/// What an aggregated record may be large.
const AGGREGATE_SIZES: std::ops::RangeInclusive<u64> = 1 << 10..=1 << 20;

const EXAMPLES: &str = "\
Examples:
  captains-producer                                             ten records to look at
  captains-producer --seed 42 --start 2022-01-08T06:00:00Z      the same ten every time
  captains-producer -n 100000 --to local:data                   Parquet files in a directory, offline
  captains-producer --to firehose://PUT-S3-qrZbv --duration 5m  the tutorial, on AWS
  captains-producer --to kinesis://streaming-analytics-app -n 1000 --rate 50/s
  captains-producer --to kinesis://streaming-analytics-app --forever --rate 5000/s --aggregate 50KiB
  captains-producer --to firehose://PUT-S3-qrZbv -n 500 --endpoint-url http://127.0.0.1:4566
  captains-producer --to firehose://PUT-S3-qrZbv --forever --pack 5KiB --spool spool
  captains-producer doctor --to firehose://PUT-S3-qrZbv         is all in place, and may I use it?

Ctrl-C stops making records, delivers what is under way, and reports; a second one ends at once.

Exit codes:
  0    all was delivered, also after Ctrl-C
  1    failed before records were sent, as the message says
  2    the command line asks for what cannot be
  3    some records were not delivered
  6    no credentials, or no permission
  7    the endpoint cannot be reached
  130  ended by a second Ctrl-C";

/// Make captain ratings and send them somewhere
///
/// Records are those of the tutorial: who rated which captain, how highly, and when; one in 25 is
/// an outlier. They go to stdout, to a delivery stream in this process that writes Parquet files,
/// to a Firehose delivery stream or to a Kinesis data stream. Data goes to stdout, everything else
/// to stderr. Credentials come from where the AWS CLI takes them.
#[derive(Debug, Clone, Parser)]
#[command(name = "captains-producer", version, after_long_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(group = ArgGroup::new("length").args(["count", "duration", "forever"]).multiple(true))]
pub struct Args {
    /// Something else than sending records.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where to: stdout:, local:DIRECTORY, firehose://STREAM or kinesis://STREAM
    #[arg(
        long,
        value_name = "TARGET",
        default_value = "stdout:",
        env = "CAPTAINS_TO",
        hide_env_values = true
    )]
    pub to: TargetUri,
    /// Records to make [default: 10 on stdout; elsewhere this, --duration or --forever]
    #[arg(short = 'n', long, value_name = "N")]
    pub count: Option<u64>,
    /// How long to make records, such as 60s or 5m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Make records until Ctrl-C
    #[arg(long, conflicts_with_all = ["count", "duration"])]
    pub forever: bool,
    /// How fast: 100/s, 6000/m, max, ramp:10/s..1000/s:5m, burst:1000/s:1s/10s or
    /// sine:100/s+-50/s:1h [default: max on stdout and local, 100/s elsewhere]
    #[arg(short, long, value_name = "RATE")]
    pub rate: Option<Rate>,
    /// The same seed makes the same records; told at the end when not given
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Time of the first record, such as 2022-01-08T06:00:00Z; later ones follow at the mean
    /// rate, or every millisecond. Without it records carry the time they are made
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_rfc3339_weak)]
    pub start: Option<SystemTime>,
    /// How records are written
    #[arg(long, value_enum, default_value_t)]
    pub style: Style,
    /// Size at which a local buffer becomes a file [default: 1MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub buffer_size: Option<ByteSize>,
    /// Age at which a local buffer becomes a file [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub buffer_interval: Option<Duration>,
    /// Documents of up to this size go into one record of the stream, such as 5KiB: Firehose bills
    /// each record as at least that
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub pack: Option<ByteSize>,
    /// Records of up to this size go into one record of a Kinesis stream, such as 50KiB, in the format
    /// of the Kinesis Producer Library: a shard takes a thousand records a second. Firehose and the
    /// Kinesis Client Library take them apart again
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub aggregate: Option<ByteSize>,
    /// Price of a gigabyte put to Firehose in your region, for the estimate of the bill; without it
    /// 0.029 is assumed, so look yours up
    #[arg(long, value_name = "PRICE", value_parser = price)]
    pub price_per_gb: Option<f64>,
    /// Keep records on disk until they are delivered; what a killed run left there is sent first
    #[arg(long, value_name = "DIRECTORY")]
    pub spool: Option<PathBuf>,
    /// Add records that are given up to this file, one JSON document a line
    #[arg(long, value_name = "FILE")]
    pub dead_letter: Option<PathBuf>,
    /// How long to wait at the end for what is under way
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub drain_timeout: Duration,
    // The AWS variables are left to the AWS configuration, which knows their order.
    /// Where Firehose or Kinesis answers, if not at AWS [env: AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Profile in ~/.aws to take credentials and region from [env: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region of the stream [env: AWS_REGION]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// How the run is told: for people on stderr, or as JSON lines on stdout
    #[arg(short, long, value_enum, default_value_t)]
    pub output: OutputFormat,
    /// How often it is told how it goes, where there is no live line
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub report_every: Duration,
    /// No progress and no summary; errors are still told
    #[arg(short, long)]
    pub quiet: bool,
    /// Logs of the libraries, more for each -v
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Args {
    /// How many records at most.
    pub(crate) fn most_records(&self) -> u64 {
        let bounded = self.duration.is_some() || self.forever;
        self.count.unwrap_or(if bounded { u64::MAX } else { DEFAULT_COUNT })
    }

    /// How fast.
    pub(crate) fn rate(&self) -> Rate {
        self.rate.unwrap_or(match self.to {
            TargetUri::Stdout | TargetUri::Local(_) => Rate::Max,
            TargetUri::Firehose(_) | TargetUri::Kinesis(_) => Rate::per_second(100.0),
        })
    }

    /// What a gigabyte costs.
    pub(crate) fn billing(&self) -> Billing {
        let set = self.price_per_gb.map(|per_gigabyte| Billing { per_gigabyte });
        set.unwrap_or(Billing::US_EAST_1)
    }

    /// What is wrong with the flags taken together, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        let endless = self.count.is_none() && self.duration.is_none() && !self.forever;
        if endless && self.to != TargetUri::Stdout {
            return Some(format!(
                "say how many records {} gets: --count N, --duration TIME or --forever",
                self.to
            ));
        }
        if self.buffer_size.is_some_and(|size| size.as_u64() == 0) {
            return Some("--buffer-size must be at least 1B".to_owned());
        }
        if self.pack.is_some_and(|size| size.as_u64() == 0) {
            return Some("--pack must be at least 1B".to_owned());
        }
        if self.aggregate.is_some_and(|size| !AGGREGATE_SIZES.contains(&size.as_u64())) {
            return Some("--aggregate must be from 1KiB to 1MiB".to_owned());
        }
        if self.report_every.is_zero() {
            return Some("--report-every must be longer than that".to_owned());
        }
        if self.output == OutputFormat::Json && self.to == TargetUri::Stdout {
            return Some("--output json has no place: stdout holds the records".to_owned());
        }
        let flag = self.flag_without_effect()?;
        Some(format!("{flag} has no effect with --to {}", self.to))
    }

    /// A flag that was given and that the target has no use for.
    fn flag_without_effect(&self) -> Option<&'static str> {
        let local = matches!(self.to, TargetUri::Local(_));
        let aws = matches!(self.to, TargetUri::Firehose(_) | TargetUri::Kinesis(_));
        let kinesis = matches!(self.to, TargetUri::Kinesis(_));
        let packs = local || matches!(self.to, TargetUri::Firehose(_));
        // The other targets keep what they were given, or nobody asks for it again.
        let spools = aws;
        let billed = matches!(self.to, TargetUri::Firehose(_));
        let flags = [
            (packs, self.pack.is_some(), "--pack"),
            (kinesis, self.aggregate.is_some(), "--aggregate"),
            (spools, self.spool.is_some(), "--spool"),
            (billed, self.price_per_gb.is_some(), "--price-per-gb"),
            (local, self.buffer_size.is_some(), "--buffer-size"),
            (local, self.buffer_interval.is_some(), "--buffer-interval"),
            (aws, self.endpoint_url.is_some(), "--endpoint-url"),
            (aws, self.profile.is_some(), "--profile"),
            (aws, self.region.is_some(), "--region"),
        ];
        flags.into_iter().find(|(useful, given, _)| *given && !useful).map(|(_, _, flag)| flag)
    }
}

/// What it does beside sending records.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Is all in place before the first record, and may I use it? Tells what to do about it
    Doctor(DoctorArgs),
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.parse().map_err(|_| format!("`{text}` is no price; write 0.029"))?;
    if f64::is_finite(price) && price >= 0.0 { Ok(price) } else { Err("no price".to_owned()) }
}

/// How the run is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// Sentences, on stderr
    #[default]
    Human,
    /// A JSON document a line, on stdout
    Json,
}

fn size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|why| format!("{why}; write 1MiB, 500KB or a number of bytes"))
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Style {
    /// JSON without blanks
    #[default]
    Compact,
    /// JSON as Python's json.dumps prints it, as in the tutorial
    Python,
}

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetUri {
    /// `stdout:`
    Stdout,
    /// `local:DIRECTORY`: a delivery stream in this process.
    Local(PathBuf),
    /// `firehose://STREAM`
    Firehose(String),
    /// `kinesis://STREAM`
    Kinesis(String),
}

impl FromStr for TargetUri {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let stream = |name: &str| match name.trim_end_matches('/') {
            "" => Err(format!("`{text}` names no stream")),
            name if name.contains('/') => Err(format!("`{name}` is not the name of a stream")),
            name => Ok(name.to_owned()),
        };
        if let Some(name) = text.strip_prefix("firehose://") {
            return stream(name).map(Self::Firehose);
        }
        if let Some(name) = text.strip_prefix("kinesis://") {
            return stream(name).map(Self::Kinesis);
        }
        match text.strip_prefix("local:") {
            Some("") => Err("`local:` names no directory; write local:DIRECTORY".to_owned()),
            Some(directory) => Ok(Self::Local(directory.into())),
            None if matches!(text, "stdout:" | "stdout" | "-") => Ok(Self::Stdout),
            None => {
                Err("write stdout:, local:DIRECTORY, firehose://STREAM or kinesis://STREAM"
                    .to_owned())
            }
        }
    }
}

impl std::fmt::Display for TargetUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout:"),
            Self::Local(directory) => write!(f, "local:{}", directory.display()),
            Self::Firehose(stream) => write!(f, "firehose://{stream}"),
            Self::Kinesis(stream) => write!(f, "kinesis://{stream}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn targets_are_read_and_written_alike() {
        for text in ["stdout:", "local:a/b", "firehose://PUT-S3-qrZbv", "kinesis://s"] {
            assert_eq!(text.parse::<TargetUri>().unwrap().to_string(), text);
        }
        for text in ["", "s3://b", "local:", "firehose://", "firehose://a/b", "kinesis:s"] {
            assert!(text.parse::<TargetUri>().is_err(), "{text}");
        }
    }
}
