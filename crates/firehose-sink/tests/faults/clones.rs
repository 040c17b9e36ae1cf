//! Row 13: many senders at once.

use std::{sync::Arc, time::Duration};

use firehose_sink::{FaultSink, MemorySink, Producer};
use tokio::sync::oneshot;

use crate::{
    AMPLE,
    figures::{Figures, told},
    record, seeds,
};

const CLONES: u64 = 32;
const THREADS: u64 = 4;
const EACH: u64 = 300;

/// The senders run on four threads of their own, the producer on the paused clock of this one.
#[tokio::test(start_paused = true)]
async fn row_13_thirty_two_clones_on_four_threads() {
    let mut figures = Vec::new();
    for seed in seeds() {
        let store = MemorySink::new("ratings");
        let sink = FaultSink::new(store.clone(), seed)
            .with_throttled_calls(0.15)
            .with_ambiguous_calls(0.05)
            .with_refused_records(0.3)
            .with_latency(Duration::ZERO, Duration::from_millis(5));
        let sink = Arc::new(sink);
        let builder = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed);
        let (producer, drain) = builder.buffer_bytes(64 * 1024).start();
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let (done, finished) = oneshot::channel();
            let clones: Vec<(u64, Producer)> = (0..CLONES)
                .filter(|clone| clone % THREADS == thread)
                .map(|clone| (clone, producer.clone()))
                .collect();
            std::thread::spawn(move || {
                send_from(clones);
                done.send(())
            });
            threads.push(finished);
        }
        for finished in threads {
            finished.await.expect("no panic");
        }
        producer.flush().await;
        let metrics = producer.metrics();
        let report = drain.finish(AMPLE).await;
        let run = Figures::of(seed, &store, sink.counts(), &report, metrics, CLONES * EACH);
        let stats = run.metrics.stats;
        assert_eq!((stats.accepted, stats.delivered), (CLONES * EACH, CLONES * EACH), "{run:?}");
        assert_eq!(store.len() as u64, stats.delivered + run.faults.stored_in_doubt, "{run:?}");
        figures.push(run);
    }
    told(13, "32 clones on 4 threads, mixed faults", &figures);
}

/// Sends the records of these clones, all at once.
fn send_from(clones: Vec<(u64, Producer)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let sends = clones.into_iter().map(|(clone, producer)| async move {
            for n in 0..EACH {
                producer.send(record(clone * EACH + n)).await.expect("accepted");
            }
        });
        futures::future::join_all(sends).await;
    });
}
