//! The queue of accepted records, and the cut of a batch from its head.
//!
//! Knows the limits of a call. When a batch is due is decided in `dispatch`.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::{
    answers::Ticket,
    pack::{Documents, OpenPack},
};
use crate::{Limits, Record};

/// What the producer keeps for one record beside the record.
#[derive(Debug)]
pub(super) struct Meta {
    /// The number of its receipt, if it has one.
    pub(super) ticket: Option<Ticket>,
    /// Its place in the order of acceptance, from 0.
    pub(super) number: u64,
    /// Boxed, for most records have no past and all of them occupy the queue.
    pub(super) past: Option<Box<Past>>,
    /// What the sender's documents are, when it is a pack of several.
    pub(super) documents: Option<Box<Documents>>,
}

impl Meta {
    /// Of how many records of the sender it is.
    pub(super) fn count(&self) -> u64 {
        self.documents.as_ref().map_or(1, |documents| documents.count())
    }

    /// How often it was sent so far.
    pub(super) fn attempts(&self) -> u32 {
        self.past.as_ref().map_or(0, |past| past.attempts)
    }
}

/// The tries that a record has behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    pub(super) attempts: u32,
    /// When the first try went out.
    pub(super) since: Instant,
    /// Whether the last try may have stored it, so that the next one may make a duplicate.
    pub(super) doubt: bool,
    /// Whether any try may have stored it.
    pub(super) maybe_stored: bool,
}

impl Past {
    /// Of a record whose first try went out at `since` and is not counted yet.
    pub(super) fn new(since: Instant) -> Self {
        Self { attempts: 0, since, doubt: false, maybe_stored: false }
    }
}

/// A record in the queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) meta: Meta,
}

/// A batch as cut from the queue: as many metas as records, in the same order.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    pub(super) metas: Vec<Meta>,
}

impl Batch {
    /// These entries; whether one call can hold them is for the caller to know.
    pub(super) fn of(entries: impl ExactSizeIterator<Item = Entry>) -> Self {
        let count = entries.len();
        let mut batch =
            Self { records: Vec::with_capacity(count), metas: Vec::with_capacity(count) };
        for Entry { record, meta } in entries {
            batch.records.push(record);
            batch.metas.push(meta);
        }
        batch
    }

    /// These and, behind them, others.
    pub(super) fn followed_by(mut self, others: Vec<Entry>) -> Self {
        let others = Self::of(others.into_iter());
        self.records.extend(others.records);
        self.metas.extend(others.metas);
        self
    }

    /// Bytes of data.
    pub(super) fn bytes(&self) -> usize {
        self.records.iter().map(Record::len).sum()
    }
}

/// Accepted records that are in no call, those to be sent again first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// Behind them, a pack that is being filled.
    open: Option<OpenPack>,
    bytes: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.open.is_none()
    }

    /// The number of the first record, and whether it was sent before.
    pub(super) fn head(&self) -> Option<(u64, bool)> {
        match self.entries.front() {
            Some(Entry { meta, .. }) => Some((meta.number, meta.past.is_some())),
            None => self.open.as_ref().map(|open| (open.number(), false)),
        }
    }

    /// Whether as many records are here as one call holds.
    pub(super) fn has_records(&self, limits: &Limits) -> bool {
        self.entries.len() >= limits.records
    }

    /// Whether the next call cannot hold more than what is here.
    pub(super) fn fills(&self, limits: &Limits) -> bool {
        self.has_records(limits) || self.bytes >= limits.bytes
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += entry.record.len();
        self.entries.push_back(entry);
    }

    /// Adds a document to the pack at the end, of at most `most` bytes. One that is larger, and
    /// one with a partition key, which stands for a single record, is not packed.
    pub(super) fn pack(&mut self, entry: Entry, most: usize, cost: usize) {
        let Entry { record, meta } = entry;
        let room = |open: &mut OpenPack| open.len() + record.len() <= most;
        if record.len() > most || record.partition_key().is_some() {
            self.close_pack();
            return self.push(Entry { record, meta });
        }
        if self.open.as_mut().is_some_and(|open| !room(open)) {
            self.close_pack();
        }
        self.bytes += record.len();
        let open = self.open.get_or_insert_with(|| OpenPack::new(meta.number, most));
        open.push(&record, meta.ticket, cost);
    }

    fn close_pack(&mut self) {
        self.entries.extend(self.open.take().map(OpenPack::close));
    }

    /// Puts refused entries back at the head, in their order.
    pub(super) fn put_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.bytes += entry.record.len();
            self.entries.push_front(entry);
        }
    }

    /// Cuts as many records from the head as one call takes. At least one, when there is any: the
    /// admission lets no record pass that a call cannot hold.
    pub(super) fn cut(&mut self, limits: &Limits) -> Batch {
        if self.entries.len() < limits.records {
            self.close_pack();
        }
        let mut bytes = 0;
        let fitting = self.entries.iter().take(limits.records).take_while(|entry| {
            bytes += entry.record.len();
            bytes <= limits.bytes
        });
        let count = fitting.count().max(1).min(self.entries.len());
        self.take(count)
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> Batch {
        self.close_pack();
        self.take(self.entries.len())
    }

    fn take(&mut self, count: usize) -> Batch {
        let batch = Batch::of(self.entries.drain(..count));
        self.bytes -= batch.bytes();
        batch
    }
}
