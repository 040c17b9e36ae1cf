//! What a continuous query is: windows, clock, keys, values, SQL and bounds.

use std::time::Duration;

use crate::{Error, ForestOptions, WindowClock};

/// Bytes that a query's windows may hold, unless said otherwise: 256 MiB.
pub const DEFAULT_MEMORY_LIMIT_BYTES: usize = 256 * 1024 * 1024;

/// Panes that a hopping window may be made of.
const MAX_PANES: i64 = 10_000;

/// How the stream's time is cut into windows. All lengths are whole milliseconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowKind {
    /// Windows of one length, one after the other; each row falls into one. They start at
    /// multiples of the length since 1970.
    Tumbling {
        /// How long a window is.
        length: Duration,
    },
    /// Windows of one length that start every `hop`, so that they overlap.
    Hopping {
        /// How long a window is.
        length: Duration,
        /// From one start to the next; not longer than `length`.
        hop: Duration,
    },
    /// For each key, rows that follow each other within less than `gap`. A session ends `gap` after
    /// its last row.
    Session {
        /// The silence that ends a session.
        gap: Duration,
    },
}

/// Scores that are added to the rows before they fall into windows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AnomalyScores {
    /// Columns of numbers that make the point of a row.
    pub columns: Vec<String>,
    /// How the forest is grown.
    pub forest: ForestOptions,
}

/// What a [`ContinuousQuery`](super::ContinuousQuery) computes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QueryOptions {
    /// How time is cut. Default: tumbling windows of one minute.
    pub windows: WindowKind,
    /// How long after its end a window still takes rows. Default: one minute.
    pub lateness: Duration,
    /// Which clock. Default: [`WindowClock::Arrival`].
    pub clock: WindowClock,
    /// Columns to group by in the table `windows`, and whose values have sessions of their own.
    /// Default: none.
    pub keys: Vec<String>,
    /// Columns of numbers that the table `windows` summarises. Default: none.
    pub values: Vec<String>,
    /// What is asked of each window when it closes. Default: all of `windows`.
    pub sql: String,
    /// Adds the column `anomaly_score`. Default: no.
    pub scores: Option<AnomalyScores>,
    /// What the open windows, and those closed but not taken, may hold. Default: 256 MiB.
    pub memory_limit_bytes: usize,
    /// Keeps the rows that come too late for all of their windows, to be taken. Default: no.
    pub keep_late_rows: bool,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            windows: WindowKind::Tumbling { length: Duration::from_mins(1) },
            lateness: Duration::from_mins(1),
            clock: WindowClock::Arrival,
            keys: Vec::new(),
            values: Vec::new(),
            sql: "SELECT * FROM windows".to_owned(),
            scores: None,
            memory_limit_bytes: DEFAULT_MEMORY_LIMIT_BYTES,
            keep_late_rows: false,
        }
    }
}

impl QueryOptions {
    /// Sets how time is cut into windows.
    #[must_use]
    pub fn with_windows(mut self, windows: WindowKind) -> Self {
        self.windows = windows;
        self
    }

    /// Sets how long after its end a window still takes rows.
    #[must_use]
    pub fn with_lateness(mut self, lateness: Duration) -> Self {
        self.lateness = lateness;
        self
    }

    /// Tells windows by the times of this column: timestamps, dates, or numbers as seconds since
    /// 1970.
    #[must_use]
    pub fn with_event_time(mut self, column: impl Into<String>) -> Self {
        self.clock = WindowClock::Event(column.into());
        self
    }

    /// Groups by these columns.
    #[must_use]
    pub fn with_keys<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.keys = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Summarises the numbers of these columns.
    #[must_use]
    pub fn with_values<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.values = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Asks this of each window.
    #[must_use]
    pub fn with_sql(mut self, sql: impl Into<String>) -> Self {
        self.sql = sql.into();
        self
    }

    /// Adds the column `anomaly_score`: how odd the numbers of these columns are, by a random cut
    /// forest that learns as the stream passes; null while it warms up.
    #[must_use]
    pub fn with_scores<S: Into<String>>(
        mut self,
        columns: impl IntoIterator<Item = S>,
        forest: ForestOptions,
    ) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        self.scores = Some(AnomalyScores { columns, forest });
        self
    }

    /// Sets what the windows may hold, in bytes.
    #[must_use]
    pub fn with_memory_limit_bytes(mut self, bytes: usize) -> Self {
        self.memory_limit_bytes = bytes;
        self
    }

    /// Keeps late rows to be taken.
    #[must_use]
    pub fn with_late_rows(mut self, keep: bool) -> Self {
        self.keep_late_rows = keep;
        self
    }

    /// What two runs must agree in for one to go on with the state of the other.
    pub(super) fn fingerprint(&self) -> String {
        let Self { windows, lateness, clock, keys, values, sql, scores, .. } = self;
        format!("{windows:?} {lateness:?} {clock:?} {keys:?} {values:?} {sql:?} {scores:?}")
    }
}

/// The windows in whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Tumbling windows hop by their length. A pane is the longest span of which each window takes
    /// all or nothing.
    Hopping {
        length: i64,
        hop: i64,
        pane: i64,
    },
    Session {
        gap: i64,
    },
}

impl WindowKind {
    pub(super) fn cut(self) -> Result<Cut, Error> {
        match self {
            Self::Tumbling { length } => {
                let length = micros("the length of a window", length)?;
                Ok(Cut::Hopping { length, hop: length, pane: length })
            }
            Self::Hopping { length, hop } => {
                let asked = hop;
                let (length, hop) =
                    (micros("the length of a window", length)?, micros("the hop", hop)?);
                let refuse = |wanted| {
                    Err(Error::Setting { setting: "the hop", value: format!("{asked:?}"), wanted })
                };
                let pane = common_divisor(length, hop);
                match () {
                    () if hop > length => refuse("give at most the length of a window"),
                    () if length / pane > MAX_PANES => {
                        refuse("length and hop need a common divisor of a 10,000th of the length")
                    }
                    () => Ok(Cut::Hopping { length, hop, pane }),
                }
            }
            Self::Session { gap } => Ok(Cut::Session { gap: micros("the gap of a session", gap)? }),
        }
    }
}

/// A length in microseconds.
fn micros(setting: &'static str, length: Duration) -> Result<i64, Error> {
    let micros = i64::try_from(length.as_micros()).ok();
    let whole = length.subsec_nanos().is_multiple_of(1_000_000);
    // A hundred years: sums of times and lengths stay far from the end of 64 bits.
    let century = 100 * 366 * 86_400 * 1_000_000;
    micros.filter(|micros| whole && (1..=century).contains(micros)).ok_or_else(|| Error::Setting {
        setting,
        value: format!("{length:?}"),
        wanted: "give whole milliseconds, from one to a hundred years",
    })
}

/// The lateness in microseconds; zero is one.
pub(super) fn lateness_micros(lateness: Duration) -> Result<i64, Error> {
    if lateness.is_zero() { Ok(0) } else { micros("the lateness", lateness) }
}

fn common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
