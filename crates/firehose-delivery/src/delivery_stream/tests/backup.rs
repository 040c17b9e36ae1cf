//! Streams that keep their source records, too.

use super::*;
use crate::{Backup, DynamicPartitioning, RawCompression};

/// The backup of `config()`: each record alone is a buffer.
fn raw() -> DeliveryStreamConfig {
    DeliveryStreamConfig::new("PUT-S3-qrZbv")
        .with_prefix("source/")
        .buffering(1, Duration::from_secs(60))
}

async fn opened(
    store: &Arc<FlakyStore>,
    backup: DeliveryStreamConfig,
    backup_store: &Arc<FlakyStore>,
) -> DeliveryStream {
    let config = config().backed_up_by(Backup::new(backup, bucket(backup_store)));
    DeliveryStream::open(config, bucket(store), six_o_clock()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn section_4_5_the_backup_holds_what_was_put_and_has_buffers_of_its_own() {
    let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
    let stream = opened(&store, raw(), &backup_store).await;
    let bad = Record::from(Bytes::from_static(b"no"));
    let batch = [rating(1), bad, rating(2)];
    stream.put_batch(&batch).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stream.backup_stats().unwrap().delivered_objects, 3, "by its own size");
    assert_eq!(stream.stats().buffered_records, 3, "which is not that of the stream");
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records), (2, 1));
    let backup = stream.backup_stats().unwrap();
    assert_eq!((backup.accepted_records, backup.delivered_records), (3, 3));
    assert_eq!(backup.delivered_bytes, stats.accepted_bytes);
    let objects = objects(&*backup_store).await;
    assert!(
        objects.keys().all(|key| key.starts_with("source/2022/01/08/06/PUT-S3-qrZbv-1-")),
        "{objects:?}"
    );
    let mut bodies: Vec<_> = objects.values().map(|body| body.to_vec()).collect();
    let mut expected: Vec<_> = batch.iter().map(|record| record.data().to_vec()).collect();
    bodies.sort();
    expected.sort();
    assert_eq!(bodies, expected, "also the one that does not convert");
}

#[tokio::test(start_paused = true)]
async fn a_backup_goes_out_by_its_own_age_and_in_its_own_coding() {
    let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
    let by_age = raw().buffering(9_000, Duration::from_secs(5)).compressed(RawCompression::Gzip);
    let stream = opened(&store, by_age, &backup_store).await;
    stream.put_batch(&[rating(1)]).await.unwrap();
    let arrived = six_o_clock().now();
    assert_eq!(stream.backup_oldest_undelivered(), Some(arrived));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(stream.backup_oldest_undelivered(), None);
    assert_eq!(stream.oldest_undelivered(), Some(arrived));
    let objects = objects(&*backup_store).await;
    assert!(objects.keys().all(|key| key.ends_with(".gz")) && objects.len() == 1);
}

/// Flush and close wait for both, whichever store is the slower one.
#[tokio::test(start_paused = true)]
async fn flush_and_close_wait_for_the_slower_of_both() {
    for backup_refuses in [false, true] {
        let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
        let stream = opened(&store, raw(), &backup_store).await;
        let slow = if backup_refuses { &backup_store } else { &store };
        let waiting = || {
            let backup = stream.backup_stats().unwrap();
            stream.stats().buffered_records + backup.buffered_records
        };
        slow.refuse(3);
        stream.put_batch(&[rating(1)]).await.unwrap();
        stream.flush().await;
        assert_eq!(waiting(), 0, "{backup_refuses}");
        slow.refuse(i64::MAX);
        stream.put_batch(&[rating(2)]).await.unwrap();
        let late = stream.close_within(Duration::from_secs(60)).await.unwrap_err();
        let Error::Undelivered { records, last_error, .. } = late else { panic!("{late}") };
        assert_eq!(records, 1);
        assert!(last_error.unwrap().contains("no space left"));
        slow.refuse(0);
        stream.close().await;
        assert_eq!(waiting(), 0, "{backup_refuses}");
        let backup = stream.backup_stats().unwrap();
        assert_eq!((stream.stats().delivered_records, backup.delivered_records), (2, 2));
        assert_eq!(
            (backup.put_retries > 3, stream.stats().put_retries > 3),
            (backup_refuses, !backup_refuses)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_in_both_or_in_neither() {
    for backup_refuses in [false, true] {
        let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
        (if backup_refuses { &backup_store } else { &store }).refuse(i64::MAX);
        let stream = opened(&store, raw().holding_at_most(2_000), &backup_store).await;
        let mut accepted = 0;
        for n in 0..2_000 {
            let outcomes = stream.put_batch(&[rating(n), rating(n)]).await.unwrap();
            let taken = outcomes.iter().filter(|outcome| outcome.is_accepted()).count();
            assert!(taken == 0 || taken == 2, "{outcomes:?}");
            accepted += taken as u64;
            let backup = stream.backup_stats().unwrap();
            assert_eq!(stream.stats().accepted_records, accepted);
            assert_eq!(backup.accepted_records, accepted);
            assert!(backup.buffered_bytes <= 2_000);
            tokio::task::yield_now().await;
        }
        if backup_refuses {
            assert!(accepted < 100, "refused once the backup is full: {accepted}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn puts_wait_while_the_backup_makes_room() {
    let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
    let small = raw().buffering(9_000, Duration::from_secs(60)).holding_at_most(300);
    let stream = opened(&store, small, &backup_store).await;
    for n in 0..100 {
        let batch = [rating(n)];
        let put = stream.put_batch(&batch);
        let outcomes = tokio::time::timeout(Duration::from_secs(1), put).await.expect("room");
        assert!(outcomes.unwrap()[0].is_accepted());
    }
    stream.close().await;
    assert_eq!(stream.backup_stats().unwrap().delivered_records, 100);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_stream_drops_both() {
    let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
    let stream = opened(&store, raw().buffering(9_000, Duration::ZERO), &backup_store).await;
    backup_store.refuse(i64::MAX);
    stream.put_batch(&[rating(1), rating(2)]).await.unwrap();
    assert_eq!(stream.discard(), 4);
    let backup = stream.backup_stats().unwrap();
    assert_eq!((backup.discarded_records, backup.buffered_bytes), (2, 0));
    backup_store.refuse(0);
    stream.close().await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(objects(&*store).await.is_empty() && objects(&*backup_store).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_still_delivers_its_backup() {
    let (store, backup_store) = (FlakyStore::new(), FlakyStore::new());
    let stream = opened(&store, raw().buffering(9_000, Duration::MAX), &backup_store).await;
    stream.put_batch(&[rating(1)]).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(objects(&*backup_store).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn section_2_2_a_backup_comes_and_changes_by_an_update_and_stays() {
    let (store, first, second) = (FlakyStore::new(), FlakyStore::new(), FlakyStore::new());
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(1)]).await.unwrap();
    assert!(stream.backup_stats().is_none());
    let backed_up = |to: &Arc<FlakyStore>| {
        let backup = raw().buffering(9_000, Duration::from_secs(60));
        config().backed_up_by(Backup::new(backup, bucket(to)))
    };
    stream.update(&backed_up(&first), bucket(&store)).unwrap();
    stream.put_batch(&[rating(2)]).await.unwrap();
    stream.update(&backed_up(&second), bucket(&store)).unwrap();
    stream.put_batch(&[rating(3)]).await.unwrap();

    let why = stream.update(&config(), bucket(&store)).unwrap_err().to_string();
    assert!(why.ends_with("S3BackupMode cannot be Disabled once it is Enabled"), "{why}");
    stream.put_batch(&[rating(4)]).await.unwrap();
    assert_eq!(stream.close().await.delivered_records, 4);
    let body = |objects: BTreeMap<String, Bytes>| objects.values().next().unwrap().to_vec();
    let put = |numbers: &[usize]| {
        numbers.iter().flat_map(|n| rating(*n).data().to_vec()).collect::<Vec<u8>>()
    };
    assert_eq!(body(objects(&*first).await), put(&[2]), "since there is one");
    assert_eq!(body(objects(&*second).await), put(&[3, 4]));

    // A closed stream changes no more, and starts nothing.
    let closed = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    closed.close().await;
    closed.update(&backed_up(&first), bucket(&store)).unwrap();
    assert!(closed.backup_stats().is_none());
}

#[test]
fn what_a_backup_cannot_be_is_told() {
    let nested = Backup::new(raw(), bucket(&FlakyStore::new()));
    let table = [
        (DeliveryStreamConfig::new("other"), "S3BackupConfiguration must have the name"),
        (raw().converting_to(table()), "S3BackupConfiguration must keep the records"),
        (
            raw().partitioned(DynamicPartitioning::by_query("{a:.a}")),
            "S3BackupConfiguration must keep the records",
        ),
        (raw().backed_up_by(nested), "S3BackupConfiguration cannot have a backup"),
        (raw().with_prefix("!{timestamp:bad}"), "Prefix of the backup has"),
        (raw().buffering(0, Duration::ZERO), "BufferingHints of the backup must have"),
    ];
    for (backup, words) in table {
        let backup = Backup::new(backup, bucket(&FlakyStore::new()));
        let why = config().backed_up_by(backup).validate().unwrap_err().to_string();
        assert!(why.starts_with(&format!("delivery stream `PUT-S3-qrZbv`: {words}")), "{why}");
    }
}
