//! What an acknowledged record survives: the power is cut at any operation of the disk, writes
//! fail, the disk is full, the store refuses, and at the end every acknowledged record stands in
//! exactly one object.

mod disk;
mod lives;

use super::*;
use crate::{Durability, Journaling, LambdaProcessor, Transformed, for_each_record};
use disk::MemoryDisk;

fn journaling(disk: &MemoryDisk) -> Journaling {
    Journaling::on_disk(disk.clone(), "/journal", Durability::Sync)
}

async fn open(disk: &MemoryDisk, store: &Arc<FlakyStore>, hint: usize) -> DeliveryStream {
    let config = config().buffering(hint, Duration::from_secs(60));
    let clock = six_o_clock();
    DeliveryStream::open_journaled(config, bucket(store), clock, journaling(disk)).await.unwrap()
}

/// Runs this in a runtime of its own, which ends with it as a process does.
fn in_one_life<T>(life: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(life)
}

#[test]
fn what_was_acknowledged_is_delivered_by_the_next_life() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    in_one_life(async {
        let stream = open(&disk, &store, 100_000).await;
        let outcomes = stream.put_batch(&[rating(1), rating(2)]).await.unwrap();
        assert!(outcomes.iter().all(Outcome::is_accepted));
        stream.put_batch(&[rating(3)]).await.unwrap();
    });
    in_one_life(async {
        assert!(objects(&*store).await.is_empty());
        let stream = open(&disk, &store, 100_000).await;
        let stats = stream.close().await;
        assert_eq!((stats.accepted_records, stats.recovered_records), (0, 3));
        assert_eq!((stats.delivered_records, stats.buffered_records), (3, 0));
        assert_eq!(ratings(&objects(&*store).await), [1, 2, 3]);
    });
    assert_eq!(disk.segments(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn an_object_that_was_put_already_is_put_again_under_its_key() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    in_one_life(async {
        let stream = open(&disk, &store, 1).await;
        // The answer is lost: the object stands, the journal does not know it.
        store.lose_answers(i64::MAX);
        stream.put_batch(&[rating(1)]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    });
    let before = in_one_life(objects(&*store));
    assert_eq!(ratings(&before), [1]);
    store.refuse(0);
    in_one_life(async { open(&disk, &store, 1).await.close().await });
    assert_eq!(in_one_life(objects(&*store)), before, "the same bytes under the same key");
}

#[test]
fn a_delivered_buffer_leaves_nothing_behind() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    in_one_life(async {
        let stream = open(&disk, &store, 1).await;
        for n in 1..=3 {
            stream.put_batch(&[rating(n)]).await.unwrap();
        }
        stream.flush().await;
        assert_eq!(disk.segments(), Vec::<std::path::PathBuf>::new());
    });
}

#[test]
fn a_record_that_was_refused_is_not_delivered_and_the_stream_goes_on() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    in_one_life(async {
        let stream = open(&disk, &store, 100_000).await;
        stream.put_batch(&[rating(1)]).await.unwrap();
        disk.fail(1);
        let outcomes = stream.put_batch(&[rating(2), rating(3)]).await.unwrap();
        assert!(outcomes.iter().all(|outcome| !outcome.is_accepted()), "{outcomes:?}");
        let stats = stream.stats();
        assert_eq!((stats.accepted_records, stats.journal_refused_records), (1, 2));
        assert!(stream.last_error().unwrap().contains("an I/O error"), "{:?}", stream.last_error());
        stream.put_batch(&[rating(4)]).await.unwrap();
        stream.close().await;
        assert_eq!(ratings(&objects(&*store).await), [1, 4]);
    });
    assert_eq!(disk.segments(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_full_disk_refuses_and_delivery_makes_room() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    disk.set_capacity(Some(2_000));
    in_one_life(async {
        let stream = open(&disk, &store, 100_000).await;
        let mut refused = 0;
        for n in 0..200 {
            let outcomes = stream.put_batch(&[rating(n)]).await.unwrap();
            refused += usize::from(!outcomes[0].is_accepted());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!((1..190).contains(&refused), "{refused}");
        let stats = stream.close().await;
        assert_eq!(stats.delivered_records, 200 - refused as u64);
    });
}

#[test]
fn a_buffer_goes_where_it_was_accepted_for_whatever_the_stream_does_now() {
    let (disk, store, other) = (MemoryDisk::default(), FlakyStore::new(), FlakyStore::new());
    in_one_life(async {
        let config = config().noted_as("old");
        let journaling = journaling(&disk);
        let stream =
            DeliveryStream::open_journaled(config, bucket(&store), six_o_clock(), journaling)
                .await
                .unwrap();
        stream.put_batch(&[rating(1)]).await.unwrap();
    });
    in_one_life(async {
        let old = Arc::clone(&store);
        let journaling = journaling(&disk).finding_destinations_by(move |note| {
            assert_eq!(note, "old");
            Ok((config(), bucket(&old)))
        });
        let now = config().with_prefix("now").noted_as("new");
        let stream = DeliveryStream::open_journaled(now, bucket(&other), six_o_clock(), journaling)
            .await
            .unwrap();
        stream.put_batch(&[rating(2)]).await.unwrap();
        stream.close().await;
        assert_eq!(ratings(&objects(&*store).await), [1]);
        assert_eq!(ratings(&objects(&*other).await), [2]);
    });
}

#[test]
fn a_slow_store_holds_puts_up_and_loses_nothing() {
    use object_store::throttle::{ThrottleConfig, ThrottledStore};
    let disk = MemoryDisk::default();
    let slow =
        ThrottleConfig { wait_put_per_call: Duration::from_secs(30), ..ThrottleConfig::default() };
    let store = Arc::new(ThrottledStore::new(InMemory::new(), slow));
    in_one_life(async {
        let config = config().holding_at_most(5_000);
        let stream = DeliveryStream::open_journaled(
            config,
            bucket(&store),
            six_o_clock(),
            journaling(&disk),
        );
        let stream = stream.await.unwrap();
        let began = tokio::time::Instant::now();
        for n in 0..300 {
            let outcomes = stream.put_batch(&[rating(n)]).await.unwrap();
            assert!(outcomes[0].is_accepted());
            assert!(stream.stats().buffered_bytes <= 5_000, "memory is bounded");
        }
        assert!(began.elapsed() > Duration::from_secs(60), "puts waited for the store");
        let stats = stream.close().await;
        assert_eq!((stats.delivered_records, stats.buffered_records), (300, 0));
        assert_eq!(ratings(&objects(&*store).await).len(), 300);
    });
    assert_eq!(disk.segments(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_deleted_stream_leaves_nothing_to_the_next_life() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    in_one_life(async {
        let stream = open(&disk, &store, 100_000).await;
        stream.put_batch(&[rating(1)]).await.unwrap();
        assert_eq!(stream.discard(), 1);
        let late = stream.put_batch(&[rating(2)]).await.unwrap_err();
        assert_eq!(late.kind(), PutErrorKind::Closed, "it takes nothing more");
        tokio::time::sleep(Duration::from_secs(1)).await;
    });
    assert_eq!(disk.segments(), Vec::<std::path::PathBuf>::new());
}

/// A stream whose records go through a function, and whose buffers go out after an hour.
async fn transforming(
    disk: &MemoryDisk,
    store: &Arc<FlakyStore>,
    journaling: impl FnOnce(Journaling) -> Journaling,
) -> DeliveryStream {
    let function = for_each_record(|record| Transformed::Ok(record.data.clone()));
    let lambda = LambdaProcessor::new("arn:aws:lambda:us-east-1:000000000000:function:f", function)
        .buffering(1_000_000, Duration::from_secs(60));
    let config = config().buffering(1_000_000, Duration::from_secs(3600)).transformed_by(lambda);
    let journaling = journaling(self::journaling(disk));
    DeliveryStream::open_journaled(config, bucket(store), six_o_clock(), journaling).await.unwrap()
}

#[test]
fn what_a_function_made_of_found_records_is_kept_by_a_stream_that_only_recovers() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    in_one_life(async {
        let stream = transforming(&disk, &store, |journaling| journaling).await;
        stream.put_batch(&[rating(1)]).await.unwrap();
    });
    store.refuse(i64::MAX);
    in_one_life(async {
        let stream = transforming(&disk, &store, Journaling::only_recovering).await;
        assert!(stream.put_batch(&[rating(2)]).await.unwrap()[0].is_accepted());
        // The function has answered, and the store takes nothing.
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(stream.stats().transformed_records, 2);
    });
    store.refuse(0);
    in_one_life(async {
        transforming(&disk, &store, |journaling| journaling).await.close().await;
        // What the life in between took was in its memory alone.
        assert_eq!(ratings(&objects(&*store).await), [1]);
    });
    assert_eq!(disk.segments(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn two_streams_cannot_have_one_journal() {
    let (disk, store) = (MemoryDisk::default(), FlakyStore::new());
    in_one_life(async {
        let _first = open(&disk, &store, 1).await;
        let second = DeliveryStream::open_journaled(
            config(),
            bucket(&store),
            six_o_clock(),
            journaling(&disk),
        );
        let why = second.await.unwrap_err();
        assert!(matches!(why, Error::Journal { .. }), "{why}");
    });
}
