//! Records on their way through the function of a Lambda processor: in, and back.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use firehose_sink::Record;
use tokio::time::Instant;

use super::{Shared, State};
use crate::{
    Trigger,
    deliver::Destination,
    intake::Item,
    lambda::{Pushed, Results, SealedRaw},
};

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
    pub(crate) fn settle_raw(&self, raw: &SealedRaw, results: Results) {
        let (now, time) = (Instant::now(), self.clock.now());
        let mut state = self.lock();
        if *self.discarded.borrow() {
            return;
        }
        state.file_results(raw, results, now, time);
        state.count_queries(&raw.destination);
        state.raw.settle();
        state.end_if_filed(time);
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
    ) -> bool {
        let destination = Arc::clone(&self.destination);
        let Some(hints) = destination.lambda.as_ref().map(|lambda| lambda.hints) else {
            return self.accept_items(now, arrival, batch, processed);
        };
        let mut any_opened = false;
        for (record, items) in batch.iter().zip(processed) {
            let number = self.stats.accepted_records;
            self.count_accepted(record.len());
            self.stats.split_records += (items.len() as u64).saturating_sub(1);
            for item in items {
                self.count_buffered(item.data.len());
                if item.place.is_err() {
                    any_opened |= self.file((now, arrival), item, number, &destination);
                    continue;
                }
                if self.raw.overflows(item.data.len()) {
                    self.seal_raw();
                }
                let Pushed { opened, due } =
                    self.raw.push((now, arrival), &item.data, number, hints);
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
            self.outgoing = None;
            self.raw.end();
        }
    }
}
