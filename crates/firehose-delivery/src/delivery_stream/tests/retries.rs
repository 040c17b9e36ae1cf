//! For how long a store that refuses is tried.

use super::*;

const DAY: Duration = RetryPolicy::AWS_GIVE_UP_AFTER;

#[tokio::test(start_paused = true)]
async fn section_4_5_an_object_is_tried_for_24_hours_and_then_lost() {
    let store = FlakyStore::new();
    store.refuse(i64::MAX);
    let lost = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lost);
    let observer = Observer::new(move |event| {
        if let DeliveryEvent::Expired { records, error, .. } = event {
            sink.lock().unwrap().push((*records, error.clone()));
        }
    });
    let retry = RetryPolicy { give_up_after: Some(DAY), ..RetryPolicy::default() };
    let config = config().retrying(retry);
    let opened = DeliveryStream::open_observed(config, bucket(&store), six_o_clock(), observer);
    let stream = opened.await.unwrap();
    stream.put_batch(&[rating(1), rating(2)]).await.unwrap();
    let started = tokio::time::Instant::now();
    let stats = stream.close().await;
    assert_eq!(started.elapsed(), DAY, "the last attempt is made when the time is over");
    assert_eq!((stats.expired_records, stats.delivered_records, stats.buffered_records), (2, 0, 0));
    assert_eq!(stats.buffered_bytes, 0);
    let lost = lost.lock().unwrap();
    assert_eq!(lost.len(), 1);
    assert!(lost[0].0 == 2 && lost[0].1.contains("no space left"), "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn section_4_5_the_time_can_be_set_and_is_for_ever_unless_it_is() {
    let unset = RetryPolicy::default().give_up_after;
    for (give_up_after, delivered) in [(Some(Duration::from_secs(60)), 0), (unset, 1)] {
        let store = FlakyStore::new();
        store.refuse(i64::MAX);
        let retry = RetryPolicy { give_up_after, ..RetryPolicy::default() };
        let config = config().retrying(retry);
        let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
        stream.put_batch(&[rating(1)]).await.unwrap();
        let closing = {
            let stream = stream.clone();
            tokio::spawn(async move { stream.close().await })
        };
        tokio::time::sleep(7 * DAY).await;
        store.refuse(0);
        assert_eq!(closing.await.unwrap().delivered_records, delivered, "{give_up_after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn section_4_5_an_error_object_is_tried_for_ever_and_blocks() {
    let store = FlakyStore::new();
    store.refuse(i64::MAX);
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[Record::from(Bytes::from_static(b"no"))]).await.unwrap();
    let first = {
        let stream = stream.clone();
        tokio::spawn(async move { stream.flush().await })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    stream.put_batch(&[rating(1)]).await.unwrap();
    tokio::time::sleep(7 * DAY).await;
    assert!(!first.is_finished(), "not given up");
    let stats = stream.stats();
    assert_eq!((stats.expired_records, stats.buffered_records), (0, 2), "nothing overtakes it");
    store.refuse(0);
    let stats = stream.close().await;
    assert_eq!((stats.failed_records, stats.delivered_records), (1, 1));
}
