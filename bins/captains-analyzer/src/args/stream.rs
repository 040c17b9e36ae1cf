//! Arguments of `stream`: SQL on what arrives.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::ValueEnum;

use super::live::ClockArg;
use super::read;
use super::{DEFAULT_GROUP, DEFAULT_TIME, DEFAULT_VALUE, Shared};

/// The data stream that is read when nobody names one: the tutorial's.
pub const DEFAULT_DATA_STREAM: &str = "kinesis://streaming-analytics-app";

/// Arguments of `stream`.
#[derive(Debug, Clone, clap::Args)]
pub struct StreamArgs {
    /// kinesis://STREAM, s3://BUCKET/PREFIX, a directory, or - for JSON lines on stdin
    #[arg(default_value = DEFAULT_DATA_STREAM, value_name = "SOURCE")]
    pub source: StreamSource,
    /// SQL to run on each window when it closes
    #[arg(long, value_name = "SQL", conflicts_with = "preset")]
    pub sql: Option<String>,
    /// An analysis that has a name [default: captain-scores]
    #[arg(long, value_enum, value_name = "NAME")]
    pub preset: Option<PresetArg>,
    /// Length of a window [default: 1m; for ordered-anomalies 1s]
    #[arg(long, value_name = "TIME", value_parser = read::pause, conflicts_with = "session")]
    pub window: Option<Duration>,
    /// A window begins so often [default: when the last has ended]
    #[arg(long, value_name = "TIME", value_parser = read::pause, conflicts_with = "session")]
    pub hop: Option<Duration>,
    /// Instead, windows of what comes without such a pause, for each group
    #[arg(long, value_name = "TIME", value_parser = read::pause)]
    pub session: Option<Duration>,
    /// How long after its end a window still takes rows
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = lateness)]
    pub lateness: Duration,
    /// Which clock tells a row's window
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub clock: ClockArg,
    /// Column with each row's time, for the event clock [default: timestamp]
    #[arg(long, value_name = "NAME")]
    pub time: Option<String>,
    /// Columns that `windows` groups by; '' for none [default: favoritecaptain]
    #[arg(long, value_name = "NAMES", value_parser = names)]
    pub group_by: Option<Names>,
    /// Columns of numbers that `windows` summarises, or that are scored; '' for none
    #[arg(long, value_name = "NAMES", default_value = DEFAULT_VALUE, value_parser = names)]
    pub column: Names,
    /// Columns of JSON records and their types: string, int, bigint, double or boolean
    /// [default: those of the first records]
    #[arg(long, value_name = "NAME:TYPE,...", value_parser = schema, hide_short_help = true)]
    pub schema: Option<RecordSchema>,
    /// Where to begin in a data stream: oldest, latest or a time
    ///
    /// A time is such as 2022-01-08T06:00Z. A checkpoint goes on where it stands instead.
    #[arg(long, value_name = "WHERE", default_value = "oldest", value_parser = start)]
    pub start: StartArg,
    /// How often to look for more [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = read::pause)]
    pub every: Option<Duration>,
    /// Keep the state here, and go on from there the next time
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Send the results on, too, as JSON lines: firehose://NAME
    #[arg(long, value_name = "STREAM", value_parser = into)]
    pub into: Option<String>,
    /// Close open windows once nothing has come for so long [default: never]
    ///
    /// Else a window closes when later rows say that its time has passed.
    #[arg(long, value_name = "TIME", value_parser = read::pause)]
    pub close_idle: Option<Duration>,
    /// Stop once nothing has arrived for so long [default: never]
    #[arg(long, value_name = "TIME", value_parser = read::pause)]
    pub idle_exit: Option<Duration>,
    /// What open windows may hold; beyond it the command fails
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = read::size)]
    pub memory: u64,
}

impl StreamArgs {
    pub(crate) fn time(&self) -> &str {
        self.time.as_deref().unwrap_or(DEFAULT_TIME)
    }

    pub(crate) fn group_by(&self) -> Vec<String> {
        self.group_by
            .as_ref()
            .map_or_else(|| vec![DEFAULT_GROUP.to_owned()], |names| names.0.clone())
    }

    pub(crate) fn every(&self) -> Duration {
        self.every.unwrap_or(Duration::from_secs(1))
    }

    /// A flag that has no effect on this source, or beside the others, in words.
    pub(super) fn flag_without_effect(&self, shared: &Shared) -> Option<String> {
        let is_kinesis = matches!(self.source, StreamSource::Kinesis(_));
        let is_stdin = self.source == StreamSource::Stdin;
        let is_s3 =
            matches!(&self.source, StreamSource::Objects(location) if location.contains("://"));
        let is_local = !is_kinesis && !is_s3 && self.into.is_none();
        let scores = self.preset == Some(PresetArg::OrderedAnomalies);
        let unused = [
            (!is_kinesis && self.start != StartArg::Oldest, "--start is for a data stream"),
            (
                !is_kinesis && !is_stdin && self.schema.is_some(),
                "--schema is for JSON records; Parquet objects have theirs",
            ),
            (
                is_stdin && self.checkpoint.is_some(),
                "--checkpoint needs a source that can be read again, and stdin cannot",
            ),
            (
                is_stdin && self.idle_exit.is_some(),
                "--idle-exit has no effect on stdin, which ends by itself",
            ),
            (is_stdin && self.every.is_some(), "--every has no effect on stdin"),
            (
                self.clock == ClockArg::Arrival && self.time.is_some(),
                "--time has no effect on --clock arrival",
            ),
            (
                scores && self.group_by.is_some(),
                "--group-by has no effect on --preset ordered-anomalies",
            ),
            (is_local && shared.endpoint_url.is_some(), "--endpoint-url has no effect without AWS"),
            (is_local && shared.profile.is_some(), "--profile has no effect without AWS"),
            (is_local && shared.region.is_some(), "--region has no effect without AWS"),
        ];
        let found = unused.into_iter().find(|(given, _)| *given);
        found.map(|(_, words)| words.to_owned())
    }
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamSource {
    /// `kinesis://STREAM`
    Kinesis(String),
    /// `s3://BUCKET/PREFIX` or a directory: Parquet objects as they arrive.
    Objects(String),
    /// `-`: JSON lines on stdin.
    Stdin,
}

impl std::str::FromStr for StreamSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let other = |scheme: &str| !["s3", "s3a"].contains(&scheme);
        match text.split_once("://") {
            None if text == "-" => Ok(Self::Stdin),
            Some(("kinesis", name)) if !name.is_empty() && !name.contains('/') => {
                Ok(Self::Kinesis(name.to_owned()))
            }
            Some(("firehose", _)) => {
                Err("a delivery stream gives nothing back; read what it wrote, by s3://BUCKET/PREFIX, or the data stream before it".to_owned())
            }
            Some((scheme, _)) if scheme == "kinesis" || other(scheme) => {
                Err("write kinesis://STREAM, s3://BUCKET/PREFIX, a directory, or -".to_owned())
            }
            _ => Ok(Self::Objects(text.to_owned())),
        }
    }
}

impl fmt::Display for StreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kinesis(stream) => write!(f, "kinesis://{stream}"),
            Self::Objects(location) => f.write_str(location),
            Self::Stdin => f.write_str("stdin"),
        }
    }
}

/// The analyses of the tutorial's lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresetArg {
    /// Average and total rating per captain and minute, by average
    CaptainScores,
    /// Every row with its anomaly score by a random cut forest, by second and score
    OrderedAnomalies,
}

/// Where to begin in a data stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartArg {
    /// With the oldest record that the stream has.
    Oldest,
    /// With what comes from now on.
    Latest,
    /// With the first record of this time.
    At(DateTime<Utc>),
}

/// Names with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

/// Columns of JSON records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSchema(pub arrow::datatypes::Schema);

fn names(text: &str) -> Result<Names, String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    Ok(Names(names.map(str::to_owned).collect()))
}

fn lateness(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { read::duration(text) }
}

fn start(text: &str) -> Result<StartArg, String> {
    match text {
        "oldest" => Ok(StartArg::Oldest),
        "latest" => Ok(StartArg::Latest),
        time => {
            let time = read::time(time);
            Ok(StartArg::At(time.map_err(|error| format!("oldest, latest or a time: {error}"))?))
        }
    }
}

fn into(text: &str) -> Result<String, String> {
    match text.strip_prefix("firehose://") {
        Some(name) if !name.is_empty() && !name.contains('/') => Ok(name.to_owned()),
        _ => Err("results go to a delivery stream: write firehose://NAME".to_owned()),
    }
}

fn schema(text: &str) -> Result<RecordSchema, String> {
    use arrow::datatypes::{DataType, Field, Schema};
    let field = |part: &str| {
        let (name, data_type) =
            part.split_once(':').ok_or_else(|| format!("`{part}` is not NAME:TYPE"))?;
        let data_type = match data_type.trim() {
            "string" => DataType::Utf8,
            "int" => DataType::Int32,
            "bigint" => DataType::Int64,
            "double" => DataType::Float64,
            "boolean" => DataType::Boolean,
            other => {
                return Err(format!(
                    "`{other}` is not a type of this; there are string, int, bigint, double and boolean"
                ));
            }
        };
        Ok(Field::new(name.trim(), data_type, true))
    };
    let fields: Vec<Field> = text.split(',').map(field).collect::<Result<_, String>>()?;
    Ok(RecordSchema(Schema::new(fields)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart_and_others_refused() {
        for (text, source) in [
            ("-", StreamSource::Stdin),
            ("kinesis://a.b", StreamSource::Kinesis("a.b".to_owned())),
            ("s3://b/p", StreamSource::Objects("s3://b/p".to_owned())),
            ("./data", StreamSource::Objects("./data".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(source));
        }
        for text in ["kinesis://", "kinesis://a/b", "http://x", "firehose://a"] {
            assert!(text.parse::<StreamSource>().is_err(), "{text}");
        }
    }

    #[test]
    fn values_are_read_or_refused_by_name() {
        assert_eq!(start("latest"), Ok(StartArg::Latest));
        assert!(matches!(start("2022-01-08T06"), Ok(StartArg::At(_))));
        assert!(start("soon").is_err_and(|error| error.contains("oldest, latest or a time")));
        assert_eq!(names("a, b,"), Ok(Names(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(names(""), Ok(Names(Vec::new())));
        assert!(into("kinesis://x").is_err() && into("firehose://x").is_ok());
        let fields = schema("user:string, rating:int").unwrap().0;
        assert_eq!(fields.fields().len(), 2);
        assert!(schema("rating:number").is_err_and(|error| error.contains("`number`")));
        assert!(schema("rating").is_err());
        assert_eq!(lateness("0"), Ok(Duration::ZERO));
    }
}
