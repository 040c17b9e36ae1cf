//! Streams whose records go through a function.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    scripted::{ARN, Scripted, Step, upper},
    *,
};
use crate::{Backup, DynamicPartitioning, LambdaProcessor, Processing, SubRecords};

fn raw(function: &Arc<Scripted>) -> DeliveryStreamConfig {
    DeliveryStreamConfig::new("t")
        .with_prefix("ok/")
        .with_error_output_prefix("e/!{firehose:error-output-type}/")
        .buffering(1_000_000, Duration::from_secs(30))
        .transformed_by(function.processor())
}

async fn opened(config: DeliveryStreamConfig) -> (Arc<FlakyStore>, DeliveryStream) {
    let store = FlakyStore::new();
    let stream = DeliveryStream::open(config, bucket(&store), six_o_clock()).await.unwrap();
    (store, stream)
}

async fn put(stream: &DeliveryStream, texts: &[&str]) {
    let batch: Vec<_> = texts.iter().map(|text| Record::from(text.as_bytes().to_vec())).collect();
    let outcomes = stream.put_batch(&batch).await.unwrap();
    assert!(outcomes.iter().all(Outcome::is_accepted));
}

/// What stands under `ok/`, joined in key order.
async fn delivered(store: &Arc<FlakyStore>) -> String {
    let objects = objects(&**store).await;
    let ok = objects.iter().filter(|(key, _)| key.starts_with("ok/"));
    ok.map(|(_, bytes)| String::from_utf8(bytes.to_vec()).unwrap()).collect()
}

/// The lines under `e/processing-failed/`.
async fn failed(store: &Arc<FlakyStore>) -> Vec<Value> {
    let objects = objects(&**store).await;
    let failed = objects.iter().filter(|(key, _)| key.starts_with("e/processing-failed/"));
    failed
        .flat_map(|(_, bytes)| bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()))
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn section_2_2_records_wait_for_the_processors_own_interval_and_then_for_the_streams() {
    let function = Scripted::new([]);
    let (store, stream) = opened(raw(&function)).await;
    put(&stream, &["a", "b"]).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert!(function.given().is_empty(), "60 s is the default");
    put(&stream, &["c"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(function.given(), [["a", "b", "c"]]);
    let stats = stream.stats();
    assert_eq!((stats.accepted_records, stats.buffered_records, stats.buffered_bytes), (3, 3, 3));
    assert_eq!((stats.transformed_records, stats.transformed_bytes, stats.invocations), (3, 3, 1));
    assert!(objects(&*store).await.is_empty());
    tokio::time::sleep(Duration::from_secs(30)).await;
    let objects = objects(&*store).await;
    let (key, body) = objects.first_key_value().unwrap();
    // The instant in the key is the arrival of the oldest record, not of its transformation.
    assert!(key.starts_with("ok/2022/01/08/06/t-1-2022-01-08-06-04-19-"), "{key}");
    assert_eq!(body.as_ref(), b"ABC");
}

#[tokio::test(start_paused = true)]
async fn section_2_2_a_raw_buffer_goes_to_the_function_by_size() {
    let function = Scripted::new([]);
    let config =
        raw(&function).transformed_by(function.processor().buffering(4, Duration::from_secs(900)));
    let (store, stream) = opened(config).await;
    put(&stream, &["aa", "bb", "cc", "dd", "e"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Calls overlap, so that only what is delivered has an order.
    let mut given = function.given();
    given.sort();
    assert_eq!(given, [["aa", "bb"], ["cc", "dd"]]);
    stream.close().await;
    assert_eq!(delivered(&store).await, "AABBCCDDE");
}

/// Six MiB is what Lambda takes: an event is cut before it, whatever the size hint.
#[tokio::test(start_paused = true)]
async fn an_event_never_has_more_than_lambda_takes() {
    let function = Scripted::new([]);
    let config = raw(&function)
        .holding_at_most(usize::MAX)
        .transformed_by(function.processor().buffering(usize::MAX, Duration::from_secs(900)));
    let (_store, stream) = opened(config).await;
    let big = "x".repeat(1_000_000);
    for _ in 0..3 {
        put(&stream, &[&big, &big, &big, &big]).await;
    }
    for _ in 0..130 {
        put(&stream, &[""; 500]).await;
    }
    let stats = stream.close().await;
    assert_eq!(stats.delivered_records, 12 + 65_000);
    let counts: Vec<_> = function.given().iter().map(Vec::len).collect();
    assert_eq!(counts.iter().sum::<usize>(), 12 + 65_000);
    assert_eq!(counts[..2], [4, 4], "four records of a million bytes and base64 are 5.3 million");
}

#[tokio::test(start_paused = true)]
async fn section_5_7_each_result_has_its_place() {
    let function = Scripted::new([Step::Each(|text| match text {
        "drop" => ("Dropped", None, json!(null)),
        "fail" => ("ProcessingFailed", Some("ignored".to_owned()), json!(null)),
        "empty" => ("Ok", Some(String::new()), json!(null)),
        "twice" => ("Ok", Some("TWICETWICE".to_owned()), json!(null)),
        other => upper(other),
    })]);
    let (store, stream) = opened(raw(&function)).await;
    put(&stream, &["a", "drop", "fail", "empty", "twice", "b"]).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    // 6 records of 19 bytes became 5 of 16: "A", "fail", "", "TWICETWICE", "B".
    let stats = stream.stats();
    assert_eq!((stats.buffered_records, stats.buffered_bytes, stats.dropped_records), (5, 16, 1));
    let stats = stream.close().await;
    assert_eq!((stats.delivered_records, stats.failed_records), (4, 1));
    assert_eq!((stats.transformed_records, stats.processing_failed_records), (4, 1));
    assert_eq!(stats.transformed_bytes, "aemptytwiceb".len() as u64);
    assert_eq!(delivered(&store).await, "ATWICETWICEB");
    let objects = objects(&*store).await;
    let (_, line) = objects.iter().find(|(key, _)| key.starts_with("e/processing-")).unwrap();
    let line = std::str::from_utf8(line).unwrap();
    let expected = format!(
        "{{\"rawData\":\"{}\",\"errorCode\":\"Lambda.ProcessingFailedStatus\",\"errorMessage\":\
         \"ProcessingFailed status set for record\",\"attemptsMade\":1,\"arrivalTimestamp\":\
         1641621859000,\"attemptEndingTimestamp\":1641621919000,\"lambdaARN\":\"{ARN}\"}}\n",
        STANDARD.encode("fail")
    );
    assert_eq!(line, expected, "members in the order of the captured line");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_made_again_with_pauses_and_the_same_records() {
    type Make = fn() -> Step;
    let failures: [Make; 5] = [
        || Step::Fail,
        || Step::Panic,
        || Step::Bytes(br#"{"errorMessage":"boom","errorType":"E"}"#.to_vec()),
        || Step::Bytes(vec![b' '; LambdaProcessor::MOST_BYTES + 1]),
        || Step::Late(Duration::from_secs(301)),
    ];
    for (place, failure) in failures.into_iter().enumerate() {
        let function = Scripted::new([failure(), failure(), failure()]);
        let (store, stream) = opened(raw(&function)).await;
        put(&stream, &["a"]).await;
        let started = tokio::time::Instant::now();
        let stats = stream.close().await;
        // Pauses of 200, 400 and 800 ms; a call that takes too long ends after 5 minutes.
        let late = if place == 4 { 900_000 } else { 0 };
        assert_eq!(started.elapsed().as_millis(), 1_400 + late, "{place}");
        assert_eq!((stats.invocations, stats.failed_invocations), (4, 3));
        assert_eq!(stats.invocation_time.as_millis(), late);
        assert_eq!(delivered(&store).await, "A");
        let events = function.events.lock().unwrap();
        let ids: std::collections::BTreeSet<_> =
            events.iter().map(|event| event["invocationId"].to_string()).collect();
        assert_eq!(ids.len(), 4, "each call has an id of its own");
        assert!(events.iter().all(|event| event["records"] == events[0]["records"]));
    }
}

#[tokio::test(start_paused = true)]
async fn records_whose_calls_all_fail_go_to_the_error_prefix() {
    for (retries, late) in [(0, false), (1, false), (3, false), (1, true)] {
        let fail = || if late { Step::Late(Duration::from_secs(301)) } else { Step::Fail };
        let function = Scripted::new((0..=retries).map(|_| fail()));
        let told = Arc::new(Mutex::new(Vec::new()));
        let listening = Arc::clone(&told);
        let observer = Observer::new(move |event| {
            if let DeliveryEvent::InvocationFailed { attempts, error, pause, .. } = event {
                listening.lock().unwrap().push((*attempts, error.clone(), pause.is_some()));
            }
        });
        let config = raw(&function)
            .observed_by(observer)
            .transformed_by(function.processor().retrying(retries));
        let (store, stream) = opened(config).await;
        put(&stream, &["a", "b"]).await;
        stream.flush().await;
        put(&stream, &["c"]).await;
        let stats = stream.close().await;
        assert_eq!((stats.failed_records, stats.delivered_records), (2, 1));
        assert_eq!(delivered(&store).await, "C", "what comes after is not held up");
        let lines = failed(&store).await;
        let code = if late { "Lambda.FunctionTimedOut" } else { "Lambda.FunctionError" };
        for (line, text) in lines.iter().zip(["a", "b"]) {
            assert_eq!(line["errorCode"], code);
            assert_eq!(line["attemptsMade"], retries + 1);
            assert_eq!(line["rawData"], STANDARD.encode(text));
        }
        let told = told.lock().unwrap();
        let attempts: Vec<_> = told.iter().map(|(attempt, _, again)| (*attempt, *again)).collect();
        let expected: Vec<_> = (1..=retries + 1).map(|n| (n, n <= retries)).collect();
        assert_eq!(attempts, expected);
        let words = if late { "no answer within 300s" } else { "as the test asked for" };
        assert!(told.iter().all(|(_, error, _)| error == words), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn order_is_kept_though_a_later_call_is_quicker() {
    let function = Scripted::new([Step::Late(Duration::from_secs(100)), Step::Each(upper)]);
    let config =
        raw(&function).transformed_by(function.processor().buffering(1, Duration::from_secs(900)));
    let (store, stream) = opened(config).await;
    put(&stream, &["a"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    put(&stream, &["b"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(function.given().len(), 2, "both are under way");
    assert_eq!(stream.stats().transformed_records, 0, "b waits for a");
    put(&stream, &["c"]).await;
    stream.close().await;
    assert_eq!(delivered(&store).await, "ABC");
}

#[tokio::test(start_paused = true)]
async fn flush_close_and_freshness_wait_for_the_function() {
    let function = Scripted::new([Step::Late(Duration::from_secs(100))]);
    let (store, stream) = opened(raw(&function)).await;
    put(&stream, &["a"]).await;
    let arrived = six_o_clock().now();
    let began = tokio::time::Instant::now();
    let flushing = {
        let stream = stream.clone();
        tokio::spawn(async move { stream.flush().await })
    };
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(stream.oldest_undelivered(), Some(arrived));
    assert_eq!((stream.stats().buffered_records, stream.stats().buffered_bytes), (1, 1));
    let late = stream.close_within(Duration::from_secs(10)).await.unwrap_err().to_string();
    assert!(late.contains("1 records (1 bytes) are not delivered"), "{late}");
    flushing.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 100);
    assert_eq!(stream.close().await.delivered_records, 1);
    assert_eq!(stream.oldest_undelivered(), None);
    assert_eq!(delivered(&store).await, "A");
    let error = stream.put_batch(&[Record::from(&b"b"[..])]).await.unwrap_err();
    assert_eq!(error.kind(), PutErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_still_transforms_and_a_deleted_one_does_not() {
    let function = Scripted::new([Step::Late(Duration::from_secs(5))]);
    let (store, stream) = opened(raw(&function)).await;
    put(&stream, &["a"]).await;
    drop(stream);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(delivered(&store).await, "A");

    let function = Scripted::new([Step::Late(Duration::from_secs(5))]);
    let (store, stream) = opened(raw(&function)).await;
    put(&stream, &["a", "b"]).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    put(&stream, &["c"]).await;
    assert_eq!(stream.discard(), 3, "with the function, and before it");
    tokio::time::sleep(Duration::from_secs(600)).await;
    let stats = stream.close().await;
    assert_eq!((stats.discarded_records, stats.buffered_records, stats.buffered_bytes), (3, 0, 0));
    assert!(objects(&*store).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn puts_wait_while_the_function_makes_room() {
    let function = Scripted::new([]);
    let config = raw(&function).holding_at_most(10);
    let (store, stream) = opened(config).await;
    for n in 0..50 {
        put(&stream, &[&format!("{n:04}")]).await;
        assert!(stream.stats().buffered_bytes <= 10);
    }
    stream.close().await;
    let expected: String = (0..50).map(|n| format!("{n:04}")).collect();
    let mut found: Vec<u8> = delivered(&store).await.into_bytes();
    assert_eq!(found.len(), expected.len());
    let mut chunks: Vec<_> = found.chunks_mut(4).map(|chunk| chunk.to_vec()).collect();
    chunks.sort();
    assert_eq!(chunks.concat(), expected.as_bytes());
}

#[tokio::test(start_paused = true)]
async fn section_3_4_a_function_gives_partition_keys() {
    let by_both = DynamicPartitioning::by_query("{c:.C}");
    for partitioning in [DynamicPartitioning::by_function(), by_both] {
        let function = Scripted::new([Step::Each(|text| {
            let keys = match text {
                r#"{"c":"none"}"# => json!({}),
                r#"{"c":"null"}"# => json!({ "partitionKeys": { "k": null } }),
                other => json!({ "partitionKeys": { "k": other.len(), "other": "x" } }),
            };
            ("Ok", Some(text.replace('c', "C")), keys)
        })]);
        let both = partitioning.query.is_some();
        let query = if both { "!{partitionKeyFromQuery:c}/" } else { "" };
        let config = raw(&function)
            .with_prefix(format!("ok/{query}k=!{{partitionKeyFromLambda:k}}/"))
            .partitioned(partitioning);
        let (store, stream) = opened(config).await;
        let texts = [r#"{"c":"a"}"#, r#"{"c":"bb"}"#, r#"{"c":"none"}"#, r#"{"c":"null"}"#];
        put(&stream, &texts).await;
        let stats = stream.close().await;
        assert_eq!((stats.delivered_records, stats.failed_records), (2, 2));
        assert_eq!(stats.transformed_records, 4);
        let objects = objects(&*store).await;
        let folders: Vec<_> = objects
            .keys()
            .filter(|key| key.starts_with("ok/"))
            .map(|key| &key[..key.rfind('/').unwrap()])
            .collect();
        let expected = if both { ["ok/a/k=9", "ok/bb/k=10"] } else { ["ok/k=10", "ok/k=9"] };
        assert_eq!(folders, expected);
        let lines = failed(&store).await;
        let messages: Vec<_> =
            lines.iter().map(|line| line["errorMessage"].as_str().unwrap()).collect();
        assert!(messages[0].contains("lacks the key `k`"), "{messages:?}");
        assert_eq!(messages[1], "partitionKeys values must not be null or empty");
    }
}

/// AWS takes apart, transforms, then files and delimits.
#[tokio::test(start_paused = true)]
async fn section_4_4_records_are_taken_apart_before_the_function_and_delimited_after_it() {
    let function = Scripted::new([]);
    let processing = Processing {
        sub_records: Some(SubRecords::Json),
        delimiter: Some(b"\n".to_vec()),
        ..Processing::default()
    };
    let (store, stream) = opened(raw(&function).processing(processing)).await;
    put(&stream, &[r#"{"a":1}{"b":2}"#, "no", r#"{"c":3}"#]).await;
    let stats = stream.close().await;
    assert_eq!(function.given(), [[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]]);
    assert_eq!(delivered(&store).await, "{\"A\":1}\n{\"B\":2}\n{\"C\":3}\n");
    assert_eq!((stats.split_records, stats.delivered_records, stats.failed_records), (1, 3, 1));
    let line = &failed(&store).await[0];
    assert_eq!(line["errorCode"], "DynamicPartitioning.DeaggregationFailed");
    assert_eq!(line.get("lambdaARN"), None);
}

#[tokio::test(start_paused = true)]
async fn what_a_function_made_is_converted_and_the_backup_keeps_what_was_put() {
    let function = Scripted::new([Step::Each(|text| match text {
        r#"{"rating":2}"# => ("Dropped", None, json!(null)),
        r#"{"rating":3}"# => ("ProcessingFailed", None, json!(null)),
        r#"{"rating":4}"# => ("Ok", Some("oops".to_owned()), json!(null)),
        other => ("Ok", Some(other.replace('}', "0}")), json!(null)),
    })]);
    let backup_store = FlakyStore::new();
    let backup = Backup::new(
        DeliveryStreamConfig::new("PUT-S3-qrZbv").with_prefix("source/"),
        bucket(&backup_store),
    );
    let config = config().transformed_by(function.processor()).backed_up_by(backup);
    let (store, stream) = opened(config).await;
    let texts = (1..=5).map(|n| format!("{{\"rating\":{n}}}")).collect::<Vec<_>>();
    put(&stream, &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let stats = stream.close().await;
    let found = objects(&*store).await;
    assert_eq!(ratings(&found), [10, 50]);
    assert_eq!((stats.failed_records, stats.processing_failed_records), (2, 1));
    assert_eq!(stats.dropped_records, 1);
    let lines = error_lines(&found);
    assert_eq!(lines[0]["rawData"], STANDARD.encode("oops"));
    assert_eq!(lines[0]["sequenceNumber"], "3", "the number of the record that was put");
    let kept: Vec<_> = objects(&*backup_store).await.into_values().collect();
    assert_eq!(kept.concat(), texts.concat().as_bytes());
}

#[tokio::test(start_paused = true)]
async fn an_update_keeps_the_function_that_records_were_accepted_for() {
    let (first, second) =
        (Scripted::new([Step::Late(Duration::from_secs(100))]), Scripted::new([]));
    let (store, stream) = opened(raw(&first)).await;
    put(&stream, &["a"]).await;
    stream.update(&raw(&second).at_version(2), bucket(&store)).unwrap();
    put(&stream, &["b"]).await;
    let plain = DeliveryStreamConfig::new("t").with_prefix("ok/").at_version(3);
    stream.update(&plain, bucket(&store)).unwrap();
    put(&stream, &["c"]).await;
    stream.close().await;
    assert_eq!(
        (first.given(), second.given()),
        (vec![vec!["a".to_owned()]], vec![vec!["b".to_owned()]])
    );
    let objects = objects(&*store).await;
    let found: BTreeMap<_, _> = objects
        .iter()
        .map(|(key, body)| (key.split('-').nth(1).unwrap(), std::str::from_utf8(body).unwrap()))
        .collect();
    assert_eq!(found, [("1", "A"), ("2", "B"), ("3", "c")].into());
}

#[test]
fn what_a_processor_cannot_be_is_told() {
    let function = Scripted::new([]);
    let with =
        |processor: LambdaProcessor| DeliveryStreamConfig::new("s").transformed_by(processor);
    let table = [
        (with(function.processor().buffering(0, Duration::ZERO)), "Lambda must have a buffer"),
        (with(function.processor().timing_out_after(Duration::ZERO)), "Lambda must have some time"),
    ];
    for (config, words) in table {
        let told = config.validate().unwrap_err().to_string();
        assert!(told.contains(words), "{told}");
    }
    let backup = Backup::new(with(function.processor()), bucket(&FlakyStore::new()));
    let told = DeliveryStreamConfig::new("s").backed_up_by(backup).validate().unwrap_err();
    assert!(told.to_string().contains("must keep the records as they came"), "{told}");
}
