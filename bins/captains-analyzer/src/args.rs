//! The command line. The comments here are the help text.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use clap::{Parser, Subcommand, ValueEnum};
use s3_parquet_reader::{OnBad, ReadOptions};

use crate::doctor::DoctorArgs;

/// Where to look when nobody says where: where the tutorial's delivery stream writes to.
pub const DEFAULT_LOCATION: &str = "s3://captains-rating/ratings";
/// The column that `captains` groups by when nobody names one.
pub const DEFAULT_GROUP: &str = "favoritecaptain";
/// The column of numbers that is looked at when nobody names one.
pub const DEFAULT_VALUE: &str = "rating";

const EXAMPLES: &str = "\
Examples:
  captains-analyzer buckets                                   which buckets are there?
  captains-analyzer ls -l s3://captains-rating/ratings        what has arrived, and how large is it?
  captains-analyzer head -n 3 ./captains-demo-data            the first rows of files in a directory
  captains-analyzer count --from 2022-01-08T06 --to 2022-01-08T08   rows of two hours (UTC)
  captains-analyzer schema --format json                      columns, types and where objects differ
  captains-analyzer describe --columns rating,timestamp       range, mean and quartiles
  captains-analyzer captains --format csv                     how each captain was rated
  captains-analyzer anomalies --threshold 5                   which ratings do not belong
  captains-analyzer ls --endpoint-url http://127.0.0.1:4566   the same against a local endpoint
  captains-analyzer doctor                                    is all in place, and may I read it?

Exit codes:
  0  done
  1  failed, as the message says
  2  the command line asks for what cannot be: unknown flag, location or column
  4  nothing matched under the prefix
  6  no credentials, or no permission
  7  the endpoint cannot be reached";

/// Look at Parquet objects on S3 or in a directory
///
/// Reads what a Firehose delivery stream wrote, and any other Parquet objects: all that lie under
/// one prefix are one table. Data goes to stdout, everything else to stderr. Credentials come from
/// where the AWS CLI takes them: environment, profiles, SSO, roles.
#[derive(Debug, Clone, Parser)]
#[command(name = "captains-analyzer", version, after_long_help = EXAMPLES)]
pub struct Args {
    /// What all commands share.
    #[command(flatten)]
    pub shared: Shared,
    /// What to look at.
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// A flag for S3 that was given together with a directory.
    pub(crate) fn flag_without_effect(&self) -> Option<&'static str> {
        let read = self.command.read()?;
        if read.location.starts_with("s3://") || read.location.starts_with("s3a://") {
            return None;
        }
        let flags = [
            (self.shared.endpoint_url.is_some(), "--endpoint-url"),
            (self.shared.profile.is_some(), "--profile"),
            (self.shared.region.is_some(), "--region"),
        ];
        flags.into_iter().find(|(given, _)| *given).map(|(_, flag)| flag)
    }
}

/// Flags of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Shared {
    /// How to write the answer
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "CAPTAINS_FORMAT",
        hide_env_values = true
    )]
    pub format: Format,
    // The AWS variables are left to the AWS configuration, which knows their order: for S3,
    // AWS_ENDPOINT_URL_S3 goes before AWS_ENDPOINT_URL.
    /// Where S3 answers, if not at AWS [env: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Profile in ~/.aws to take credentials and region from [env: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region of the bucket [env: AWS_REGION]
    #[arg(long, global = true, value_name = "NAME")]
    pub region: Option<String>,
    /// Tell more on stderr; twice for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the names of your buckets
    Buckets,
    /// List the Parquet objects
    Ls(LsArgs),
    /// Print the first rows, reading no more objects than that takes
    Head(HeadArgs),
    /// Count rows by the footers, without reading the data
    Count(ReadArgs),
    /// Print the common schema, and where objects differ from it
    Schema(SelectArgs),
    /// Summarise each column: count, nulls, range, mean, deviation, quartiles
    Describe(SelectArgs),
    /// Summarise the ratings of each captain, or any numbers by any column
    Captains(CaptainsArgs),
    /// Find rows far from the rest, and groups apart from all others
    ///
    /// A row is an anomaly if its robust z-score, the distance from the median in units of the
    /// median distance times 0.6745, exceeds the threshold. A group is one if all its values lie
    /// beyond those of every other group. CSV has the rows alone.
    Anomalies(AnomaliesArgs),
    /// Is all in place to read what a delivery stream wrote? Tells what to do about it
    Doctor(DoctorArgs),
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    #[default]
    Table,
    /// One JSON object
    Json,
    /// Comma-separated values with a header
    Csv,
}

/// What to do with objects that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OnBadArg {
    /// Stop with an error that names the object
    #[default]
    Fail,
    /// Leave the object out and report it on stderr
    Skip,
}

/// Which objects to read, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct ReadArgs {
    /// s3://BUCKET/PREFIX, a directory, a path prefix or one file
    #[arg(default_value = DEFAULT_LOCATION, env = "CAPTAINS_FROM", hide_env_values = true)]
    pub location: String,
    /// First hour (UTC), such as 2022-01-08T06 or 2022-01-08T06:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// End of the last hour (UTC), itself left out
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<DateTime<Utc>>,
    /// What to do with damaged objects
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub on_bad: OnBadArg,
    /// Objects to fetch at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = positive)]
    pub concurrency: usize,
}

/// Which objects, and which of their columns.
#[derive(Debug, Clone, clap::Args)]
pub struct SelectArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Columns to look at, in this order [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Vec<String>,
}

/// Arguments of `ls`.
#[derive(Debug, Clone, clap::Args)]
pub struct LsArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Show size, time of writing and hour as well
    #[arg(short, long)]
    pub long: bool,
}

/// Arguments of `head`.
#[derive(Debug, Clone, clap::Args)]
pub struct HeadArgs {
    /// Which objects and columns.
    #[command(flatten)]
    pub select: SelectArgs,
    /// Rows to print
    #[arg(short = 'n', long, value_name = "N", default_value_t = 5)]
    pub rows: usize,
}

/// Arguments of `captains`.
#[derive(Debug, Clone, clap::Args)]
pub struct CaptainsArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Column to group by
    #[arg(long, value_name = "NAME", default_value = DEFAULT_GROUP)]
    pub group_by: String,
    /// Column of numbers
    #[arg(long, value_name = "NAME", default_value = DEFAULT_VALUE)]
    pub column: String,
}

/// Arguments of `anomalies`.
#[derive(Debug, Clone, clap::Args)]
pub struct AnomaliesArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Column whose groups are compared; '' compares none
    #[arg(long, value_name = "NAME", default_value = DEFAULT_GROUP)]
    pub group_by: String,
    /// Column of numbers
    #[arg(long, value_name = "NAME", default_value = DEFAULT_VALUE)]
    pub column: String,
    /// Score beyond which a row is an anomaly
    #[arg(long, value_name = "SCORE", default_value_t = 3.5, value_parser = threshold)]
    pub threshold: f64,
    /// Examples to print, the strongest first; all are counted
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
}

impl Shared {
    /// The reader's options for these flags.
    pub(crate) fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        if let Some(url) = &self.endpoint_url {
            options = options.with_endpoint_url(url);
        }
        if let Some(region) = &self.region {
            options = options.with_region(region);
        }
        if let Some(profile) = &self.profile {
            options = options.with_profile(profile);
        }
        options
    }
}

impl Command {
    /// Where the command reads, if it reads objects.
    pub(crate) fn read(&self) -> Option<&ReadArgs> {
        match self {
            Self::Buckets | Self::Doctor(_) => None,
            Self::Ls(args) => Some(&args.read),
            Self::Head(args) => Some(&args.select.read),
            Self::Count(read) => Some(read),
            Self::Schema(args) | Self::Describe(args) => Some(&args.read),
            Self::Captains(args) => Some(&args.read),
            Self::Anomalies(args) => Some(&args.read),
        }
    }
}

impl From<OnBadArg> for OnBad {
    fn from(arg: OnBadArg) -> Self {
        match arg {
            OnBadArg::Fail => Self::Fail,
            OnBadArg::Skip => Self::Skip,
        }
    }
}

/// RFC 3339, or a date, hour or minute of UTC.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let short = text.strip_suffix('Z').unwrap_or(text);
    // chrono reads no time without minutes.
    let hour = NaiveDateTime::parse_from_str(&format!("{short}:00"), "%Y-%m-%dT%H:%M");
    hour.or_else(|_| NaiveDateTime::parse_from_str(short, "%Y-%m-%dT%H:%M"))
        .or_else(|_| NaiveDateTime::parse_from_str(short, "%Y-%m-%dT%H:%M:%S"))
        .map(|time| time.and_utc())
        .map_err(|_| "give an hour as 2022-01-08T06, or a time as 2022-01-08T06:00:00Z".to_owned())
}

fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| format!("`{text}` is not a whole number"))?;
    if number == 0 { Err("at least 1 is needed".to_owned()) } else { Ok(number) }
}

fn threshold(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("give a number above zero, such as 3.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn times_may_be_short() {
        for (text, expected) in [
            ("2022-01-08", "2022-01-08T00:00:00+00:00"),
            ("2022-01-08T06", "2022-01-08T06:00:00+00:00"),
            ("2022-01-08T06Z", "2022-01-08T06:00:00+00:00"),
            ("2022-01-08T06:30", "2022-01-08T06:30:00+00:00"),
            ("2022-01-08T06:30:15", "2022-01-08T06:30:15+00:00"),
            ("2022-01-08T06:30:15Z", "2022-01-08T06:30:15+00:00"),
            ("2022-01-08T06:30:15+02:00", "2022-01-08T04:30:15+00:00"),
        ] {
            assert_eq!(time(text).map(|time| time.to_rfc3339()), Ok(expected.to_owned()));
        }
        for text in ["", "06", "yesterday", "2022-13-01", "2022-01-08T25", "2022-01-08T06:61"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_example_of_the_help_is_accepted() {
        let examples = EXAMPLES.lines().filter_map(|line| line.strip_prefix("  captains-analyzer"));
        let mut seen = 0;
        for example in examples {
            let words = example.split("   ").next().unwrap_or(example).split_whitespace();
            let parsed = Args::try_parse_from(std::iter::once("captains-analyzer").chain(words));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            seen += 1;
        }
        assert_eq!(seen, 10);
    }
}
