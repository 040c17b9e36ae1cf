//! What the Producer promises, as figures: a row of the table in `docs/src/producer.md` for each
//! fault, on a paused clock.
//!
//! Seeds 1 to 20, or as many as `FIREHOSE_SINK_SEEDS` says, or the one in `FIREHOSE_SINK_SEED`.
//! Each row prints its figures; `cargo test -p firehose-sink --test faults -- --nocapture` shows
//! them. Row 10 measures the memory of its process and is in `stuck.rs`; rows 14 and 15 need an
//! endpoint and are in the workspace's wire tests.

mod answers;
mod calls;
mod clones;
mod endings;
mod figures;
mod outages;
mod records;

use std::{sync::Arc, time::Duration};

use firehose_sink::{FaultSink, MemorySink, Producer, ProducerBuilder, Record};

use figures::Figures;

/// A drain that nothing holds up: give-up times are shorter.
const AMPLE: Duration = Duration::from_secs(24 * 3_600);

/// Records that a row sends for each seed.
const RECORDS: u64 = 5_000;

/// The seeds to play.
fn seeds() -> Vec<u64> {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
    };
    match (number("FIREHOSE_SINK_SEED"), number("FIREHOSE_SINK_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, most) => (1..=most.unwrap_or(20)).collect(),
    }
}

/// A record like a rating, 108 bytes, that tells its number.
fn record(n: u64) -> Record {
    Record::new(format!(
        "{{\"user\":\"{:<41}\",\"rating\":{:>8},\"timestamp\":1641621600.0,\"n\":{n:>8}}}",
        "x",
        n % 1_000
    ))
}

/// Sends records through faults until everything is settled, and counts.
async fn play(
    seed: u64,
    faults: impl FnOnce(FaultSink<MemorySink>) -> FaultSink<MemorySink>,
    set_up: impl FnOnce(ProducerBuilder) -> ProducerBuilder,
) -> Figures {
    let store = MemorySink::new("ratings");
    let sink = Arc::new(faults(FaultSink::new(store.clone(), seed)));
    let builder = Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed);
    let (producer, drain) = set_up(builder.buffer_bytes(1024 * 1024)).start();
    producer.send_all((0..RECORDS).map(record)).await.expect("accepted");
    producer.flush().await;
    let metrics = producer.metrics();
    let report = drain.finish(AMPLE).await;
    Figures::of(seed, &store, sink.counts(), &report, metrics, RECORDS)
}
