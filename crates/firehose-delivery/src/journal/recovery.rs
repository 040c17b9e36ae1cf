//! Buffers from what is found in a journal. Pure, but for the reading of the files.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use firehose_journal::{Damage, RecoveredSegment};

use super::{
    Journaling, Log,
    frame::{BufferHead, Frame, Header},
};
use crate::{BufferedRecords, Error, ProcessingFailure, buffers::Filing};

/// A log that is open, and what was in it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) log: Box<dyn Log>,
    pub(crate) found: Found,
}

/// What was in a log.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order in which they were opened.
    pub(crate) buffers: Vec<FoundBuffer>,
    /// Segments that hold nothing undelivered.
    pub(crate) empty: Vec<u64>,
    pub(crate) damage: Vec<Damage>,
    pub(crate) next_segment: u64,
    pub(crate) next_buffer: u64,
}

/// A buffer that was not delivered.
#[derive(Debug)]
pub(crate) struct FoundBuffer {
    /// By what its destination is found.
    pub(crate) note: String,
    pub(crate) head: BufferHead,
    pub(crate) records: BufferedRecords,
    pub(crate) oldest: DateTime<Utc>,
    pub(crate) numbers: Vec<u64>,
    pub(crate) failures: Vec<Arc<ProcessingFailure>>,
    pub(crate) segments: Vec<u64>,
}

/// A buffer that may turn out to be delivered.
#[derive(Debug)]
struct Candidate {
    note: String,
    head: Option<BufferHead>,
    records: BufferedRecords,
    numbers: Vec<u64>,
    failures: Vec<Arc<ProcessingFailure>>,
    segments: Vec<u64>,
}

/// Opens one of a stream's logs and reads it back. Blocks.
///
/// # Errors
///
/// What the journal says, and a segment that this version cannot read, by name.
pub(crate) fn open(stream: &str, journaling: &Journaling, name: &str) -> Result<Opened, Error> {
    let failed = |source| Error::Journal { stream: stream.to_owned(), source };
    let mut log = journaling.open(name).map_err(failed)?;
    let segments = log.recover().map_err(failed)?;
    let found = read(&segments).map_err(|(segment, problem)| Error::JournalFormat {
        stream: stream.to_owned(),
        path: journaling.directory().join(name).join(format!("{segment}.segment")),
        problem,
    })?;
    Ok(Opened { log, found })
}

/// Makes buffers of segments; otherwise says which segment is no journal of a stream, and why.
pub(crate) fn read(
    segments: &[RecoveredSegment],
) -> Result<Found, (firehose_journal::SegmentId, String)> {
    let mut reading = Reading::default();
    for (number, segment) in segments.iter().enumerate() {
        reading.segment(number as u64, segment).map_err(|problem| (segment.id(), problem))?;
    }
    Ok(reading.into_found(segments))
}

#[derive(Debug, Default)]
struct Reading {
    candidates: BTreeMap<u64, Candidate>,
    delivered: BTreeSet<u64>,
}

impl Reading {
    fn segment(&mut self, number: u64, segment: &RecoveredSegment) -> Result<(), String> {
        // Without a header nothing of it was committed.
        let Some(header) = segment.header() else { return Ok(()) };
        let note = Header::read(header)?.note;
        let mut failure = None;
        for frame in segment.frames() {
            match Frame::read(frame)? {
                Frame::Failure(why) => failure = why,
                Frame::Delivered(buffer) => drop(self.delivered.insert(buffer)),
                Frame::Opened(head) => {
                    let candidate = self.candidate(head.number, number, &note);
                    candidate.head = Some(head);
                }
                Frame::Records { buffer, arrival, number: first, records } => {
                    let candidate = self.candidate(buffer, number, &note);
                    for (number, record) in (first..).zip(records) {
                        candidate.records.push(arrival, record);
                        candidate.numbers.push(number);
                        candidate.failures.extend(failure.clone());
                    }
                }
            }
        }
        Ok(())
    }

    fn candidate(&mut self, buffer: u64, segment: u64, note: &str) -> &mut Candidate {
        let candidate = self.candidates.entry(buffer).or_insert_with(|| Candidate {
            note: note.to_owned(),
            head: None,
            records: BufferedRecords::default(),
            numbers: Vec::new(),
            failures: Vec::new(),
            segments: Vec::new(),
        });
        if candidate.segments.last() != Some(&segment) {
            candidate.segments.push(segment);
        }
        candidate
    }

    fn into_found(self, segments: &[RecoveredSegment]) -> Found {
        let next_buffer = self.candidates.keys().next_back().map_or(0, |last| last + 1);
        let delivered = self.delivered;
        let buffers: Vec<FoundBuffer> = self
            .candidates
            .into_iter()
            .filter(|(number, _)| !delivered.contains(number))
            .filter_map(|(number, candidate)| candidate.into_buffer(number))
            .collect();
        let used: BTreeSet<u64> = buffers.iter().flat_map(|b| b.segments.iter().copied()).collect();
        let count = segments.len() as u64;
        Found {
            empty: (0..count).filter(|segment| !used.contains(segment)).collect(),
            damage: segments.iter().filter_map(|segment| segment.damage().cloned()).collect(),
            buffers,
            next_segment: count,
            next_buffer,
        }
    }
}

impl Candidate {
    /// The buffer; none when it has no records.
    fn into_buffer(self, number: u64) -> Option<FoundBuffer> {
        let oldest = self.records.oldest()?;
        let mut failures = self.failures;
        if self.head.as_ref().is_some_and(|head| head.failed) || !failures.is_empty() {
            // A damaged file may have lost some reasons; their records are kept with the others.
            failures.resize_with(self.numbers.len(), || Arc::new(ProcessingFailure::unknown()));
        }
        Some(FoundBuffer {
            // A damaged file may have lost what the buffer is: its records go with all others,
            // under a key of their own.
            head: self.head.unwrap_or_else(|| BufferHead::lost(number)),
            note: self.note,
            records: self.records,
            oldest,
            numbers: self.numbers,
            failures,
            segments: self.segments,
        })
    }
}

impl FoundBuffer {
    /// The keys that the buffer was opened for, unless they were lost.
    pub(crate) fn keys(&self) -> Option<crate::worker::FixedKeys> {
        let BufferHead { object_stem, error_key, .. } = &self.head;
        (!object_stem.is_empty()).then(|| crate::worker::FixedKeys {
            object_stem: object_stem.clone(),
            error: error_key.clone(),
        })
    }

    /// Where the buffer is filed.
    pub(crate) fn filing(&self) -> Filing {
        self.head.filing()
    }
}
