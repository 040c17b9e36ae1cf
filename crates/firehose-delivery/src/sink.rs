//! A delivery stream as a sink, so that whatever writes to Firehose can write to it.

use async_trait::async_trait;
use firehose_sink::{FirehoseSink, Limits, Outcome, PutError, Record};

use crate::DeliveryStream;

/// [`FirehoseSink`] over a [`DeliveryStream`] in this process: no HTTP, no account.
///
/// A call waits while the stream makes room, which is how a fast producer is slowed down.
#[derive(Debug, Clone)]
pub struct EmbeddedSink {
    stream: DeliveryStream,
}

impl EmbeddedSink {
    /// A sink to this stream.
    #[must_use]
    pub fn new(stream: DeliveryStream) -> Self {
        Self { stream }
    }
}

#[async_trait]
impl FirehoseSink for EmbeddedSink {
    fn stream(&self) -> &str {
        self.stream.name()
    }

    fn limits(&self) -> Limits {
        Limits::FIREHOSE
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        self.stream.put_batch(batch).await
    }
}
