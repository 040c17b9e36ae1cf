//! SQL on what passes, within one process: an embedded data stream, through a reshard, and the objects
//! of an embedded delivery stream as they arrive, both give what one gets by hand from all ratings.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arrow::{
    array::{AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};
use captain_ratings::{CaptainRating, JsonStyle, RatingGenerator};
use firehose_delivery::Clock;
use firehose_sink::Record;
use integration_tests::{sink_to, tutorial_set, tutorial_stream};
use kinesis_stream::{DataStream, NewRecord, ReadLimits, ShardId, StreamSettings};
use object_store::{ObjectStore, memory::InMemory};
use s3_parquet_reader::{MemoryCheckpoint, WatchOptions};
use stream_analysis::continuous::{ContinuousQuery, JsonRecords, QueryOptions};

/// Minute and captain, with the average and the total of the ratings.
type Scores = BTreeMap<(i64, String), (f64, i64)>;

const MINUTE_MICROS: i64 = 60_000_000;

/// More than three minutes of them, each 10 ms after the last.
fn ratings() -> Vec<CaptainRating> {
    let generator = RatingGenerator::with_seed(42).starting_at(1_641_622_800.0);
    generator.every(Duration::from_millis(10)).take(20_000).collect()
}

fn json(rating: &CaptainRating) -> Vec<u8> {
    let mut json = Vec::new();
    rating.write_json(JsonStyle::Compact, &mut json);
    json
}

#[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
fn by_hand(ratings: &[CaptainRating]) -> Scores {
    let mut sums: BTreeMap<(i64, String), (i64, i64)> = BTreeMap::new();
    for rating in ratings {
        let minute = rating.timestamp.div_euclid(60.0) as i64 * MINUTE_MICROS;
        let sum = sums.entry((minute, rating.favorite_captain.to_string())).or_default();
        *sum = (sum.0 + i64::from(rating.rating), sum.1 + 1);
    }
    let score = |(sum, count): (i64, i64)| (sum as f64 / count as f64, sum);
    sums.into_iter().map(|(key, sums)| (key, score(sums))).collect()
}

/// The query, which the first rows begin.
async fn started<'a>(
    query: &'a mut Option<ContinuousQuery>,
    first: &RecordBatch,
) -> &'a mut ContinuousQuery {
    if query.is_none() {
        let scores = QueryOptions::captain_scores("favoritecaptain", "rating");
        let scores = scores.with_event_time("timestamp");
        *query = Some(ContinuousQuery::start(&first.schema(), scores).await.expect("sound"));
    }
    query.as_mut().expect("it has begun")
}

/// Adds the answers of the windows that have closed, of which each comes once.
async fn take(query: &mut ContinuousQuery, scores: &mut Scores) {
    while let Some(window) = query.next_closed().await.expect("sound SQL") {
        let column = |name: &str, data_type: &DataType| {
            let column = window.answer.column_by_name(name).expect("the preset's columns");
            cast(column, data_type).expect("its type")
        };
        let captains = column("favoritecaptain", &DataType::Utf8);
        let averages = column("average_rating", &DataType::Float64);
        let totals = column("total_rating", &DataType::Int64);
        for row in 0..window.answer.num_rows() {
            let key = (window.start_micros, captains.as_string::<i32>().value(row).to_owned());
            let average = averages.as_primitive::<Float64Type>().value(row);
            let total = totals.as_primitive::<Int64Type>().value(row);
            assert!(scores.insert(key, (average, total)).is_none(), "a window twice");
        }
    }
}

#[tokio::test]
async fn an_embedded_data_stream_is_asked_through_a_reshard() {
    let ratings = ratings();
    let mut now = "2022-01-08T06:20:00Z".parse().expect("a time");
    let stream = DataStream::create(StreamSettings::default(), 2, now);
    let mut places: BTreeMap<ShardId, Option<u64>> = BTreeMap::new();
    let (mut query, mut records) = (None, None);
    let mut scores = Scores::new();
    for (round, put) in ratings.chunks(400).enumerate() {
        let record =
            |rating: &CaptainRating| NewRecord::new(&rating.user.to_string(), &json(rating));
        let put: Vec<_> = put.iter().map(record).collect();
        assert!(stream.put(now, &put).iter().all(Result::is_ok));
        if round == 20 {
            stream.scale_to(now, 3).expect("it may");
        }
        // Parents come before their children.
        for shard in stream.shards(now) {
            while let Some(from) = places.get(&shard.id).copied().unwrap_or(Some(0)) {
                let page = stream.read(now, shard.id, from, ReadLimits::default()).expect("there");
                let data: Vec<_> = page.records.iter().map(|record| record.data()).collect();
                let data = || data.iter().map(|data| &data[..]);
                places.insert(shard.id, page.next);
                if page.records.is_empty() {
                    break;
                }
                let infer = || JsonRecords::new(&JsonRecords::infer(data()).expect("ratings"));
                let records = records.get_or_insert_with(infer);
                let batch: RecordBatch = records.decode(data()).expect("ratings");
                let query = started(&mut query, &batch).await;
                query.push(&batch, 0.0).expect("within the bound");
                take(query, &mut scores).await;
            }
        }
        now += Duration::from_secs(1);
    }
    let mut query = query.expect("records came");
    query.finish().expect("it ends");
    take(&mut query, &mut scores).await;
    assert_eq!(query.counts().late, 0);
    assert_eq!(scores, by_hand(&ratings));
}

#[tokio::test(start_paused = true)]
async fn the_objects_of_an_embedded_delivery_stream_are_asked_as_they_arrive() {
    let ratings = ratings();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let clock = Clock::starting_at("2022-01-08T06:20:00Z".parse().expect("a time"));
    let delivery = tutorial_stream(Arc::clone(&store), clock).await;
    let sink = sink_to(&delivery);
    let seen = Arc::new(MemoryCheckpoint::default());
    let idle = WatchOptions::default().with_idle_for(Duration::from_secs(90));
    let mut watch = tutorial_set(store).watch(seen, idle).await.expect("a watch");
    let puts = ratings.clone();
    let putting = tokio::spawn(async move {
        for put in puts.chunks(400) {
            let put: Vec<_> = put.iter().map(|rating| Record::new(json(rating))).collect();
            sink.put_batch(&put).await.expect("taken");
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        delivery.close().await
    });
    let (mut query, mut scores) = (None, Scores::new());
    while let Some(arrived) = watch.next().await.expect("it reads") {
        watch.acknowledge([&arrived]).await.expect("kept");
        for batch in arrived.into_batches() {
            let query = started(&mut query, &batch).await;
            query.push(&batch, 0.0).expect("within the bound");
            take(query, &mut scores).await;
        }
    }
    assert_eq!(putting.await.expect("it ends").delivered_rows, 20_000);
    let mut query = query.expect("objects came");
    query.finish().expect("it ends");
    take(&mut query, &mut scores).await;
    assert_eq!(query.counts().late, 0);
    assert_eq!(scores, by_hand(&ratings));
}
