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
    /// In the order in which they were opened, raw ones too.
    pub(crate) buffers: Vec<FoundBuffer>,
    /// Segments that hold nothing that is needed.
    pub(crate) empty: Vec<u64>,
    /// Segments that say what is done. They are needed for as long as any other is there.
    pub(crate) marks: Vec<u64>,
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
        reading.marks(number as u64, segment).map_err(|problem| (segment.id(), problem))?;
    }
    for (number, segment) in segments.iter().enumerate() {
        reading.segment(number as u64, segment).map_err(|problem| (segment.id(), problem))?;
    }
    Ok(reading.into_found(segments))
}

#[derive(Debug, Default)]
struct Reading {
    candidates: BTreeMap<u64, Candidate>,
    delivered: BTreeSet<u64>,
    /// Raw buffers whose results are filed, and the last attempt at that.
    settled: BTreeMap<u64, u64>,
    /// The last number that was given to anything.
    last_number: Option<u64>,
    /// Segments with marks.
    marks: BTreeSet<u64>,
}

impl Reading {
    /// Notes what is delivered, whatever else is found of it.
    fn marks(&mut self, number: u64, segment: &RecoveredSegment) -> Result<(), String> {
        // Without a header nothing of it was committed.
        let Some(header) = segment.header() else { return Ok(()) };
        Header::read(header)?;
        for frame in segment.frames() {
            let last = match Frame::read(frame)? {
                Frame::Delivered(buffer) => {
                    self.delivered.insert(buffer);
                    self.marks.insert(number);
                    buffer
                }
                Frame::Settled { raw, attempt } => {
                    self.delivered.insert(raw);
                    self.marks.insert(number);
                    let last = self.settled.entry(raw).or_insert(attempt);
                    *last = attempt.max(*last);
                    attempt.max(raw)
                }
                Frame::Transforming(attempt) => attempt,
                Frame::Opened(head) => head.number,
                Frame::Records { buffer, .. } => buffer,
                Frame::Failure(_) | Frame::Transformed => continue,
            };
            self.last_number = self.last_number.max(Some(last));
        }
        Ok(())
    }

    fn segment(&mut self, number: u64, segment: &RecoveredSegment) -> Result<(), String> {
        // Without a header nothing of it was committed.
        let Some(header) = segment.header() else { return Ok(()) };
        let note = Header::read(header)?.note;
        let (mut failure, mut holds) = (None, true);
        for frame in segment.frames() {
            match Frame::read(frame)? {
                Frame::Failure(why) => failure = why,
                Frame::Delivered(_) | Frame::Settled { .. } => {}
                // What a function made of a raw buffer that is not done will be made again.
                Frame::Transforming(attempt) => {
                    holds = self.settled.values().any(|settled| *settled == attempt);
                }
                Frame::Transformed => holds = true,
                Frame::Opened(_) | Frame::Records { .. } if !holds => {}
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
        let next_buffer = self.last_number.map_or(0, |last| last.saturating_add(1));
        let delivered = self.delivered;
        let buffers: Vec<FoundBuffer> = self
            .candidates
            .into_iter()
            .filter(|(number, _)| !delivered.contains(number))
            .filter_map(|(number, candidate)| candidate.into_buffer(number))
            .collect();
        let used: BTreeSet<u64> = buffers.iter().flat_map(|b| b.segments.iter().copied()).collect();
        let count = segments.len() as u64;
        // A mark is always behind what it is about: in this order it goes last.
        let is_needed = |mark: &u64| used.first().is_some_and(|first| first < mark);
        let marks: Vec<u64> = self.marks.into_iter().filter(is_needed).collect();
        let is_empty = |segment: &u64| !used.contains(segment) && !marks.contains(segment);
        let empty = (0..count).filter(is_empty).collect();
        Found {
            empty,
            marks,
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
        if self.head.as_ref().is_some_and(|head| head.failed.is_some()) || !failures.is_empty() {
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
