//! The law of conservation under random faults: accepted = delivered + undelivered, the stream
//! holds what was delivered, and no more duplicates than were counted.
//!
//! Twenty seeds, or the one in the variable `FIREHOSE_SINK_SEED`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use crate::{FaultSink, MemorySink, Producer, Record, Retry, Stop, split_mix::SplitMix64};

pub(super) fn seeds() -> Vec<u64> {
    match std::env::var("FIREHOSE_SINK_SEED") {
        Ok(seed) => vec![seed.parse().expect("FIREHOSE_SINK_SEED is a number")],
        Err(_) => (1..=20).collect(),
    }
}

/// What a seed stands for.
#[derive(Debug)]
struct Scene {
    throttled: f64,
    ambiguous: f64,
    refused: f64,
    latency: Duration,
    buffer_bytes: usize,
    in_flight: usize,
    stop: Stop,
    records: usize,
    deadline: Duration,
}

impl Scene {
    fn draw(random: &mut SplitMix64) -> Self {
        let mut share = |most: f64| random.up_to(1_000) as f64 / 1_000.0 * most;
        let (throttled, ambiguous, refused) = (share(0.3), share(0.2), share(0.6));
        let mut number = |most: u64| usize::try_from(random.up_to(most)).expect("small");
        Self {
            throttled,
            ambiguous,
            refused,
            latency: Duration::from_millis(number(50) as u64),
            buffer_bytes: 4_000 + number(1_000_000),
            in_flight: 1 + number(7),
            stop: [Stop::Never, Stop::Attempts(4), Stop::After(Duration::from_secs(2))][number(2)],
            records: 5_000 + number(5_000),
            // Some drains are cut short.
            deadline: [Duration::from_millis(20), Duration::from_secs(86_400)][number(1)],
        }
    }

    async fn play(&self, seed: u64) {
        let store = MemorySink::new("ratings");
        let sink = FaultSink::new(store.clone(), seed)
            .with_throttled_calls(self.throttled)
            .with_ambiguous_calls(self.ambiguous)
            .with_refused_records(self.refused)
            .with_latency(Duration::ZERO, self.latency);
        let (producer, drain) = Producer::builder(Arc::new(sink))
            .buffer_bytes(self.buffer_bytes)
            .in_flight(self.in_flight)
            .retry(Retry { stop: self.stop, ..Retry::default() })
            .seed(seed)
            .start();
        let sent = self.send(&producer).await;
        let report = drain.finish(self.deadline).await;

        let shown = format!("seed {seed}, {self:?}: {report}");
        assert_eq!(report.accepted, sent, "{shown}");
        assert_eq!(report.accepted, report.delivered + report.undelivered.len() as u64, "{shown}");
        assert_eq!(producer.stats().buffered_bytes, 0, "{shown}");
        let mut stored: HashMap<Record, u64> = HashMap::new();
        for record in store.take() {
            *stored.entry(record).or_default() += 1;
        }
        let duplicates: u64 = stored.values().map(|times| times - 1).sum();
        assert!(duplicates <= report.maybe_duplicated, "{duplicates} duplicates, {shown}");
        // What was delivered is stored; what was not may be.
        let mut missing = (0..self.records).filter(|&n| !stored.contains_key(&numbered(n)));
        let returned: std::collections::HashSet<&Record> =
            report.undelivered.iter().map(|(record, _)| record).collect();
        let lost = missing.find(|&n| !returned.contains(&numbered(n)));
        assert_eq!(lost, None, "{shown}");
        eprintln!("seed {seed}: {report}; {duplicates} duplicates");
    }

    /// Sends in every way there is, from two clones. All records differ.
    async fn send(&self, producer: &Producer) -> u64 {
        let half = self.records / 2;
        let singly = async {
            for n in 0..half {
                if n % 3 == 0 {
                    let receipt = producer.send_tracked(numbered(n)).await.expect("accepted");
                    drop(receipt);
                } else {
                    producer.send(numbered(n)).await.expect("accepted");
                }
            }
        };
        let clone = producer.clone();
        let together = async {
            clone.send_all((half..self.records).map(numbered)).await.expect("accepted");
        };
        tokio::join!(singly, together);
        self.records as u64
    }
}

fn numbered(n: usize) -> Record {
    Record::new(format!("{{\"n\":{n}}}"))
}

#[tokio::test(start_paused = true)]
async fn every_accepted_record_is_accounted_for() {
    for seed in seeds() {
        let scene = Scene::draw(&mut SplitMix64::with_seed(seed));
        eprintln!("seed {seed}: {scene:?}");
        scene.play(seed).await;
    }
}
