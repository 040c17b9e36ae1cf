//! Dynamic partitioning: a buffer for each partition, and the error prefix for what has none.

use super::*;
use crate::{DynamicPartitioning, Processing, SubRecords};

fn partitioned() -> DeliveryStreamConfig {
    DeliveryStreamConfig::new("p")
        .with_prefix("c=!{partitionKeyFromQuery:c}/!{timestamp:yyyy}/")
        .with_error_output_prefix("e/!{firehose:error-output-type}/")
        .partitioned(DynamicPartitioning::by_query("{c:.c}"))
        .buffering(1_000, Duration::from_secs(60))
}

fn record(text: &str) -> Record {
    Record::from(text.to_owned().into_bytes())
}

/// Body by key without the name of the object, the last of two that are equal but for it.
fn by_folder(objects: &BTreeMap<String, Bytes>) -> BTreeMap<String, String> {
    let folder = |key: &String| key[..=key.rfind('/').unwrap()].to_owned();
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    objects.iter().map(|(key, bytes)| (folder(key), text(bytes))).collect()
}

#[tokio::test(start_paused = true)]
async fn section_4_5_each_partition_has_a_buffer_of_its_own() {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(partitioned(), bucket(&store), six_o_clock()).await.unwrap();
    let big = format!(r#"{{"c":"big","x":"{}"}}"#, "x".repeat(1_000));
    stream.put_batch(&[record(r#"{"c":"a"}"#), record(&big), record("nothing")]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(objects(&*store).await.len(), 1, "only the full one is out");
    stream.put_batch(&[record(r#"{"c":"b"}"#), record(r#"{"c":"a"}"#)]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(31)).await;
    let first = by_folder(&objects(&*store).await);
    assert_eq!(first.len(), 3, "b is younger than a: {first:?}");
    assert_eq!(first["c=a/2022/"], r#"{"c":"a"}{"c":"a"}"#);
    assert_eq!(first["c=big/2022/"], big);
    let failed: serde_json::Value = serde_json::from_str(&first["e/processing-failed/"]).unwrap();
    assert_eq!(failed["errorCode"], "DynamicPartitioning.MetadataExtractionFailed");
    assert_eq!(failed["rawData"], STANDARD.encode("nothing"));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records, stats.delivered_objects), (4, 1, 3));
    assert_eq!((stats.processing_failed_records, stats.active_partitions), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn section_3_4_records_beyond_the_limit_of_partitions_fail() {
    let store = FlakyStore::new();
    let limited = DynamicPartitioning { most_active: 2, ..DynamicPartitioning::by_query("{c:.c}") };
    let config = partitioned().partitioned(limited);
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let batch: Vec<_> =
        ["a", "b", "c", "a", "d"].map(|c| record(&format!(r#"{{"c":"{c}"}}"#))).into();
    stream.put_batch(&batch).await.unwrap();
    assert_eq!(stream.stats().active_partitions, 2);
    // A partition is active until its buffer is delivered.
    store.refuse(i64::MAX);
    let flushing = {
        let stream = stream.clone();
        tokio::spawn(async move { stream.flush().await })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    stream.put_batch(&[record(r#"{"c":"e"}"#)]).await.unwrap();
    store.refuse(0);
    flushing.await.unwrap();
    stream.put_batch(&[record(r#"{"c":"f"}"#)]).await.unwrap();
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records), (4, 3));
    assert_eq!(stats.partition_limit_records, 3);
    let objects = objects(&*store).await;
    let lines: Vec<serde_json::Value> = objects
        .iter()
        .filter(|(key, _)| key.starts_with("e/processing-failed/"))
        .flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()))
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line["errorCode"] == "activePartitionExceeded"));
}

#[tokio::test(start_paused = true)]
async fn section_4_4_records_are_taken_apart_filed_and_delimited() {
    let store = Arc::new(InMemory::new());
    let processing = Processing {
        sub_records: Some(SubRecords::Json),
        delimiter: Some(b"\n".to_vec()),
        ..Processing::default()
    };
    let config = partitioned().processing(processing);
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[record(r#"{"c":"a"}{"c":"b"} {"c":"a","n":2}"#)]).await.unwrap();
    let stats = stream.close().await;
    assert_eq!((stats.accepted_records, stats.split_records, stats.delivered_records), (1, 2, 3));
    let found = by_folder(&objects(&*store).await);
    assert_eq!(found["c=a/2022/"], "{\"c\":\"a\"}\n{\"c\":\"a\",\"n\":2}\n");
    assert_eq!(found["c=b/2022/"], "{\"c\":\"b\"}\n");
}

#[tokio::test(start_paused = true)]
async fn a_partition_whose_key_cannot_be_fails_and_harms_no_other() {
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open(partitioned(), bucket(&store), six_o_clock()).await.unwrap();
    let long = "x".repeat(600);
    let batch = ["../../up", "a//b", "\u{1}", &long, "ok"]
        .map(|c| record(&serde_json::json!({ "c": format!("{c}/..") }).to_string()));
    stream.put_batch(&batch).await.unwrap();
    stream.put_batch(&[record(r#"{"c":"fine/sub"}"#)]).await.unwrap();
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records), (1, 5));
    assert!(objects(&*store).await.keys().any(|key| key.starts_with("c=fine/sub/2022/")));
}

#[tokio::test(start_paused = true)]
async fn partitions_convert_and_an_update_keeps_what_was_filed() {
    let store = Arc::new(InMemory::new());
    let query = DynamicPartitioning::by_query("{c:.favoritecaptain}");
    let config = config()
        .with_prefix("!{partitionKeyFromQuery:c}/")
        .with_error_output_prefix("e/!{firehose:error-output-type}/")
        .partitioned(query);
    let stream = DeliveryStream::open(config.clone(), bucket(&store), six_o_clock()).await.unwrap();
    stream.put_batch(&[rating(1), rating(2)]).await.unwrap();
    let moved = config.with_prefix("to/!{partitionKeyFromQuery:c}/").at_version(2);
    stream.update(&moved, bucket(&store)).unwrap();
    stream.put_batch(&[rating(3)]).await.unwrap();
    stream.close().await;
    let objects = objects(&*store).await;
    assert_eq!(ratings(&objects), [1, 2, 3]);
    let folders: Vec<_> = objects.keys().map(|key| &key[..key.rfind('/').unwrap()]).collect();
    assert_eq!(folders, ["Han Solo", "to/Han Solo"]);
}

/// A processor without partitions: the records go out with all others.
#[tokio::test(start_paused = true)]
async fn section_4_4_a_delimiter_alone_needs_no_partitions() {
    let store = Arc::new(InMemory::new());
    let delimiter = Processing { delimiter: Some(b"\n".to_vec()), ..Processing::default() };
    let config = DeliveryStreamConfig::new("s")
        .buffering(1_000, Duration::from_secs(60))
        .processing(delimiter);
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    let abc = Record::from(Bytes::from_static(b"abc"));
    stream.put_batch(&[abc.clone(), abc]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(stream.stats().delivered_records, 2, "by age");
    let bodies: Vec<_> = objects(&*store).await.into_values().collect();
    assert_eq!(bodies, [Bytes::from_static(b"abc\nabc\n")]);
}
