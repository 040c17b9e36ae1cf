//! Rows 6 and 7: records that no call can hold, or that spoil the call they are in.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use firehose_sink::{DeadLetter, FaultSink, Limits, MemorySink, Producer, Record, SendError};

use crate::{
    AMPLE,
    figures::{Figures, told},
    record, seeds,
};

const GOOD: u64 = 2_000;

#[tokio::test(start_paused = true)]
async fn row_6_an_oversized_record_among_good_ones() {
    let mut figures = Vec::new();
    for seed in seeds() {
        let store = MemorySink::new("ratings");
        let sink = Arc::new(FaultSink::new(store.clone(), seed).with_refused_records(0.1));
        let (producer, drain) = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed).start();
        let largest = Limits::FIREHOSE.record_bytes;
        let position = seed * 97 % GOOD;
        producer.send_all((0..position).map(record)).await.expect("accepted");
        let error = producer.send(Record::new(vec![b'x'; largest + 1])).await;
        let Err(SendError::TooLarge { size, limit, .. }) = error else { panic!("{error:?}") };
        assert_eq!((size, limit), (1_024_001, 1_024_000), "seed {seed}");
        producer.send(Record::new(vec![b'x'; largest])).await.expect("1,024,000 bytes pass");
        producer.send_all((position..GOOD).map(record)).await.expect("accepted");
        producer.flush().await;
        let metrics = producer.metrics();
        let report = drain.finish(AMPLE).await;
        assert_eq!((report.delivered, report.rejected), (GOOD + 1, 1), "seed {seed}: {report}");
        assert!(store.records().iter().any(|record| record.len() == largest), "seed {seed}");
        let mut run = Figures::of(seed, &store, sink.counts(), &report, metrics, GOOD);
        // The largest record is one of its own.
        run.records += 1;
        figures.push(run);
    }
    told(6, "one record of 1,024,001 bytes, one of 1,024,000", &figures);
}

#[tokio::test(start_paused = true)]
async fn row_7_one_poison_record_in_five_hundred() {
    let (mut figures, mut most) = (Vec::new(), 0);
    for seed in seeds() {
        let store = MemorySink::new("ratings");
        let poison = record(seed * 7919 % 500);
        let bad = poison.clone();
        let sink = FaultSink::new(store.clone(), seed).with_poison(move |record| *record == bad);
        let sink = Arc::new(sink);
        let (isolated, counts) = (Arc::new(AtomicU64::new(0)), Arc::clone(&sink));
        let found = Arc::clone(&isolated);
        let builder = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed);
        let (producer, drain) = builder
            .dead_letters(move |letter: &DeadLetter| {
                assert_eq!(letter.record, poison);
                found.store(counts.counts().calls, Ordering::Relaxed);
            })
            .start();
        producer.send_all((0..500).map(record)).await.expect("accepted");
        producer.flush().await;
        let metrics = producer.metrics();
        let report = drain.finish(AMPLE).await;
        let calls = isolated.load(Ordering::Relaxed);
        assert!((1..=18).contains(&calls), "seed {seed}: {calls} calls");
        assert_eq!((report.delivered, report.dead_lettered), (499, 1), "seed {seed}: {report}");
        assert!(report.undelivered.is_empty(), "seed {seed}: {report}");
        most = most.max(calls);
        let run = Figures::of(seed, &store, sink.counts(), &report, metrics, 500);
        assert_eq!((run.duplicates, run.counted), (0, 0), "{run:?}");
        figures.push(run);
    }
    told(7, "one poison record in 500", &figures);
    eprintln!("row  7 | alone after {most} calls at most, the first one included");
}
