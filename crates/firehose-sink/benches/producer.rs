//! What the producer itself costs per record: queue, bound, batches, settlement, receipts.
//!
//! The sink takes everything and does nothing, on a runtime with one thread, so that the figures
//! are those of one core. A record is 108 bytes, allocated afresh, as a generator would.

mod null_sink;

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firehose_sink::Producer;
use null_sink::{NullSink, RECORDS, finish, record, send, send_tracked};
use tokio::runtime::Runtime;

async fn send_all() {
    let (producer, drain) = Producer::builder(Arc::new(NullSink)).start();
    producer.send_all((0..RECORDS).map(|_| record())).await.expect("accepted");
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
