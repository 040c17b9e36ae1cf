//! Rows 2 and 8: the stream takes nothing for a while.

use std::{sync::Arc, time::Duration};

use firehose_sink::{FaultSink, MemorySink, Producer, PutErrorKind, Stored};
use tokio::time::{Instant, sleep};

use crate::{
    AMPLE, RECORDS,
    figures::{Figures, told},
    play, record, seeds,
};

const OUTAGE: Duration = Duration::from_secs(600);
const CAP: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn row_2_some_calls_are_throttled() {
    for (calls, kind) in [
        (1, PutErrorKind::Throttled),
        (1, PutErrorKind::Unavailable),
        (40, PutErrorKind::Throttled),
        (40, PutErrorKind::Unavailable),
    ] {
        let mut figures = Vec::new();
        for seed in seeds() {
            let faults = |sink: FaultSink<MemorySink>| {
                sink.inner().fail_next(calls, kind, Stored::Nothing);
                sink
            };
            let run = play(seed, faults, |builder| builder).await;
            assert_eq!((run.delivered, run.duplicates, run.counted), (RECORDS, 0, 0), "{run:?}");
            assert_eq!(run.metrics.calls.get(kind.label()), Some(&(calls as u64)), "{run:?}");
            figures.push(run);
        }
        told(2, &format!("{calls} calls {}", kind.label()), &figures);
    }
}

/// Ten minutes of 503 under load: how often the stream is asked, and how soon all is as before.
#[tokio::test(start_paused = true)]
async fn row_2_ten_minutes_of_503() {
    let (mut figures, mut tries, mut recoveries) = (Vec::new(), Vec::new(), Vec::new());
    for seed in seeds() {
        let store = MemorySink::new("ratings");
        let millis = Duration::from_millis;
        let sink = FaultSink::new(store.clone(), seed)
            .with_outage(Duration::ZERO..OUTAGE, PutErrorKind::Unavailable)
            .with_latency(millis(5), millis(15));
        let (began, sink) = (Instant::now(), Arc::new(sink));
        let builder = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed).linger(millis(10));
        let (producer, drain) = builder.buffer_bytes(1024 * 1024).start();
        let sender = producer.clone();
        let sent = tokio::spawn(async move {
            let mut n = 0;
            while sender.metrics().in_flight_limit < 4 || began.elapsed() < OUTAGE {
                sender.send_all((n..n + 100).map(record)).await.expect("accepted");
                n += 100;
            }
            (n, began.elapsed() - OUTAGE)
        });
        sleep(OUTAGE - millis(1)).await;
        assert_eq!(producer.metrics().in_flight_limit, 1, "seed {seed}");
        tries.push(sink.counts().calls);
        let (records, recovered) = sent.await.expect("no panic");
        recoveries.push(recovered);
        producer.flush().await;
        let metrics = producer.metrics();
        let report = drain.finish(AMPLE).await;
        let run = Figures::of(seed, &store, sink.counts(), &report, metrics, records);
        assert_eq!((run.delivered, run.duplicates), (records, 0), "{run:?}");
        figures.push(run);
    }
    told(2, "ten minutes of 503", &figures);
    let mean = tries.iter().sum::<u64>() as f64 / tries.len() as f64;
    let slowest = recoveries.iter().max().expect("a seed");
    eprintln!(
        "row  2 | {mean:.0} tries in ten minutes on average, full rate again after {slowest:?} at most"
    );
    // Pauses drawn evenly up to 10 s are 5 s on average, so 120 tries; the first eight are short.
    let expected = OUTAGE.as_secs_f64() / (CAP.as_secs_f64() / 2.0) + 8.0;
    assert!(figures.len() < 10 || mean <= expected * 1.1, "{tries:?}");
    assert!(tries.iter().all(|&tries| tries <= 200), "{tries:?}");
    assert!(*slowest < 2 * CAP, "{recoveries:?}");
}

#[tokio::test(start_paused = true)]
async fn row_8_credentials_expire_and_the_stream_is_made_again() {
    for (kind, fault) in [
        (PutErrorKind::Denied, "credentials expired for half an hour"),
        (PutErrorKind::NotFound, "the stream was deleted and made again"),
    ] {
        let mut figures = Vec::new();
        for seed in seeds() {
            let lasts = Duration::ZERO..Duration::from_secs(1_800);
            let faults = |sink: FaultSink<_>| {
                let millis = Duration::from_millis;
                sink.with_outage(lasts, kind).with_latency(millis(5), millis(15))
            };
            let run = play(seed, faults, |builder| builder).await;
            assert_eq!((run.delivered, run.duplicates, run.counted), (RECORDS, 0, 0), "{run:?}");
            assert!(run.faults.outage_calls >= 100, "it was asked all the time: {run:?}");
            assert!(run.faults.outage_calls <= 400, "but slowly: {run:?}");
            figures.push(run);
        }
        told(8, fault, &figures);
    }
}
