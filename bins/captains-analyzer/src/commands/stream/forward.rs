//! Answers into another delivery stream: a JSON object on a line for each row.

use std::sync::Arc;
use std::time::Duration;

use firehose_sink::{AwsFirehoseSink, Drain, FirehoseSink, Producer, Record};
use stream_analysis::continuous::ClosedWindow;

use super::lines::objects;
use crate::args::Shared;
use crate::cell::counted;

/// How long the end waits for the last records.
const PATIENCE: Duration = Duration::from_secs(30);

/// Results that the delivery stream did not take.
#[derive(Debug, thiserror::Error)]
#[error("delivery stream `{stream}` did not take {records} of the results: {reason}")]
pub(crate) struct Undelivered {
    stream: String,
    records: u64,
    reason: String,
}

/// Sends answers on.
pub(super) struct Forward {
    stream: String,
    producer: Producer,
    drain: Drain,
}

impl Forward {
    /// Asks the stream whether it is there.
    pub(super) async fn start(shared: &Shared, stream: &str) -> anyhow::Result<Self> {
        let config = super::kinesis::configuration(shared).await?;
        let sink = AwsFirehoseSink::from_config(&config, stream);
        sink.check().await?;
        let (producer, drain) = Producer::builder(Arc::new(sink)).start();
        Ok(Self { stream: stream.to_owned(), producer, drain })
    }

    pub(super) async fn send(&self, window: &ClosedWindow) -> anyhow::Result<()> {
        for object in objects(&window.answer)? {
            let mut line = serde_json::to_vec(&object)?;
            line.push(b'\n');
            self.producer.send(Record::new(line)).await?;
        }
        Ok(())
    }

    /// Waits until the stream has everything that was sent.
    pub(super) async fn flush(&self) -> Result<(), Undelivered> {
        self.producer.flush().await;
        match self.producer.stats().undelivered {
            0 => Ok(()),
            records => {
                let reason = "see the log by -v".to_owned();
                Err(Undelivered { stream: self.stream.clone(), records, reason })
            }
        }
    }

    /// What was sent, in words.
    pub(super) async fn finish(self) -> Result<Option<String>, Undelivered> {
        drop(self.producer);
        let report = self.drain.finish(PATIENCE).await;
        if report.is_complete() {
            let sent = counted(report.delivered, "result");
            return Ok(Some(format!("sent {sent} to firehose://{}", self.stream)));
        }
        let reason = report.undelivered.first().map(|(_, reason)| reason.to_string());
        Err(Undelivered {
            stream: self.stream,
            records: report.accepted - report.delivered,
            reason: reason.unwrap_or_else(|| "it was told before".to_owned()),
        })
    }
}
