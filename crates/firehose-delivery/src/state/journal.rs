//! The part of a stream's state that its journal moves: commits, cuts, and what is forgotten.

use firehose_journal::Error;

use super::{Shared, State};
use crate::{
    BufferedRecords, Trigger,
    buffers::Cut,
    error::with_causes,
    journal::{Counted, Logged, TransformCounted, Waiting, Written},
    worker::{Recovered, Sealed},
};

impl Shared {
    /// Sends what was found in the journal on its way, before anything else.
    pub(crate) fn take_up(&self, recovered: Recovered) {
        let mut state = self.lock();
        for raw in recovered.raw {
            state.count_recovered(&raw.records);
            state.raw.send_off(raw);
        }
        state.release();
        for sealed in recovered.sealed {
            state.count_recovered(&sealed.records);
            if let Some(keys) = &sealed.partition {
                *state.active.entry(keys.clone()).or_default() += 1;
                state.stats.active_partitions = state.active.len() as u64;
            }
            state.send_off(sealed);
        }
    }

    /// What the journal's writer is to do.
    pub(crate) fn take_journal(&self) -> Option<Written> {
        self.lock().book.as_mut()?.take()
    }

    /// Whether the journal has nothing left to do, now and later.
    pub(crate) fn journal_is_done(&self) -> bool {
        let state = self.lock();
        state.closed && state.book.as_ref().is_none_or(crate::journal::Book::is_done)
    }

    /// Everything through this batch is committed: buffers that waited for it go out.
    pub(crate) fn committed(&self, through: u64) {
        let mut state = self.lock();
        let Some(book) = &mut state.book else { return };
        book.commit(through);
        if state.journal_fails {
            tracing::info!("the journal keeps records again");
            state.journal_fails = false;
        }
        state.release();
    }

    /// A commit failed: nothing behind the last one is kept. Answers with the batches that came
    /// meanwhile and fail, too.
    pub(crate) fn commit_failed(&self, why: &Error, waiting: &[Waiting]) -> Vec<Waiting> {
        let (now, text) = (self.clock.now(), with_causes(why));
        let mut state = self.lock();
        let Some(book) = &mut state.book else { return Vec::new() };
        let behind = book.fail();
        let committed = book.committed();
        for batch in waiting.iter().chain(&behind) {
            state.uncount(batch.counted);
        }
        state.cut_back(committed);
        if let Some(book) = &mut state.book {
            book.go_on();
        }
        if !state.journal_fails {
            tracing::error!(error = text, "the journal cannot keep records: puts are refused");
            state.journal_fails = true;
        }
        state.last_error = Some(text);
        if why.is_full() {
            // What is delivered makes room.
            state.seal_raw();
            state.seal_all(Trigger::Size, now);
        }
        state.release();
        drop(state);
        self.room.notify_waiters();
        behind
    }

    /// A buffer is delivered: resolves when the journal has forgotten it.
    pub(crate) async fn forget(&self, logged: &Logged) {
        let told = self.lock().book.as_mut().map(|book| book.settle(logged));
        if let Some(told) = told {
            // The writer goes when the stream is discarded; then there is nothing to forget.
            let _ = told.await;
        }
    }
}

impl State {
    fn count_recovered(&mut self, records: &BufferedRecords) {
        let (records, bytes) = (records.len() as u64, records.bytes() as u64);
        self.stats.recovered_records += records;
        self.stats.buffered_records += records;
        self.stats.buffered_bytes += bytes;
    }

    /// A batch was refused after it had been counted as accepted.
    fn uncount(&mut self, counted: Counted) {
        let stats = &mut self.stats;
        stats.accepted_records = stats.accepted_records.saturating_sub(counted.records);
        stats.accepted_bytes = stats.accepted_bytes.saturating_sub(counted.bytes);
        stats.split_records = stats.split_records.saturating_sub(counted.split);
        stats.partition_limit_records =
            stats.partition_limit_records.saturating_sub(counted.partition_limit);
        stats.journal_refused_records += counted.records;
        // Of results that could not be kept the raw buffer is there as before.
        let TransformCounted { raw_records, raw_bytes, dropped, transformed, transformed_bytes } =
            counted.transform;
        stats.buffered_records += raw_records;
        stats.buffered_bytes += raw_bytes;
        stats.dropped_records = stats.dropped_records.saturating_sub(dropped);
        stats.transformed_records = stats.transformed_records.saturating_sub(transformed);
        stats.transformed_bytes = stats.transformed_bytes.saturating_sub(transformed_bytes);
    }

    /// Drops from all buffers what is not committed.
    fn cut_back(&mut self, committed: u64) {
        for Cut { records, bytes, emptied } in self.buffers.cut(committed) {
            self.uncount_buffered(records, bytes);
            let Some((filing, logged)) = emptied else { continue };
            if let Some(book) = &mut self.book {
                drop(book.settle(&logged));
            }
            if let crate::buffers::Filing::Partition(keys) = &filing {
                self.forget(keys);
            }
        }
        let (records, bytes, emptied) = self.raw.cut(committed);
        self.uncount_buffered(records, bytes);
        if let (Some(logged), Some(book)) = (emptied, &mut self.book) {
            drop(book.settle(&logged));
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        for sealed in &mut waiting {
            let (count, bytes) = (sealed.records.len(), sealed.records.bytes());
            if let Some(kept) = sealed.logged.cut(committed) {
                sealed.truncate(kept);
                self.uncount_buffered(
                    count.saturating_sub(sealed.records.len()),
                    bytes.saturating_sub(sealed.records.bytes()),
                );
            }
        }
        self.waiting = waiting;
    }

    fn uncount_buffered(&mut self, records: usize, bytes: usize) {
        let stats = &mut self.stats;
        stats.buffered_records = stats.buffered_records.saturating_sub(records as u64);
        stats.buffered_bytes = stats.buffered_bytes.saturating_sub(bytes as u64);
    }

    /// Sends a buffer on its way, as soon as everything in it is committed.
    pub(super) fn send_off(&mut self, sealed: Sealed) {
        self.sealed += 1;
        self.on_their_way.push_back(sealed.oldest);
        self.waiting.push_back(sealed);
        self.release();
    }

    /// Lets go what waited for a commit, in order; after the last of a closed stream, all ends.
    pub(super) fn release(&mut self) {
        let committed = self.book.as_ref().map_or(u64::MAX, crate::journal::Book::committed);
        while let Some(sealed) =
            self.waiting.pop_front_if(|sealed| sealed.logged.is_committed(committed))
        {
            if let Some(outgoing) = &self.outgoing {
                // The receiver lives as long as the runtime does; after that nothing is delivered.
                let _ = outgoing.send(sealed);
            }
        }
        self.raw.release(committed);
        if self.closed && self.waiting.is_empty() {
            self.outgoing = None;
        }
    }
}
