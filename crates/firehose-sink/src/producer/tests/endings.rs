//! Drains, deadlines, drops and panics.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Barrier, time::Instant};

use super::{AMPLE, over, record, settle_down, start};
use crate::{
    FirehoseSink, Limits, MemorySink, Outcome, PutError, Reason, Record, SendError, Stored,
};

#[tokio::test(start_paused = true)]
async fn a_healthy_drain_sends_everything_and_waits_for_no_linger() {
    let (sink, producer, drain) = start(|builder| builder.linger(Duration::from_secs(60)));
    producer.send_all((0..1_234).map(record)).await.expect("accepted");
    let started = Instant::now();
    let report = drain.finish(Duration::from_secs(30)).await;
    assert!(report.is_complete() && sink.len() == 1_234, "{report}");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(report.delivered_bytes, (0..1_234).map(|n| record(n).len() as u64).sum::<u64>());
}

#[tokio::test(start_paused = true)]
async fn a_drain_against_a_hanging_sink_returns_every_record_at_the_deadline() {
    let (sink, producer, drain) = start(|builder| builder);
    sink.hang();
    producer.send_all((0..5_000).map(record)).await.expect("accepted");
    settle_down().await;
    let (deadline, started) = (Duration::from_secs(5), Instant::now());
    let report = drain.finish(deadline).await;
    assert!(started.elapsed() <= deadline + Duration::from_millis(200), "{:?}", started.elapsed());
    assert_eq!((report.accepted, report.delivered), (5_000, 0));
    let mut returned: Vec<Record> =
        report.undelivered.iter().map(|(record, _)| record.clone()).collect();
    let mut sent: Vec<Record> = (0..5_000).map(record).collect();
    returned.sort_by(|a, b| a.data().cmp(b.data()));
    sent.sort_by(|a, b| a.data().cmp(b.data()));
    assert!(returned == sent, "the same records come back");
    let maybe = report.undelivered.iter().filter(|(_, why)| why.stored() == Stored::Maybe).count();
    assert_eq!(maybe, 2_000, "four calls were under way");
    assert_eq!(producer.stats().buffered_bytes, 0);
    sink.heal();
    settle_down().await;
    assert_eq!(producer.stats().delivered, 0, "a late answer changes nothing");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_once_the_drain_has_begun() {
    let (sink, producer, drain) = start(|builder| builder.buffer_bytes(200));
    sink.hang();
    producer.send(record(1)).await.expect("accepted");
    let waiting = tokio::spawn({
        let producer = producer.clone();
        async move { producer.send(record(2)).await }
    });
    settle_down().await;
    drain.finish(Duration::from_secs(1)).await;
    let error = waiting.await.expect("no panic").expect_err("closed while it waited");
    assert!(matches!(error, SendError::Closed { .. }), "{error}");
    assert_eq!(error.record(), &record(2));
    let error = producer.send(record(3)).await.expect_err("closed");
    assert_eq!(error.into_record(), record(3));
    assert!(matches!(producer.try_send(record(4)), Err(SendError::Closed { .. })));
    assert!(producer.send_all([record(5)]).await.is_err());
    producer.flush().await;
}

#[tokio::test(start_paused = true)]
async fn an_unlimited_deadline_is_no_deadline() {
    let (sink, producer, drain) = start(|builder| builder);
    producer.send(record(1)).await.expect("accepted");
    assert!(drain.finish(Duration::MAX).await.is_complete());
    assert_eq!(sink.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_producer_sends_the_rest() {
    let (sink, producer, drain) = start(|builder| builder.linger(Duration::MAX));
    let clone = producer.clone();
    clone.send(record(1)).await.expect("accepted");
    drop(producer);
    settle_down().await;
    assert_eq!(sink.len(), 0, "a clone is left");
    drop(clone);
    settle_down().await;
    assert_eq!(sink.len(), 1, "sent before the drain asks");
    assert!(drain.finish(AMPLE).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_broken_pipe_is_seen_while_sending() {
    struct Broken;
    impl std::io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (producer, drain) = over(crate::JsonLinesSink::new("stdout", Broken), |builder| builder);
    assert!(producer.latest_failure().is_none());
    producer.send(record(1)).await.expect("accepted");
    producer.flush().await;
    let reason = producer.latest_failure().expect("nobody reads");
    assert_eq!(reason.io_kind(), Some(std::io::ErrorKind::BrokenPipe), "{reason}");
    assert_eq!(drain.finish(AMPLE).await.undelivered.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_drain_stops_nothing() {
    let (sink, producer, drain) = start(|builder| builder);
    drop(drain);
    producer.send(record(1)).await.expect("accepted");
    drop(producer);
    settle_down().await;
    assert_eq!(sink.len(), 1);
}

/// Panics in every second call.
#[derive(Debug)]
struct Panics(MemorySink);

#[async_trait::async_trait]
impl FirehoseSink for Panics {
    fn stream(&self) -> &str {
        self.0.stream()
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        let outcomes = self.0.put_batch(batch).await;
        assert!(self.0.calls().is_multiple_of(2), "call {} goes wrong", self.0.calls());
        outcomes
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_in_the_sink_its_batch_goes_again() {
    let sink = MemorySink::new("ratings");
    let (producer, drain) = over(Panics(sink.clone()), |builder| builder.in_flight(1));
    producer.send_all((0..1_000).map(record)).await.expect("accepted");
    producer.flush().await;
    assert_eq!(producer.stats().buffered_bytes, 0);
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.delivered, report.maybe_duplicated), (1_000, 1_000));
    assert_eq!(sink.len(), 2_000, "the sink stored each batch before it panicked");
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_always_panics_is_given_up() {
    let sink = crate::FaultSink::new(MemorySink::new("ratings"), 7).with_panicking_calls(1.0);
    let stop = crate::Stop::Attempts(3);
    let retry = crate::Retry { stop, ..crate::Retry::default() };
    let (producer, drain) = over(sink, |builder| builder.retry(retry));
    producer.send_all((0..10).map(record)).await.expect("accepted");
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.delivered, report.undelivered.len(), report.calls), (0, 10, 3));
    let (_, reason) = &report.undelivered[0];
    assert!(matches!(reason, Reason::Panicked(words) if words.contains("as asked")), "{reason}");
    assert_eq!(reason.stored(), Stored::Maybe);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_clones_on_four_threads_share_one_bound_and_one_account() {
    let sink = MemorySink::new("ratings");
    sink.refuse_share(0.1, 7);
    let bound = 64 * 1024;
    let retry = crate::Retry { first: Duration::from_millis(1), ..crate::Retry::default() };
    let (producer, drain) = over(sink.clone(), |builder| builder.buffer_bytes(bound).retry(retry));
    let start = Arc::new(Barrier::new(32));
    let senders: Vec<_> = (0..32)
        .map(|sender| {
            let (producer, start) = (producer.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                for n in 0..500 {
                    producer.send(record(sender * 500 + n)).await.expect("accepted");
                    assert!(producer.stats().buffered_bytes <= bound);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("no panic");
    }
    let report = drain.finish(Duration::from_secs(60)).await;
    assert_eq!((report.accepted, report.delivered), (16_000, 16_000), "{report}");
    let mut stored: Vec<_> = sink.take().into_iter().map(Record::into_data).collect();
    stored.sort();
    stored.dedup();
    assert_eq!(stored.len(), 16_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_blocks_its_thread_cannot_hold_the_deadline() {
    #[derive(Debug)]
    struct Blocks(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    #[async_trait::async_trait]
    impl FirehoseSink for Blocks {
        fn stream(&self) -> &str {
            "blocks"
        }
        fn limits(&self) -> Limits {
            Limits::FIREHOSE
        }
        async fn put_batch(&self, _: &[Record]) -> Result<Vec<Outcome>, PutError> {
            let _released = self.0.lock().map(|gate| gate.recv());
            Ok(Vec::new())
        }
    }
    let (release, gate) = std::sync::mpsc::channel();
    let sink = Blocks(std::sync::Mutex::new(gate));
    let (producer, drain) = over(sink, |builder| builder.linger(Duration::ZERO).in_flight(1));
    producer.send(record(1)).await.expect("accepted");
    let report = drain.finish(Duration::from_millis(50)).await;
    assert_eq!(report.undelivered.len(), 1);
    drop(release);
}
