//! Memory stays bounded, and nobody waits for nothing.

use std::time::Duration;

use futures::future::poll_immediate;
use tokio::time::timeout;

use super::{AMPLE, over, record, settle_down, start};
use crate::{Limits, MemorySink, PutErrorKind, Record, SendError, Stored};

/// What a record of `record(n)` with one digit counts.
const COST: usize = 1 + 128;

#[tokio::test(start_paused = true)]
async fn a_stuck_sink_makes_senders_wait_and_no_memory_grow() {
    let (sink, producer, _drain) = start(|builder| builder.buffer_bytes(10 * COST));
    sink.hang();
    for n in 0..10 {
        producer.send(record(n % 10)).await.expect("there is room");
    }
    let waits = timeout(AMPLE, producer.send(record(1))).await;
    assert!(waits.is_err(), "no room for an eleventh");
    let refused = producer.try_send(record(2)).expect_err("no room");
    assert!(matches!(&refused, SendError::Full { buffer_bytes, .. } if *buffer_bytes == 10 * COST));
    assert_eq!(refused.into_record(), record(2));
    assert_eq!(producer.stats().buffered_bytes, 10 * COST);

    sink.heal();
    producer.send(record(1)).await.expect("room again");
    producer.flush().await;
    assert_eq!(producer.stats().buffered_bytes, 0);
    producer.try_send(record(2)).expect("room again");
}

#[tokio::test(start_paused = true)]
async fn ten_million_offered_records_stay_within_the_bound() {
    let bound = 1024 * 1024;
    let (sink, producer, drain) = start(|builder| builder.buffer_bytes(bound));
    sink.hang();
    let offered = producer.send_all((0..10_000_000).map(record));
    assert!(timeout(AMPLE, offered).await.is_err(), "they do not fit");
    let stats = producer.stats();
    assert!(stats.buffered_bytes <= bound && stats.accepted < 10_000, "{stats:?}");
    let report = drain.finish(Duration::ZERO).await;
    assert_eq!(report.undelivered.len() as u64, report.accepted);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_send_has_accepted_nothing_and_takes_no_room() {
    let (sink, producer, _drain) = start(|builder| builder.buffer_bytes(2 * COST));
    sink.hang();
    producer.send(record(1)).await.expect("accepted");
    producer.send(record(2)).await.expect("accepted");
    for _ in 0..10 {
        assert!(poll_immediate(producer.send(record(3))).await.is_none());
    }
    sink.heal();
    producer.flush().await;
    assert_eq!(sink.len(), 2);
    producer.try_send(record(4)).expect("all the room is back");
    producer.try_send(record(5)).expect("all the room is back");
    producer.try_send(record(6)).expect_err("and no more than that");
}

#[tokio::test(start_paused = true)]
async fn the_first_to_wait_is_the_first_to_be_served() {
    let (sink, producer, _drain) = start(|builder| builder.buffer_bytes(COST).in_flight(1));
    sink.hang();
    producer.send(record(0)).await.expect("accepted");
    let waiting: Vec<_> = (1..6)
        .map(|n| {
            let producer = producer.clone();
            tokio::spawn(async move { producer.send(record(n)).await })
        })
        .collect();
    settle_down().await;
    sink.heal();
    for sender in waiting {
        sender.await.expect("no panic").expect("accepted");
    }
    producer.flush().await;
    assert_eq!(sink.records(), (0..6).map(record).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_record_above_the_bound_passes_alone() {
    let (sink, producer, _drain) = start(|builder| builder.buffer_bytes(100));
    producer.send(Record::new(vec![0; 1_000])).await.expect("accepted");
    producer.send(record(1)).await.expect("accepted after it");
    producer.send_all([Record::new(vec![0; 1_000]), record(2)]).await.expect("accepted");
    producer.flush().await;
    assert_eq!((sink.len(), producer.stats().buffered_bytes), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn an_oversized_record_goes_back_to_its_sender_alone() {
    let (sink, producer, drain) = start(|builder| builder);
    let largest = Limits::FIREHOSE.record_bytes;
    producer.send(Record::new(vec![b'x'; largest])).await.expect("1,024,000 bytes pass");
    let error = producer.send(Record::new(vec![b'x'; largest + 1])).await.expect_err("too large");
    let shown = error.to_string();
    assert!(shown.contains("1024001") && shown.contains("1024000"), "{shown}");
    assert_eq!(error.into_record().len(), largest + 1);
    producer.send(record(1)).await.expect("accepted");
    assert!(drain.finish(AMPLE).await.is_complete());
    assert_eq!(sink.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn send_all_stops_at_the_oversized_record_and_can_go_on() {
    let limits = Limits { records: 500, bytes: 100, record_bytes: 10 };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, drain) = over(sink.clone(), |builder| builder);
    let mut records = ["1", "2", "12345678901", "3"].map(Record::from).into_iter();
    let error = producer.send_all(records.by_ref()).await.expect_err("the third is too large");
    assert_eq!((error.accepted, error.error.record().len(), error.rest.len()), (2, 11, 0));
    assert_eq!(producer.send_all(records).await.expect("the rest is fine"), 1);
    assert!(drain.finish(AMPLE).await.is_complete());
    assert_eq!(sink.records(), ["1", "2", "3"].map(Record::from));
}

#[tokio::test(start_paused = true)]
async fn send_all_gives_back_what_it_took_when_the_producer_closes() {
    let (sink, producer, drain) = start(|builder| builder.buffer_bytes(10 * COST));
    sink.hang();
    let offered =
        tokio::spawn(async move { producer.send_all((0..25).map(|n| record(n % 10))).await });
    settle_down().await;
    let report = drain.finish(Duration::from_secs(1)).await;
    let error = offered.await.expect("no panic").expect_err("closed");
    assert!(matches!(error.error, SendError::Closed { .. }), "{error}");
    assert_eq!((error.accepted, report.accepted), (10, 10));
    assert_eq!(error.error.record(), &record(0), "the eleventh");
    // The chunk had ten records, and one more was taken to see that it did not fit.
    assert_eq!(error.rest, (11..21).map(|n| record(n % 10)).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_for_good_stops_the_senders() {
    let (sink, producer, drain) = start(|builder| builder.buffer_bytes(10 * COST));
    sink.fail_always(PutErrorKind::NotFound, Stored::Nothing);
    let mut sent = 0;
    let error = loop {
        match producer.send(record(sent % 10)).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        producer.flush().await;
    };
    assert!(matches!(error, SendError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("does not exist"), "{error}");
    assert_eq!(sent, 10, "as many bytes as the buffer holds");

    assert_eq!(drain.take_undelivered().len(), 10);
    sink.heal();
    producer.send(record(1)).await.expect("room to fail again");
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.accepted, report.delivered, report.taken_early), (11, 1, 10));
}
