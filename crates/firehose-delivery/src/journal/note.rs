//! What the book and the buffers tell each other.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::ProcessingFailure;

/// What a buffer knows of its place in the journal.
#[derive(Debug, Default)]
pub(crate) struct Logged {
    pub(crate) number: u64,
    /// Segments with frames of this buffer.
    pub(super) segments: Vec<u64>,
    /// Of batches that may be uncommitted: which, and how many records the buffer had before.
    pub(super) tail: VecDeque<(u64, usize)>,
}

impl Logged {
    /// A buffer that was found in these segments.
    pub(crate) fn recovered(number: u64, segments: Vec<u64>) -> Self {
        Self { number, segments, tail: VecDeque::new() }
    }

    /// Whether the journal has anything of the buffer.
    pub(crate) fn is_in_journal(&self) -> bool {
        !self.segments.is_empty()
    }

    /// Whether all of the buffer's records are committed.
    pub(crate) fn is_committed(&self, through: u64) -> bool {
        self.tail.back().is_none_or(|(batch, _)| *batch <= through)
    }

    /// How many records stay when those behind the last commit go; none when all do.
    pub(crate) fn cut(&mut self, through: u64) -> Option<usize> {
        let first = self.tail.iter().find(|(batch, _)| *batch > through).map(|(_, before)| *before);
        self.tail.clear();
        first
    }
}

/// A record on its way into the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) arrival: DateTime<Utc>,
    pub(crate) number: u64,
    /// Records in the buffer before this one.
    pub(crate) before: usize,
    pub(crate) data: &'a [u8],
    pub(crate) failure: Option<&'a Arc<ProcessingFailure>>,
}

/// What a batch was counted as, for the case that it is refused in the end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) split: u64,
    pub(crate) partition_limit: u64,
    pub(crate) transform: TransformCounted,
}

/// What the filing of a raw buffer's results was counted as.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TransformCounted {
    /// Records of the raw buffer, which were buffered before, and their bytes.
    pub(crate) raw_records: u64,
    pub(crate) raw_bytes: u64,
    pub(crate) dropped: u64,
    pub(crate) transformed: u64,
    pub(crate) transformed_bytes: u64,
}

/// A batch that waits for its commit.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) counted: Counted,
    pub(super) answer: oneshot::Sender<bool>,
}

impl Waiting {
    /// Tells whoever put the batch whether it is kept.
    pub(crate) fn answer(self, kept: bool) {
        // Whoever put it may have gone.
        let _ = self.answer.send(kept);
    }
}
