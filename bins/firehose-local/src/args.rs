//! The command line. The comments here are the help text.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand, ValueEnum};
use firehose_endpoint::{Durability, DurabilityError, FaultRule, LambdaHook};

/// The port that local AWS endpoints use by custom.
pub(crate) const DEFAULT_PORT: u16 = 4566;

const EXAMPLES: &str = "\
Examples:
  firehose-local                                    an empty AWS on http://127.0.0.1:4566
  firehose-local --tutorial                         the tutorial's bucket, table and streams stand ready
  eval \"$(firehose-local env)\"                      point this shell's AWS clients at it
  firehose-local --port 0 --data-dir /tmp/test      a free port, which the first line names
  firehose-local --buffer-size 1MiB --buffer-interval 2s     deliver soon, whatever the streams say
  firehose-local --tutorial --clock-start 2022-01-08T06:00:00Z
  firehose-local --lambda shout='python3 shout.py'           a function for Lambda processors
  firehose-local --fault 'PutRecordBatch:refuse=50/500,every=3'    test your own retries

Ctrl-C and SIGTERM stop accepting, deliver what is buffered, and report; a second one ends at once.

A record that was acknowledged with 200 survives, by --durability:
  sync            the end of the process and a power cut (not the loss of the disk)
  interval=50ms   the end of the process; a power cut but for the last 50 ms
  process         the end of the process, SIGKILL too; not a power cut
  memory          SIGTERM and Ctrl-C, which deliver it; nothing else
What was not delivered is kept under --data-dir and delivered at the next start, once.

Exit codes:
  0    ended in order, everything was delivered
  1    failed, as the message says
  2    the command line asks for what cannot be
  3    some records were not delivered
  130  ended by a second Ctrl-C";

/// A local AWS endpoint: Firehose that buffers, converts and delivers, with Kinesis, Glue and S3
///
/// One process, one port. Any AWS SDK works against it: set AWS_ENDPOINT_URL and nothing else.
/// Records that are put are buffered, converted to Parquet by a Glue table, and written to S3,
/// which is a directory of plain files: bucket/key.
#[derive(Debug, Clone, Parser)]
#[command(name = "firehose-local", version, after_long_help = EXAMPLES)]
pub struct Args {
    /// What to do instead of serving
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Port to listen on; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    pub port: u16,
    /// Address to listen on; one that others can reach needs --auth verify or --insecure-no-auth
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub listen: IpAddr,
    /// Where objects and the endpoint's own state are kept
    #[arg(long, value_name = "DIRECTORY", default_value = "firehose-local-data")]
    pub data_dir: PathBuf,
    /// Make the tutorial's bucket, Glue table, Kinesis stream and delivery streams, if they are not
    /// there
    #[arg(long)]
    pub tutorial: bool,
    /// Accept the tutorial's buffer of 1 MB with conversion, which AWS refuses (64 MB at least)
    #[arg(long)]
    pub relaxed: bool,
    /// Write timestamp columns as INT96, as AWS does; without it: INT64 with microseconds
    #[arg(long)]
    pub int96: bool,
    /// How long an object that its bucket refuses is tried for before its records are given up;
    /// without it as AWS does it: 24h, and for partitions what their stream says
    #[arg(long, value_name = "TIME|forever")]
    pub retry_for: Option<RetryFor>,
    /// What an acknowledged record survives: sync, interval=TIME, process or memory (see below)
    #[arg(long, value_name = "MODE", default_value = "sync")]
    pub durability: DurabilityMode,
    /// Bytes of records that may wait in each stream, such as 1GiB; then puts are told to slow
    /// down [default: four buffers and 16MiB]
    #[arg(long, value_name = "SIZE")]
    pub undelivered_limit: Option<ByteSize>,
    /// Bytes at which every buffer goes out, such as 1MiB, whatever the streams' hints say
    #[arg(long, value_name = "SIZE")]
    pub buffer_size: Option<ByteSize>,
    /// Age at which every buffer goes out, such as 2s, whatever the streams' hints say
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub buffer_interval: Option<Duration>,
    /// How long a stream stays in CREATING, UPDATING and DELETING
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub transition: Duration,
    /// Leave out what AWS lets into and out of a shard of a Kinesis stream in a second
    #[arg(long)]
    pub no_shard_limits: bool,
    /// The time at which the endpoint's clock starts, such as 2022-01-08T06:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub clock_start: Option<DateTime<Utc>>,
    /// Account of callers whose access key id is not one itself
    #[arg(long, value_name = "ID", default_value = "000000000000")]
    pub account: String,
    /// Region of callers whose requests name none
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    pub region: String,
    /// A name that Host may carry, with its sub-domains, besides those of this machine
    #[arg(long, value_name = "NAME")]
    pub host_name: Vec<String>,
    /// Whether signatures are verified
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Auth::Off)]
    pub auth: Auth,
    /// Keys for --auth verify: a file in the form of ~/.aws/credentials
    #[arg(long, value_name = "FILE", required_if_eq("auth", "verify"))]
    pub keys: Option<PathBuf>,
    /// Let anybody who can reach --listen in, without any credentials
    #[arg(long)]
    pub insecure_no_auth: bool,
    /// A fault to inject; may be given several times
    ///
    /// OPERATION:FAULT, with `,every=N` and `,times=N` behind it if wanted; for example
    /// `PutRecordBatch:refuse=3/10`, `PutRecord:throttle`, `*:status=500,every=5`, `PutRecordBatch:delay=2s`, `*:cut=100`,
    /// `GetObject:slowdown,times=2`.
    #[arg(long, value_name = "RULE")]
    pub fault: Vec<FaultRule>,
    /// What stands for a Lambda function that delivery streams name; may be given several times
    ///
    /// NAME=URL posts Firehose's event to an http:// URL, for example to Lambda's Runtime Interface
    /// Emulator; NAME='COMMAND' runs a line of the shell with the event on its stdin. The answer is
    /// the body, or stdout. NAME is the function's name or ARN.
    #[arg(long, value_name = "NAME=URL|COMMAND")]
    pub lambda: Vec<LambdaHook>,
    /// How long the end may take: connections under way, then deliveries
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub grace: Duration,
    /// Log to stderr what happens; twice for more
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
}

/// What to do instead of serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print the environment that points AWS clients at the endpoint
    ///
    /// For sh, bash and zsh: eval "$(firehose-local env)". For fish: firehose-local env --shell
    /// fish | source. For PowerShell: firehose-local env --shell powershell | Invoke-Expression.
    Env(EnvArgs),
}

/// The environment to print.
#[derive(Debug, Clone, clap::Args)]
pub struct EnvArgs {
    /// Port that the endpoint listens on
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    pub port: u16,
    /// Region that clients name
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    pub region: String,
    /// Whose syntax to print
    #[arg(long, value_enum, default_value_t = Shell::Sh)]
    pub shell: Shell,
}

/// Shells whose syntax is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// sh, bash, zsh
    Sh,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
}

/// Whether signatures are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Any credentials, or none
    Off,
    /// Only those of --keys
    Verify,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|why| format!("{why}; write it as 2022-01-08T06:00:00Z"))
}

/// What an acknowledged record survives; none: nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurabilityMode(pub Option<Durability>);

impl std::str::FromStr for DurabilityMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "memory" => Ok(Self(None)),
            other => other
                .parse()
                .map(|durability| Self(Some(durability)))
                .map_err(|why: DurabilityError| format!("{why}, nor memory")),
        }
    }
}

/// A time, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryFor(pub Option<Duration>);

impl std::str::FromStr for RetryFor {
    type Err = humantime::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "forever" {
            return Ok(Self(None));
        }
        humantime::parse_duration(text).map(|time| Self(Some(time)))
    }
}
