mod backup;
mod changes;
mod conservation;
mod decompression;
mod journal;
mod partitions;
mod raw;
mod retries;
mod scripted;
mod transform;
mod transform_life;
mod types;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use arrow::array::AsArray;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use firehose_sink::FirehoseSink;
use futures::TryStreamExt;
use object_store::{ObjectStoreExt, memory::InMemory};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::{
    Delivered, DeliveryEvent, EmbeddedSink, GlueTable, ParquetCompression, ParquetOptions,
    RetryPolicy, Trigger, flaky_store::FlakyStore,
};

fn six_o_clock() -> Clock {
    Clock::starting_at(DateTime::parse_from_rfc3339("2022-01-08T06:04:19Z").unwrap().to_utc())
}

fn table() -> GlueTable {
    let columns = [
        ("user", "string"),
        ("favoritecaptain", "string"),
        ("rating", "int"),
        ("timestamp", "double"),
    ];
    GlueTable::new("captains", "ratings", columns).unwrap()
}

fn config() -> DeliveryStreamConfig {
    DeliveryStreamConfig::new("PUT-S3-qrZbv")
        .with_prefix("ratings")
        .converting_to(table())
        .buffering(1000, Duration::from_secs(60))
}

fn bucket<S: ObjectStore>(store: &Arc<S>) -> Arc<dyn ObjectStore> {
    Arc::<S>::clone(store)
}

fn rating(n: usize) -> Record {
    let json =
        format!(r#"{{"user":"u{n}","favoritecaptain":"Han Solo","rating":{n},"timestamp":{n}.5}}"#);
    Record::from(json.into_bytes())
}

async fn objects(store: &dyn ObjectStore) -> BTreeMap<String, Bytes> {
    let metas: Vec<_> = store.list(None).try_collect().await.unwrap();
    let mut objects = BTreeMap::new();
    for meta in metas {
        let bytes = store.get(&meta.location).await.unwrap().bytes().await.unwrap();
        objects.insert(meta.location.to_string(), bytes);
    }
    objects
}

/// The ratings in all Parquet objects, in key order.
fn ratings(objects: &BTreeMap<String, Bytes>) -> Vec<i32> {
    let parquet = objects.iter().filter(|(key, _)| key.ends_with(".parquet"));
    parquet
        .flat_map(|(_, bytes)| {
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
            let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
            batches.into_iter().flat_map(|batch| {
                let column = batch.column_by_name("rating").unwrap();
                column
                    .as_primitive::<arrow::datatypes::Int32Type>()
                    .iter()
                    .map(Option::unwrap_or_default)
                    .collect::<Vec<_>>()
            })
        })
        .collect()
}

fn error_lines(objects: &BTreeMap<String, Bytes>) -> Vec<serde_json::Value> {
    let errors = objects.iter().filter(|(key, _)| key.contains("format-conversion-failed/"));
    errors
        .flat_map(|(_, bytes)| bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()))
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn section_4_1_a_buffer_goes_out_by_age_under_the_hour_of_its_oldest_record() {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    let outcomes = stream.put_batch(&[rating(1), rating(2)]).await.unwrap();
    assert!(outcomes.iter().all(Outcome::is_accepted));
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert!(objects(&*store).await.is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let objects = objects(&*store).await;
    let key = objects.keys().next().unwrap();
    assert!(key.starts_with("ratings2022/01/08/06/PUT-S3-qrZbv-1-2022-01-08-06-04-19-"), "{key}");
    assert!(key.ends_with(".parquet"));
    assert_eq!(ratings(&objects), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn buffers_go_out_by_size_then_the_rest_by_flush() {
    let store = Arc::new(InMemory::new());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let observer = Observer::new(move |event| {
        sink.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    });
    let stream = DeliveryStream::open_observed(config(), bucket(&store), six_o_clock(), observer)
        .await
        .unwrap();
    let batch: Vec<_> = (0..40).map(rating).collect();
    stream.put_batch(&batch).await.unwrap();
    stream.flush().await;
    let delivered: Vec<Delivered> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|event| match event {
            DeliveryEvent::Delivered(delivered) => delivered.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    let triggers: Vec<_> = delivered.iter().map(|object| object.trigger).collect();
    assert_eq!(triggers, [Trigger::Size, Trigger::Size, Trigger::Flush]);
    let objects = objects(&*store).await;
    assert_eq!(objects.len(), 3);
    for object in &delivered {
        assert_eq!(objects[&object.key].len(), object.bytes);
        assert_eq!(object.rows, Some(object.records));
    }
    let mut found = ratings(&objects);
    found.sort_unstable();
    assert_eq!(found, (0..40).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_writes_nothing() {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    stream.flush().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(stream.close().await, StreamStats::default());
    assert!(objects(&*store).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn recorded_2_6_bad_records_go_to_the_error_prefix_one_by_one() {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    let bad: [&[u8]; 3] = [b"not json", br#"{"rating":"oops"}"#, b""];
    let batch = [
        rating(1),
        Record::from(Bytes::from_static(bad[0])),
        rating(2),
        Record::from(Bytes::from_static(bad[1])),
        Record::from(Bytes::from_static(bad[2])),
        rating(3),
    ];
    stream.put_batch(&batch).await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records, stats.buffered_records), (3, 3, 0));
    let objects = objects(&*store).await;
    assert_eq!(ratings(&objects), [1, 2, 3]);
    let key = objects.keys().find(|key| key.contains("failed")).unwrap();
    let expected =
        "ratingsformat-conversion-failed/2022/01/08/06/PUT-S3-qrZbv-1-2022-01-08-06-04-19-";
    assert!(key.starts_with(expected) && !key.ends_with(".parquet"), "{key}");
    let lines = error_lines(&objects);
    let raw: Vec<_> = lines
        .iter()
        .map(|line| STANDARD.decode(line["rawData"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(raw, bad);
    assert_eq!(lines[0]["lastErrorCode"], "DataFormatConversion.ParseError");
    assert_eq!(lines[1]["lastErrorCode"], "DataFormatConversion.MalformedData");
    assert_eq!(
        lines[1]["lastErrorMessage"],
        "Data does not match the schema. For input string: \"oops\""
    );
    assert_eq!(lines[1]["arrivalTimestamp"], 1_641_621_859_000_i64);
    assert_eq!(lines[1]["attemptEndingTimestamp"], 1_641_621_919_000_i64);
    assert_eq!(lines[1]["dataCatalogTable"]["tableName"], "ratings");
    let text = String::from_utf8(objects[key].to_vec()).unwrap();
    let members = [
        "attemptsMade",
        "arrivalTimestamp",
        "lastErrorCode",
        "lastErrorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "sequenceNumber",
        "subSequenceNumber",
        "dataCatalogTable",
    ];
    let places: Vec<_> = members.iter().map(|member| text.find(member).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[tokio::test(start_paused = true)]
async fn section_4_4_a_raw_stream_joins_its_records() {
    let store = Arc::new(InMemory::new());
    let config = DeliveryStreamConfig::new("raw").buffering(1000, Duration::from_secs(1));
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let abc = Record::from(Bytes::from_static(b"abc"));
    stream.put_batch(&[abc.clone(), abc.clone(), abc]).await.unwrap();
    stream.close().await;
    let objects = objects(&*store).await;
    let (key, body) = objects.first_key_value().unwrap();
    assert!(key.starts_with("2022/01/08/06/raw-1-2022-01-08-06-04-19-"), "{key}");
    assert_eq!(body.as_ref(), b"abcabcabc");
}

#[tokio::test(start_paused = true)]
async fn a_refused_put_is_tried_again_with_pauses_and_loses_nothing() {
    let store = FlakyStore::new();
    store.refuse(5);
    let retry = RetryPolicy {
        first: Duration::from_secs(1),
        cap: Duration::from_secs(4),
        ..RetryPolicy::default()
    };
    let config = config().retrying(retry);
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(7)]).await.unwrap();
    let started = tokio::time::Instant::now();
    let stats = stream.close().await;
    // 1 + 2 + 4 + 4 + 4 seconds.
    assert_eq!(started.elapsed().as_secs(), 15);
    assert_eq!((stats.put_retries, stats.delivered_records, store.attempts()), (5, 1, 6));
    assert_eq!(ratings(&objects(&*store).await), [7]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_got_lost_makes_no_second_object() {
    let store = FlakyStore::new();
    store.lose_answers(3);
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(7)]).await.unwrap();
    stream.close().await;
    assert_eq!(store.attempts(), 4);
    assert_eq!(objects(&*store).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn panics_of_others_lose_nothing() {
    let store = FlakyStore::new();
    store.panic(2);
    let observer = Observer::new(|_| panic!("as the test asked for"));
    let opened = DeliveryStream::open_observed(config(), bucket(&store), six_o_clock(), observer);
    let stream = opened.await.unwrap();
    stream.put_batch(&[rating(7), rating(8)]).await.unwrap();
    let stats = stream.close().await;
    assert_eq!((stats.put_retries, stats.delivered_records), (2, 2));
    assert_eq!(ratings(&objects(&*store).await), [7, 8]);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_at_the_deadline_and_says_what_is_left() {
    let store = FlakyStore::new();
    store.refuse(i64::MAX);
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(1), rating(2)]).await.unwrap();
    let error = stream.close_within(Duration::from_secs(10)).await.unwrap_err().to_string();
    assert!(
        error.contains("`PUT-S3-qrZbv`: 2 records") && error.contains("no space left"),
        "{error}"
    );
    // The stream has not given up.
    store.refuse(0);
    assert_eq!(stream.close().await.delivered_records, 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_stream_refuses_while_the_store_does() {
    let store = FlakyStore::new();
    store.refuse(i64::MAX);
    let config = config().holding_at_most(2_000);
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let mut refused = 0;
    for n in 0..100 {
        match stream.put_batch(&[rating(n)]).await.unwrap().pop() {
            Some(Outcome::Refused(refusal)) => {
                assert_eq!(refusal, Refusal::slow_down());
                refused += 1;
            }
            Some(_) => assert_eq!(refused, 0, "taken after it was full"),
            None => panic!("no outcome"),
        }
    }
    assert!(refused > 50 && stream.stats().buffered_bytes <= 2_000, "{:?}", stream.stats());
    store.refuse(0);
    let stats = stream.close().await;
    assert_eq!(stats.delivered_records + refused, 100);
}

#[tokio::test(start_paused = true)]
async fn a_full_stream_makes_puts_wait_while_deliveries_go_through() {
    let store = FlakyStore::new();
    let config = config().holding_at_most(500);
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    for n in 0..100 {
        let outcome = stream.put_batch(&[rating(n)]).await.unwrap();
        assert!(outcome[0].is_accepted());
        assert!(stream.stats().buffered_bytes <= 500);
    }
    assert_eq!(stream.close().await.delivered_records, 100);
}

#[tokio::test(start_paused = true)]
async fn a_closed_stream_takes_nothing() {
    let stream =
        DeliveryStream::open(config(), Arc::new(InMemory::new()), six_o_clock()).await.unwrap();
    stream.close().await;
    let error = stream.put_batch(&[rating(1)]).await.unwrap_err();
    assert_eq!((error.kind(), error.stored()), (PutErrorKind::Closed, Stored::Nothing));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_still_delivers() {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(config(), bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(9)]).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(ratings(&objects(&*store).await), [9]);
}

#[tokio::test(start_paused = true)]
async fn ids_are_unique_across_batches() {
    let stream =
        DeliveryStream::open(config(), Arc::new(InMemory::new()), six_o_clock()).await.unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..10 {
        for outcome in stream.put_batch(&vec![rating(1); 50]).await.unwrap() {
            let Outcome::Accepted(id) = outcome else { panic!("refused") };
            ids.insert(id.to_string());
        }
    }
    assert_eq!(ids.len(), 500);
}

#[tokio::test(start_paused = true)]
async fn the_embedded_sink_keeps_every_promise() {
    firehose_sink::conformance::all(&|| async {
        let store = Arc::new(InMemory::new());
        let config = DeliveryStreamConfig::new("conformance");
        let stream = DeliveryStream::open(config, store, Clock::system()).await.unwrap();
        Arc::new(EmbeddedSink::new(stream)) as Arc<dyn FirehoseSink>
    })
    .await;
}
