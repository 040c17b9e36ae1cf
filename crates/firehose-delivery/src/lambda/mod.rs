//! Lambda processors: a function that records go through before they are filed.
//!
//! Records wait in a raw buffer (`raw`), which becomes one event (`event`); the function is called
//! (`invoke`), its answer is read (`answer`), and what it made of the records is filed as records
//! without a function are. Sources:
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>,
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html>.

mod answer;
mod event;
mod in_process;
mod invoke;
mod origin;
mod raw;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

pub use self::in_process::{SourceRecord, Transformed, for_each_record};
pub(crate) use self::{
    invoke::{Results, transform_until_discarded},
    origin::{Origin, Origins},
    raw::{Pushed, RawStage, SealedRaw},
};
use crate::BufferingHints;

/// A function as Lambda would run it: an event in, an answer out, both JSON.
///
/// The event is Firehose's: `invocationId`, `deliveryStreamArn`, `region` and `records`, each with
/// `recordId`, `approximateArrivalTimestamp` (milliseconds) and `data` (base64). With a Kinesis data
/// stream as the source it has `sourceKinesisStreamArn`, and each record `kinesisRecordMetadata`:
/// `sequenceNumber`, `subsequenceNumber`, `partitionKey`, `shardId` and
/// `approximateArrivalTimestamp`. The answer holds
/// `records` with the same `recordId`, a `result` of `Ok`, `Dropped` or `ProcessingFailed`, `data`,
/// and, if wanted, `metadata.partitionKeys`. [`for_each_record`] makes one of a closure.
#[async_trait]
pub trait LambdaFunction: fmt::Debug + Send + Sync + 'static {
    /// Answers one event. It may be called again with the same records.
    ///
    /// # Errors
    ///
    /// [`FunctionError`]: the function could not be called, or it failed. The call is made again.
    async fn invoke(&self, event: Bytes) -> Result<Bytes, FunctionError>;
}

/// Why a function gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FunctionError(String);

impl FunctionError {
    /// What happened, in a sentence without a full stop. It is logged; the lines of error objects
    /// carry AWS's sentence.
    pub fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

/// A Lambda processor of a delivery stream.
#[derive(Debug, Clone)]
pub struct LambdaProcessor {
    pub(crate) arn: Arc<str>,
    pub(crate) function: Arc<dyn LambdaFunction>,
    pub(crate) hints: BufferingHints,
    pub(crate) retries: u32,
    pub(crate) timeout: Duration,
    stream_arn: Option<Arc<str>>,
    /// Of the data stream that is the source.
    source_arn: Option<Arc<str>>,
}

impl LambdaProcessor {
    /// When a raw buffer becomes an event: AWS's default.
    pub const HINTS: BufferingHints =
        BufferingHints { size_bytes: 1024 * 1024, interval: Duration::from_secs(60) };
    /// How often a call that failed is made again: AWS's default.
    pub const RETRIES: u32 = 3;
    /// How long a call may take at AWS.
    pub const TIMEOUT: Duration = Duration::from_secs(300);
    /// The most bytes of an event, and of an answer: those of a synchronous call of Lambda.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    pub const MOST_BYTES: usize = 6 * 1024 * 1024;

    /// A processor with AWS's defaults; `arn` is what error objects call the function.
    pub fn new(arn: impl Into<Arc<str>>, function: Arc<dyn LambdaFunction>) -> Self {
        Self {
            arn: arn.into(),
            function,
            hints: Self::HINTS,
            retries: Self::RETRIES,
            timeout: Self::TIMEOUT,
            stream_arn: None,
            source_arn: None,
        }
    }

    /// Sets when a raw buffer becomes an event: at `size_bytes` of records, or when its oldest
    /// record reaches the age of `interval`. An event never has more than
    /// [`MOST_BYTES`](Self::MOST_BYTES), whatever the size.
    #[must_use]
    pub fn buffering(mut self, size_bytes: usize, interval: Duration) -> Self {
        self.hints = BufferingHints { size_bytes, interval };
        self
    }

    /// Sets how often a call that failed is made again: AWS's `NumberOfRetries`. Between the calls
    /// are the pauses of the stream's retry policy.
    #[must_use]
    pub fn retrying(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long a call may take.
    #[must_use]
    pub fn timing_out_after(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets what events call the delivery stream; its region is told, too. Without it: an ARN of
    /// the account 000000000000 in us-east-1.
    #[must_use]
    pub fn called_by(mut self, stream_arn: impl Into<Arc<str>>) -> Self {
        self.stream_arn = Some(stream_arn.into());
        self
    }

    /// The same, where events tell the data stream that is the source.
    pub(crate) fn reading(self, source_arn: Option<Arc<str>>) -> Self {
        Self { source_arn, ..self }
    }

    /// What events call the stream of this name.
    pub(crate) fn stream_arn(&self, stream: &str) -> String {
        match &self.stream_arn {
            Some(arn) => arn.to_string(),
            None => format!("arn:aws:firehose:us-east-1:000000000000:deliverystream/{stream}"),
        }
    }

    /// What is wrong with it, in a sentence that follows its name.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.hints.size_bytes == 0 {
            return Some("must have a buffer of at least 1 byte");
        }
        self.timeout.is_zero().then_some("must have some time for a call")
    }
}
