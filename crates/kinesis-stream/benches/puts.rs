//! Batches of 500 records of 108 bytes into a stream of four shards, and out of it.

use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinesis_stream::{DataStream, NewRecord, ReadLimits, ShardId, StreamSettings};

const RECORDS: u64 = 500;

fn settings() -> StreamSettings {
    StreamSettings { limits: None, retained_bytes: 64 << 20, ..StreamSettings::default() }
}

fn puts(criterion: &mut Criterion) {
    let now: DateTime<Utc> = "2022-01-08T06:00:00Z".parse().unwrap_or_default();
    let records: Vec<_> =
        (0..RECORDS).map(|n| NewRecord::new(&format!("user {n}"), &[b'x'; 108])).collect();
    let mut group = criterion.benchmark_group("data stream");
    group.throughput(Throughput::Elements(RECORDS));
    group.bench_function("hash 500", |bencher| {
        bencher.iter(|| (0..RECORDS).map(|_| NewRecord::new("user 7", b"")).collect::<Vec<_>>());
    });
    let stream = DataStream::create(settings(), 4, now);
    group.bench_function("put 500", |bencher| bencher.iter(|| stream.put(now, &records)));
    group.bench_function("print 500 sequence numbers", |bencher| {
        let placed = stream.put(now, &records);
        bencher.iter(|| {
            placed
                .iter()
                .flatten()
                .map(|placed| placed.sequence_number.to_string().len())
                .sum::<usize>()
        });
    });
    let limits = ReadLimits { records: 500, ..ReadLimits::default() };
    group.bench_function("read 500", |bencher| {
        bencher.iter(|| stream.read(now, ShardId(0), 0, limits));
    });
    group.finish();
}

criterion_group!(benches, puts);
criterion_main!(benches);
