//! What the producer itself costs per record: queue, bound, batches, settlement, receipts.
//!
//! The sink takes everything and does nothing, on a runtime with one thread, so that the figures
//! are those of one core. A record is 108 bytes, allocated afresh, as a generator would.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firehose_sink::{FirehoseSink, Limits, Outcome, Producer, PutError, Record, RecordId};
use tokio::runtime::Runtime;

const RECORDS: u64 = 200_000;

/// Takes everything at once.
#[derive(Debug)]
struct NullSink;

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

fn record() -> Record {
    Record::new(vec![b'x'; 108])
}

fn producer() -> (Producer, firehose_sink::Drain) {
    Producer::builder(Arc::new(NullSink)).start()
}

async fn finish(producer: Producer, drain: firehose_sink::Drain) {
    drop(producer);
    let report = drain.finish(Duration::from_secs(60)).await;
    assert_eq!(report.delivered, RECORDS);
}

async fn send() {
    let (producer, drain) = producer();
    for _ in 0..RECORDS {
        producer.send(record()).await.expect("accepted");
    }
    finish(producer, drain).await;
}

async fn send_all() {
    let (producer, drain) = producer();
    producer.send_all((0..RECORDS).map(|_| record())).await.expect("accepted");
    finish(producer, drain).await;
}

/// A thousand receipts are open at a time, and each is awaited.
async fn send_tracked() {
    let (producer, drain) = producer();
    let mut open = std::collections::VecDeque::with_capacity(1_000);
    for _ in 0..RECORDS {
        if open.len() == 1_000 {
            let receipt: firehose_sink::Receipt = open.pop_front().expect("a thousand");
            receipt.await.expect("delivered");
        }
        open.push_back(producer.send_tracked(record()).await.expect("accepted"));
    }
    for receipt in open {
        receipt.await.expect("delivered");
    }
    finish(producer, drain).await;
}

/// Forty-odd documents in each record of the stream.
async fn send_packed() {
    let (producer, drain) = Producer::builder(Arc::new(NullSink)).pack(5 * 1024).start();
    producer.send_all((0..RECORDS).map(|_| record())).await.expect("accepted");
    finish(producer, drain).await;
}

/// What the benchmark itself costs: making the records and dropping them.
fn baseline() {
    let mut batch = Vec::with_capacity(500);
    for _ in 0..RECORDS {
        batch.push(std::hint::black_box(record()));
        if batch.len() == 500 {
            batch.clear();
        }
    }
}

fn benches(criterion: &mut Criterion) {
    let runtime: Runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("producer");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(20);
    group.bench_function("records alone", |bencher| bencher.iter(baseline));
    group.bench_function("send", |bencher| bencher.iter(|| runtime.block_on(send())));
    group.bench_function("send_tracked", |bencher| {
        bencher.iter(|| runtime.block_on(send_tracked()))
    });
    group.bench_function("send_all", |bencher| bencher.iter(|| runtime.block_on(send_all())));
    group.bench_function("send_all packed", |bencher| {
        bencher.iter(|| runtime.block_on(send_packed()))
    });
    group.finish();
}

criterion_group!(producer_benches, benches);
criterion_main!(producer_benches);
