//! What the metrics say.

use std::time::Duration;

use tokio::time::sleep;

use super::{AMPLE, over, record, settle_down, start};
use crate::{FaultSink, Limits, MemorySink, PutErrorKind, Record, Stored};

#[tokio::test(start_paused = true)]
async fn calls_batches_and_attempts_are_measured() {
    let limits = Limits { records: 10, bytes: 1_000, record_bytes: 900 };
    let latency = Duration::from_millis(20);
    let store = MemorySink::new("ratings").with_limits(limits);
    let sink = FaultSink::new(store.clone(), 7).with_latency(latency, latency);
    let (producer, drain) = over(sink, |builder| builder.in_flight(1));
    producer.send_all((0..10).map(record)).await.expect("accepted");
    producer.flush().await;
    producer
        .send_all([Record::new(vec![b'x'; 900]), Record::new(vec![b'y'; 900])])
        .await
        .expect("ok");
    producer.flush().await;
    producer.send(record(1)).await.expect("accepted");
    sleep(Duration::from_secs(1)).await;
    store.refuse_next(1);
    producer.send(record(2)).await.expect("accepted");
    producer.flush().await;
    store.fail_next(1, PutErrorKind::Throttled, Stored::Nothing);
    producer.send(record(3)).await.expect("accepted");
    producer.flush().await;
    assert!(producer.send(Record::new(vec![0; 901])).await.is_err());

    let metrics = producer.metrics();
    let counted = |map: &std::collections::BTreeMap<&'static str, u64>| {
        map.iter().map(|(name, count)| format!("{name}={count} ")).collect::<String>()
    };
    assert_eq!(counted(&metrics.calls), "accepted=6 partly_refused=1 throttled=1 ");
    let closed = counted(&metrics.batch_closed_by);
    assert_eq!(closed, "bytes=1 count=1 flush=3 linger=1 retry=2 ");
    assert_eq!((metrics.call_micros.count(), metrics.call_micros.max()), (8, 20_000));
    assert_eq!((metrics.batch_records.max(), metrics.batch_bytes.max()), (10, 900));
    assert_eq!((metrics.attempts.count(), metrics.attempts.max()), (15, 2));
    assert_eq!((metrics.stats.rejected, metrics.stats.delivered), (1, 15));
    drain.finish(AMPLE).await;
}

#[tokio::test(start_paused = true)]
async fn the_age_of_the_oldest_record_is_that_of_the_one_held_up() {
    let (sink, producer, drain) = start(|builder| builder.linger(Duration::from_millis(10)));
    let age = || producer.metrics().oldest_record_age;
    assert_eq!(age(), None);
    producer.send(record(0)).await.expect("accepted");
    producer.flush().await;
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(age(), None, "an idle hour makes nothing old");
    sink.hang();
    producer.send(record(1)).await.expect("accepted");
    for n in 0..1_000 {
        sleep(Duration::from_secs(1)).await;
        producer.send(record(n)).await.expect("accepted");
    }
    assert_eq!(age(), Some(Duration::from_secs(1_000)));
    sink.heal();
    producer.flush().await;
    settle_down().await;
    assert_eq!(age(), None);
    drain.finish(AMPLE).await;
}
