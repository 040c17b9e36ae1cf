//! Put, get and list, beside `object_store`'s `LocalFileSystem` on the same disk.
//!
//! The other one computes no MD5 and keeps no attributes; that difference is what is measured.

use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures::TryStreamExt;
use object_directory::Buckets;
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};
use tokio::runtime::Runtime;

const OBJECTS: u64 = 1000;

/// Names and stores.
type Stores = Vec<(&'static str, Arc<dyn ObjectStore>)>;

/// Both stores, each in a directory that goes away.
fn stores(runtime: &Runtime) -> (tempfile::TempDir, Stores) {
    let folder = tempfile::tempdir().expect("a directory");
    let buckets = Buckets::new(folder.path().join("ours"));
    runtime.block_on(buckets.create("bench", "us-east-1")).expect("created");
    let ours = buckets.bucket("bench").expect("a name").object_store();
    let theirs = folder.path().join("theirs");
    std::fs::create_dir(&theirs).expect("created");
    let theirs = LocalFileSystem::new_with_prefix(theirs).expect("a directory");
    (folder, vec![("object-directory", ours), ("LocalFileSystem", Arc::new(theirs))])
}

fn key(number: u64) -> Path {
    Path::from(format!("ratings2022/01/08/{:02}/object-{number}.parquet", number % 24))
}

fn put_and_get(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (_folder, stores) = stores(&runtime);
    for bytes in [10_000, 10_000_000] {
        let body = Bytes::from(vec![7; bytes]);
        let mut group = criterion.benchmark_group(format!("{bytes} bytes"));
        group.throughput(Throughput::Bytes(bytes as u64)).sample_size(20);
        for (name, store) in &stores {
            group.bench_function(BenchmarkId::new("put", name), |bencher| {
                let mut number = 0;
                let next = || {
                    number = (number + 1) % OBJECTS;
                    key(number)
                };
                let put = |key| runtime.block_on(store.put(&key, body.clone().into()));
                bencher.iter_batched(next, put, BatchSize::SmallInput);
            });
            group.bench_function(BenchmarkId::new("get", name), |bencher| {
                runtime.block_on(store.put(&key(1), body.clone().into())).expect("stored");
                let get = async || store.get(&key(1)).await.expect("there").bytes().await;
                bencher.iter(|| runtime.block_on(get()).expect("read"));
            });
        }
        group.finish();
    }
}

fn list(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (_folder, stores) = stores(&runtime);
    let mut group = criterion.benchmark_group("list");
    group.throughput(Throughput::Elements(OBJECTS)).sample_size(20);
    for (name, store) in &stores {
        for number in 0..OBJECTS {
            let key = key(number);
            let put = store.put(&key, Bytes::from_static(b"PAR1").into());
            runtime.block_on(put).expect("stored");
        }
        group.bench_function(BenchmarkId::new("all", name), |bencher| {
            let all = async || store.list(None).try_collect::<Vec<_>>().await;
            bencher.iter(|| assert_eq!(runtime.block_on(all()).expect("listed").len(), 1000));
        });
        group.bench_function(BenchmarkId::new("one hour", name), |bencher| {
            let hour = Path::from("ratings2022/01/08/06");
            let hour = async || store.list(Some(&hour)).try_collect::<Vec<_>>().await;
            bencher.iter(|| assert!(!runtime.block_on(hour()).expect("listed").is_empty()));
        });
    }
    group.finish();
}

criterion_group!(benches, put_and_get, list);
criterion_main!(benches);
