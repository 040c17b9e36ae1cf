//! What a run came to, in one line.

use std::time::Duration;

use bytesize::ByteSize;
use firehose_sink::Report;
use serde_json::{Value, json};

use crate::{TargetUri, pace::Lag};

/// Counts of a whole run.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) delivered: u64,
    pub(crate) delivered_bytes: u64,
    pub(crate) undelivered: u64,
    pub(crate) maybe_duplicated: u64,
    pub(crate) retried: u64,
    pub(crate) calls: u64,
    pub(crate) refused: u64,
    pub(crate) dead_lettered: u64,
    /// Records that stay in the spool for the next run.
    pub(crate) spooled: u64,
    /// The longest that making records lagged behind the rate.
    pub(crate) lag: Lag,
    /// Why the first undelivered record was not delivered.
    pub(crate) reason: Option<String>,
}

impl Summary {
    /// Adds what the producer reports.
    pub(crate) fn add(&mut self, report: &Report) {
        self.delivered += report.delivered;
        self.delivered_bytes += report.delivered_bytes;
        self.undelivered += report.undelivered.len() as u64 + report.taken_early;
        self.maybe_duplicated += report.maybe_duplicated;
        self.retried += report.retried;
        self.refused += report.refused;
        self.dead_lettered += report.dead_lettered;
        self.calls += report.calls;
        if let Some((_, reason)) = report.undelivered.first() {
            self.reason = Some(reason.to_string());
        }
    }

    /// Counts records as undelivered that a local stream had acknowledged and could not write.
    pub(crate) fn take_back(&mut self, records: u64, bytes: u64) {
        self.delivered = self.delivered.saturating_sub(records);
        self.delivered_bytes = self.delivered_bytes.saturating_sub(bytes);
        self.undelivered += records;
    }

    /// The line, for people.
    pub(crate) fn line(&self, to: &TargetUri, took: Duration, seed: u64) -> String {
        let mut line = format!(
            "{} records ({}) delivered to {to} in {:.1} s, {} calls",
            self.delivered,
            ByteSize(self.delivered_bytes).display().iec(),
            took.as_secs_f64(),
            self.calls,
        );
        for (count, what) in [
            (self.retried, "sent again"),
            (self.maybe_duplicated, "perhaps twice"),
            (self.dead_lettered, "in the dead letters"),
            (self.undelivered, "NOT delivered"),
            (self.spooled, "kept in the spool for the next run"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {count} {what}"));
            }
        }
        if self.lag.records > 0 {
            let (seconds, records) = (self.lag.time.as_secs_f64(), self.lag.records);
            line.push_str(&format!(", up to {seconds:.1} s ({records} records) behind the rate"));
        }
        line.push_str(&format!(", seed {seed}"));
        line
    }

    /// The same for scripts.
    pub(crate) fn document(&self, took: Duration, seed: u64, exit_code: u8) -> Value {
        json!({
            "event": "summary",
            "elapsed_seconds": took.as_secs_f64(),
            "delivered": self.delivered,
            "delivered_bytes": self.delivered_bytes,
            "undelivered": self.undelivered,
            "dead_lettered": self.dead_lettered,
            "refused": self.refused,
            "retried": self.retried,
            "maybe_duplicated": self.maybe_duplicated,
            "calls": self.calls,
            "spooled": self.spooled,
            "most_lag_seconds": self.lag.time.as_secs_f64(),
            "reason": self.reason,
            "seed": seed,
            "exit_code": exit_code,
        })
    }
}
