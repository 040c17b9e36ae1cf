//! Objects as they arrive: each once, across late ones, overwrites, and processes that die.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStoreExt;
use object_store::path::Path;
use s3_parquet_reader::{
    Arrival, Checkpoint, Error, FileCheckpoint, MemoryCheckpoint, ObjectCheckpoint, OnBad,
    ParquetSet, ReadOptions, Watch, WatchOptions,
};
use tokio::time::Instant;

use crate::files::{ints, key, parquet, put, ratings};
use crate::store::{Fault, TestStore};

fn set(store: &TestStore, options: &ReadOptions) -> ParquetSet {
    ParquetSet::new(store.shared(), "ratings", options).with_pages(Arc::new(store.clone()))
}

fn until_idle() -> WatchOptions {
    WatchOptions::default().with_until_idle(true)
}

async fn watch(store: &TestStore, checkpoint: &MemoryCheckpoint, options: WatchOptions) -> Watch {
    let set = set(store, &ReadOptions::default());
    set.watch(Arc::new(checkpoint.clone()), options).await.unwrap()
}

/// Keys and first ratings of what comes, acknowledged one by one.
async fn drain(watch: &mut Watch) -> Vec<(String, i32)> {
    let mut came = Vec::new();
    while let Some(arrived) = watch.next().await.unwrap() {
        let first = ints(arrived.batches(), "rating").first().copied().flatten().unwrap_or(-1);
        came.push((arrived.key().to_owned(), first));
        watch.acknowledge([&arrived]).await.unwrap();
    }
    came
}

async fn arrive(store: &TestStore, hour: u32, number: u32, first: i32) -> (String, i32) {
    let key = key("ratings", hour, number);
    put(&*store.inner, &key, parquet(&ratings(first, 3))).await;
    (key, first)
}

#[tokio::test]
async fn what_was_acknowledged_does_not_come_again_and_what_was_not_does() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    let first = arrive(&store, 6, 1, 10).await;
    let second = arrive(&store, 6, 2, 20).await;
    let third = arrive(&store, 7, 1, 30).await;
    let mut killed = watch(&store, &checkpoint, until_idle()).await;
    let one = killed.next().await.unwrap().unwrap();
    assert_eq!((one.key(), one.arrival(), one.num_rows()), (first.0.as_str(), Arrival::New, 3));
    killed.acknowledge([&one]).await.unwrap();
    assert_eq!(killed.next().await.unwrap().unwrap().key(), second.0);
    drop(killed);
    let mut resumed = watch(&store, &checkpoint, until_idle()).await;
    assert_eq!(drain(&mut resumed).await, [second, third]);
    assert_eq!(drain(&mut watch(&store, &checkpoint, until_idle()).await).await, []);
}

#[tokio::test]
async fn late_objects_in_past_hours_and_overwrites_come_once() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    arrive(&store, 6, 1, 10).await;
    arrive(&store, 9, 1, 20).await;
    assert_eq!(drain(&mut watch(&store, &checkpoint, until_idle()).await).await.len(), 2);
    let late = arrive(&store, 4, 5, 30).await;
    let overwritten = arrive(&store, 6, 1, 40).await;
    let mut resumed = watch(&store, &checkpoint, until_idle()).await;
    let came = resumed.next().await.unwrap().unwrap();
    assert_eq!((came.key(), came.arrival()), (late.0.as_str(), Arrival::New));
    resumed.acknowledge([&came]).await.unwrap();
    let came = resumed.next().await.unwrap().unwrap();
    assert_eq!((came.key(), came.arrival()), (overwritten.0.as_str(), Arrival::Replaced));
    assert_eq!(ints(came.batches(), "rating")[0], Some(40));
    resumed.acknowledge([&came]).await.unwrap();
    assert!(resumed.next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn objects_are_found_at_the_next_look_and_only_recent_hours_are_listed() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    arrive(&store, 6, 1, 10).await;
    let options = WatchOptions::default().with_poll_every(Duration::from_secs(10));
    let mut watch = watch(&store, &checkpoint, options.with_sweep_every(4)).await;
    let came = watch.next().await.unwrap().unwrap();
    watch.acknowledge([&came]).await.unwrap();
    for number in 2..10 {
        store.forget_lists();
        let new = arrive(&store, 6, number, 20).await;
        let begin = Instant::now();
        let came = watch.next().await.unwrap().unwrap();
        assert_eq!(came.key(), new.0);
        assert!(begin.elapsed() <= Duration::from_secs(10), "{:?}", begin.elapsed());
        watch.acknowledge([&came]).await.unwrap();
        let recent =
            ["ratings after ratings/2022/01/08/06/", "ratings after ratings2022/01/08/06/"];
        let sweep = ["ratings"];
        match (number - 1) % 4 {
            0 => assert_eq!(store.lists(), sweep, "look {number}"),
            _ => assert_eq!(store.lists(), recent, "look {number}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_object_in_a_forgotten_hour_is_found_by_the_sweep() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    let options = WatchOptions::default().with_look_back(Duration::ZERO).with_sweep_every(3);
    let mut watch = watch(&store, &checkpoint, options).await;
    for hour in 6..9 {
        arrive(&store, hour, 1, 10).await;
        let came = watch.next().await.unwrap().unwrap();
        watch.acknowledge([&came]).await.unwrap();
    }
    let late = arrive(&store, 3, 1, 20).await;
    let came = watch.next().await.unwrap().unwrap();
    assert_eq!((came.key(), came.arrival()), (late.0.as_str(), Arrival::New));
}

#[tokio::test]
async fn hours_that_stand_deeper_and_keys_without_hours_are_watched_too() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    let file = parquet(&ratings(1, 3));
    put(&*store.inner, "ratings/eu/2022/01/08/06/a.parquet", file.clone()).await;
    let mut watch = watch(&store, &checkpoint, until_idle().with_sweep_every(100)).await;
    assert_eq!(drain(&mut watch).await.len(), 1);
    put(&*store.inner, "ratings/as/2022/01/08/05/b.parquet", file.clone()).await;
    put(&*store.inner, "ratings/plain.parquet", file).await;
    let keys: Vec<_> = drain(&mut watch).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["ratings/as/2022/01/08/05/b.parquet", "ratings/plain.parquet"]);
}

/// splitmix64, for the order of events.
fn roll(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % below
}

/// `WATCH_SEED` in the environment picks one run.
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_and_nothing_acknowledged_comes_twice_whatever_happens() {
    let one = std::env::var("WATCH_SEED").ok().and_then(|seed| seed.parse().ok());
    for seed in one.map_or(0..60, |seed: u64| seed..seed + 1) {
        let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
        let mut dice = seed.wrapping_mul(7_919) + 1;
        let (mut truth, mut done) = (BTreeMap::<String, i32>::new(), BTreeMap::new());
        let look_back = Duration::from_hours(roll(&mut dice, 4));
        let options = until_idle().with_look_back(look_back).with_sweep_every(2);
        let mut watch = watch(&store, &checkpoint, options.clone()).await;
        for step in 0..60_i32 {
            match roll(&mut dice, 6) {
                // New ones, late ones and overwrites, by chance.
                0..3 => {
                    let hour = u32::try_from(roll(&mut dice, 12)).unwrap();
                    let number = u32::try_from(roll(&mut dice, 4)).unwrap();
                    let (key, first) = arrive(&store, hour, number, step * 10).await;
                    truth.insert(key, first);
                }
                3 => watch = self::watch(&store, &checkpoint, options.clone()).await,
                _ => {
                    let Some(arrived) = watch.next().await.unwrap() else { continue };
                    let first = ints(arrived.batches(), "rating")[0].unwrap();
                    if roll(&mut dice, 4) > 0 {
                        watch.acknowledge([&arrived]).await.unwrap();
                        let before = done.insert(arrived.key().to_owned(), first);
                        assert_ne!(before, Some(first), "seed {seed}: {} twice", arrived.key());
                    }
                }
            }
        }
        let mut last = self::watch(&store, &checkpoint, options).await;
        for (key, first) in drain(&mut last).await {
            let before = done.insert(key.clone(), first);
            assert_ne!(before, Some(first), "seed {seed}: {key} twice");
        }
        assert_eq!(done, truth, "seed {seed}");
    }
}

#[tokio::test]
async fn a_bad_object_comes_with_its_reason_once_or_fails_until_it_is_mended() {
    let store = TestStore::new();
    let good = arrive(&store, 6, 2, 10).await;
    let bad = key("ratings", 6, 1);
    put(&*store.inner, &bad, "<html>busy</html>").await;
    let checkpoint = MemoryCheckpoint::default();
    let skipping = set(&store, &ReadOptions::default().with_on_bad(OnBad::Skip));
    let mut watch = skipping.watch(Arc::new(checkpoint.clone()), until_idle()).await.unwrap();
    let arrived = watch.next().await.unwrap().unwrap();
    assert_eq!((arrived.key(), arrived.num_rows()), (bad.as_str(), 0));
    assert!(arrived.skipped().unwrap().contains("not Parquet"));
    watch.acknowledge([&arrived]).await.unwrap();
    assert_eq!(drain(&mut watch).await, std::slice::from_ref(&good));
    assert_eq!(watch.report().skipped.len(), 1);

    let checkpoint = MemoryCheckpoint::default();
    let mut strict = self::watch(&store, &checkpoint, until_idle()).await;
    let error = strict.next().await.unwrap_err();
    assert_eq!(error.key(), Some(bad.as_str()));
    let (_, first) = arrive(&store, 6, 1, 50).await;
    assert_eq!(drain(&mut strict).await, [(bad, first), good]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_network_is_told_and_does_not_end_the_watch() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    let first = arrive(&store, 6, 1, 10).await;
    let second = arrive(&store, 6, 2, 20).await;
    store.fault(&second.0, Fault::Reset);
    let mut watch = watch(&store, &checkpoint, until_idle()).await;
    let arrived = watch.next().await.unwrap().unwrap();
    assert_eq!(arrived.key(), first.0);
    assert!(matches!(watch.next().await.unwrap_err(), Error::Store { .. }));
    store.mend(&second.0);
    // The first was handed out, and is still open: it does not come again in this process.
    assert_eq!(drain(&mut watch).await, [second]);
    watch.acknowledge([&arrived]).await.unwrap();
    assert_eq!(drain(&mut self::watch(&store, &checkpoint, until_idle()).await).await, []);
}

#[tokio::test]
async fn what_vanishes_before_it_is_read_is_not_handed_out() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    let gone = arrive(&store, 6, 1, 10).await;
    let kept = arrive(&store, 6, 2, 20).await;
    store.fault(&gone.0, Fault::Deleted);
    store.inner.delete(&Path::from(gone.0.as_str())).await.unwrap();
    let mut watch = watch(&store, &checkpoint, until_idle()).await;
    assert_eq!(drain(&mut watch).await, [kept]);
}

#[tokio::test]
async fn only_new_ones_come_if_so_wanted() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    arrive(&store, 6, 1, 10).await;
    let options = until_idle().with_only_new(true);
    let mut watch = watch(&store, &checkpoint, options.clone()).await;
    let new = arrive(&store, 6, 2, 20).await;
    assert_eq!(drain(&mut watch).await, [new]);
    let new = arrive(&store, 6, 3, 30).await;
    assert_eq!(drain(&mut self::watch(&store, &checkpoint, options).await).await, [new]);
}

#[tokio::test]
async fn files_objects_and_memory_keep_a_state() {
    let dir = tempfile::tempdir().unwrap();
    let store = TestStore::new();
    arrive(&store, 6, 1, 10).await;
    let checkpoints: [Arc<dyn Checkpoint>; 3] = [
        Arc::new(FileCheckpoint::new(dir.path().join("state.json"))),
        Arc::new(ObjectCheckpoint::new(store.shared(), "state/ratings.json")),
        Arc::new(MemoryCheckpoint::default()),
    ];
    for checkpoint in checkpoints {
        let set = set(&store, &ReadOptions::default());
        let mut first = set.watch(Arc::clone(&checkpoint), until_idle()).await.unwrap();
        assert_eq!(drain(&mut first).await.len(), 1, "{checkpoint:?}");
        let mut again = set.watch(Arc::clone(&checkpoint), until_idle()).await.unwrap();
        assert_eq!(drain(&mut again).await, [], "{checkpoint:?}");
        let other = ParquetSet::new(store.shared(), "other", &ReadOptions::default());
        let error = other.watch(Arc::clone(&checkpoint), until_idle()).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("prefix `ratings`") && text.contains(&checkpoint.describe()),
            "{text}"
        );
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    std::fs::write(&path, "{").unwrap();
    let store = TestStore::new();
    arrive(&store, 6, 1, 10).await;
    let set = set(&store, &ReadOptions::default());
    let broken = Arc::new(FileCheckpoint::new(&path));
    let error = set.watch(broken, until_idle()).await.unwrap_err().to_string();
    assert!(error.contains("state.json") && error.contains("no checkpoint"), "{error}");
    let nowhere = Arc::new(FileCheckpoint::new(dir.path().join("no/such/state.json")));
    let mut watch = set.watch(nowhere, until_idle()).await.unwrap();
    let arrived = watch.next().await.unwrap().unwrap();
    let error = watch.acknowledge([&arrived]).await.unwrap_err();
    assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_once_nothing_came_for_as_long_as_it_may() {
    let (store, checkpoint) = (TestStore::new(), MemoryCheckpoint::default());
    let first = arrive(&store, 6, 1, 10).await;
    let options = WatchOptions::default().with_idle_for(Duration::from_secs(35));
    let mut watch = watch(&store, &checkpoint, options).await;
    let start = Instant::now();
    let one = watch.next().await.unwrap().unwrap();
    assert_eq!((one.key(), start.elapsed()), (first.0.as_str(), Duration::ZERO));
    // The first look that finds nothing is at 10 s.
    let waiting = tokio::time::timeout(Duration::from_secs(30), watch.next()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    let second = arrive(&store, 6, 2, 20).await;
    assert_eq!(watch.next().await.unwrap().unwrap().key(), second.0);
    let came = start.elapsed();
    assert!(watch.next().await.unwrap().is_none());
    // Again ten seconds to the next look, and 35 from there.
    assert_eq!(start.elapsed() - came, Duration::from_secs(45));
}
