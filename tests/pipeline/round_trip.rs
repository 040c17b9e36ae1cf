//! Ratings through the whole pipeline: what comes out is what went in, to the last bit.

use std::{sync::Arc, time::Duration};

use arrow::{
    array::{Array, AsArray},
    datatypes::{Float64Type, Int32Type},
};
use captain_ratings::{CaptainRating, JsonStyle, RatingGenerator};
use firehose_delivery::Clock;
use firehose_sink::{Producer, Record};
use integration_tests::{BUFFER_AGE, sink_to, tutorial_set, tutorial_stream};
use object_store::{ObjectStore, local::LocalFileSystem, memory::InMemory};
use s3_parquet_reader::{ParquetSet, ReadOptions, Table};
use stream_analysis::RobustZFit;

fn six_o_clock() -> Clock {
    Clock::starting_at("2022-01-08T06:00:00Z".parse().expect("a time"))
}

fn ratings_of(table: &Table) -> Vec<CaptainRating> {
    let mut ratings = Vec::new();
    for batch in table.batches() {
        let users = batch.column(0).as_string::<i32>();
        let captains = batch.column(1).as_string::<i32>();
        let values = batch.column(2).as_primitive::<Int32Type>();
        let times = batch.column(3).as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let json = serde_json::json!({
                "user": users.value(row),
                "favoritecaptain": captains.value(row),
                "rating": values.value(row),
                "timestamp": times.value(row),
            });
            ratings.push(serde_json::from_value(json).expect("a rating"));
        }
        assert!(batch.columns().iter().all(|column| column.null_count() == 0));
    }
    ratings
}

async fn send(store: Arc<dyn ObjectStore>, style: JsonStyle, expected: &[CaptainRating]) {
    let stream = tutorial_stream(store, six_o_clock()).await;
    let (producer, drain) = Producer::builder(sink_to(&stream)).start();
    for rating in expected {
        let mut json = Vec::new();
        rating.write_json(style, &mut json);
        producer.send(Record::new(json)).await.expect("room");
    }
    drop(producer);
    let report = drain.finish(Duration::from_secs(60)).await;
    assert_eq!(report.delivered, expected.len() as u64, "{report}");
    let stats = stream.close().await;
    assert_eq!(stats.delivered_rows, expected.len() as u64);
    assert_eq!((stats.failed_records, stats.buffered_records), (0, 0));
}

fn by_time(mut ratings: Vec<CaptainRating>) -> Vec<CaptainRating> {
    ratings.sort_by(|a, b| a.timestamp.total_cmp(&b.timestamp));
    ratings
}

#[tokio::test(start_paused = true)]
async fn every_rating_arrives_once_to_the_last_bit() {
    // A step with an awkward fraction, so that timestamps use all their digits.
    let expected: Vec<_> = RatingGenerator::with_seed(7)
        .starting_at(1_641_621_600.123_456_7)
        .every(Duration::from_nanos(1_234_567))
        .take(20_000)
        .collect();
    for style in [JsonStyle::Compact, JsonStyle::Python] {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        send(Arc::clone(&store), style, &expected).await;
        let table = tutorial_set(store).read_all().await.expect("objects that read");
        assert!(table.report().listed > 10, "{}", table.report());
        assert_eq!(by_time(ratings_of(&table)), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_buffer_over_the_hour_lies_in_the_earlier_one() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let clock = Clock::starting_at("2022-01-08T06:59:30Z".parse().expect("a time"));
    let stream = tutorial_stream(Arc::clone(&store), clock).await;
    let rating = RatingGenerator::with_seed(1).record(0).to_json();
    for _ in 0..2 {
        stream.put_batch(&[Record::from(rating.clone())]).await.expect("an open stream");
        tokio::time::sleep(Duration::from_secs(45)).await;
    }
    tokio::time::sleep(BUFFER_AGE).await;
    stream.put_batch(&[Record::from(rating)]).await.expect("an open stream");
    stream.close().await;
    let set = tutorial_set(Arc::clone(&store));
    let hour = |text: &str| text.parse().expect("a time");
    let early = set.clone().between(hour("2022-01-08T06:00:00Z"), hour("2022-01-08T07:00:00Z"));
    let late = set.between(hour("2022-01-08T07:00:00Z"), hour("2022-01-08T08:00:00Z"));
    assert_eq!(early.read_all().await.expect("objects").num_rows(), 2);
    assert_eq!(late.read_all().await.expect("objects").num_rows(), 1);
}

#[tokio::test]
async fn a_directory_serves_as_bucket() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = LocalFileSystem::new_with_prefix(directory.path()).expect("a store");
    let expected: Vec<_> = RatingGenerator::with_seed(3).take(3_000).collect();
    send(Arc::new(store), JsonStyle::Compact, &expected).await;
    let location = directory.path().join("ratings");
    let location = location.to_str().expect("a UTF-8 path");
    let set = ParquetSet::open(location, &ReadOptions::default()).await.expect("a location");
    let table = set.read_all().await.expect("objects");
    assert_eq!(by_time(ratings_of(&table)), expected);
    let hour = directory.path().join("ratings2022/01/08/06");
    for file in std::fs::read_dir(hour).expect("the hour's folder") {
        let name = file.expect("a file").file_name().into_string().expect("a UTF-8 name");
        assert!(name.starts_with("PUT-S3-qrZbv-1-2022-01-08-06-0"), "{name}");
        assert!(name.ends_with(".parquet"), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_planted_anomaly_is_found_and_no_other() {
    let ratings: Vec<_> = RatingGenerator::with_seed(42).take(30_000).collect();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    send(Arc::clone(&store), JsonStyle::Compact, &ratings).await;
    let table = tutorial_set(store).read_all().await.expect("objects");
    let mut fit = RobustZFit::new(table.schema(), "rating").expect("a column of numbers");
    table.batches().iter().for_each(|batch| fit.push(batch).expect("the same schema"));
    let truth = |batch: &arrow::array::RecordBatch, row: usize| {
        batch.column(1).as_string::<i32>().value(row) == captain_ratings::OUTLIER_CAPTAIN
    };
    let confusion = fit.finish().score_against(table.batches(), truth).expect("the same schema");
    assert_eq!((confusion.precision(), confusion.recall()), (Some(1.0), Some(1.0)));
}
