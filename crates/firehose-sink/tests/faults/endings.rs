//! Rows 9, 11 and 12: giving up, draining, and what callers and sinks drop.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use firehose_sink::{DeadLetter, FaultSink, MemorySink, Producer, Record, Retry, Stop};
use futures::future::poll_immediate;
use tokio::time::Instant;

use crate::{
    AMPLE, RECORDS,
    figures::{Figures, told},
    play, record, seeds,
};

#[tokio::test(start_paused = true)]
async fn row_9_records_are_given_up() {
    let stops = [
        (Stop::Attempts(3), "after 3 attempts"),
        (Stop::After(Duration::from_millis(200)), "after 200 ms"),
    ];
    for (stop, shown) in stops {
        for buried in [true, false] {
            let mut figures = Vec::new();
            for seed in seeds() {
                figures.push(give_up(seed, stop, buried).await);
            }
            let given_up: u64 = figures.iter().map(|run| run.undelivered + run.dead_lettered).sum();
            assert!(given_up >= figures.len() as u64, "some were given up: {given_up}");
            let place = if buried { "to the dead letters" } else { "back in the report" };
            told(9, &format!("half is refused each time, given up {shown}, {place}"), &figures);
        }
    }
}

/// Every record is found again, in exactly one place.
async fn give_up(seed: u64, stop: Stop, buries: bool) -> Figures {
    let store = MemorySink::new("ratings");
    let sink = FaultSink::new(store.clone(), seed).with_refused_records(0.5);
    let sink = Arc::new(sink.with_throttled_calls(0.2));
    let letters = Arc::new(Mutex::new(Vec::new()));
    let retry = Retry { stop, ..Retry::default() };
    let mut builder = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed).retry(retry);
    if buries {
        let letters = Arc::clone(&letters);
        builder = builder.dead_letters(move |letter: &DeadLetter| {
            letters.lock().expect("no panic").push(letter.record.clone());
        });
    }
    let (producer, drain) = builder.start();
    let mut receipts = Vec::new();
    for n in 0..RECORDS {
        receipts.push(producer.send_tracked(record(n)).await.expect("accepted"));
    }
    producer.flush().await;
    let metrics = producer.metrics();
    let report = drain.finish(AMPLE).await;
    let mut failed = 0;
    for receipt in receipts {
        failed += u64::from(receipt.await.is_err());
    }
    let letters = letters.lock().expect("no panic").clone();
    let given_up = report.undelivered.len() as u64 + report.dead_lettered;
    assert_eq!((failed, letters.len() as u64), (given_up, report.dead_lettered), "seed {seed}");
    assert!(report.undelivered.is_empty() || !buries, "seed {seed}: {report}");
    let returned = report.undelivered.iter().map(|(record, _)| record.clone());
    let places: Vec<Record> = store.records().into_iter().chain(letters).chain(returned).collect();
    let different: HashSet<&Record> = places.iter().collect();
    assert_eq!((places.len() as u64, different.len() as u64), (RECORDS, RECORDS), "seed {seed}");
    Figures::of(seed, &store, sink.counts(), &report, metrics, RECORDS)
}

#[tokio::test(start_paused = true)]
async fn row_11_a_drain_with_a_full_buffer() {
    let millis = Duration::from_millis;
    let kinds = [
        ("healthy", millis(20), millis(40), Duration::from_secs(30)),
        ("slow", millis(4_000), millis(6_000), Duration::from_secs(60)),
        ("dead", Duration::from_secs(1_000_000), Duration::from_secs(1_000_000), millis(5_000)),
    ];
    for (kind, least, most, deadline) in kinds {
        let (mut figures, mut longest) = (Vec::new(), Duration::ZERO);
        for seed in seeds() {
            let store = MemorySink::new("ratings");
            let sink = Arc::new(FaultSink::new(store.clone(), seed).with_latency(least, most));
            let builder = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed);
            // Nothing may wait for this linger.
            let builder = builder.linger(Duration::from_secs(3_600)).buffer_bytes(1024 * 1024);
            let (producer, drain) = builder.start();
            let mut records = 0;
            while producer.try_send(record(records)).is_ok() {
                records += 1;
            }
            let began = Instant::now();
            let report = drain.finish(deadline).await;
            let took = began.elapsed();
            longest = longest.max(took);
            assert!(took <= deadline + millis(200), "seed {seed}: {took:?}");
            match kind {
                "dead" => assert_eq!(report.undelivered.len() as u64, records, "seed {seed}"),
                _ => assert!(report.is_complete(), "seed {seed}: {report}"),
            }
            assert!(kind != "healthy" || took < Duration::from_secs(1), "seed {seed}: {took:?}");
            let metrics = producer.metrics();
            let run = Figures::of(seed, &store, sink.counts(), &report, metrics, records);
            figures.push(run);
        }
        told(11, &format!("a drain with a full buffer, the stream is {kind}"), &figures);
        eprintln!("row 11 | {kind}: at most {longest:?} of {deadline:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn row_12_receipts_and_sends_are_dropped() {
    let mut figures = Vec::new();
    for seed in seeds() {
        let store = MemorySink::new("ratings");
        let sink = FaultSink::new(store.clone(), seed)
            .with_refused_records(0.2)
            .with_throttled_calls(0.2)
            .with_latency(Duration::ZERO, Duration::from_millis(10));
        let sink = Arc::new(sink);
        let builder = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed);
        let (producer, drain) = builder.buffer_bytes(50_000).start();
        let (mut accepted, mut dropped) = (0, 0);
        while accepted < RECORDS {
            // A send that does not get its room at once is dropped, and has accepted nothing.
            match poll_immediate(producer.send_tracked(record(accepted))).await {
                Some(receipt) => {
                    drop(receipt.expect("accepted"));
                    accepted += 1;
                }
                None => {
                    dropped += 1;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        producer.flush().await;
        assert!(dropped > 0, "seed {seed}");
        let metrics = producer.metrics();
        let report = drain.finish(AMPLE).await;
        let run = Figures::of(seed, &store, sink.counts(), &report, metrics, accepted);
        assert_eq!((run.delivered, run.duplicates), (RECORDS, 0), "{run:?}");
        figures.push(run);
    }
    told(12, "all receipts and many sends dropped", &figures);
}

#[tokio::test(start_paused = true)]
async fn row_12_the_sink_panics() {
    let mut figures = Vec::new();
    for seed in seeds() {
        let faults = |sink: FaultSink<_>| sink.with_panicking_calls(0.3);
        let run = play(seed, faults, |builder| builder).await;
        assert_eq!(run.delivered, RECORDS, "{run:?}");
        let panicked = run.metrics.calls.get("panicked").copied().unwrap_or(0);
        assert_eq!(panicked, run.faults.panicking_calls, "{run:?}");
        figures.push(run);
    }
    told(12, "the sink panics in 30 % of the calls", &figures);
    let panics: u64 = figures.iter().map(|run| run.faults.panicking_calls).sum();
    assert!(panics >= figures.len() as u64, "the faults did happen: {panics}");
}
