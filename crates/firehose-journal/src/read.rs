//! A segment that is read back, and what is to be made of one that is not whole.

use std::ops::Range;

use crate::{
    Damage, SegmentId,
    frame::{Frame, HEAD_BYTES, Kind},
};

/// A segment that is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredSegment {
    pub(crate) id: SegmentId,
    pub(crate) bytes: Vec<u8>,
    pub(crate) scan: Scan,
    pub(crate) damage: Option<Damage>,
}

impl RecoveredSegment {
    /// Reads a segment from the bytes of its file, for tools that have no journal at hand. What is
    /// missing is told by [`lost_frames`](Self::lost_frames) alone: no file is kept aside.
    #[must_use]
    pub fn parse(bytes: Vec<u8>) -> Self {
        let scan = scan(&bytes);
        Self { id: SegmentId::NONE, bytes, scan, damage: None }
    }

    /// Which segment this is.
    #[must_use]
    pub fn id(&self) -> SegmentId {
        self.id
    }

    /// What the segment was begun with; nothing when the process died before the first commit.
    #[must_use]
    pub fn header(&self) -> Option<&[u8]> {
        self.scan.header.clone().and_then(|header| self.bytes.get(header))
    }

    /// The payloads of the frames, in the order in which they were appended.
    pub fn frames(&self) -> impl Iterator<Item = &[u8]> {
        self.scan.frames.iter().filter_map(|frame| self.bytes.get(frame.clone()))
    }

    /// Whether the segment was [sealed](crate::Segment::seal).
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.scan.sealed
    }

    /// Bytes that are no frames: a torn end, which nobody was promised, or damage.
    #[must_use]
    pub fn cut_bytes(&self) -> usize {
        self.scan.cut_bytes
    }

    /// How many frames that had been committed are missing.
    #[must_use]
    pub fn lost_frames(&self) -> u64 {
        self.scan.lost
    }

    /// What is missing although it was promised.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }
}

/// Where the frames are in a file's bytes, and what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scan {
    header: Option<Range<usize>>,
    frames: Vec<Range<usize>>,
    sealed: bool,
    cut_bytes: usize,
    /// Frames that had been committed and are not there.
    pub(crate) lost: u64,
}

/// Checksums may go over this many times the bytes of a file: enough to find the frames behind any
/// accident, and a bound for files that were made to be slow.
const SEARCH_FACTOR: usize = 16;
/// A frame that is further ahead than this is none of this segment's.
const MAX_GAP: u64 = 1 << 20;

/// Finds the frames in a file's bytes. Pure.
pub(crate) fn scan(bytes: &[u8]) -> Scan {
    let mut found = Scan::default();
    let (mut at, mut expected, mut promised) = (0, 0, 0);
    let mut missing: Vec<Range<u64>> = Vec::new();
    let mut budget = bytes.len().saturating_mul(SEARCH_FACTOR);
    while at < bytes.len() {
        let next = match bytes.get(at..).and_then(Frame::read) {
            Some(frame) if is_next(&frame, expected) => Some((at, frame)),
            _ => search(bytes, at + 1, expected, &mut budget),
        };
        let Some((start, frame)) = next else {
            found.cut_bytes += bytes.len() - at;
            break;
        };
        found.cut_bytes += start - at;
        if frame.number > expected {
            missing.push(expected..frame.number);
        }
        promised = promised.max(frame.durable);
        expected = frame.number + 1;
        at = start + frame.len();
        let payload = start + HEAD_BYTES..at;
        match frame.kind {
            Kind::Header => found.header = Some(payload),
            Kind::Data => found.frames.push(payload),
            // Everything in front of a seal was there when it was written.
            Kind::Seal => (found.sealed, promised) = (true, promised.max(frame.number)),
        }
    }
    found.lost = missing.iter().map(|gap| gap.end.min(promised).saturating_sub(gap.start)).sum();
    found
}

fn is_next(frame: &Frame<'_>, expected: u64) -> bool {
    let is_header = frame.kind == Kind::Header;
    is_header == (frame.number == 0)
        && frame.durable <= frame.number
        && (expected..=expected.saturating_add(MAX_GAP)).contains(&frame.number)
}

/// The first frame from `from` on. `budget` is how many bytes may still be checked.
fn search<'a>(
    bytes: &'a [u8],
    from: usize,
    expected: u64,
    budget: &mut usize,
) -> Option<(usize, Frame<'a>)> {
    // Where a head may be is told by the bytes of its kind: one of three values and three zeros.
    const KIND_AT: usize = 8;
    let mut at = from;
    while let Some(rest) = bytes.get(at + KIND_AT..) {
        at += memchr::memchr3(1, 2, 3, rest)?;
        let candidate = bytes.get(at..)?;
        let length = candidate.get(4..8).and_then(|length| length.try_into().ok());
        let length = length.map_or(usize::MAX, |length| u32::from_le_bytes(length) as usize);
        let is_plausible = candidate.get(KIND_AT + 1..KIND_AT + 4) == Some(&[0; 3])
            && length.saturating_add(HEAD_BYTES) <= candidate.len();
        if is_plausible {
            *budget = budget.checked_sub(length + HEAD_BYTES)?;
            if let Some(frame) = Frame::read(candidate).filter(|frame| is_next(frame, expected)) {
                return Some((at, frame));
            }
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests;
