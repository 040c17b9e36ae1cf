//! What the producer counted: live in [`Stats`], at the end in [`Report`].

use std::fmt;

use super::Reason;
use crate::Record;

/// A snapshot of the producer's counters since its start.
///
/// `accepted` is `delivered + undelivered + buffered_records` at every moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Records that `send` and its kin accepted.
    pub accepted: u64,
    /// Records that the stream took, each counted once.
    pub delivered: u64,
    /// Bytes of data in those.
    pub delivered_bytes: u64,
    /// Records that ended without being delivered, those in the dead letters too.
    pub undelivered: u64,
    /// Of those, the ones that the [dead letters](crate::DeadLetters) took.
    pub dead_lettered: u64,
    /// Records that went back to their sender as too large. They were never accepted.
    pub rejected: u64,
    /// Single refusals, several for a record that was refused several times.
    pub refused: u64,
    /// How often a record was sent again.
    pub retried: u64,
    /// How often a record was sent again after a call that may have stored it: the stream holds at
    /// most this many duplicates.
    pub maybe_duplicated: u64,
    /// Calls to the sink.
    pub calls: u64,
    /// Calls that failed as a whole.
    pub failed_calls: u64,
    /// Records under way: waiting, or in a call.
    pub buffered_records: u64,
    /// What they count against `buffer_bytes`, with the overhead.
    pub buffered_bytes: usize,
    /// Calls that run now.
    pub in_flight: usize,
}

/// What became of everything that a producer accepted.
///
/// `accepted` is `delivered + undelivered.len() + dead_lettered + taken_early`, always.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// Records that `send` and its kin accepted.
    pub accepted: u64,
    /// Records that the stream took, each counted once.
    pub delivered: u64,
    /// Bytes of data in those.
    pub delivered_bytes: u64,
    /// Records that were not delivered, and why.
    pub undelivered: Vec<(Record, Reason)>,
    /// Undelivered records that the [dead letters](crate::DeadLetters) took.
    pub dead_lettered: u64,
    /// Records that went back to their sender as too large. They were never accepted.
    pub rejected: u64,
    /// Undelivered records that were fetched before, by
    /// [`Drain::take_undelivered`](crate::Drain::take_undelivered).
    pub taken_early: u64,
    /// Single refusals, several for a record that was refused several times.
    pub refused: u64,
    /// How often a record was sent again.
    pub retried: u64,
    /// How often a record was sent again after a call that may have stored it: the stream holds at
    /// most this many duplicates.
    pub maybe_duplicated: u64,
    /// Calls to the sink.
    pub calls: u64,
    /// Calls that failed as a whole.
    pub failed_calls: u64,
}

impl Report {
    /// Whether every accepted record was delivered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.delivered == self.accepted
    }
}

impl fmt::Display for Report {
    /// One line for people: the counts, and why the first undelivered record was not delivered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = self.accepted - self.delivered.min(self.accepted);
        write!(
            f,
            "{} accepted, {} delivered ({} bytes), {lost} undelivered; {} calls, {} of them \
             failed; {} sent again, at most {} duplicated",
            self.accepted,
            self.delivered,
            self.delivered_bytes,
            self.calls,
            self.failed_calls,
            self.retried,
            self.maybe_duplicated,
        )?;
        match self.undelivered.first() {
            Some((_, reason)) => write!(f, "; the first because {reason}"),
            None => Ok(()),
        }
    }
}
