//! What the commands that stay share, `watch` and `stream`: the terminal that they draw on, their CSV,
//! and the clock.

mod csv;
mod screen;

use std::time::Duration;

pub(super) use csv::CsvLines;
pub(super) use screen::{Screen, people};

/// How often the screen is drawn, and keys and idleness are looked at.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    chrono::Utc::now().timestamp_micros() as f64 / 1e6
}
