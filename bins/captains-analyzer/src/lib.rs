//! The library behind `captains-analyzer`: look at Parquet objects on S3 or in a directory.
//!
//! A run goes through five steps: `args` says what is asked, `source` opens the objects and passes
//! their rows, `commands` answers with one module per subcommand, `render` writes the [`Answer`] as a
//! table, JSON or CSV, and `failure` turns an error into sentences and an exit code. Reading is
//! `s3-parquet-reader`'s work, with all that AWS asks for; statistics, detectors, windows, charts and
//! the page are `stream-analysis`'s; of captains only the defaults in `args` and the doctor know.
//!
//! # Output
//!
//! Data goes to `out`, talk to `err`. With `--format json` every command writes one object whose
//! fields are only ever added to:
//!
//! | command | fields |
//! |---|---|
//! | `buckets` | `buckets`: list of {`name`} |
//! | `ls` | `objects`: list of {`key`, `size`, `last_modified`, `hour`}, `bytes` |
//! | `head`, `tail` | `rows`: list of {one field for each column}, `report` |
//! | `sample` | `seed`, `rows`, `report` |
//! | `count` | `count`: list of {`objects`, `rows`}, `report` |
//! | `schema` | `columns`: list of {`column`, `type`}, `drift`: list of {`column`, `change`}, `report` |
//! | `describe` | `rows`, `columns`: list of {`column`, `type`, `count`, `nulls`, `distinct`, `min`, `p25`, `p50`, `p75`, `max`, `mean`, `std`, `note`}, `report` |
//! | `captains` | `group_by`, `value`, `rows`, `groups`: list of {`group`, `count`, `share`, `min`, `median`, `mean`, `max`}, `report` |
//! | `hist` | `value`, `width`, `missing`, `outside`, `gap` {`from`, `to`} or null, `bins`: list of {`from`, `to`, `count`}, `report` |
//! | `timeline` | `time`, `step_seconds`, `missing`, `late`, `ahead`, `steps`: list of {`start`, `rows`}, `report` |
//! | `anomalies` | `detector`, `value`, `threshold`, `rows`, `scored`, `found`, `truth` {`planted`, `true_positives`, `false_positives`, `false_negatives`, `precision`, `recall`} or null, `anomalies`: list of {`object`, `row`, `value`, `score`, `reason`}, `groups`: list of {`group`, `rows`, `share`, `side`, `min`, `max`, `reason`}, `report`; for `z` also `median`, `scale`; for the forests `mean_score`, `std_score` |
//! | `sql` | for each statement `rows`, `report`; for `--preset list` `presets`: list of {`name`, `about`, `sql`} |
//! | `watch` | a line for each window: `window_start`, `window_end`, `rows`, `anomalies`, `groups`: list of {`group`, `rows`, `mean`, `min`, `max`, `sum`, `anomalies`} |
//! | `stream` | a line for each row of each window's answer: the columns that the SQL names |
//! | `check` | `objects`, `rows`, `bytes`, `bad`: list of {`key`, `size`, `fault`} |
//! | `compact` | `verified`, `objects`: list of {`key`, `rows`, `bytes`}, `report` |
//! | `export -o FILE` | `written`: list of {`file`, `rows`, `bytes`}, `report` |
//! | `report -o FILE` | `written`: list of {`file`, `bytes`}, `report` |
//! | `doctor` | `status`, `checks`: list of {`check`, `status`, `found`, `fix`} |
//!
//! `report` is {`listed`, `read`, `rows`, `bytes`, `skipped`: list of {`key`, `size`, `reason`}}. All but
//! `buckets` and `doctor` also have `location`. Sizes are bytes, times RFC 3339 in UTC, shares 0 to 1, rows count
//! from 0 in their object. With `--format csv` the first list is written, with a header line.

mod answer;
mod args;
mod cell;
mod commands;
#[cfg(feature = "s3")]
mod doctor;
pub mod exit;
mod failure;
mod progress;
mod render;
mod run;
mod source;

pub use answer::{Answer, Section};
#[cfg(feature = "sql")]
pub use args::SqlArgs;
pub use args::{
    AnomaliesArgs, Args, CaptainsArgs, ClockArg, Command, CompactArgs, CompletionsArgs,
    DEFAULT_GROUP, DEFAULT_LOCATION, DEFAULT_TIME, DEFAULT_TRUTH, DEFAULT_VALUE, DetectorArg,
    Equation, ExportArgs, ExportFormat, Format, HeadArgs, HistArgs, LsArgs, ManArgs, OnBadArg,
    ReadArgs, ReportArgs, SampleArgs, SchemaArgs, SelectArgs, Shared, TimelineArgs, WatchArgs,
};
#[cfg(feature = "stream")]
pub use args::{
    DEFAULT_DATA_STREAM, Names, PresetArg, RecordSchema, StartArg, StreamArgs, StreamSource,
};
pub use cell::Cell;
#[cfg(feature = "s3")]
pub use doctor::{DEFAULT_COLUMNS, DEFAULT_STREAM, DoctorArgs};
pub use run::{run, run_to_end};
