//! Letting batches in: room, buffers, and what a batch waits for before it is acknowledged.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use firehose_sink::Record;
use tokio::{sync::oneshot, time::Instant};

use super::{Shared, State, transform};
use crate::{
    StreamStats, Trigger,
    buffers::{Filing, Incoming, Journal},
    deliver::Destination,
    intake::Item,
    journal::{Book, Counted},
    lambda::Origins,
};

/// Segments of the journal that slow buffers may keep, beyond twice what may be undelivered.
const MOST_PINNED: u64 = 128 << 20;

/// Tells whether a batch is kept.
pub(crate) type Commit = oneshot::Receiver<bool>;

/// What a batch waits for before it is acknowledged: its journals, if there are any.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    stream: Option<Commit>,
    backup: Option<Commit>,
}

impl Commits {
    /// Whether the batch is kept, once that is known.
    pub(crate) async fn kept(self) -> bool {
        let mut kept = true;
        for commit in self.stream.into_iter().chain(self.backup) {
            // The writer goes without an answer when the stream is discarded.
            kept &= commit.await.unwrap_or(false);
        }
        kept
    }
}

/// Whether a batch was let in.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It is in the buffer; the first record has this number.
    In(u64, Commits),
    /// Too much is undelivered, and deliveries are going through: worth waiting.
    Full,
    /// Too much is undelivered, and the store refuses.
    Refused,
    Closed,
}

impl Shared {
    /// Lets a batch in whole, or not at all.
    pub(crate) fn admit(&self, batch: &[Record], origins: Origins<'_>) -> Admission {
        loop {
            let destination = Arc::clone(&self.lock().destination);
            // Queries take their time: nobody waits for the lock meanwhile.
            let processed = transform::before_the_lock(&destination, batch);
            let (now, arrival) = (Instant::now(), self.clock.now());
            let mut state = self.lock();
            if state.closing {
                return Admission::Closed;
            }
            if !Arc::ptr_eq(&state.destination, &destination) {
                // An update came in between; what it says holds.
                continue;
            }
            let bytes: usize = batch.iter().map(Record::len).sum();
            if !state.has_room(bytes) {
                return self.make_room(&mut state, now, arrival);
            }
            let mut commits = Commits::default();
            if let Some(backup) = &state.backup {
                match backup.admit_raw(now, arrival, batch, bytes) {
                    Ok(commit) => commits.backup = commit,
                    Err(why) => return why,
                }
            }
            let first = state.stats.accepted_records;
            let before = state.begin_batch();
            let opened = match processed {
                None => state.accept_all(now, arrival, batch),
                Some(items) if destination.lambda.is_some() => {
                    state.accept_raw(now, arrival, batch, items, origins)
                }
                Some(items) => state.accept_items(now, arrival, batch, items),
            };
            commits.stream = state.end_batch(&before, arrival);
            state.count_queries(&destination);
            if opened {
                self.opened.notify_one();
            }
            return Admission::In(first, commits);
        }
    }

    /// What becomes of a batch for which there is no room. Records that wait in the open buffer
    /// go out early when nothing else can make room: Firehose, too, moves its hints under load.
    pub(super) fn make_room(
        &self,
        state: &mut State,
        now: Instant,
        arrival: DateTime<Utc>,
    ) -> Admission {
        if state.failing.is_some() {
            return Admission::Refused;
        }
        let waiting = state.buffers.bytes() + state.raw.open_bytes();
        let on_its_way = state.stats.buffered_bytes > waiting as u64;
        if !on_its_way {
            state.seal_raw();
            let due = state.buffers.due(now).first().map(|(_, trigger)| *trigger);
            state.seal_all(due.unwrap_or(Trigger::Size), arrival);
        }
        Admission::Full
    }
}

impl State {
    /// Whether a batch of this size may come in. One larger than the limit would never get in: an
    /// empty stream takes any.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let undelivered = self.stats.buffered_bytes + self.raw.origin_bytes() as u64;
        undelivered == 0 || undelivered + bytes as u64 <= self.undelivered_limit
    }

    /// Puts records in that belong together; whether a buffer was opened.
    pub(super) fn accept_all(
        &mut self,
        now: Instant,
        arrival: DateTime<Utc>,
        batch: &[Record],
    ) -> bool {
        let mut any_opened = false;
        for record in batch {
            let number = self.stats.accepted_records;
            self.count_accepted(record.len());
            self.count_buffered(record.len());
            let incoming = Incoming { now, arrival, number, data: record.data(), failure: None };
            let journal = Self::journal(&mut self.book, &self.destination);
            let (opened, trigger) = self.buffers.push(incoming, journal);
            any_opened |= opened;
            if let Some(trigger) = trigger {
                self.seal(&Filing::Whole, trigger, arrival);
            }
        }
        any_opened
    }

    /// Puts in what the processors made of a batch; whether a buffer was opened.
    pub(super) fn accept_items(
        &mut self,
        now: Instant,
        arrival: DateTime<Utc>,
        batch: &[Record],
        processed: Vec<Vec<Item<'_>>>,
    ) -> bool {
        let destination = Arc::clone(&self.destination);
        let mut any_opened = false;
        for (record, items) in batch.iter().zip(processed) {
            let number = self.stats.accepted_records;
            self.count_accepted(record.len());
            self.stats.split_records += (items.len() as u64).saturating_sub(1);
            for item in items {
                self.count_buffered(item.data.len());
                any_opened |= self.file((now, arrival), item, number, &destination);
            }
        }
        any_opened
    }

    /// The journal for a record on its way into a buffer.
    pub(super) fn journal<'a>(
        book: &'a mut Option<Book>,
        destination: &'a Arc<Destination>,
    ) -> Option<Journal<'a>> {
        let book = book.as_mut().filter(|book| book.writes);
        book.map(|book| Journal { book, destination })
    }

    /// The counters before a batch comes in.
    pub(super) fn begin_batch(&mut self) -> StreamStats {
        if let Some(book) = self.book.as_mut().filter(|book| book.writes) {
            book.begin_batch();
        }
        self.stats
    }

    /// A batch came in: what to wait for before it is acknowledged.
    pub(super) fn end_batch(&mut self, before: &StreamStats, now: DateTime<Utc>) -> Option<Commit> {
        let book = self.book.as_mut().filter(|book| book.writes)?;
        let commit = book.end_batch(Counted {
            records: self.stats.accepted_records - before.accepted_records,
            bytes: self.stats.accepted_bytes - before.accepted_bytes,
            split: self.stats.split_records - before.split_records,
            partition_limit: self.stats.partition_limit_records - before.partition_limit_records,
            ..Counted::default()
        });
        // One slow buffer keeps a whole segment: when such segments pile up, all go out.
        if book.bytes() > self.undelivered_limit.saturating_mul(2).saturating_add(MOST_PINNED) {
            self.seal_all(Trigger::Size, now);
        }
        Some(commit)
    }
}
