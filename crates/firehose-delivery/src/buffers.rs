//! The open buffers of a stream: one, or one for each partition, and one for what failed.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    BufferedRecords, BufferingHints, PartitionKeys, ProcessingFailure, RecordBuffer, Trigger,
    deliver::Destination,
    journal::{Book, Entry, Logged},
    key::ErrorOutputType,
};

/// Where a record is filed until it goes out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Filing {
    /// With all others.
    Whole,
    Partition(PartitionKeys),
    /// With those that failed for this reason before they were buffered.
    Failed(ErrorOutputType),
}

/// A buffer with records in it.
#[derive(Debug)]
pub(crate) struct OpenBuffer {
    buffer: RecordBuffer,
    object_id: Uuid,
    error_id: Uuid,
    /// Numbers of the records, where they are not in a row.
    numbers: Vec<u64>,
    failures: Vec<Arc<ProcessingFailure>>,
    logged: Logged,
}

/// What a buffer held when it went out.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) records: BufferedRecords,
    pub(crate) object_id: Uuid,
    pub(crate) error_id: Uuid,
    pub(crate) numbers: Vec<u64>,
    pub(crate) failures: Vec<Arc<ProcessingFailure>>,
    pub(crate) logged: Logged,
}

/// Where a stream's records are written down before they are acknowledged.
#[derive(Debug)]
pub(crate) struct Journal<'a> {
    pub(crate) book: &'a mut Book,
    pub(crate) destination: &'a Destination,
}

/// A record on its way into a buffer.
#[derive(Debug, Clone)]
pub(crate) struct Incoming<'a> {
    pub(crate) now: Instant,
    pub(crate) arrival: DateTime<Utc>,
    pub(crate) number: u64,
    pub(crate) data: &'a [u8],
    pub(crate) failure: Option<Arc<ProcessingFailure>>,
}

impl OpenBuffer {
    fn new(hints: BufferingHints, journal: Option<&mut Journal<'_>>) -> Self {
        Self {
            buffer: RecordBuffer::new(hints),
            object_id: Uuid::new_v4(),
            error_id: Uuid::new_v4(),
            numbers: Vec::new(),
            failures: Vec::new(),
            logged: journal.map_or_else(Logged::default, |journal| journal.book.open_buffer()),
        }
    }

    /// Takes a record in, and notes it in the journal.
    fn push(
        &mut self,
        filing: &Filing,
        record: Incoming<'_>,
        journal: Option<&mut Journal<'_>>,
    ) -> Option<Trigger> {
        let Incoming { now, arrival, number, data, failure } = record;
        if let Some(Journal { book, destination }) = journal {
            let before = self.buffer.records().len();
            let entry = Entry { arrival, number, before, data, failure: failure.as_ref() };
            let oldest = self.buffer.records().oldest().unwrap_or(arrival);
            let (object_id, error_id) = (self.object_id, self.error_id);
            book.note(&mut self.logged, &entry, |number| {
                destination.head(number, filing, oldest, object_id, error_id)
            });
        }
        self.failures.extend(failure);
        self.buffer.push(now, arrival, data)
    }

    /// Drops the records that are not committed; how many that were, and their bytes.
    fn cut(&mut self, committed: u64) -> (usize, usize) {
        let records = self.buffer.records();
        let (count, bytes) = (records.len(), records.bytes());
        let Some(kept) = self.logged.cut(committed) else { return (0, 0) };
        self.buffer.truncate(kept);
        self.numbers.truncate(kept);
        self.failures.truncate(kept);
        let records = self.buffer.records();
        (count.saturating_sub(records.len()), bytes.saturating_sub(records.bytes()))
    }

    fn into_contents(mut self) -> Contents {
        Contents {
            records: self.buffer.take(),
            object_id: self.object_id,
            error_id: self.error_id,
            numbers: self.numbers,
            failures: self.failures,
            logged: self.logged,
        }
    }
}

/// What was cut off a buffer.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    /// The buffer, when nothing is left in it.
    pub(crate) emptied: Option<(Filing, Logged)>,
}

/// All open buffers. None of them is empty.
#[derive(Debug)]
pub(crate) struct Buffers {
    hints: BufferingHints,
    whole: Option<OpenBuffer>,
    filed: HashMap<Filing, OpenBuffer>,
}

impl Buffers {
    pub(crate) fn new(hints: BufferingHints) -> Self {
        Self { hints, whole: None, filed: HashMap::new() }
    }

    /// None of its kind is open in it.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.hints)
    }

    /// Sets when the buffers that are opened from now on are due.
    pub(crate) fn set_hints(&mut self, hints: BufferingHints) {
        self.hints = hints;
    }

    /// Puts a record in that belongs with all others; whether a buffer was opened for it, and why
    /// it is due if it is.
    pub(crate) fn push(
        &mut self,
        record: Incoming<'_>,
        mut journal: Option<Journal<'_>>,
    ) -> (bool, Option<Trigger>) {
        let opens = self.whole.is_none();
        let hints = self.hints;
        let open = self.whole.get_or_insert_with(|| OpenBuffer::new(hints, journal.as_mut()));
        (opens, open.push(&Filing::Whole, record, journal.as_mut()))
    }

    /// Puts a record in that is filed apart.
    pub(crate) fn push_filed(
        &mut self,
        filing: &Filing,
        record: Incoming<'_>,
        mut journal: Option<Journal<'_>>,
    ) -> (bool, Option<Trigger>) {
        let opens = !self.filed.contains_key(filing);
        let hints = self.hints;
        let open = self
            .filed
            .entry(filing.clone())
            .or_insert_with(|| OpenBuffer::new(hints, journal.as_mut()));
        open.numbers.push(record.number);
        (opens, open.push(filing, record, journal.as_mut()))
    }

    /// Drops the records that are not committed, and the buffers that have no others.
    pub(crate) fn cut(&mut self, committed: u64) -> Vec<Cut> {
        let whole = self.whole.iter_mut().map(|open| (Filing::Whole, open));
        let filed = self.filed.iter_mut().map(|(filing, open)| (filing.clone(), open));
        let mut cuts = Vec::new();
        for (filing, open) in whole.chain(filed) {
            let (records, bytes) = open.cut(committed);
            let is_empty = open.buffer.is_empty();
            let emptied = is_empty.then(|| (filing, std::mem::take(&mut open.logged)));
            cuts.push(Cut { records, bytes, emptied });
        }
        self.whole.take_if(|open| open.buffer.is_empty());
        self.filed.retain(|_, open| !open.buffer.is_empty());
        cuts
    }

    /// Whether no buffer is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_none() && self.filed.is_empty()
    }

    /// Takes one buffer out.
    pub(crate) fn take(&mut self, filing: &Filing) -> Option<Contents> {
        let open = match filing {
            // Records that came through processors are filed, also when it is with all others.
            Filing::Whole => self.whole.take().or_else(|| self.filed.remove(filing)),
            filed => self.filed.remove(filed),
        };
        open.map(OpenBuffer::into_contents)
    }

    /// Where the buffers are filed that are due at `now`, and why; the oldest first.
    pub(crate) fn due(&self, now: Instant) -> Vec<(Filing, Trigger)> {
        let due = self.oldest_first().into_iter();
        due.filter_map(|(filing, open)| Some((filing, open.buffer.due(now)?))).collect()
    }

    /// Where all buffers are filed, the oldest first.
    pub(crate) fn all(&self) -> Vec<Filing> {
        self.oldest_first().into_iter().map(|(filing, _)| filing).collect()
    }

    /// When the next buffer is due by its age.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.open().filter_map(|open| open.buffer.deadline()).min()
    }

    /// Bytes of the records in all buffers.
    pub(crate) fn bytes(&self) -> usize {
        self.open().map(|open| open.buffer.records().bytes()).sum()
    }

    /// Arrival of the oldest record.
    pub(crate) fn oldest(&self) -> Option<DateTime<Utc>> {
        self.open().filter_map(|open| open.buffer.records().oldest()).min()
    }

    /// Drops what is in them.
    pub(crate) fn clear(&mut self) {
        self.whole = None;
        self.filed.clear();
    }

    fn open(&self) -> impl Iterator<Item = &OpenBuffer> {
        self.whole.iter().chain(self.filed.values())
    }

    fn oldest_first(&self) -> Vec<(Filing, &OpenBuffer)> {
        let filed = self.filed.iter().map(|(filing, open)| (filing.clone(), open));
        let mut all: Vec<_> =
            self.whole.iter().map(|open| (Filing::Whole, open)).chain(filed).collect();
        all.sort_by_key(|(_, open)| open.buffer.records().oldest());
        all
    }
}
