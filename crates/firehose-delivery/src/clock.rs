//! The wall clock that arrival times and object keys are read from.
//!
//! Buffer ages are measured on tokio's clock. Under a paused tokio clock the system's time of day
//! stands still, so a test gives the stream a [`Clock`] that follows tokio's.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Where the time of day comes from. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    Follows { started: Instant, at: DateTime<Utc> },
}

impl Clock {
    /// The time of day of this machine, steps and corrections included.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// It is `time` now, and from here on time passes as tokio's clock does: a paused clock
    /// stands still and moves by `tokio::time::advance`.
    #[must_use]
    pub fn starting_at(time: DateTime<Utc>) -> Self {
        Self(Source::Follows { started: Instant::now(), at: time })
    }

    /// The time now, in UTC.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self.0 {
            Source::System => Utc::now(),
            Source::Follows { started, at } => TimeDelta::from_std(started.elapsed())
                .ok()
                .and_then(|elapsed| at.checked_add_signed(elapsed))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_started_clock_follows_tokio() {
        let noon = DateTime::from_timestamp(1_641_621_600, 0).unwrap();
        let clock = Clock::starting_at(noon);
        tokio::time::advance(Duration::from_millis(90_500)).await;
        assert_eq!(clock.now(), noon + TimeDelta::milliseconds(90_500));
    }
}
