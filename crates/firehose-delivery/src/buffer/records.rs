//! The bytes of many records, kept close together.
//!
//! A record of a hundred bytes on its own costs an allocation and twice its size. Here it is
//! copied once into a segment, at four bytes of overhead.

use chrono::{DateTime, Utc};

/// Segments of one MiB: large enough to be cheap, small enough not to be moved when they grow.
const SEGMENT_BYTES: usize = 1024 * 1024;

/// The records of one buffer, in the order in which they came.
#[derive(Debug, Default)]
pub struct BufferedRecords {
    segments: Vec<Segment>,
    /// Where a run of records with the same arrival time begins, and that time.
    arrivals: Vec<(usize, DateTime<Utc>)>,
    count: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Segment {
    data: Vec<u8>,
    ends: Vec<u32>,
}

impl BufferedRecords {
    /// Copies a record in, at the end.
    pub fn push(&mut self, arrival: DateTime<Utc>, record: &[u8]) {
        if self.arrivals.last().is_none_or(|(_, last)| *last != arrival) {
            self.arrivals.push((self.count, arrival));
        }
        self.count += 1;
        self.bytes += record.len();
        let segment = self.room_for(record.len());
        segment.data.extend_from_slice(record);
        // A segment is filled up to its capacity only, which is far below 4 GiB unless one record
        // alone is larger than that; such a record is refused before it comes here.
        segment.ends.push(u32::try_from(segment.data.len()).unwrap_or(u32::MAX));
    }

    /// Drops the records behind the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        while self.count > count {
            let Some(last) = self.segments.last_mut() else { break };
            let Some(end) = last.ends.pop() else {
                self.segments.pop();
                continue;
            };
            let start = last.ends.last().copied().unwrap_or(0);
            last.data.truncate(start as usize);
            self.bytes = self.bytes.saturating_sub((end - start) as usize);
            self.count -= 1;
        }
        let runs = self.arrivals.partition_point(|(first, _)| *first < self.count);
        self.arrivals.truncate(runs);
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Their bytes, as received.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest of them arrived.
    #[must_use]
    pub fn oldest(&self) -> Option<DateTime<Utc>> {
        self.arrivals.first().map(|(_, arrival)| *arrival)
    }

    /// When record number `index` arrived.
    #[must_use]
    pub fn arrival(&self, index: usize) -> Option<DateTime<Utc>> {
        let run = self.arrivals.partition_point(|(first, _)| *first <= index);
        self.arrivals.get(run.checked_sub(1)?).map(|(_, arrival)| *arrival)
    }

    /// The records, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().flat_map(|segment| {
            let starts = std::iter::once(0).chain(segment.ends.iter().copied());
            starts
                .zip(&segment.ends)
                .filter_map(|(start, end)| segment.data.get(start as usize..*end as usize))
        })
    }

    /// The bytes of all records in pieces: joined, they are the records without anything between
    /// them.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().map(|segment| segment.data.as_slice())
    }

    fn room_for(&mut self, bytes: usize) -> &mut Segment {
        let full = self
            .segments
            .last()
            .is_none_or(|segment| segment.data.capacity() - segment.data.len() < bytes);
        if full {
            // The first segment starts small, so that a quiet stream does not hold a MiB.
            let grown = self.segments.last().map_or(0, |last| last.data.capacity() * 4);
            let capacity = grown.clamp(16 * 1024, SEGMENT_BYTES).max(bytes);
            let data = Vec::with_capacity(capacity);
            self.segments.push(Segment { data, ends: Vec::new() });
        }
        let last = self.segments.len() - 1;
        &mut self.segments[last]
    }
}
