//! What the frames of a stream's journal say. Pure.
//!
//! A segment's header is JSON: the format's version, the stream, and the note of its configuration.
//! The first byte of a frame is its kind:
//!
//! ```text
//! B  JSON: a buffer is opened; its number, where it is filed, its ids, keys and schema version
//! R  buffer u64 | arrival i64 (microseconds) | number u64 | (length u32 | record)*
//! F  JSON: why the records behind it failed, or nothing to end that
//! D  buffer u64: a buffer is delivered, whatever else is found of it
//! T  attempt u64: what follows is what a function made of a raw buffer; it holds if this attempt to
//!    file it is the last that was settled
//! E  the end of that
//! S  buffer u64, attempt u64: what became of a raw buffer is filed
//! ```
//!
//! All numbers are little-endian. Every segment says of each buffer once what it is, so that each
//! can be read without the others.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    PartitionKeys, ProcessingFailure, buffers::Filing, intake::Invocation, key::ErrorOutputType,
    prefix::KeySource,
};

/// The version of this format.
const FORMAT: u32 = 1;

/// What a segment begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: u32,
    pub(crate) stream: String,
    /// By what the destination is found again.
    pub(crate) note: String,
}

impl Header {
    pub(crate) fn new(stream: &str, note: &str) -> Self {
        Self { format: FORMAT, stream: stream.to_owned(), note: note.to_owned() }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Texts and a number always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a header back; otherwise says what is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let header: Self = serde_json::from_slice(bytes).map_err(|why| why.to_string())?;
        match header.format {
            FORMAT => Ok(header),
            other => Err(format!("its format is {other}, and this version knows {FORMAT}")),
        }
    }
}

/// What a buffer is, said when it is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BufferHead {
    pub(crate) number: u64,
    /// Values of its partition; none when it is that of all records, or of the failed.
    pub(crate) partition: Option<Vec<(KeySource, String, String)>>,
    /// Whose error object it becomes, when it is that of records that failed.
    pub(crate) failed: Option<ErrorOutputType>,
    /// Whether its records are on their way to a function.
    #[serde(default)]
    pub(crate) raw: bool,
    #[serde(with = "id")]
    pub(crate) object_id: Uuid,
    #[serde(with = "id")]
    pub(crate) error_id: Uuid,
    /// Key of the object, without its extension.
    pub(crate) object_stem: String,
    pub(crate) error_key: String,
    /// The version of the table that was there then.
    pub(crate) schema_version: Option<String>,
}

impl BufferHead {
    /// Of a buffer whose head was in a frame that is damaged.
    pub(crate) fn lost(number: u64) -> Self {
        Self {
            number,
            partition: None,
            failed: None,
            raw: false,
            object_id: Uuid::new_v4(),
            error_id: Uuid::new_v4(),
            object_stem: String::new(),
            error_key: String::new(),
            schema_version: None,
        }
    }

    /// Of a buffer on its way to a function.
    pub(crate) fn raw(number: u64, id: Uuid) -> Self {
        Self { raw: true, object_id: id, ..Self::lost(number) }
    }

    /// Where the buffer is filed.
    pub(crate) fn filing(&self) -> Filing {
        match (&self.partition, self.failed) {
            (_, Some(kind)) => Filing::Failed(kind),
            (Some(values), None) => Filing::Partition(PartitionKeys::new(values.clone())),
            (None, None) => Filing::Whole,
        }
    }
}

/// An id as its text.
mod id {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use uuid::Uuid;

    pub(super) fn serialize<S: Serializer>(id: &Uuid, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Uuid, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Why records failed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    code: String,
    message: String,
    kind: ErrorOutputType,
    invocation: Option<Calls>,
}

/// The calls of a function that a failure comes from.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Calls {
    arn: String,
    attempts: u32,
    /// Microseconds.
    ended: i64,
}

impl Failure {
    fn of(why: &ProcessingFailure) -> Self {
        Self {
            code: why.code.to_string(),
            message: why.message.clone(),
            kind: why.kind,
            invocation: why.invocation.as_ref().map(|calls| Calls {
                arn: calls.arn.to_string(),
                attempts: calls.attempts,
                ended: calls.ended.timestamp_micros(),
            }),
        }
    }

    fn into_processing(self) -> ProcessingFailure {
        let Self { code, message, kind, invocation } = self;
        let invocation = invocation.map(|Calls { arn, attempts, ended }| Invocation {
            arn: arn.into(),
            attempts,
            ended: DateTime::from_timestamp_micros(ended).unwrap_or_default(),
        });
        ProcessingFailure { code: code.into(), message, kind, invocation }
    }
}

/// Begins a frame of records; each is put behind it by [`add`].
pub(crate) fn records(buffer: u64, arrival: DateTime<Utc>, number: u64) -> Vec<u8> {
    let mut frame = vec![b'R'];
    frame.extend_from_slice(&buffer.to_le_bytes());
    frame.extend_from_slice(&arrival.timestamp_micros().to_le_bytes());
    frame.extend_from_slice(&number.to_le_bytes());
    frame
}

/// Puts a record behind a frame of records.
pub(crate) fn add(frame: &mut Vec<u8>, record: &[u8]) {
    // A record is at most a few MiB: a put that is larger is refused before it comes here.
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(record);
}

pub(crate) fn opened(head: &BufferHead) -> Vec<u8> {
    json(b'B', head)
}

pub(crate) fn failure(failure: Option<&ProcessingFailure>) -> Vec<u8> {
    json(b'F', &failure.map(Failure::of))
}

pub(crate) fn delivered(buffer: u64) -> Vec<u8> {
    numbered(b'D', buffer)
}

/// What follows is what a function made of a raw buffer: it holds if this attempt is settled.
pub(crate) fn transforming(attempt: u64) -> Vec<u8> {
    numbered(b'T', attempt)
}

/// What became of a raw buffer is filed, by this attempt.
pub(crate) fn settled(raw: u64, attempt: u64) -> Vec<u8> {
    let mut frame = numbered(b'S', raw);
    frame.extend_from_slice(&attempt.to_le_bytes());
    frame
}

/// What follows holds in any case.
pub(crate) fn transformed() -> Vec<u8> {
    vec![b'E']
}

fn numbered(kind: u8, number: u64) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend_from_slice(&number.to_le_bytes());
    frame
}

fn json(kind: u8, value: &impl Serialize) -> Vec<u8> {
    let mut frame = vec![kind];
    // Texts and numbers always serialise.
    let _ = serde_json::to_writer(&mut frame, value);
    frame
}

/// A frame, read back.
#[derive(Debug)]
pub(crate) enum Frame<'a> {
    Opened(BufferHead),
    Records { buffer: u64, arrival: DateTime<Utc>, number: u64, records: Vec<&'a [u8]> },
    Failure(Option<Arc<ProcessingFailure>>),
    Delivered(u64),
    Transforming(u64),
    Transformed,
    Settled { raw: u64, attempt: u64 },
}

impl<'a> Frame<'a> {
    /// Reads a frame; otherwise says what is wrong with it.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let (kind, rest) = bytes.split_first().ok_or("an empty frame")?;
        let fault = |why: serde_json::Error| why.to_string();
        match kind {
            b'B' => serde_json::from_slice(rest).map(Self::Opened).map_err(fault),
            b'F' => {
                let failure: Option<Failure> = serde_json::from_slice(rest).map_err(fault)?;
                Ok(Self::Failure(failure.map(|why| Arc::new(why.into_processing()))))
            }
            b'R' => read_records(rest).ok_or_else(|| "a frame of records that ends early".into()),
            b'D' => number(rest).map(Self::Delivered),
            b'T' => number(rest).map(Self::Transforming),
            b'S' => {
                let (raw, attempt) = rest.split_at_checked(8).ok_or("a mark that ends early")?;
                Ok(Self::Settled { raw: number(raw)?, attempt: number(attempt)? })
            }
            b'E' if rest.is_empty() => Ok(Self::Transformed),
            other => Err(format!("a frame of the unknown kind {other}")),
        }
    }
}

fn number(bytes: &[u8]) -> Result<u64, String> {
    let number = bytes.try_into().map(u64::from_le_bytes);
    number.map_err(|_| "a mark of the wrong length".to_owned())
}

fn read_records(bytes: &[u8]) -> Option<Frame<'_>> {
    let (buffer, rest) = bytes.split_first_chunk()?;
    let (arrival, rest) = rest.split_first_chunk()?;
    let (number, mut rest) = rest.split_first_chunk()?;
    let arrival = DateTime::from_timestamp_micros(i64::from_le_bytes(*arrival))?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize;
        records.push(behind.get(..length)?);
        rest = behind.get(length..)?;
    }
    let (buffer, number) = (u64::from_le_bytes(*buffer), u64::from_le_bytes(*number));
    Some(Frame::Records { buffer, arrival, number, records })
}

#[cfg(test)]
mod tests;
