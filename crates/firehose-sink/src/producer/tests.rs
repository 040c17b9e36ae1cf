//! The producer as its users see it, on a paused clock.

mod batches;
mod bounds;
mod conservation;
mod endings;
mod invalid;
mod logs;
mod measured;
mod packs;
mod properties;
mod receipts;
mod retries;
mod watermarks;

use std::{sync::Arc, time::Duration};

use super::{Drain, Producer, ProducerBuilder};
use crate::{FirehoseSink, MemorySink, Record};

/// A drain that nothing holds up.
const AMPLE: Duration = Duration::from_secs(3_600);

fn record(n: usize) -> Record {
    Record::new(n.to_string())
}

/// A producer over a healthy sink in memory, with whatever settings.
fn start(set_up: impl FnOnce(ProducerBuilder) -> ProducerBuilder) -> (MemorySink, Producer, Drain) {
    let sink = MemorySink::new("ratings");
    let (producer, drain) = over(sink.clone(), set_up);
    (sink, producer, drain)
}

fn over(
    sink: impl FirehoseSink,
    set_up: impl FnOnce(ProducerBuilder) -> ProducerBuilder,
) -> (Producer, Drain) {
    set_up(Producer::builder(Arc::new(sink)).seed(7)).start()
}

/// Lets the other tasks run until they wait for something, without letting time pass.
async fn settle_down() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
