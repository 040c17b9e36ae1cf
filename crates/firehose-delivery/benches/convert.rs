//! JSON to Parquet on one core: this crate beside arrow-json with arrow-rs defaults.
//!
//! Throughput is in bytes of JSON. Objects of 1 MiB and of 64 MiB, since a buffer goes out at
//! either end of that range. Nested records and many partitions beside flat ones and one.

use std::{hint::black_box, io::Cursor, sync::Arc, time::Duration};

use captain_ratings::RatingGenerator;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use firehose_delivery::{
    Clock, DeliveryStream, DeliveryStreamConfig, DynamicPartitioning, GlueTable, JsonConverter,
    ParquetObject, ParquetOptions,
};
use firehose_sink::Record;
use object_store::memory::InMemory;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

const SIZES: [(&str, usize); 2] = [("1 MiB", 1 << 20), ("64 MiB", 64 << 20)];

fn table() -> GlueTable {
    GlueTable::new("captains", "ratings", captain_ratings::COLUMNS).expect("the ratings' columns")
}

fn records(bytes: usize) -> Vec<Vec<u8>> {
    let mut total = 0;
    RatingGenerator::with_seed(42)
        .map(|rating| rating.to_python_json().into_bytes())
        .take_while(|record| {
            total += record.len();
            total <= bytes
        })
        .collect()
}

fn ours(table: &GlueTable, records: &[Vec<u8>]) -> usize {
    let mut object = ParquetObject::new(table, ParquetOptions::default());
    for record in records {
        object.push(record).expect("rows are written").expect("ratings convert");
    }
    object.finish().expect("rows are written").map_or(0, |file| file.len())
}

fn arrow_rs_defaults(table: &GlueTable, json: &[u8]) -> usize {
    let schema = table.arrow_schema();
    let reader = arrow_json::ReaderBuilder::new(Arc::clone(&schema))
        .with_batch_size(8192)
        .build(Cursor::new(json))
        .expect("a reader");
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).expect("a writer");
    for batch in reader {
        writer.write(&batch.expect("a batch")).expect("rows are written");
    }
    writer.into_inner().expect("a file").len()
}

fn convert(criterion: &mut Criterion) {
    let table = table();
    let mut group = criterion.benchmark_group("json to parquet");
    for (name, bytes) in SIZES {
        let records = records(bytes);
        let json = records.concat();
        group.throughput(Throughput::Bytes(json.len() as u64)).sample_size(10);
        group.bench_function(BenchmarkId::new("firehose-delivery", name), |bencher| {
            bencher.iter(|| black_box(ours(&table, &records)));
        });
        group.bench_function(BenchmarkId::new("arrow-json, defaults", name), |bencher| {
            bencher.iter(|| black_box(arrow_rs_defaults(&table, &json)));
        });
        eprintln!(
            "{name} of JSON: {} bytes of Parquet, {} with arrow-rs defaults",
            ours(&table, &records),
            arrow_rs_defaults(&table, &json)
        );
    }
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let table = table();
    let records = records(1 << 20);
    let bytes: usize = records.iter().map(Vec::len).sum();
    let mut group = criterion.benchmark_group("json to arrow");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("firehose-delivery", |bencher| {
        bencher.iter(|| {
            let mut converter = JsonConverter::new(&table);
            for record in &records {
                converter.push(record).expect("ratings convert");
            }
            std::iter::from_fn(|| converter.finish()).count()
        });
    });
    let json = records.concat();
    group.bench_function("arrow-json", |bencher| {
        bencher.iter(|| {
            arrow_json::ReaderBuilder::new(table.arrow_schema())
                .with_batch_size(8192)
                .build(Cursor::new(&json))
                .expect("a reader")
                .count()
        });
    });
    group.finish();
}

/// The ratings again, with a struct, an array and a map: to be no more than three times slower than
/// flat ones.
fn nested(criterion: &mut Criterion) {
    let columns = [
        ("user", "string"),
        ("rated", "struct<captain:string,rating:int>"),
        ("tags", "array<string>"),
        ("scores", "map<string,int>"),
        ("timestamp", "double"),
    ];
    let table = GlueTable::new("captains", "nested", columns).expect("columns");
    let records: Vec<Vec<u8>> = RatingGenerator::with_seed(42)
        .take(8_000)
        .map(|rating| {
            let flat: serde_json::Value = serde_json::from_str(&rating.to_json()).expect("JSON");
            let record = format!(
                r#"{{"user": {}, "rated": {{"captain": {}, "rating": {}}}, "tags": ["a", "bc"], "scores": {{"x": 1, "y": {}}}, "timestamp": {}}}"#,
                flat["user"], flat["favoritecaptain"], flat["rating"], flat["rating"], flat["timestamp"]
            );
            record.into_bytes()
        })
        .collect();
    let bytes: usize = records.iter().map(Vec::len).sum();
    let mut group = criterion.benchmark_group("nested json to arrow");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("firehose-delivery", |bencher| {
        bencher.iter(|| {
            let mut converter = JsonConverter::new(&table);
            for record in &records {
                converter.push(record).expect("ratings convert");
            }
            std::iter::from_fn(|| converter.finish()).count()
        });
    });
    group.finish();
    let mut group = criterion.benchmark_group("nested json to parquet");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(10);
    group.bench_function("firehose-delivery", |bencher| {
        bencher.iter(|| black_box(ours(&table, &records)));
    });
    group.finish();
}

/// 1,000 records each for 500 partitions beside 500,000 for one, from the put to the store: to be no
/// more than twice as slow.
fn partitions(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let mut group = criterion.benchmark_group("dynamic partitioning");
    group.sample_size(10);
    for count in [1usize, 500] {
        let records: Vec<Record> = (0..500_000)
            .map(|n| format!(r#"{{"c":"p{}","n":{n},"text":"some more of it"}}"#, n % count))
            .map(|text| Record::from(text.into_bytes()))
            .collect();
        let bytes: usize = records.iter().map(Record::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("partitions", count), |bencher| {
            bencher.iter(|| runtime.block_on(deliver_partitioned(&records)));
        });
    }
    group.finish();
}

async fn deliver_partitioned(records: &[Record]) -> u64 {
    let config = DeliveryStreamConfig::new("partitions")
        .with_prefix("!{partitionKeyFromQuery:c}/")
        .with_error_output_prefix("!{firehose:error-output-type}/")
        .partitioned(DynamicPartitioning::by_query("{c:.c}"))
        .buffering(1 << 30, Duration::from_secs(600));
    let stream = DeliveryStream::open(config, Arc::new(InMemory::new()), Clock::system()).await;
    let stream = stream.expect("a stream");
    for batch in records.chunks(500) {
        stream.put_batch(batch).await.expect("a put");
    }
    stream.close().await.delivered_records
}

criterion_group!(benches, convert, decode, nested, partitions);
criterion_main!(benches);
