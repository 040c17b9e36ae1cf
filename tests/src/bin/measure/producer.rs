//! The client's side alone: records to a `firehose-local` in another process, which
//! `docs/peers/producer.py` starts, so that the processor time of this one is the client's.

use std::{sync::Arc, time::Duration};

use aws_sdk_firehose::Client;
use captain_ratings::tutorial;
use firehose_sink::{AwsFirehoseSink, Producer, Record};

use crate::{Result, aws, endpoint};

/// Some forty documents of the tutorial, which are 106 bytes on average.
const PACK_BYTES: usize = 40 * 112;

/// `PutRecordBatch` by the SDK as it comes.
pub(crate) async fn bare(url: &str, records: usize) -> Result<String> {
    endpoint::put_all(&Client::new(&aws::config(url)), records).await?;
    Ok(format!("{records} records put"))
}

/// The same records by the [`Producer`], one in each record of the stream or packed.
pub(crate) async fn producer(url: &str, records: usize, packed: bool) -> Result<String> {
    let sink = AwsFirehoseSink::from_config(&aws::config(url), tutorial::DELIVERY_STREAM);
    let builder = Producer::builder(Arc::new(sink)).in_flight(aws::IN_FLIGHT);
    let builder = if packed { builder.pack(PACK_BYTES) } else { builder };
    let (producer, drain) = builder.start();
    let batches = aws::prepared().into_iter();
    let prepared: Vec<Record> = batches.flatten().map(Record::new).collect();
    // A task as those of the SDK alone are, beside the calls on the runtime's threads.
    let sender = tokio::spawn(async move {
        producer.send_all(prepared.iter().cycle().take(records).cloned()).await
    });
    sender.await??;
    let report = drain.finish(Duration::from_secs(600)).await;
    if !report.is_complete() {
        return Err(report.to_string().into());
    }
    Ok(report.to_string())
}
