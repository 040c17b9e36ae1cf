//! What the benches share: a sink that costs nothing, and one run over it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use firehose_sink::{
    Drain, FirehoseSink, Limits, Outcome, Producer, PutError, Receipt, Record, RecordId,
};

/// Records in one run.
pub(crate) const RECORDS: u64 = 200_000;

/// Takes everything at once.
#[derive(Debug)]
pub(crate) struct NullSink;

#[async_trait]
impl FirehoseSink for NullSink {
    fn stream(&self) -> &str {
        "null"
    }

    fn limits(&self) -> Limits {
        Limits::FIREHOSE
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        Ok(batch.iter().map(|_| Outcome::Accepted(RecordId::new(""))).collect())
    }
}

pub(crate) fn record() -> Record {
    Record::new(vec![b'x'; 108])
}

pub(crate) async fn finish(producer: Producer, drain: Drain) {
    drop(producer);
    let report = drain.finish(Duration::from_secs(60)).await;
    assert_eq!(report.delivered, RECORDS);
}

pub(crate) async fn send() {
    let (producer, drain) = Producer::builder(Arc::new(NullSink)).start();
    for _ in 0..RECORDS {
        producer.send(record()).await.expect("accepted");
    }
    finish(producer, drain).await;
}

/// A thousand receipts are open at a time, and each is awaited.
pub(crate) async fn send_tracked() {
    let (producer, drain) = Producer::builder(Arc::new(NullSink)).start();
    let mut open = VecDeque::with_capacity(1_000);
    for _ in 0..RECORDS {
        if open.len() == 1_000 {
            let receipt: Receipt = open.pop_front().expect("a thousand");
            receipt.await.expect("delivered");
        }
        open.push_back(producer.send_tracked(record()).await.expect("accepted"));
    }
    for receipt in open {
        receipt.await.expect("delivered");
    }
    finish(producer, drain).await;
}
