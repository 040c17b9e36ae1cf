//! SQL over the windows of a stream, while the stream passes (feature `sql`).
//!
//! # What it is
//!
//! [`ContinuousQuery`] takes record batches as they come ([`JsonRecords`] makes them of JSON), cuts
//! the stream's time into [windows](WindowKind), and when a window closes, runs SQL on it. The answer
//! is a record batch for each window. It reads no stream and writes no results: that is the caller's.
//!
//! # What the SQL sees
//!
//! Each closed window, alone, as two tables. What the SQL names is kept, the other is not.
//!
//! | table | rows | columns | memory |
//! |---|---|---|---|
//! | `windows` | one for each key (one, if there are no keys; for a session, its own) | `window_start`, `window_end` (timestamps in microseconds, UTC); the keys; `rows`; for each value column `c`: `c_count`, `c_sum`, `c_mean`, `c_min`, `c_max` | a few hundred bytes for each key and pane |
//! | `stream` | the window's rows, as they came | `window_start`, `window_end`, then the rows' own, and `anomaly_score` with [`with_scores`](QueryOptions::with_scores) | the rows |
//!
//! Sums, minima and maxima of whole numbers are exact in 64 bits, or refused; sums of floats are
//! rounded once, so they do not depend on the order of rows. Nulls, NaN and infinities are left out
//! of them, as `c_count` shows. The rows of `windows` are ordered by key; those of `stream` have no
//! order that SQL may rely on.
//!
//! # Time
//!
//! By a column ([`with_event_time`](QueryOptions::with_event_time)) or by arrival. The watermark is
//! the latest time seen less the lateness that is granted; a window closes when the watermark comes
//! to its end, by the very row that brings it there. A row whose windows are all closed is late:
//! counted, and kept aside if [asked for](QueryOptions::with_late_rows). So the answers depend on
//! the order of rows alone, never on how they were cut into batches; and rows that are at most the
//! lateness out of order give the answers that a query over all of them at once would give.
//!
//! Times are rounded to whole microseconds, and those beyond 70,000 years from 1970 are none.
//! An idle stream closes its windows by [`advance`](ContinuousQuery::advance).
//!
//! # Memory
//!
//! What is held (keys and states of open windows, rows for `stream`, closed windows that nobody took,
//! late rows that are kept) is counted in bytes, and beyond the
//! [limit](QueryOptions::with_memory_limit_bytes) the query refuses with [`QueryError::Memory`]. One
//! batch may exceed it while it is being taken. Hopping windows keep each row once.
//!
//! # Two presets
//!
//! [`QueryOptions::captain_scores`] and [`QueryOptions::ordered_anomalies`] are the analyses of the
//! tutorial's lab.

mod aggregator;
pub(crate) mod bytes;
mod checkpoint;
mod error;
mod exact_sum;
mod json;
mod kept;
mod keys;
mod options;
mod panes;
mod presets;
mod query;
mod run;
mod scores;
mod sessions;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod time;

pub use aggregator::StreamCounts;
pub use error::QueryError;
pub use json::JsonRecords;
pub use options::{AnomalyScores, DEFAULT_MEMORY_LIMIT_BYTES, QueryOptions, WindowKind};
pub use query::{ClosedWindow, ContinuousQuery};
