//! When a batch goes out, and what is in it.

use std::time::Duration;

use tokio::time::{Instant, advance, sleep};

use super::{AMPLE, record, settle_down, start};
use crate::{FirehoseSink, Limits, MemorySink, Record};

const NEVER: Duration = Duration::MAX;

#[tokio::test(start_paused = true)]
async fn a_lonely_record_goes_out_after_the_linger() {
    let (sink, producer, _drain) = start(|builder| builder.linger(Duration::from_millis(200)));
    producer.send(record(1)).await.expect("accepted");
    settle_down().await;
    advance(Duration::from_millis(199)).await;
    settle_down().await;
    assert_eq!(sink.calls(), 0);
    advance(Duration::from_millis(2)).await;
    settle_down().await;
    assert_eq!(sink.batch_sizes(), [1]);
}

#[tokio::test(start_paused = true)]
async fn the_linger_counts_from_the_first_record_of_a_batch() {
    let (sink, producer, _drain) = start(|builder| builder.linger(Duration::from_millis(200)));
    for n in 0..3 {
        producer.send(record(n)).await.expect("accepted");
        sleep(Duration::from_millis(90)).await;
    }
    // 270 ms have passed: the batch went out at 200 ms.
    assert_eq!(sink.batch_sizes(), [3]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_wait() {
    let (sink, producer, _drain) = start(|builder| builder.linger(NEVER));
    for n in 0..1_100 {
        producer.send(record(n)).await.expect("accepted");
    }
    settle_down().await;
    assert_eq!(sink.batch_sizes(), [500, 500]);
    assert_eq!(producer.stats().buffered_records, 100);
}

#[tokio::test(start_paused = true)]
async fn bytes_fill_a_batch_as_well() {
    let limits = Limits { records: 500, bytes: 1_000, record_bytes: 600 };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, drain) = super::over(sink.clone(), |builder| builder.linger(NEVER));
    for size in [400, 400, 600, 500, 500] {
        producer.send(Record::new(vec![b'x'; size])).await.expect("accepted");
    }
    settle_down().await;
    assert_eq!(sink.batch_sizes(), [2, 1, 2], "800, then 600, then exactly 1,000 bytes");
    assert!(drain.finish(AMPLE).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_linger_of_nothing_sends_at_once() {
    let (sink, producer, _drain) = start(|builder| builder.linger(Duration::ZERO));
    producer.send(record(1)).await.expect("accepted");
    settle_down().await;
    assert_eq!(sink.batch_sizes(), [1]);
}

#[tokio::test(start_paused = true)]
async fn flush_does_not_wait_for_the_linger_and_waits_for_the_outcome() {
    let (sink, producer, _drain) = start(|builder| builder.linger(NEVER));
    let started = Instant::now();
    for n in 0..3 {
        producer.send(record(n)).await.expect("accepted");
    }
    producer.flush().await;
    assert_eq!((sink.len(), producer.stats().delivered), (3, 3));
    producer.flush().await;
    assert_eq!(started.elapsed(), Duration::ZERO, "nothing waited, nor did a flush of nothing");
}

#[tokio::test(start_paused = true)]
async fn flush_waits_for_what_came_before_it_and_not_for_what_comes_after() {
    let (sink, producer, _drain) = start(|builder| builder.linger(NEVER));
    sink.hang();
    producer.send(record(1)).await.expect("accepted");
    let flush = tokio::spawn({
        let producer = producer.clone();
        async move { producer.flush().await }
    });
    settle_down().await;
    assert!(!flush.is_finished(), "the sink has not answered");
    producer.send(record(2)).await.expect("accepted");
    sink.heal();
    flush.await.expect("no panic");
    assert_eq!(sink.records(), [record(1)], "the second record lingers for ever");
    assert_eq!(producer.stats().buffered_records, 1);
}

#[tokio::test(start_paused = true)]
async fn several_batches_are_in_flight_but_no_more_than_asked_for() {
    for most in [1, 3] {
        let (sink, producer, _drain) = start(|builder| builder.in_flight(most));
        sink.hang();
        producer.send_all((0..3_000).map(record)).await.expect("accepted");
        settle_down().await;
        assert_eq!((sink.calls(), producer.stats().in_flight), (most, most));
        sink.heal();
        producer.flush().await;
        assert_eq!(sink.len(), 3_000);
    }
}

#[tokio::test(start_paused = true)]
async fn one_in_flight_keeps_the_order() {
    let (sink, producer, drain) = start(|builder| builder.in_flight(1));
    let records: Vec<Record> = (0..2_345).map(record).collect();
    producer.send_all(records.clone()).await.expect("accepted");
    drop(producer);
    drain.finish(AMPLE).await;
    assert_eq!(sink.records(), records);
}

#[tokio::test(start_paused = true)]
async fn limits_that_make_no_sense_are_survived() {
    let limits = Limits { records: 0, bytes: 10, record_bytes: usize::MAX };
    let sink = MemorySink::new("ratings").with_limits(limits);
    assert_eq!(sink.limits().records, 0);
    let (producer, drain) = super::over(sink, |builder| builder.in_flight(0).buffer_bytes(0));
    producer.send(Record::new("12345678901")).await.expect_err("larger than a call");
    producer.send(record(1)).await.expect("accepted");
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.undelivered.len(), report.calls), (1, 1), "the sink refuses every call");
}
