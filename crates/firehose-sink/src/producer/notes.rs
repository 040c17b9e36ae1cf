//! What the producer says in the log. Codes, counts and sizes; never the contents of a record.
//!
//! Notes are collected under the lock and written when it is free: whoever listens to the log may
//! well send it through a producer.

use std::sync::Arc;

use tracing::{debug, warn};

use crate::PutError;

/// One line for the log.
#[derive(Debug)]
pub(super) enum Note {
    Refused { records: usize, refused: usize, failures: u32 },
    Failed { records: usize, error: Arc<PutError>, failures: u32 },
    Lost { records: usize, error: Arc<PutError> },
    Split { records: usize, error: Arc<PutError> },
    Isolated { bytes: usize, error: Arc<PutError> },
    Panicked { records: usize, words: Arc<str>, failures: u32 },
    NotBuried { records: usize, why: String },
}

impl Note {
    pub(super) fn log(&self, stream: &str) {
        match self {
            Self::Refused { records, refused, failures } => {
                debug!(stream, records, refused, failures, "records refused");
            }
            // What only a person can mend is said each time, the rest once for each outage.
            Self::Failed { records, error, failures } if error.kind().awaits_help() => {
                warn!(stream, records, failures, %error, "call failed, trying again slowly");
            }
            Self::Failed { records, error, failures: 1 } => {
                warn!(stream, records, %error, "call failed, trying again");
            }
            Self::Failed { records, error, failures } => {
                debug!(stream, records, failures, %error, "call failed again");
            }
            Self::Lost { records, error } => {
                warn!(stream, records, %error, "records undelivered");
            }
            Self::Split { records, error } => {
                debug!(stream, records, %error, "call invalid, looking for the record to blame");
            }
            Self::Isolated { bytes, error } => {
                warn!(stream, bytes, %error, "a record is refused as invalid");
            }
            Self::Panicked { records, words, failures: 1 } => {
                warn!(stream, records, %words, "the sink panicked, trying again");
            }
            Self::Panicked { records, words, failures } => {
                debug!(stream, records, failures, %words, "the sink panicked again");
            }
            Self::NotBuried { records, why } => {
                warn!(stream, records, %why, "dead letters were not taken");
            }
        }
    }
}
