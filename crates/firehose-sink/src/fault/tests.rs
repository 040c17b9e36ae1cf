//! The shares that were asked for, and the same faults for the same seed.

use std::time::Duration;

use tokio::time::Instant;

use super::{FaultCounts, FaultSink};
use crate::{FirehoseSink, MemorySink, PutErrorKind, Record, Stored};

fn batch(count: usize) -> Vec<Record> {
    (0..count).map(|n| Record::new(n.to_string())).collect()
}

#[cfg(feature = "conformance")]
#[tokio::test]
async fn it_conforms_without_faults() {
    use std::sync::Arc;
    crate::conformance::all(&|| async {
        Arc::new(FaultSink::new(MemorySink::new("ratings"), 1)) as Arc<dyn FirehoseSink>
    })
    .await;
}

async fn run(seed: u64) -> (FaultCounts, Vec<Record>) {
    let sink = FaultSink::new(MemorySink::new("ratings"), seed)
        .with_throttled_calls(0.15)
        .with_ambiguous_calls(0.05)
        .with_refused_records(0.3);
    for _ in 0..1_000 {
        match sink.put_batch(&batch(10)).await {
            Ok(outcomes) => assert_eq!(outcomes.len(), 10),
            Err(error) if error.kind() == PutErrorKind::Throttled => {
                assert_eq!(error.stored(), Stored::Nothing);
            }
            Err(error) => assert!(error.kind().is_transient() && error.stored() == Stored::Maybe),
        }
    }
    (sink.counts(), sink.inner().take())
}

#[tokio::test]
async fn the_shares_are_those_asked_for() {
    let (counts, stored) = run(42).await;
    assert_eq!(counts.calls, 1_000);
    assert!((110..190).contains(&counts.throttled_calls), "{counts:?}");
    assert!((20..70).contains(&counts.ambiguous_calls), "{counts:?}");
    let answered = 10 * (counts.calls - counts.throttled_calls - counts.ambiguous_calls);
    assert!((250..350).contains(&(counts.refused_records * 1_000 / answered)), "{counts:?}");
    assert_eq!(
        stored.len() as u64,
        answered - counts.refused_records + counts.stored_in_doubt,
        "what it says it stored is what is there"
    );
}

#[tokio::test]
async fn the_same_seed_makes_the_same_faults() {
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await.0, run(8).await.0);
}

#[tokio::test]
async fn refused_records_are_those_that_are_not_stored() {
    let sink = FaultSink::new(MemorySink::new("ratings"), 3).with_refused_records(0.5);
    let sent = batch(100);
    let outcomes = sink.put_batch(&sent).await.expect("answered");
    let taken: Vec<Record> = sent
        .into_iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.is_accepted())
        .map(|(record, _)| record)
        .collect();
    assert_eq!(sink.inner().records(), taken);
    assert!((30..70).contains(&taken.len()), "{}", taken.len());
}

#[tokio::test(start_paused = true)]
async fn latency_lies_between_its_bounds() {
    let (least, most) = (Duration::from_millis(10), Duration::from_millis(30));
    let sink = FaultSink::new(MemorySink::new("ratings"), 3).with_latency(least, most);
    for _ in 0..20 {
        let started = Instant::now();
        sink.put_batch(&batch(1)).await.expect("taken");
        // The timer's grain is one millisecond.
        let took = started.elapsed();
        assert!(took >= least && took <= most + Duration::from_millis(1), "{took:?}");
    }
}
