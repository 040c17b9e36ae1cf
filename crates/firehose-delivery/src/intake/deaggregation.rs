//! Records that hold several: JSON documents back to back, or texts with a delimiter between them.

use serde_json::value::RawValue;

/// How a record is taken apart: AWS's `SubRecordType`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubRecords {
    /// JSON documents, back to back or with blanks between them.
    Json,
    /// Anything, with this between it. Not empty.
    Delimited(Vec<u8>),
}

impl SubRecords {
    /// The records in a record, at least one.
    pub(super) fn split<'a>(&self, record: &'a [u8]) -> Result<Vec<&'a [u8]>, String> {
        let parts: Vec<&[u8]> = match self {
            Self::Json => {
                let documents = serde_json::Deserializer::from_slice(record);
                let documents = documents.into_iter::<&RawValue>();
                let read = documents.map(|document| Ok(document?.get().as_bytes()));
                read.collect::<Result<_, serde_json::Error>>()
                    .map_err(|why| format!("Non JSON record provided: {why}"))?
            }
            Self::Delimited(delimiter) => {
                let mut ends = memchr::memmem::find_iter(record, delimiter);
                let mut parts = Vec::new();
                let mut start = 0;
                loop {
                    let end = ends.next().unwrap_or(record.len());
                    parts.extend(record.get(start..end).filter(|part| !part.is_empty()));
                    if end == record.len() {
                        break parts;
                    }
                    start = end + delimiter.len();
                }
            }
        };
        if parts.is_empty() { Err("The record holds no records".to_owned()) } else { Ok(parts) }
    }
}
