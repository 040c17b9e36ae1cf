//! How much a shard takes and gives in a second.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// What a shard takes and gives in a second.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardLimits {
    /// Records put in a second.
    pub put_records: u32,
    /// Bytes put in a second, keys included.
    pub put_bytes: u32,
    /// Calls that read in a second.
    pub reads: u32,
    /// Bytes read in a second.
    pub read_bytes: u32,
}

impl ShardLimits {
    /// AWS's: 1,000 records and 1 MiB in; five calls and 2 MiB out.
    pub const AWS: Self =
        Self { put_records: 1_000, put_bytes: 1 << 20, reads: 5, read_bytes: 2 << 20 };
}

/// An allowance that fills up to one second's worth. What is let in may take it below zero: then
/// nothing more is let in until time has made up for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    a_second: f64,
    left: f64,
    at: DateTime<Utc>,
}

impl Allowance {
    pub(crate) fn new(a_second: u32, now: DateTime<Utc>) -> Self {
        Self { a_second: f64::from(a_second), left: f64::from(a_second), at: now }
    }

    /// Whether anything is left at `now`.
    pub(crate) fn has_any(&mut self, now: DateTime<Utc>) -> bool {
        // A clock that went back gives nothing and takes nothing.
        let passed = (now - self.at).to_std().unwrap_or(Duration::ZERO);
        self.at = now;
        self.left = (self.left + passed.as_secs_f64() * self.a_second).min(self.a_second);
        self.left >= 1.0
    }

    pub(crate) fn take(&mut self, amount: usize) {
        // Far below the 2^53 that a double counts exactly.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let amount = amount as f64;
        self.left -= amount;
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_allowance_fills_with_time_and_may_be_overdrawn_once() {
        let start = DateTime::from_timestamp(1_641_621_600, 0).unwrap();
        let mut allowance = Allowance::new(10, start);
        for (seconds, taken, expected) in [
            (0.0, 10, true),
            (0.0, 0, false),
            (0.1, 35, true),
            (1.0, 0, false),
            (3.4, 0, false),
            (3.7, 1, true),
            (100.0, 10, true),
            (100.0, 0, false),
            (50.0, 0, false),
        ] {
            #[expect(clippy::cast_possible_truncation, reason = "a test's milliseconds")]
            let now = start + TimeDelta::milliseconds((seconds * 1000.0) as i64);
            assert_eq!(allowance.has_any(now), expected, "{seconds}");
            allowance.take(taken);
        }
    }
}
