//! Reading 200 small objects from memory: what remains is decoding and our own work.
//!
//! `cargo bench -p s3-parquet-reader`. The files are like the tutorial's, of 10,000 rows each.
//! `one object after the other` is what a loop over parquet's own reader would cost.

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{Float64Array, Int32Array, RecordBatch, StringArray};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use s3_parquet_reader::{ParquetSet, ReadOptions};
use tokio::runtime::{Builder, Runtime};

const OBJECTS: u32 = 200;
const ROWS: u32 = 10_000;
const CAPTAINS: [&str; 14] = [
    "Jean-Luc Picard",
    "James T. Kirk",
    "Han Solo",
    "Kathryn Janeway",
    "Malcolm Reynolds",
    "William Adama",
    "Turanga Leela",
    "Jacob Keyes",
    "Wilhuff Tarkin",
    "Christopher Pike",
    "David Bowman",
    "The Doctor",
    "John Robinson",
    "Neil Armstrong",
];

/// Names of users are many and repeat now and then, as in the tutorial.
fn file(number: u32) -> Bytes {
    let rows = (0..ROWS).map(|row| u64::from(number * ROWS + row));
    let mixed: Vec<u64> = rows.map(|row| row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33).collect();
    let users = mixed.iter().map(|n| format!("First{} Last{}", n % 3_007, n % 1_009));
    let captain = |n: &u64| CAPTAINS[usize::try_from(n % 14).unwrap_or(0)];
    let ratings = mixed.iter().map(|n| i32::try_from(n % 1_000).unwrap_or(0) + 1);
    let start = 1_641_600_000.0 + f64::from(number) * 60.0;
    let times = (0..ROWS).map(|row| start + f64::from(row) * 0.006_137);
    let batch = RecordBatch::try_from_iter([
        ("user", Arc::new(StringArray::from_iter_values(users)) as _),
        (
            "favoritecaptain",
            Arc::new(StringArray::from_iter_values(mixed.iter().map(captain))) as _,
        ),
        ("rating", Arc::new(Int32Array::from_iter_values(ratings)) as _),
        ("timestamp", Arc::new(Float64Array::from_iter_values(times)) as _),
    ])
    .unwrap();
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes.into()
}

fn filled(runtime: &Runtime) -> (Arc<dyn ObjectStore>, Vec<Bytes>) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let files: Vec<Bytes> = (0..OBJECTS).map(file).collect();
    for (number, content) in files.iter().enumerate() {
        let path = Path::from(format!("ratings2022/01/08/06/{number:04}.parquet"));
        runtime.block_on(store.put(&path, content.clone().into())).unwrap();
    }
    (store, files)
}

fn read(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (store, files) = filled(&runtime);
    let set = |options: &ReadOptions| ParquetSet::new(Arc::clone(&store), "ratings", options);
    let plain = set(&ReadOptions::default());
    let views = set(&ReadOptions::default().with_string_views(true));
    let two = plain.clone().columns(["favoritecaptain", "rating"]);

    let mut group = criterion.benchmark_group("read 200 objects");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(OBJECTS * ROWS)));
    for (name, set) in [("all columns", &plain), ("string views", &views), ("two columns", &two)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(runtime.block_on(set.read_all()).unwrap()));
        });
    }
    group.bench_function("one object after the other", |bencher| {
        bencher.iter(|| {
            for content in &files {
                let builder = ParquetRecordBatchReaderBuilder::try_new(content.clone()).unwrap();
                let reader = builder.with_batch_size(65_536).build().unwrap();
                black_box(reader.collect::<Result<Vec<_>, _>>().unwrap());
            }
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("look at 200 objects");
    group.bench_function("head(5)", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(plain.head(5)).unwrap()));
    });
    group.bench_function("count", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(plain.count()).unwrap()));
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
