//! Many records as JSON in one buffer, with the place where each ends.
//!
//! The generator fills it (see [`RatingGenerator::fill_json`](crate::RatingGenerator::fill_json));
//! cutting it into what a service takes in one call is left to the sender.

use std::fmt;

use crate::json::JsonStyle;

/// JSON records in one buffer, one after the other, and the end of each.
///
/// Clearing it keeps its memory, so a loop that fills, sends and clears allocates once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JsonBatch {
    pub(crate) style: JsonStyle,
    pub(crate) line_end: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<usize>,
}

impl JsonBatch {
    /// An empty batch of records in this style, with nothing between them: what Firehose's
    /// record-format conversion takes.
    #[must_use]
    pub fn new(style: JsonStyle) -> Self {
        Self { style, ..Self::default() }
    }

    /// Ends each record by a line break, which counts as part of the record.
    #[must_use]
    pub fn with_newlines(self) -> Self {
        Self { line_end: "\n", ..self }
    }

    /// The style of its records.
    #[must_use]
    pub fn style(&self) -> JsonStyle {
        self.style
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no record in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All records, one after the other.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// For each record the offset in [`bytes`](Self::bytes) right after it, in rising order.
    #[must_use]
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The records one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let record = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            record
        })
    }

    /// Takes all records out and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The buffer and the ends, without a copy: for a sender that shares one buffer among
    /// all of its records.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Vec<usize>) {
        (self.bytes, self.ends)
    }
}

/// Shows counts, never the records.
impl fmt::Debug for JsonBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonBatch")
            .field("style", &self.style)
            .field("records", &self.ends.len())
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
