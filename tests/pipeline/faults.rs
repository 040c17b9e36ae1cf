//! The whole pipeline on a bad day: nothing is lost, and duplicates are what the report says.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arrow::{array::AsArray, datatypes::Float64Type};
use captain_ratings::RatingGenerator;
use firehose_delivery::{Clock, EmbeddedSink};
use firehose_sink::{FaultSink, Producer, Record};
use integration_tests::{tutorial_set, tutorial_stream};
use object_store::{ObjectStore, memory::InMemory};

const RATINGS: u64 = 5_000;

fn seeds() -> Vec<u64> {
    match std::env::var("PIPELINE_SEED") {
        Ok(seed) => vec![seed.parse().expect("PIPELINE_SEED is a number")],
        Err(_) => (1..=5).collect(),
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_throttling_and_lost_answers_lose_no_row() {
    for seed in seeds() {
        println!("PIPELINE_SEED={seed}");
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let stream = tutorial_stream(Arc::clone(&store), Clock::system()).await;
        let sink = FaultSink::new(EmbeddedSink::new(stream.clone()), seed)
            .with_refused_records(0.2)
            .with_throttled_calls(0.15)
            .with_ambiguous_calls(0.05);
        let (producer, drain) = Producer::builder(Arc::new(sink)).start();
        let generator = RatingGenerator::with_seed(seed);
        let records = (0..RATINGS).map(|index| Record::from(generator.record(index).to_json()));
        producer.send_all(records).await.expect("room");
        drop(producer);
        let report = drain.finish(Duration::from_secs(3_600)).await;
        assert_eq!(report.delivered, RATINGS, "seed {seed}: {report}");
        stream.close().await;
        let table = tutorial_set(store).read_all().await.expect("objects");
        let mut copies: BTreeMap<u64, u64> = BTreeMap::new();
        for batch in table.batches() {
            for time in batch.column(3).as_primitive::<Float64Type>().values() {
                *copies.entry(time.to_bits()).or_default() += 1;
            }
        }
        assert_eq!(copies.len() as u64, RATINGS, "seed {seed}: rows are missing");
        let duplicates = copies.values().sum::<u64>() - RATINGS;
        assert!(duplicates <= report.maybe_duplicated, "seed {seed}: {duplicates} > {report}");
    }
}
