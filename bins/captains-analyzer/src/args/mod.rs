//! The command line. The comments here are the help text. `read` has the flags of all that read,
//! `commands` those of one command each.

mod commands;
mod live;
mod read;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "stream")]
mod stream;

use clap::{Parser, Subcommand, ValueEnum};
use s3_parquet_reader::ReadOptions;

#[cfg(feature = "s3")]
use crate::doctor::DoctorArgs;

pub use commands::{
    AnomaliesArgs, CaptainsArgs, CompactArgs, CompletionsArgs, DetectorArg, ExportArgs,
    ExportFormat, HeadArgs, HistArgs, LsArgs, ManArgs, ReportArgs, SampleArgs, SchemaArgs,
    TimelineArgs,
};
pub use live::{ClockArg, WatchArgs};
pub use read::{Equation, OnBadArg, ReadArgs, SelectArgs};
#[cfg(feature = "sql")]
pub use sql::SqlArgs;
#[cfg(feature = "stream")]
pub use stream::{
    DEFAULT_DATA_STREAM, Names, PresetArg, RecordSchema, StartArg, StreamArgs, StreamSource,
};

/// Where to look when nobody says where: where the tutorial's delivery stream writes to.
pub const DEFAULT_LOCATION: &str = "s3://captains-rating/ratings";
/// The column that `captains` groups by when nobody names one.
pub const DEFAULT_GROUP: &str = "favoritecaptain";
/// The column of numbers that is looked at when nobody names one.
pub const DEFAULT_VALUE: &str = "rating";
/// The column that tells when a row was made, when nobody names one.
pub const DEFAULT_TIME: &str = "timestamp";
/// The rows that the tutorial's generator plants as anomalies.
pub const DEFAULT_TRUTH: &str = "favoritecaptain=Neil Armstrong";

const EXAMPLES: &str = "\
Examples:
  captains-analyzer buckets                                   which buckets are there?
  captains-analyzer ls -l s3://captains-rating/ratings        what has arrived, and how large is it?
  captains-analyzer head -n 3 ./captains-demo-data            the first rows of files in a directory
  captains-analyzer tail -n 3                                 the last rows
  captains-analyzer sample -n 20 --seed 7                     rows drawn evenly from all
  captains-analyzer count --from 2022-01-08T06 --to 2022-01-08T08   rows of two hours (UTC)
  captains-analyzer schema --format json                      columns, types and where objects differ
  captains-analyzer schema --drift                            where objects differ alone
  captains-analyzer describe --columns rating,timestamp       range, mean and quartiles
  captains-analyzer captains --format csv                     how each captain was rated
  captains-analyzer hist --log                                how the ratings lie, and where none do
  captains-analyzer timeline --step 5m                        rows by time, and which came late
  captains-analyzer anomalies --threshold 5                   which ratings do not belong
  captains-analyzer anomalies --detector rcf                  the same by a random cut forest
  captains-analyzer sql \"SELECT avg(rating) FROM ratings\"     any question, in SQL
  captains-analyzer sql --preset captain-scores --limit 20    the tutorial's analyses by name
  captains-analyzer watch --window 1m                         a live table as objects arrive
  captains-analyzer stream --start latest                     averages of each minute, from Kinesis
  captains-analyzer stream --preset ordered-anomalies --checkpoint state   odd ratings by second
  captains-analyzer check                                     is every object sound?
  captains-analyzer compact --into s3://captains-rating/large   small objects to large, verified
  captains-analyzer export --as csv -o ratings.csv            all rows as one file
  captains-analyzer report -o report.html                     a page with charts and tables
  captains-analyzer doctor                                    is all in place, and may I read it?
  captains-analyzer completions bash                          for the shell to complete commands
  captains-analyzer man --dir man                             manual pages
  captains-analyzer ls --endpoint-url http://127.0.0.1:4566   the same against a local endpoint

Exit codes:
  0  done
  1  failed, or found bad objects, as the message says
  2  the command line asks for what cannot be: unknown flag, location or column
  3  nothing matched under the prefix
  4  no credentials, or no permission
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
    /// The same, with the words of `sql` in their places.
    pub(crate) fn settled(mut self) -> Self {
        #[cfg(feature = "sql")]
        if let Command::Sql(args) = self.command {
            self.command = Command::Sql(Box::new(args.settled()));
        }
        self
    }

    /// A flag that the command has no use for, in words.
    pub(crate) fn flag_without_effect(&self) -> Option<String> {
        if let Command::Anomalies(args) = &self.command
            && let Some(words) = args.flag_without_effect()
        {
            return Some(words);
        }
        #[cfg(feature = "stream")]
        if let Command::Stream(args) = &self.command
            && let Some(words) = args.flag_without_effect(&self.shared)
        {
            return Some(words);
        }
        let writes_its_own = match &self.command {
            Command::Completions(_) => Some("completions"),
            Command::Man(_) => Some("man"),
            Command::Export(args) if args.output.as_os_str() == "-" => Some("export to stdout"),
            _ => None,
        };
        if let Some(command) = writes_its_own.filter(|_| self.shared.format != Format::Table) {
            return Some(format!("--format has no effect on {command}"));
        }
        let on_directory = || Some(format!("{} has no effect on a directory", self.s3_flag()?));
        let lists_nothing = match &self.command {
            Command::Watch(_) => "watch",
            #[cfg(feature = "stream")]
            Command::Stream(_) => "stream",
            Command::Report(_) => "report",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
            #[cfg(feature = "s3")]
            Command::Doctor(_) => "doctor",
            _ => return on_directory(),
        };
        match self.shared.limit {
            Some(_) => Some(format!("--limit has no effect on {lists_nothing}")),
            None => on_directory(),
        }
    }

    /// A flag for S3 that was given together with a directory.
    fn s3_flag(&self) -> Option<&'static str> {
        let is_s3 =
            |location: &str| location.starts_with("s3://") || location.starts_with("s3a://");
        let target_is_s3 = match &self.command {
            Command::Compact(args) => is_s3(&args.into),
            _ => false,
        };
        if is_s3(&self.command.read()?.location) || target_is_s3 {
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
    /// Where S3 and Kinesis answer, if not at AWS [env: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Profile in ~/.aws to take credentials and region from [env: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region of the bucket or stream [env: AWS_REGION]
    #[arg(long, global = true, value_name = "NAME")]
    pub region: Option<String>,
    /// Rows to write of each list, at most
    #[arg(long, global = true, value_name = "N")]
    pub limit: Option<usize>,
    /// Show no progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Tell more on stderr; twice for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the names of your buckets
    #[cfg(feature = "s3")]
    Buckets,
    /// List the Parquet objects
    Ls(LsArgs),
    /// Print the first rows, reading no more objects than that takes
    Head(HeadArgs),
    /// Print the last rows, reading no more objects than that takes
    Tail(HeadArgs),
    /// Print rows drawn evenly from all
    Sample(SampleArgs),
    /// Count rows by the footers, without reading the data
    Count(ReadArgs),
    /// Print the common schema, and where objects differ from it
    Schema(SchemaArgs),
    /// Summarise each column: count, nulls, range, mean, deviation, quartiles
    Describe(SelectArgs),
    /// Summarise the ratings of each captain, or any numbers by any column
    Captains(CaptainsArgs),
    /// Draw how the numbers of a column lie
    Hist(HistArgs),
    /// Draw how many rows there are in each minute, and tell which came late
    ///
    /// A row is late if its time lies before the hour in its object's key, and ahead if it lies
    /// after it. Firehose names an object by the arrival of its oldest record.
    Timeline(TimelineArgs),
    /// Find rows far from the rest, and groups apart from all others
    ///
    /// By default a row is an anomaly if its robust z-score, the distance from the median in units
    /// of the median distance times 0.6745, exceeds the threshold. The forests score every row, and
    /// a row is an anomaly beyond three standard deviations above the mean score. A group is one if
    /// all its values lie beyond those of every other group. Where the truth is known, the answer
    /// says how well the detector did. CSV has the rows alone.
    Anomalies(AnomaliesArgs),
    /// Ask in SQL; without a query, at a prompt
    ///
    /// The objects are the table `ratings`, and `raw_anomalies` is the same with a random cut
    /// forest's `anomaly_score` beside each row. Queries read and change nothing. Put `user` and
    /// `timestamp`, which are words of SQL, in double quotes.
    #[cfg(feature = "sql")]
    Sql(Box<SqlArgs>),
    /// Show windows of time as objects arrive
    Watch(WatchArgs),
    /// Run SQL on windows of time, on a data stream, new objects or stdin
    ///
    /// When a window closes, the SQL is run on it. It sees two tables: `windows` has a row for each
    /// value of --group-by, with `window_start`, `window_end`, `rows`, and for each --column NAME
    /// `NAME_count`, `NAME_sum`, `NAME_mean`, `NAME_min` and `NAME_max`; `stream` has the window's
    /// rows themselves, with `window_start` and `window_end`, and those of a data stream with
    /// `approximate_arrival_timestamp`. Rows that come later than --lateness allows are counted.
    /// Ctrl-C ends it; with --checkpoint the next run goes on from there.
    #[cfg(feature = "stream")]
    Stream(StreamArgs),
    /// Read every object whole and say which are bad
    Check(ReadArgs),
    /// Copy small objects into large ones, and verify the rows
    ///
    /// Hours keep their own objects, under the same yyyy/MM/dd/HH. Every row is read back and
    /// compared before the command succeeds; what was read is never changed or deleted.
    Compact(CompactArgs),
    /// Write all rows as CSV, JSON lines, Parquet or Arrow
    Export(ExportArgs),
    /// Write a page with charts and tables, which needs no network
    Report(ReportArgs),
    /// Is all in place to read what a delivery stream wrote? Tells what to do about it
    #[cfg(feature = "s3")]
    Doctor(DoctorArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man(ManArgs),
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
    /// Where the command finds objects, if it looks at any.
    pub(crate) fn location(&self) -> Option<&str> {
        match self {
            #[cfg(feature = "stream")]
            Self::Stream(args) => match &args.source {
                StreamSource::Objects(location) => Some(location),
                StreamSource::Kinesis(_) | StreamSource::Stdin => None,
            },
            _ => self.read().map(|read| &*read.location),
        }
    }

    /// Where the command reads, if it reads objects.
    pub(crate) fn read(&self) -> Option<&ReadArgs> {
        match self {
            #[cfg(feature = "s3")]
            Self::Buckets | Self::Doctor(_) => None,
            Self::Completions(_) | Self::Man(_) => None,
            #[cfg(feature = "stream")]
            Self::Stream(_) => None,
            Self::Ls(args) => Some(&args.read),
            Self::Head(args) | Self::Tail(args) => Some(&args.select.read),
            Self::Sample(args) => Some(&args.select.read),
            Self::Count(read) | Self::Check(read) => Some(read),
            Self::Schema(args) => Some(&args.select.read),
            Self::Describe(args) => Some(&args.read),
            Self::Captains(args) => Some(&args.read),
            Self::Hist(args) => Some(&args.read),
            Self::Timeline(args) => Some(&args.read),
            Self::Anomalies(args) => Some(&args.read),
            #[cfg(feature = "sql")]
            Self::Sql(args) => Some(&args.read),
            Self::Watch(args) => Some(&args.read),
            Self::Compact(args) => Some(&args.read),
            Self::Export(args) => Some(&args.select.read),
            Self::Report(args) => Some(&args.read),
        }
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
    fn every_example_of_the_help_is_accepted() {
        let examples = EXAMPLES.lines().filter_map(|line| line.strip_prefix("  captains-analyzer"));
        let mut seen = 0;
        let needs = |example: &str, words: &[&str]| words.iter().any(|word| example.contains(word));
        let built = |example: &&str| {
            (cfg!(feature = "s3") || !needs(example, &[" buckets", " doctor"]))
                && (cfg!(feature = "sql") || !needs(example, &[" sql "]))
                && (cfg!(feature = "stream") || !needs(example, &[" stream "]))
        };
        for example in examples.filter(built) {
            let example = example.split("   ").next().unwrap_or(example);
            // What stands in quotes is one word.
            let mut words = vec!["captains-analyzer"];
            for (at, part) in example.split('"').enumerate() {
                match at % 2 {
                    0 => words.extend(part.split_whitespace()),
                    _ => words.push(part),
                }
            }
            let parsed = Args::try_parse_from(words);
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            seen += 1;
        }
        assert!(seen >= 20, "{seen}");
    }
}
