//! Any bytes as an object: an error or rows, never a panic, never more memory than allowed.
//!
//! A panic of the decoder is contained by the reader, as it should be, and lets the fuzzer go on; one
//! in the reader's own code stops it.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use s3_parquet_reader::{Filter, OnBad, ParquetSet, Provenance, ReadOptions};
use tokio::runtime::{Builder, Runtime};

const KEY: &str = "ratings2022/01/08/06/a.parquet";

thread_local! {
    static RUNTIME: Runtime = {
        // The fuzzer's own hook stops at every panic.
        std::panic::set_hook(Box::new(|panic| {
            let file = panic.location().map_or("", |location| location.file());
            if !file.contains("/registry/src/") && !file.contains("/rustc/") {
                eprintln!("{panic}");
                std::process::abort();
            }
        }));
        Builder::new_current_thread().enable_time().build().unwrap()
    };
}

async fn read(bytes: Vec<u8>) {
    let store = Arc::new(InMemory::new());
    store.put(&Path::from(KEY), bytes.into()).await.unwrap();
    let store: Arc<dyn ObjectStore> = store;
    let options = ReadOptions::default()
        .with_memory_limit_bytes(64 << 20)
        .with_batch_size(1_024)
        .with_provenance_columns(Provenance::all());
    let set = ParquetSet::new(Arc::clone(&store), "ratings", &options);
    let filtered = set.clone().filter(Filter::column("rating").at_least(500));
    let plain = set.read_all().await;
    let _ = filtered.read_all().await;
    let counted = set.count().await;
    let _ = set.schema().await;
    if let (Ok(table), Ok(count)) = (&plain, &counted) {
        // The footer is what both believe.
        assert_eq!(table.report().rows, count.rows);
    }
    let lenient = options.with_on_bad(OnBad::Skip).with_string_views(true);
    let lenient = ParquetSet::new(store, "ratings", &lenient).read_all().await;
    if let Err(error) = plain {
        assert!(error.key().is_none_or(|key| key == KEY), "{error}");
        if error.is_bad_object() {
            assert_eq!(lenient.unwrap().num_rows(), 0);
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    RUNTIME.with(|runtime| runtime.block_on(read(bytes.to_vec())));
});
