//! The trait that every sink implements, and the comforts on top of it.

use std::{fmt, future::Future};

use async_trait::async_trait;

use crate::{Health, Limits, Outcome, PutError, PutErrorKind, Record, Stored};

/// A named stream that takes records.
///
/// Implementations promise:
///
/// - one outcome for each record, in the order of the batch;
/// - a refused record is reported, never dropped in silence;
/// - a batch over [`limits`](Self::limits) fails as a whole with [`PutErrorKind::Invalid`] and
///   stores nothing; an empty batch succeeds with no outcomes;
/// - no retry and no back-off inside: whoever calls decides about those. A sink in this process
///   may make the caller wait while it makes room.
///
/// The suite in `conformance` (feature `conformance`) checks these.
#[async_trait]
pub trait FirehoseSink: fmt::Debug + Send + Sync + 'static {
    /// Name of the stream.
    fn stream(&self) -> &str;

    /// What one call may hold.
    fn limits(&self) -> Limits;

    /// Hands one batch over; partial refusal is in the outcomes.
    ///
    /// # Errors
    ///
    /// [`PutError`]: the call failed as a whole; [`PutError::stored`] says whether part of it may
    /// be kept.
    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError>;

    /// Asks the stream whether it is there, before the first record. Nothing when the sink cannot
    /// tell, as those in this process.
    ///
    /// # Errors
    ///
    /// [`PutError`] with [`Stored::Nothing`]: it is not there, or cannot be asked. The credentials
    /// may well allow to send and not to ask ([`PutErrorKind::Denied`]).
    async fn check(&self) -> Result<Option<Health>, PutError> {
        Ok(None)
    }
}

/// Comforts over any sink; nobody implements these by hand.
pub trait FirehoseSinkExt: FirehoseSink {
    /// Hands one record over, as a batch of one.
    ///
    /// # Errors
    ///
    /// As [`FirehoseSink::put_batch`]; also when the sink breaks its promise and gives no outcome.
    fn put(&self, record: Record) -> impl Future<Output = Result<Outcome, PutError>> + Send {
        async move {
            let outcomes = self.put_batch(std::slice::from_ref(&record)).await?;
            outcomes.into_iter().next().ok_or_else(|| {
                PutError::new(self.stream(), PutErrorKind::Unreadable, Stored::Maybe)
                    .with_detail("the sink gave no outcome for the record")
            })
        }
    }
}

impl<S: FirehoseSink + ?Sized> FirehoseSinkExt for S {}

/// Checks a batch against `limits` the way every sink must, before anything is stored.
///
/// # Errors
///
/// [`PutErrorKind::Invalid`] with [`Stored::Nothing`] for too many records, too many bytes, or a
/// record that is too large; the detail names the limit and what was found.
pub fn check_limits(stream: &str, limits: Limits, batch: &[Record]) -> Result<(), PutError> {
    let invalid = |detail: String| {
        Err(PutError::new(stream, PutErrorKind::Invalid, Stored::Nothing).with_detail(detail))
    };
    if batch.len() > limits.records {
        return invalid(format!("{} records, at most {}", batch.len(), limits.records));
    }
    if let Some((index, record)) =
        batch.iter().enumerate().find(|(_, record)| record.len() > limits.record_bytes)
    {
        return invalid(format!(
            "record {index} has {} bytes, at most {}",
            record.len(),
            limits.record_bytes
        ));
    }
    let bytes: usize = batch.iter().map(Record::len).sum();
    if bytes > limits.bytes {
        return invalid(format!("{bytes} bytes in one call, at most {}", limits.bytes));
    }
    Ok(())
}
