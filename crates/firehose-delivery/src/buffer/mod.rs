//! When a buffer is due. Pure: the time is passed in, nothing sleeps here.

mod records;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

pub use self::records::BufferedRecords;
use crate::BufferingHints;

/// Why a buffer went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// Its bytes reached the size hint.
    Size,
    /// Its oldest record reached the interval.
    Age,
    /// Somebody asked: a flush or a close.
    Flush,
    /// The stream was given a new configuration, which holds for the records after it.
    Update,
    /// It was found in the journal when the stream was opened.
    Recovery,
}

/// The records that wait for the next object of one stream.
///
/// ```
/// use firehose_delivery::{BufferingHints, RecordBuffer, Trigger};
/// use tokio::time::Instant;
///
/// let mut buffer = RecordBuffer::new(BufferingHints::RAW);
/// let arrival = chrono::DateTime::UNIX_EPOCH;
/// assert_eq!(buffer.push(Instant::now(), arrival, b"{}"), None);
/// let megabyte = vec![b' '; 1_024_000];
/// let due = (0..6).find_map(|_| buffer.push(Instant::now(), arrival, &megabyte));
/// assert_eq!(due, Some(Trigger::Size));
/// assert_eq!(buffer.take().len(), 7);
/// ```
#[derive(Debug)]
pub struct RecordBuffer {
    hints: BufferingHints,
    opened: Option<Instant>,
    records: BufferedRecords,
}

impl RecordBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new(hints: BufferingHints) -> Self {
        Self { hints, opened: None, records: BufferedRecords::default() }
    }

    /// Sets when the buffer is due, from now on.
    pub fn set_hints(&mut self, hints: BufferingHints) {
        self.hints = hints;
    }

    /// Puts a record in that arrived `now`; `arrival` is the time of day. Answers with the reason
    /// when the buffer is due with it.
    pub fn push(&mut self, now: Instant, arrival: DateTime<Utc>, record: &[u8]) -> Option<Trigger> {
        self.opened.get_or_insert(now);
        self.records.push(arrival, record);
        self.due(now)
    }

    /// Why the buffer is due at `now`, if it is. An empty buffer never is.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<Trigger> {
        if self.records.bytes() >= self.hints.size_bytes {
            return Some(Trigger::Size);
        }
        self.deadline().filter(|deadline| *deadline <= now).map(|_| Trigger::Age)
    }

    /// When the buffer will be due by age; nothing while it is empty.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        // An interval beyond what the clock can express is one that never ends.
        self.opened.and_then(|opened| opened.checked_add(self.hints.interval))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records in it.
    #[must_use]
    pub fn records(&self) -> &BufferedRecords {
        &self.records
    }

    /// Drops the records behind the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.records.truncate(count);
        if self.is_empty() {
            self.opened = None;
        }
    }

    /// Takes the records out and leaves the buffer empty.
    pub fn take(&mut self) -> BufferedRecords {
        self.opened = None;
        std::mem::take(&mut self.records)
    }
}

#[cfg(test)]
mod tests;
