//! The library behind `captains-analyzer`: look at Parquet objects on S3 or in a directory.
//!
//! A run goes through five steps, a file each: `args` says what is asked, `source` opens the
//! objects, `commands` answers with one file per subcommand, `render` writes the [`Answer`] as a
//! table, JSON or CSV, and `failure` turns an error into sentences and an exit code. Reading is
//! `s3-parquet-reader`'s work, with all that AWS asks for; the statistics are `stream-analysis`'s;
//! of captains only the defaults in `args` know.
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
//! | `head` | `rows`: list of {one field for each column}, `report` |
//! | `count` | `count`: list of {`objects`, `rows`}, `report` |
//! | `schema` | `columns`: list of {`column`, `type`}, `drift`: list of {`column`, `change`}, `report` |
//! | `describe` | `rows`, `columns`: list of {`column`, `type`, `count`, `nulls`, `distinct`, `min`, `p25`, `p50`, `p75`, `max`, `mean`, `std`, `note`}, `report` |
//! | `captains` | `group_by`, `value`, `rows`, `groups`: list of {`group`, `count`, `share`, `min`, `median`, `mean`, `max`}, `report` |
//! | `anomalies` | `value`, `threshold`, `median`, `scale`, `rows`, `scored`, `found`, `anomalies`: list of {`object`, `row`, `value`, `score`, `reason`}, `groups`: list of {`group`, `rows`, `share`, `side`, `min`, `max`, `reason`}, `report` |
//! | `doctor` | `status`, `checks`: list of {`check`, `status`, `found`, `fix`} |
//!
//! `report` is {`listed`, `read`, `rows`, `bytes`, `skipped`: list of {`key`, `size`, `reason`}}. All but
//! `buckets` and `doctor` also have `location`. Sizes are bytes, times RFC 3339 in UTC, shares 0 to 1, rows count
//! from 0 in their object. With `--format csv` the first list is written, with a header line.

mod answer;
mod args;
mod cell;
mod commands;
mod doctor;
mod failure;
mod render;
mod run;
mod source;

pub use answer::{Answer, Section};
pub use args::{
    AnomaliesArgs, Args, CaptainsArgs, Command, DEFAULT_GROUP, DEFAULT_LOCATION, DEFAULT_VALUE,
    Format, HeadArgs, LsArgs, OnBadArg, ReadArgs, SelectArgs, Shared,
};
pub use cell::Cell;
pub use doctor::{DEFAULT_COLUMNS, DEFAULT_STREAM, DoctorArgs};
pub use run::{run, run_to_end};
