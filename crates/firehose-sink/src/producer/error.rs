//! Why a record was not taken, and why one that was taken was not delivered.

use std::{fmt, io, sync::Arc, time::Duration};

use crate::{PutError, Record, Refusal, Stored};

/// Why a record was not taken. The record comes back with the error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The record is larger than the stream takes. Its neighbours are not affected.
    #[error("a record of {size} bytes is too large for stream `{stream}`: at most {limit} bytes")]
    TooLarge {
        /// Name of the stream.
        stream: Arc<str>,
        /// Size of the record's data in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
        /// The record.
        record: Record,
    },
    /// There is no room now; only `try_send` says so, `send` waits.
    #[error("the buffer for stream `{stream}` is full ({buffer_bytes} bytes): send later or wait")]
    Full {
        /// Name of the stream.
        stream: Arc<str>,
        /// The bound that was set, in bytes.
        buffer_bytes: usize,
        /// The record.
        record: Record,
    },
    /// The drain has begun, so nothing more is taken.
    #[error("the producer for stream `{stream}` is closed")]
    Closed {
        /// Name of the stream.
        stream: Arc<str>,
        /// The record.
        record: Record,
    },
    /// So many records ended undelivered that no more are taken.
    #[error(
        "stream `{stream}` takes nothing any more: as many bytes as the buffer holds ended \
         undelivered, the last because {reason}"
    )]
    Failed {
        /// Name of the stream.
        stream: Arc<str>,
        /// Why the latest one was not delivered.
        reason: Reason,
        /// The record.
        record: Record,
    },
}

impl SendError {
    /// The record that was not taken.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::TooLarge { record, .. }
            | Self::Full { record, .. }
            | Self::Closed { record, .. }
            | Self::Failed { record, .. } => record,
        }
    }

    /// Takes the record back.
    #[must_use]
    pub fn into_record(self) -> Record {
        match self {
            Self::TooLarge { record, .. }
            | Self::Full { record, .. }
            | Self::Closed { record, .. }
            | Self::Failed { record, .. } => record,
        }
    }
}

/// Where `send_all` stopped.
///
/// The records before the failing one were accepted, the failing one is in `error`, and the
/// records that were taken from the iterator after it are in `rest`; what the iterator still holds
/// was not touched.
#[derive(Debug, thiserror::Error)]
#[error("record {accepted} (counted from 0) was not taken: {error}")]
pub struct SendAllError {
    /// How many records were accepted before it.
    pub accepted: u64,
    /// Why the next one was not.
    pub error: SendError,
    /// Records that were already taken from the iterator, in order.
    pub rest: Vec<Record>,
}

/// Why an accepted record was not delivered. Cloning is cheap.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reason {
    /// The stream refused it until it was given up.
    Refused(Refusal),
    /// The call it was in failed, for good or until it was given up.
    Failed(Arc<PutError>),
    /// The sink panicked. The words of the panic.
    Panicked(Arc<str>),
    /// The drain's deadline came first.
    Deadline {
        /// The deadline that was given.
        deadline: Duration,
        /// [`Stored::Maybe`] when it was in a call at that moment.
        stored: Stored,
    },
    /// The producer's task ended before, with the runtime it ran on.
    Stopped,
}

impl Reason {
    /// Whether the last try may have stored the record although nobody said so.
    #[must_use]
    pub fn stored(&self) -> Stored {
        match self {
            Self::Refused(_) => Stored::Nothing,
            Self::Failed(error) => error.stored(),
            Self::Deadline { stored, .. } => *stored,
            Self::Panicked(_) | Self::Stopped => Stored::Maybe,
        }
    }

    /// The kind of I/O error at the root, for example [`io::ErrorKind::BrokenPipe`] when the
    /// reader of a pipe has gone.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Failed(error) => error.io_kind(),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "the stream refused it: {refusal}"),
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(words) => write!(f, "the sink panicked: {words}"),
            Self::Deadline { deadline, .. } => {
                write!(f, "the drain's deadline of {deadline:?} came first")
            }
            Self::Stopped => f.write_str("the runtime of the producer stopped"),
        }
    }
}

/// What the receipt of a record says that was not delivered.
///
/// The record itself is in the [`Report`](crate::Report) of the drain.
#[derive(Debug, Clone, thiserror::Error)]
#[error("a record was not delivered: {reason}")]
#[non_exhaustive]
pub struct Undelivered {
    /// Why not.
    pub reason: Reason,
    /// How often it was sent.
    pub attempts: u32,
    /// Whether any of the tries may have stored it.
    pub stored: Stored,
}
