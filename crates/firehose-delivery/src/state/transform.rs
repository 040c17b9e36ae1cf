//! Records on their way through the function of a Lambda processor: in, and back.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use firehose_sink::Record;
use tokio::time::Instant;

use super::{Commit, Shared, State};
use crate::{
    StreamStats, Trigger,
    deliver::Destination,
    intake::Item,
    journal::{Counted, TransformCounted},
    lambda::{Origins, Pushed, Results, SealedRaw},
};

/// The pause before results are committed again that could not be.
const RETRY: Duration = Duration::from_millis(200);

/// What is done to a batch while nobody holds the lock; none when it is taken as it came. Records
/// that go to a function are only taken apart: AWS takes apart, transforms, then asks for keys.
pub(super) fn before_the_lock<'a>(
    destination: &Destination,
    batch: &'a [Record],
) -> Option<Vec<Vec<Item<'a>>>> {
    let records = batch.iter().map(Record::data);
    match (&destination.intake, destination.lambda.is_some()) {
        (None, false) => None,
        (Some(intake), false) => Some(records.map(|record| intake.process(record)).collect()),
        (Some(intake), true) => Some(records.map(|record| intake.split(record)).collect()),
        (None, true) => {
            let whole = |data: &'a [u8]| vec![Item { data: data.into(), place: Ok(None) }];
            Some(records.map(|record| whole(record)).collect())
        }
    }
}

impl Shared {
    /// Sends what is in the open raw buffer to its function, and waits until what came of every
    /// raw buffer so far is filed.
    pub(crate) async fn transformed(&self) {
        let ticket = {
            let mut state = self.lock();
            state.seal_raw();
            state.raw.sealed
        };
        // The sender lives in `self`, so that the wait cannot end in an error.
        let _ = self.transformed.subscribe().wait_for(|settled| *settled >= ticket).await;
    }

    /// A raw buffer is settled: its records are gone, and what the function made of them is filed
    /// in their place, in their order. This is the only way out of the raw stage but a discard.
    ///
    /// With a journal it is over once the results are committed and the raw buffer is marked as
    /// done, in one step; when that fails, the raw buffer is as it was, and it is tried again.
    pub(crate) async fn settle_raw(&self, raw: &SealedRaw, results: Results) {
        loop {
            let commit = {
                let (now, time) = (Instant::now(), self.clock.now());
                let mut state = self.lock();
                if *self.discarded.borrow() {
                    return;
                }
                state.file_and_commit(raw, results.clone(), now, time)
            };
            let Some(commit) = commit else { break };
            // The writer goes without an answer when the stream is discarded.
            let Ok(kept) = commit.await else { return };
            if kept {
                break;
            }
            tokio::time::sleep(RETRY).await;
        }
        let mut state = self.lock();
        if *self.discarded.borrow() {
            return;
        }
        state.count_queries(&raw.destination);
        state.raw.settle(raw);
        state.end_if_filed(self.clock.now());
        drop(state);
        self.transformed.send_modify(|settled| *settled = settled.saturating_add(1));
        self.opened.notify_one();
        self.room.notify_waiters();
    }
}

impl State {
    /// Puts records in that go to a function first; whether a buffer was opened.
    pub(super) fn accept_raw(
        &mut self,
        now: Instant,
        arrival: DateTime<Utc>,
        batch: &[Record],
        processed: Vec<Vec<Item<'_>>>,
        origins: Origins<'_>,
    ) -> bool {
        let destination = Arc::clone(&self.destination);
        let Some(hints) = destination.lambda.as_ref().map(|lambda| lambda.hints) else {
            return self.accept_items(now, arrival, batch, processed);
        };
        let mut any_opened = false;
        for (index, (record, items)) in batch.iter().zip(processed).enumerate() {
            let number = self.stats.accepted_records;
            self.count_accepted(record.len());
            self.stats.split_records += (items.len() as u64).saturating_sub(1);
            for item in items {
                self.count_buffered(item.data.len());
                if item.place.is_err() {
                    any_opened |= self.file((now, arrival), item, number, &destination);
                    continue;
                }
                let origin = origins.and_then(|of| of(index));
                if self.raw.overflows(item.data.len(), origin.as_ref()) {
                    self.seal_raw();
                }
                let journal = Self::journal(&mut self.book, &self.destination);
                let Pushed { opened, due } =
                    self.raw.push((now, arrival), (&item.data, origin), number, hints, journal);
                any_opened |= opened;
                if due {
                    self.seal_raw();
                }
            }
        }
        any_opened
    }

    /// Sends the open raw buffer to its function.
    pub(super) fn seal_raw(&mut self) {
        self.raw.seal(&self.destination);
        self.release();
    }

    /// Files the results; with a journal, answers with what tells whether they are kept.
    fn file_and_commit(
        &mut self,
        raw: &SealedRaw,
        results: Results,
        now: Instant,
        time: DateTime<Utc>,
    ) -> Option<Commit> {
        let changed = !Arc::ptr_eq(&self.destination, &raw.destination);
        // What was found in the journal stays in it until it is delivered, also where what is put
        // now is kept in memory alone.
        let journaled = self.book.as_mut().filter(|book| book.writes || raw.logged.is_in_journal());
        let Some(book) = journaled else {
            self.file_results(raw, results, now, time);
            return None;
        };
        let writes = std::mem::replace(&mut book.writes, true);
        if changed {
            book.set_header(Arc::clone(&raw.destination.header));
        }
        book.begin_transform();
        let before = self.stats;
        self.file_results(raw, results, now, time);
        let counted = self.counted_since(&before, raw);
        let book = self.book.as_mut()?;
        let commit = book.end_transform(&raw.logged, counted);
        book.writes = writes;
        if changed {
            book.set_header(Arc::clone(&self.destination.header));
        }
        Some(commit)
    }

    /// What the results were counted as, to be taken back if they cannot be kept.
    fn counted_since(&self, before: &StreamStats, raw: &SealedRaw) -> Counted {
        let stats = &self.stats;
        Counted {
            partition_limit: stats.partition_limit_records - before.partition_limit_records,
            transform: TransformCounted {
                raw_records: raw.records.len() as u64,
                raw_bytes: raw.records.bytes() as u64,
                dropped: stats.dropped_records - before.dropped_records,
                transformed: stats.transformed_records - before.transformed_records,
                transformed_bytes: stats.transformed_bytes - before.transformed_bytes,
            },
            ..Counted::default()
        }
    }

    /// Files what a function made of a raw buffer. When the stream was given another configuration
    /// meanwhile, it goes out at once, as it was accepted.
    fn file_results(
        &mut self,
        raw: &SealedRaw,
        results: Results,
        now: Instant,
        time: DateTime<Utc>,
    ) {
        let changed = !Arc::ptr_eq(&self.destination, &raw.destination);
        let current = changed.then(|| {
            let before = self.buffers.emptied();
            let destination = Arc::clone(&raw.destination);
            (
                std::mem::replace(&mut self.buffers, before),
                std::mem::replace(&mut self.destination, destination),
            )
        });
        let (records, bytes) = (raw.records.len() as u64, raw.records.bytes() as u64);
        self.stats.buffered_records = self.stats.buffered_records.saturating_sub(records);
        self.stats.buffered_bytes = self.stats.buffered_bytes.saturating_sub(bytes);
        let records = raw.records.iter().zip(&raw.numbers).zip(results).enumerate();
        for (index, ((record, number), result)) in records {
            let Some(item) = result else {
                self.stats.dropped_records += 1;
                continue;
            };
            let failed = matches!(&item.place, Err(why) if why.invocation.is_some());
            if !failed {
                self.stats.transformed_records += 1;
                self.stats.transformed_bytes += record.len() as u64;
            }
            self.count_buffered(item.data.len());
            let arrival = raw.records.arrival(index).unwrap_or(raw.oldest);
            self.file((now, arrival), item, *number, &raw.destination);
        }
        if let Some((buffers, destination)) = current {
            self.seal_all(Trigger::Update, time);
            (self.buffers, self.destination) = (buffers, destination);
        }
    }

    /// Once nothing more is taken in and nothing is with a function: what is filed goes out, and
    /// that was the last.
    pub(super) fn end_if_filed(&mut self, now: DateTime<Utc>) {
        if self.closing && self.raw.is_empty() {
            self.seal_all(Trigger::Flush, now);
            self.closed = true;
            self.release();
            self.raw.end();
            if let Some(book) = &self.book {
                book.wake().notify_one();
            }
        }
    }
}
