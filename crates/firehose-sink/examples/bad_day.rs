//! A stream on a bad day: what the producer does about throttling, refusals and lost answers.
//!
//! ```text
//! cargo run -p firehose-sink --example bad_day -- 7
//! ```
//!
//! The number is the seed of the faults.

use std::{collections::HashMap, io::Write, sync::Arc, time::Duration};

use firehose_sink::{FaultSink, MemorySink, Producer, Record, Retry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(42), |seed| seed.parse())?;
    let store = MemorySink::new("ratings");
    let stream = Arc::new(
        FaultSink::new(store.clone(), seed)
            .with_throttled_calls(0.15)
            .with_ambiguous_calls(0.05)
            .with_refused_records(0.3),
    );
    // A short pause, for nobody wants to watch an example wait.
    let retry = Retry { first: Duration::from_millis(2), ..Retry::default() };
    let watched = Arc::clone(&stream);
    let (producer, drain) = Producer::builder(stream).retry(retry).start();
    producer.send_all((0..100_000).map(|n| Record::from(format!("{{\"n\":{n}}}")))).await?;
    drop(producer);
    let report = drain.finish(Duration::from_secs(60)).await;

    let mut times: HashMap<Record, u64> = HashMap::new();
    store.take().into_iter().for_each(|record| *times.entry(record).or_default() += 1);
    let duplicates: u64 = times.values().map(|times| times - 1).sum();
    let mut out = std::io::stdout().lock();
    writeln!(out, "the stream, seed {seed}: {:?}", watched.counts())?;
    writeln!(out, "the producer: {report}")?;
    writeln!(out, "in the store: {} different records, {duplicates} duplicates", times.len())?;
    writeln!(out, "lost: {}", report.accepted - times.len() as u64)?;
    Ok(())
}
