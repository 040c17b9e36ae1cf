//! Records on their way to a function: the raw buffer that is open, and those that are out.
//!
//! A raw buffer is one event. It is out from when it is sealed until what the function made of it
//! is filed, or failed; meanwhile its records count as undelivered.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use super::{LambdaProcessor, Origin, event};
use crate::{
    BufferedRecords, BufferingHints,
    buffers::Journal,
    deliver::Destination,
    journal::{Entry, Logged, frame::BufferHead},
};

/// The raw buffers of a stream.
#[derive(Debug)]
pub(crate) struct RawStage {
    open: Option<OpenRaw>,
    /// Arrival of the oldest record of each that is out, in order.
    out: VecDeque<DateTime<Utc>>,
    /// How many were sealed so far.
    pub(crate) sealed: u64,
    /// Those that wait for their records to be committed.
    waiting: VecDeque<SealedRaw>,
    /// Bytes that the origins of all records here and out take.
    origin_bytes: usize,
    /// Gone once nothing more will be sealed.
    outgoing: Option<mpsc::UnboundedSender<SealedRaw>>,
}

#[derive(Debug)]
struct OpenRaw {
    id: Uuid,
    opened: Instant,
    hints: BufferingHints,
    records: BufferedRecords,
    /// Numbers of the records in the stream.
    numbers: Vec<u64>,
    origins: Vec<Option<Origin>>,
    /// Bytes of the event, at most.
    event_bytes: usize,
    logged: Logged,
}

/// A raw buffer that is out.
#[derive(Debug)]
pub(crate) struct SealedRaw {
    /// Its records' ids come from it: the same at every attempt.
    pub(crate) id: Uuid,
    pub(crate) records: BufferedRecords,
    pub(crate) numbers: Vec<u64>,
    /// Where its records came from: one for each, or none at all.
    pub(crate) origins: Vec<Option<Origin>>,
    pub(crate) oldest: DateTime<Utc>,
    /// What held when its records were accepted: its function among it.
    pub(crate) destination: Arc<Destination>,
    pub(crate) logged: Logged,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// A raw buffer was opened for it.
    pub(crate) opened: bool,
    /// The raw buffer is due with it.
    pub(crate) due: bool,
}

impl RawStage {
    pub(crate) fn new(outgoing: mpsc::UnboundedSender<SealedRaw>) -> Self {
        Self {
            open: None,
            out: VecDeque::new(),
            sealed: 0,
            waiting: VecDeque::new(),
            origin_bytes: 0,
            outgoing: Some(outgoing),
        }
    }

    /// Whether a record of this size has no room in the open raw buffer's event.
    pub(crate) fn overflows(&self, bytes: usize, origin: Option<&Origin>) -> bool {
        self.open.as_ref().is_some_and(|open| {
            open.event_bytes + event::record_bytes(bytes, origin) > LambdaProcessor::MOST_BYTES
        })
    }

    /// Puts a record in.
    pub(crate) fn push(
        &mut self,
        (now, arrival): (Instant, DateTime<Utc>),
        record: (&[u8], Option<Origin>),
        number: u64,
        hints: BufferingHints,
        mut journal: Option<Journal<'_>>,
    ) -> Pushed {
        let (record, origin) = record;
        let opened = self.open.is_none();
        let open = self.open.get_or_insert_with(|| OpenRaw {
            id: Uuid::new_v4(),
            opened: now,
            hints,
            records: BufferedRecords::default(),
            numbers: Vec::new(),
            origins: Vec::new(),
            event_bytes: event::HEAD_BYTES,
            logged: journal
                .as_mut()
                .map_or_else(Logged::default, |journal| journal.book.open_buffer()),
        });
        if let Some(Journal { book, .. }) = journal {
            let before = open.records.len();
            let entry = Entry { arrival, number, before, data: record, failure: None };
            let id = open.id;
            book.note(&mut open.logged, &entry, |number| BufferHead::raw(number, id));
        }
        open.records.push(arrival, record);
        open.numbers.push(number);
        open.event_bytes += event::record_bytes(record.len(), origin.as_ref());
        if let Some(origin) = origin {
            self.origin_bytes += origin.memory();
            // Records before it that came from elsewhere have none.
            open.origins.resize(open.records.len() - 1, None);
            open.origins.push(Some(origin));
        }
        Pushed { opened, due: open.is_due(now) }
    }

    /// Sends the open raw buffer, if there is one, on its way to the function of `destination`.
    pub(crate) fn seal(&mut self, destination: &Arc<Destination>) {
        let Some(open) = self.open.take() else { return };
        let Some(oldest) = open.records.oldest() else { return };
        let OpenRaw { id, records, numbers, origins, logged, .. } = open;
        let destination = Arc::clone(destination);
        self.send_off(SealedRaw { id, records, numbers, origins, oldest, destination, logged });
    }

    /// Puts a raw buffer behind those that are out.
    pub(crate) fn send_off(&mut self, raw: SealedRaw) {
        self.sealed += 1;
        self.out.push_back(raw.oldest);
        self.waiting.push_back(raw);
    }

    /// Lets go what waited for a commit, in order.
    pub(crate) fn release(&mut self, committed: u64) {
        let Some(outgoing) = &self.outgoing else { return };
        while let Some(raw) = self.waiting.pop_front_if(|raw| raw.logged.is_committed(committed)) {
            // The receiver lives as long as the runtime does; after that nothing is delivered.
            let _ = outgoing.send(raw);
        }
    }

    /// Drops the records that are not committed; how many that were, and their bytes, and what the
    /// journal is to forget.
    pub(crate) fn cut(&mut self, committed: u64) -> (usize, usize, Option<Logged>) {
        let before = self.counted();
        for raw in &mut self.waiting {
            if let Some(kept) = raw.logged.cut(committed) {
                raw.records.truncate(kept);
                raw.numbers.truncate(kept);
                raw.origins.truncate(kept);
            }
        }
        if let Some(open) = &mut self.open
            && let Some(kept) = open.logged.cut(committed)
        {
            open.records.truncate(kept);
            open.numbers.truncate(kept);
            open.origins.truncate(kept);
            let origins = open.origins.iter().map(Option::as_ref).chain(std::iter::repeat(None));
            let events = open.records.iter().zip(origins);
            let events = events.map(|(record, from)| event::record_bytes(record.len(), from));
            open.event_bytes = event::HEAD_BYTES + events.sum::<usize>();
        }
        let emptied = self.open.take_if(|open| open.records.is_empty());
        let after = self.counted();
        (before.0 - after.0, before.1 - after.1, emptied.map(|open| open.logged))
    }

    /// Records that are here, and their bytes.
    fn counted(&self) -> (usize, usize) {
        let waiting = self.waiting.iter().map(|raw| &raw.records);
        let all = waiting.chain(self.open.iter().map(|open| &open.records));
        all.fold((0, 0), |(count, bytes), records| (count + records.len(), bytes + records.bytes()))
    }

    /// Whether a raw buffer is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Bytes held beside the records, which are many where records are small.
    pub(crate) fn origin_bytes(&self) -> usize {
        self.origin_bytes
    }

    /// The first of those that are out is settled.
    pub(crate) fn settle(&mut self, raw: &SealedRaw) {
        let origins = raw.origins.iter().flatten().map(Origin::memory).sum();
        self.origin_bytes = self.origin_bytes.saturating_sub(origins);
        self.out.pop_front();
    }

    /// Nothing more will be sealed.
    pub(crate) fn end(&mut self) {
        self.outgoing = None;
    }

    /// Drops what is in it.
    pub(crate) fn clear(&mut self) {
        (self.open, self.out, self.outgoing) = (None, VecDeque::new(), None);
        self.waiting.clear();
        self.origin_bytes = 0;
    }

    /// Whether no raw buffer is open or out.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_none() && self.out.is_empty()
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.open.as_ref().is_some_and(|open| open.is_due(now))
    }

    /// When the open raw buffer is due by its age.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.open.as_ref().and_then(OpenRaw::deadline)
    }

    /// Bytes of the records in the open raw buffer.
    pub(crate) fn open_bytes(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.records.bytes())
    }

    /// Arrival of the oldest record.
    pub(crate) fn oldest(&self) -> Option<DateTime<Utc>> {
        let open = self.open.as_ref().and_then(|open| open.records.oldest());
        self.out.front().copied().into_iter().chain(open).min()
    }
}

impl SealedRaw {
    /// Where a record came from, if from a data stream.
    pub(super) fn origin(&self, index: usize) -> Option<&Origin> {
        self.origins.get(index)?.as_ref()
    }
}

impl OpenRaw {
    fn is_due(&self, now: Instant) -> bool {
        self.records.bytes() >= self.hints.size_bytes
            || self.deadline().is_some_and(|deadline| deadline <= now)
    }

    fn deadline(&self) -> Option<Instant> {
        // An interval beyond what the clock can express is one that never ends.
        self.opened.checked_add(self.hints.interval)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use object_store::memory::InMemory;

    use super::*;
    use crate::DeliveryStreamConfig;

    /// A raw buffer that is out, with these records.
    pub(in crate::lambda) fn sealed(records: &[&[u8]]) -> SealedRaw {
        let oldest = DateTime::from_timestamp(1_641_621_859, 0).unwrap();
        let config = DeliveryStreamConfig::new("s");
        let destination = Destination::new(&config, Arc::new(InMemory::new())).unwrap();
        let mut buffered = BufferedRecords::default();
        records.iter().for_each(|record| buffered.push(oldest, record));
        SealedRaw {
            id: Uuid::new_v4(),
            numbers: (0..records.len() as u64).collect(),
            origins: Vec::new(),
            records: buffered,
            oldest,
            destination: Arc::new(destination),
            logged: Logged::default(),
        }
    }
}
