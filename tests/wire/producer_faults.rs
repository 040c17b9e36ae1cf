//! The Producer over real HTTP: row 14 of the table in `docs/src/producer.md`, and the suite that
//! every sink is held to.

use std::{sync::Arc, time::Duration};

use aws_config::SdkConfig;
use captain_ratings::{RatingGenerator, tutorial};
use firehose_sink::{AwsFirehoseSink, AwsKinesisSink, FirehoseSink, Producer, Record, conformance};
use integration_tests::FirehoseLocal;

use crate::{clients::say, delivered::times};

const RECORDS: usize = 50_000;

async fn configuration(endpoint: &FirehoseLocal) -> SdkConfig {
    integration_tests::sdk_config(endpoint.endpoint()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn row_14_every_record_is_in_parquet_in_spite_of_the_faults() {
    let rules = [
        "PutRecordBatch:refuse=3/10,every=2",
        "PutRecordBatch:throttle,every=5",
        "PutRecordBatch:status=500,every=7",
        "PutRecordBatch:cut=100,every=11",
        "PutRecordBatch:delay=50ms,every=3",
    ];
    let mut arguments = vec!["--tutorial", "--buffer-interval", "1s"];
    arguments.extend(rules.iter().flat_map(|rule| ["--fault", rule]));
    let endpoint = FirehoseLocal::start(&arguments);
    let config = configuration(&endpoint).await;
    let sink = AwsFirehoseSink::from_config(&config, tutorial::DELIVERY_STREAM);
    let health = sink.check().await.expect("there").expect("it can tell");
    assert!(health.is_active() && !health.is_aws(), "{health:?}");
    let (producer, drain) = Producer::builder(Arc::new(sink)).seed(42).start();
    let ratings = RatingGenerator::with_seed(42)
        .starting_at(std::time::UNIX_EPOCH + Duration::from_secs(1_641_621_600));
    for rating in ratings.take(RECORDS) {
        producer.send(Record::from(rating.to_json())).await.expect("accepted");
    }
    let report = drain.finish(Duration::from_secs(120)).await;
    assert!(report.is_complete(), "{report}");
    assert!(report.refused > 0 && report.failed_calls > 0, "the faults did happen: {report}");
    let mut found = times(&endpoint, tutorial::PREFIX).await;
    let began = std::time::Instant::now();
    while found.len() < RECORDS && began.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        found = times(&endpoint, tutorial::PREFIX).await;
    }
    let rows: u64 = found.values().sum();
    let duplicates = rows - found.len() as u64;
    say(&format!(
        "row 14 | {RECORDS} records over HTTP | lost {} | duplicates {duplicates} (counted {}) | \
         {} calls, {} failed, {} records refused",
        RECORDS - found.len(),
        report.maybe_duplicated,
        report.calls,
        report.failed_calls,
        report.refused,
    ));
    assert_eq!(found.len(), RECORDS, "every row is found in Parquet");
    assert!(duplicates <= report.maybe_duplicated, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sink_keeps_every_promise_over_http() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    let config = configuration(&endpoint).await;
    let sink = || async {
        let sink = AwsFirehoseSink::from_config(&config, tutorial::DELIVERY_STREAM);
        Arc::new(sink) as Arc<dyn FirehoseSink>
    };
    conformance::all(&sink).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kinesis_sink_keeps_every_promise_over_http() {
    let endpoint = FirehoseLocal::start(&["--tutorial", "--no-shard-limits"]);
    let config = configuration(&endpoint).await;
    for aggregate in [None, Some(20 << 10)] {
        let sink = || async {
            let sink = AwsKinesisSink::from_config(&config, tutorial::DATA_STREAM);
            Arc::new(match aggregate {
                Some(bytes) => sink.aggregating(bytes),
                None => sink,
            }) as Arc<dyn FirehoseSink>
        };
        let health = sink().await.check().await.expect("there").expect("it can tell");
        assert!(health.is_active() && !health.is_aws(), "{health:?}");
        conformance::all(&sink).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_shard_costs_time_and_no_record() {
    const RECORDS: u64 = 3_000;
    let endpoint = FirehoseLocal::start(&["--tutorial", "--buffer-interval", "1s"]);
    let config = configuration(&endpoint).await;
    let sink = AwsKinesisSink::from_config(&config, tutorial::DATA_STREAM);
    let (producer, drain) = Producer::builder(Arc::new(sink)).start();
    for rating in RatingGenerator::with_seed(7).take(3_000) {
        producer.send(Record::from(rating.to_json())).await.expect("accepted");
    }
    let report = drain.finish(Duration::from_secs(60)).await;
    assert!(report.is_complete() && report.delivered == RECORDS, "{report}");
    assert!(report.refused > 0, "a shard takes a thousand records a second: {report}");
    let flushed = endpoint.request("POST", "/_firehose-local/flush", &[], b"").body;
    let wanted = format!("\"deliveredRecords\":{RECORDS}");
    assert!(flushed.contains(&wanted), "each record is delivered once: {flushed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_is_told_with_the_right_one() {
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    let sink = AwsFirehoseSink::from_config(&configuration(&endpoint).await, "PUT-S3-qrZbw");
    let shown = sink.check().await.expect_err("no such stream").to_string();
    assert!(shown.contains("did you mean `PUT-S3-qrZbv`?"), "{shown}");
}
