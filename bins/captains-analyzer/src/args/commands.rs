//! What each command takes besides the objects.

use std::path::PathBuf;

use clap::ValueEnum;

use super::read::{self, Equation, ReadArgs, SelectArgs};
use super::{DEFAULT_GROUP, DEFAULT_TIME, DEFAULT_TRUTH, DEFAULT_VALUE};

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

/// How rows are judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DetectorArg {
    /// Robust z-score: distance from the median
    #[default]
    Z,
    /// Random cut forest, with the defaults of Kinesis Data Analytics
    Rcf,
    /// Isolation forest
    Iforest,
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
    /// How rows are judged
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub detector: DetectorArg,
    /// Score beyond which a row is an anomaly [default: 3.5 for z; for the forests three standard
    /// deviations above their mean score]
    #[arg(long, value_name = "SCORE", value_parser = read::threshold)]
    pub threshold: Option<f64>,
    /// Rows that the random cut forest learns before it judges [default: 256]
    #[arg(long, value_name = "ROWS")]
    pub warm_up: Option<u64>,
    /// Trees of a forest [default: 100]
    #[arg(long, value_name = "N")]
    pub trees: Option<usize>,
    /// The same seed grows the same forest [default: 42]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Rows that are anomalies in truth, to judge the detector by; '' for none
    #[arg(long, value_name = "COLUMN=VALUE", default_value = DEFAULT_TRUTH, value_parser = read::equation)]
    pub truth: Equation,
    /// Examples to print, the strongest first; all are counted
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
}

impl AnomaliesArgs {
    /// A flag that the detector has no use for, in words.
    pub(super) fn flag_without_effect(&self) -> Option<String> {
        let forest = self.detector != DetectorArg::Z;
        let given = [
            ("--warm-up", self.warm_up.is_some(), self.detector == DetectorArg::Rcf),
            ("--trees", self.trees.is_some(), forest),
            ("--seed", self.seed.is_some(), forest),
        ];
        let (flag, ..) = given.into_iter().find(|(_, given, used)| *given && !used)?;
        let detector = self.detector.to_possible_value()?;
        Some(format!("{flag} has no effect on --detector {}", detector.get_name()))
    }
}

/// Arguments of `sample`.
#[derive(Debug, Clone, clap::Args)]
pub struct SampleArgs {
    /// Which objects and columns.
    #[command(flatten)]
    pub select: SelectArgs,
    /// Rows to draw
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
    /// The same seed draws the same rows
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    pub seed: u64,
}

/// Arguments of `schema`.
#[derive(Debug, Clone, clap::Args)]
pub struct SchemaArgs {
    /// Which objects and columns.
    #[command(flatten)]
    pub select: SelectArgs,
    /// List where objects differ rather than the columns
    #[arg(long)]
    pub drift: bool,
}

/// Arguments of `hist`.
#[derive(Debug, Clone, clap::Args)]
pub struct HistArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Column of numbers
    #[arg(long, value_name = "NAME", default_value = DEFAULT_VALUE)]
    pub column: String,
    /// Bins, at most; their width is a round number
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = read::positive)]
    pub bins: usize,
    /// Draw on a logarithmic scale
    #[arg(long)]
    pub log: bool,
}

/// Arguments of `timeline`.
#[derive(Debug, Clone, clap::Args)]
pub struct TimelineArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Column with the time of each row: timestamps, or seconds since 1970
    #[arg(long, value_name = "NAME", default_value = DEFAULT_TIME)]
    pub column: String,
    /// Length of a step
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = read::seconds)]
    pub step: u32,
}

/// Arguments of `report`.
#[derive(Debug, Clone, clap::Args)]
pub struct ReportArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Where to write the page; `-` is stdout
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
    /// Column to group by
    #[arg(long, value_name = "NAME", default_value = DEFAULT_GROUP)]
    pub group_by: String,
    /// Column of numbers
    #[arg(long, value_name = "NAME", default_value = DEFAULT_VALUE)]
    pub column: String,
    /// Column with the time of each row
    #[arg(long, value_name = "NAME", default_value = DEFAULT_TIME)]
    pub time: String,
}

/// Arguments of `export`.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportArgs {
    /// Which objects and columns.
    #[command(flatten)]
    pub select: SelectArgs,
    /// What to write
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    pub as_format: ExportFormat,
    /// Where to write it; `-` is stdout
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
}

/// What `export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values with a header
    Csv,
    /// One JSON object on each line
    Jsonl,
    /// One Parquet file
    Parquet,
    /// Arrow IPC: a stream on stdout, a file that can be memory-mapped elsewhere
    Arrow,
}

/// Arguments of `compact`.
#[derive(Debug, Clone, clap::Args)]
pub struct CompactArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Where the large objects go: s3://BUCKET/PREFIX or a directory, outside of what is read
    #[arg(long, value_name = "LOCATION")]
    pub into: String,
    /// Size of an object, as written
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = read::size)]
    pub target_size: u64,
}

/// Arguments of `completions`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Clone, clap::Args)]
pub struct ManArgs {
    /// Write a page for each command into this directory, instead of the first page to stdout
    #[arg(long, value_name = "DIRECTORY")]
    pub dir: Option<PathBuf>,
}
