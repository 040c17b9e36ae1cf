//! Calls that are refused as invalid, and where their bad records go.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::prelude::*;

use super::{AMPLE, over, record};
use crate::{
    DeadLetter, DeadLetters, FaultSink, MemorySink, PutErrorKind, Reason, Record, Retry, Stop,
    Stored,
};

/// A sink that takes no call with one of these records.
fn with_poison(bad: Vec<usize>) -> (MemorySink, FaultSink<MemorySink>) {
    let store = MemorySink::new("ratings");
    let bad: Vec<Record> = bad.into_iter().map(record).collect();
    let sink = FaultSink::new(store.clone(), 7).with_poison(move |record| bad.contains(record));
    (store, sink)
}

/// Keeps what it is given.
#[derive(Clone, Default)]
struct Buried(Arc<Mutex<Vec<DeadLetter>>>);

impl Buried {
    fn keeping(&self) -> impl DeadLetters + use<> {
        let letters = Arc::clone(&self.0);
        move |letter: &DeadLetter| letters.lock().expect("no panic").push(letter.clone())
    }

    fn records(&self) -> Vec<Record> {
        self.0.lock().expect("no panic").iter().map(|letter| letter.record.clone()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_record_is_alone_after_a_few_calls_wherever_it_stands() {
    for bad in 0..500 {
        let (store, sink) = with_poison(vec![bad]);
        let buried = Buried::default();
        let isolated_after = Arc::new(Mutex::new(0));
        let (letters, calls) = (buried.keeping(), Arc::clone(&isolated_after));
        let faults = Arc::new(sink);
        let counted = Arc::clone(&faults);
        let builder =
            crate::Producer::builder(faults).seed(7).dead_letters(move |letter: &DeadLetter| {
                *calls.lock().expect("no panic") = counted.counts().calls;
                letters.bury(std::slice::from_ref(letter)).expect("kept");
            });
        let (producer, drain) = builder.start();
        producer.send_all((0..500).map(record)).await.expect("accepted");
        let report = drain.finish(AMPLE).await;
        let calls = *isolated_after.lock().expect("no panic");
        assert!((2..=11).contains(&calls), "record {bad} was found with call {calls}");
        assert_eq!(buried.records(), [record(bad)]);
        assert_eq!((report.delivered, report.dead_lettered, store.len()), (499, 1, 499));
        assert!(report.undelivered.is_empty() && report.maybe_duplicated == 0, "{report:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any number of bad records, in any places, beside refusals and throttling.
    #[test]
    fn exactly_the_bad_records_are_found(
        bad in prop::collection::btree_set(0_usize..2_000, 0..40),
        in_flight in 1_usize..6,
        seed: u64,
        share in 0.0_f64..0.3,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let store = MemorySink::new("ratings");
            let poison: Vec<Record> = bad.iter().copied().map(record).collect();
            let sink = FaultSink::new(store.clone(), seed)
                .with_poison(move |record| poison.contains(record))
                .with_throttled_calls(share)
                .with_refused_records(share);
            let buried = Buried::default();
            let (producer, drain) = over(sink, |builder| {
                builder.in_flight(in_flight).dead_letters(buried.keeping())
            });
            producer.send_all((0..2_000).map(record)).await.expect("accepted");
            producer.flush().await;
            assert_eq!(producer.watermark(), 2_000);
            let report = drain.finish(AMPLE).await;
            let mut found = buried.records();
            found.sort_by_key(|record| String::from_utf8_lossy(record.data()).parse::<usize>().ok());
            assert_eq!(found, bad.iter().copied().map(record).collect::<Vec<_>>());
            assert_eq!(report.delivered, 2_000 - bad.len() as u64);
            assert_eq!((store.len() as u64, report.maybe_duplicated), (report.delivered, 0));
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_nothing_is_not_asked_for_each_record() {
    let sink = FaultSink::new(MemorySink::new("ratings"), 7).with_poison(|_| true);
    let sink = Arc::new(sink);
    let (producer, drain) = crate::Producer::builder(Arc::clone(&sink) as Arc<_>).start();
    producer.send_all((0..50_000).map(record)).await.expect("accepted");
    let report = drain.finish(AMPLE).await;
    assert_eq!(report.undelivered.len(), 50_000);
    let calls = sink.counts().calls;
    assert!(calls < 1_500, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn searching_is_no_try() {
    let (_, sink) = with_poison(vec![3]);
    let retry = Retry { stop: Stop::Attempts(1), ..Retry::default() };
    let (producer, drain) = over(sink, |builder| builder.retry(retry));
    let mut receipts = Vec::new();
    for n in 0..100 {
        receipts.push(producer.send_tracked(record(n)).await.expect("accepted"));
    }
    for (n, receipt) in receipts.into_iter().enumerate() {
        match receipt.await {
            Ok(delivered) => assert_eq!((n == 3, delivered.attempts), (false, 1)),
            Err(undelivered) => {
                assert_eq!((n, undelivered.stored), (3, Stored::Nothing));
                let Reason::Failed(error) = undelivered.reason else { panic!("{undelivered}") };
                assert_eq!(error.kind(), PutErrorKind::Invalid);
            }
        }
    }
    assert_eq!(drain.finish(AMPLE).await.undelivered.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_in_the_middle_of_a_search_gives_everything_back() {
    let store = MemorySink::new("ratings");
    let sink = FaultSink::new(store.clone(), 7)
        .with_poison(|record| record.data().ends_with(b"77"))
        .with_latency(Duration::from_secs(1), Duration::from_secs(1));
    let (producer, drain) = over(sink, |builder| builder.in_flight(3));
    producer.send_all((0..2_000).map(record)).await.expect("accepted");
    let report = drain.finish(Duration::from_millis(7_500)).await;
    assert_eq!(report.accepted, report.delivered + report.undelivered.len() as u64);
    assert!(report.undelivered.len() > 100 && !store.is_empty(), "{report}");
    assert_eq!(producer.stats().buffered_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn letters_that_are_not_taken_come_back_in_the_report() {
    struct Fails;
    impl DeadLetters for Fails {
        fn bury(&self, letters: &[DeadLetter]) -> io::Result<()> {
            assert!(letters[0].record.len() > 1, "a panic counts as an error");
            Err(io::Error::other("the disk is full"))
        }
    }
    let (_, sink) = with_poison(vec![5, 77]);
    let (producer, drain) = over(sink, |builder| builder.dead_letters(Fails));
    producer.send_all((0..100).map(record)).await.expect("accepted");
    let report = drain.finish(AMPLE).await;
    let mut back: Vec<Record> =
        report.undelivered.iter().map(|(record, _)| record.clone()).collect();
    back.sort_by_key(Record::len);
    assert_eq!(back, [record(5), record(77)]);
    assert_eq!((report.delivered, report.dead_lettered), (98, 0));
}

#[tokio::test(start_paused = true)]
async fn given_up_records_are_buried_and_the_deadline_gives_back() {
    let (store, buried) = (MemorySink::new("ratings"), Buried::default());
    let retry = Retry { stop: Stop::Attempts(2), ..Retry::default() };
    let (producer, drain) =
        over(store.clone(), |builder| builder.retry(retry).dead_letters(buried.keeping()));
    store.refuse_every(1);
    let receipt = producer.send_tracked(record(1)).await.expect("accepted");
    assert_eq!(receipt.await.expect_err("given up").attempts, 2);
    assert_eq!(buried.records(), [record(1)]);
    assert_eq!(producer.stats().dead_lettered, 1);
    assert!(producer.latest_failure().is_none(), "the dead letters have it");
    store.hang();
    producer.send(record(2)).await.expect("accepted");
    let report = drain.finish(Duration::from_secs(1)).await;
    assert_eq!((report.dead_lettered, report.undelivered.len()), (1, 1));
    assert_eq!(report.undelivered[0].0, record(2));
}
