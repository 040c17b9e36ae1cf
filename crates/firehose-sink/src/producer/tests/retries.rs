//! What is sent again, when, and how long.

use std::{collections::HashMap, time::Duration};

use tokio::time::{Instant, sleep};

use super::{AMPLE, over, record, settle_down, start};
use crate::{
    FirehoseSink, Limits, MemorySink, Outcome, PutError, PutErrorKind, Reason, Record, RecordId,
    Retry, Stop, Stored,
};

fn stopping(stop: Stop) -> Retry {
    Retry { stop, ..Retry::default() }
}

#[tokio::test(start_paused = true)]
async fn only_refused_records_go_again_and_nothing_twice() {
    for share in [0.01, 0.3, 0.99] {
        let (sink, producer, drain) = start(|builder| builder.retry(stopping(Stop::Never)));
        sink.refuse_share(share, 7);
        producer.send_all((0..5_000).map(record)).await.expect("accepted");
        drop(producer);
        let report = drain.finish(AMPLE * 24).await;
        let mut seen = HashMap::new();
        for record in sink.records() {
            *seen.entry(record.into_data()).or_insert(0) += 1;
        }
        assert_eq!((seen.len(), sink.len()), (5_000, 5_000), "each is stored once");
        assert_eq!((report.delivered, report.maybe_duplicated), (5_000, 0));
        assert_eq!(report.retried, report.refused, "nothing else was sent again");
        assert!(report.refused > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn refused_records_go_first_and_fresh_ones_fill_up() {
    let limits = Limits { records: 3, ..Limits::FIREHOSE };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, drain) = over(sink.clone(), |builder| builder.in_flight(1));
    sink.refuse_next(2);
    producer.send_all((0..6).map(record)).await.expect("accepted");
    drop(producer);
    drain.finish(AMPLE).await;
    assert_eq!(sink.records(), [2, 0, 1, 3, 4, 5].map(record));
    assert_eq!(sink.batch_sizes(), [3, 3, 2], "0 and 1 were joined by 3");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_followed_by_a_pause() {
    let (sink, producer, _drain) = start(|builder| builder.linger(Duration::ZERO));
    sink.refuse_next(1);
    producer.send_all([record(1), record(2)]).await.expect("accepted");
    settle_down().await;
    assert_eq!(sink.batch_sizes(), [2], "not at once");
    sleep(Duration::from_millis(102)).await;
    assert_eq!(sink.batch_sizes(), [2, 1], "within the first pause");
}

#[tokio::test(start_paused = true)]
async fn failed_calls_are_tried_again_ever_more_rarely_up_to_the_cap() {
    let (sink, producer, drain) = start(|builder| builder.retry(stopping(Stop::Never)));
    sink.fail_always(PutErrorKind::Throttled, Stored::Nothing);
    producer.send(record(1)).await.expect("accepted");
    sleep(Duration::from_secs(600)).await;
    // Full jitter below 10 s means 5 s on average: about 120 calls in 600 s, and some more at the
    // start.
    let calls = sink.calls();
    assert!((80..180).contains(&calls), "{calls} calls in ten minutes");

    sink.heal();
    let healed = Instant::now();
    producer.flush().await;
    assert!(healed.elapsed() <= Duration::from_secs(10), "{:?}", healed.elapsed());
    let report = drain.finish(AMPLE).await;
    assert!(report.is_complete());
    assert_eq!((report.failed_calls, report.maybe_duplicated), (calls as u64, 0));
}

#[tokio::test(start_paused = true)]
async fn progress_brings_the_pause_back_to_its_start() {
    let (sink, producer, _drain) = start(|builder| builder.linger(Duration::ZERO));
    for _ in 0..10 {
        sink.fail_next(8, PutErrorKind::Unavailable, Stored::Nothing);
        producer.send(record(1)).await.expect("accepted");
        producer.flush().await;
        // The pause after eight failures may be 10 s, but the next first one is 100 ms at most.
        sink.fail_next(1, PutErrorKind::Unavailable, Stored::Nothing);
        producer.send(record(2)).await.expect("accepted");
        let started = Instant::now();
        producer.flush().await;
        assert!(started.elapsed() <= Duration::from_millis(101), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_together_raise_the_pause_once() {
    let (sink, producer, _drain) = start(|builder| builder.in_flight(4));
    sink.hang();
    producer.send_all((0..2_000).map(record)).await.expect("accepted");
    settle_down().await;
    assert_eq!(sink.calls(), 4);
    // The four calls that hang go on, and each of them fails.
    sink.heal();
    sink.fail_next(4, PutErrorKind::Throttled, Stored::Nothing);
    let started = Instant::now();
    producer.flush().await;
    assert!(started.elapsed() <= Duration::from_millis(101), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_record_is_given_up_after_its_attempts() {
    let (sink, producer, drain) = start(|builder| builder.retry(stopping(Stop::Attempts(3))));
    sink.refuse_every(1);
    let receipt = producer.send_tracked(record(1)).await.expect("accepted");
    let undelivered = receipt.await.expect_err("refused for ever");
    assert_eq!((undelivered.attempts, undelivered.stored), (3, Stored::Nothing));
    assert!(matches!(undelivered.reason, Reason::Refused(_)), "{undelivered}");
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.calls, report.undelivered[0].0.clone()), (3, record(1)));
}

#[tokio::test(start_paused = true)]
async fn a_record_is_given_up_after_its_time() {
    let limit = Duration::from_secs(60);
    let (sink, producer, drain) = start(|builder| builder.retry(stopping(Stop::After(limit))));
    sink.fail_always(PutErrorKind::Network, Stored::Maybe);
    let started = Instant::now();
    let receipt = producer.send_tracked(record(1)).await.expect("accepted");
    let undelivered = receipt.await.expect_err("failed for ever");
    let took = started.elapsed();
    assert!(took >= limit && took <= limit + Duration::from_secs(11), "{took:?}");
    assert_eq!(undelivered.stored, Stored::Maybe);
    assert_eq!(drain.finish(AMPLE).await.undelivered.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_that_no_time_heals_are_not_tried_again() {
    for kind in [PutErrorKind::Invalid, PutErrorKind::Closed, PutErrorKind::Other] {
        let (sink, producer, drain) = start(|builder| builder.linger(Duration::ZERO));
        sink.fail_next(1, kind, Stored::Maybe);
        let receipt = producer.send_tracked(record(1)).await.expect("accepted");
        let undelivered = receipt.await.expect_err("failed for good");
        assert!(matches!(&undelivered.reason, Reason::Failed(error) if error.kind() == kind));
        assert_eq!(undelivered.attempts, 1);
        producer.send(record(2)).await.expect("the producer goes on");
        let report = drain.finish(AMPLE).await;
        assert_eq!((report.delivered, report.undelivered.len(), report.retried), (1, 1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_can_mend_is_tried_again_slowly_until_it_is_given_up() {
    for kind in [PutErrorKind::NotFound, PutErrorKind::Denied] {
        let limit = Duration::from_secs(600);
        let (sink, producer, drain) = start(|builder| builder.retry(stopping(Stop::After(limit))));
        sink.fail_always(kind, Stored::Nothing);
        producer.send(record(1)).await.expect("accepted");
        sleep(Duration::from_secs(300)).await;
        let calls = sink.calls();
        assert!((28..=61).contains(&calls), "{calls} calls in five minutes, 5 to 10 s apart");
        sink.heal();
        let receipt = producer.send_tracked(record(2)).await.expect("accepted");
        receipt.await.expect("the stream is back");
        sink.fail_always(kind, Stored::Nothing);
        producer.send(record(3)).await.expect("accepted");
        let report = drain.finish(AMPLE).await;
        assert_eq!((report.delivered, report.undelivered.len()), (2, 1));
        assert!(matches!(&report.undelivered[0].1, Reason::Failed(error) if error.kind() == kind));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_one_record_halves_the_calls_at_once() {
    let limits = Limits { records: 10, ..Limits::FIREHOSE };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, drain) = over(sink.clone(), |builder| builder.in_flight(8));
    assert_eq!(producer.metrics().in_flight_limit, 8);
    sink.refuse_next(1);
    producer.send_all((0..10).map(record)).await.expect("accepted");
    producer.flush().await;
    assert_eq!(producer.metrics().in_flight_limit, 4, "one of ten was refused");
    sink.hang();
    producer.send_all((0..200).map(record)).await.expect("accepted");
    settle_down().await;
    assert_eq!(producer.stats().in_flight, 4);
    sink.heal();
    producer.flush().await;
    assert!(producer.metrics().in_flight_limit > 6, "{:?}", producer.metrics());
    assert!(drain.finish(AMPLE).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_dropped_and_its_records_go_again() {
    let limit = Duration::from_secs(10);
    let (sink, producer, drain) = start(|builder| builder.call_timeout(limit));
    sink.hang();
    let receipt = producer.send_tracked(record(1)).await.expect("accepted");
    sleep(limit + Duration::from_millis(300)).await;
    assert_eq!(producer.stats().failed_calls, 1);
    sink.heal();
    assert_eq!(receipt.await.expect("delivered").attempts, 2);
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.delivered, report.maybe_duplicated), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_counted_when_a_call_that_may_have_stored_is_repeated() {
    let (sink, producer, drain) = start(|builder| builder);
    sink.fail_next(2, PutErrorKind::Timeout, Stored::Maybe);
    producer.send_all((0..10).map(record)).await.expect("accepted");
    drop(producer);
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.delivered, report.retried, report.maybe_duplicated), (10, 20, 20));
    assert_eq!(sink.len(), 30, "the sink stored all three times");
}

/// Gives this many outcomes whatever it gets.
#[derive(Debug)]
struct Miscounts(usize);

#[async_trait::async_trait]
impl FirehoseSink for Miscounts {
    fn stream(&self) -> &str {
        "miscounts"
    }

    fn limits(&self) -> Limits {
        Limits::FIREHOSE
    }

    async fn put_batch(&self, _: &[Record]) -> Result<Vec<Outcome>, PutError> {
        Ok((0..self.0).map(|n| Outcome::Accepted(RecordId::new(n.to_string()))).collect())
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_number_of_outcomes_proves_nothing() {
    for outcomes in [0, 1, 4] {
        let retry = stopping(Stop::Attempts(2));
        let (producer, drain) = over(Miscounts(outcomes), |builder| builder.retry(retry));
        producer.send_all((0..3).map(record)).await.expect("accepted");
        let report = drain.finish(AMPLE).await;
        assert_eq!((report.delivered, report.undelivered.len(), report.calls), (0, 3, 2));
        assert_eq!(report.maybe_duplicated, 3, "nobody knows whether the first call stored them");
        let (_, reason) = &report.undelivered[0];
        assert_eq!(reason.stored(), Stored::Maybe);
        assert!(reason.to_string().contains(&format!("{outcomes} outcomes for 3")), "{reason}");
    }
}
