//! Arguments of the command that stays: the live table.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::read::{self, ReadArgs};
use super::{DEFAULT_GROUP, DEFAULT_TIME, DEFAULT_VALUE};

/// Arguments of `watch`.
#[derive(Debug, Clone, clap::Args)]
pub struct WatchArgs {
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Column to group by
    #[arg(long, value_name = "NAME", default_value = DEFAULT_GROUP)]
    pub group_by: String,
    /// Column of numbers
    #[arg(long, value_name = "NAME", default_value = DEFAULT_VALUE)]
    pub column: String,
    /// Length of a window
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = read::seconds)]
    pub window: u32,
    /// How long after its end a window still takes rows
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = read::lateness)]
    pub lateness: u32,
    /// Which clock tells a row's window
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub clock: ClockArg,
    /// Column with the time of each row, for the event clock
    #[arg(long, value_name = "NAME", default_value = DEFAULT_TIME)]
    pub time: String,
    /// How often to look for new objects
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = read::pause)]
    pub every: Duration,
    /// Remember here what was seen, and go on from there the next time
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Stop once nothing has arrived for so long [default: never]
    #[arg(long, value_name = "TIME", value_parser = read::duration)]
    pub idle_exit: Option<Duration>,
}

/// Which clock tells a row's window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ClockArg {
    /// The time in the row
    #[default]
    Event,
    /// When its object was read
    Arrival,
}
