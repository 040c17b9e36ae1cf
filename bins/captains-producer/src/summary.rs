//! What a run came to, in one line.

use std::time::Duration;

use bytesize::ByteSize;
use firehose_sink::Report;

use crate::TargetUri;

/// Counts of a whole run.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) delivered: u64,
    pub(crate) delivered_bytes: u64,
    pub(crate) undelivered: u64,
    pub(crate) maybe_duplicated: u64,
    pub(crate) retried: u64,
    pub(crate) calls: u64,
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
            (self.undelivered, "NOT delivered"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {count} {what}"));
            }
        }
        line.push_str(&format!(", seed {seed}"));
        line
    }
}
