//! GetShardIterator and GetRecords.

use std::time::Duration;

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn every_kind_of_iterator_finds_its_record() {
    let endpoint = with_stream(1).await;
    let mut numbers = Vec::new();
    for n in 0..4 {
        numbers.push(put(&endpoint, "k", &n.to_string()).await["SequenceNumber"].clone());
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    let at =
        |kind: &str| json!({ "ShardIteratorType": kind, "StartingSequenceNumber": numbers[1] });
    let time = |seconds: f64| json!({ "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1_641_621_859.0 + seconds });
    for (start, expected) in [
        (json!({ "ShardIteratorType": "TRIM_HORIZON" }), "0 1 2 3"),
        (json!({ "ShardIteratorType": "LATEST" }), ""),
        (at("AT_SEQUENCE_NUMBER"), "1 2 3"),
        (at("AFTER_SEQUENCE_NUMBER"), "2 3"),
        (time(20.0), "2 3"),
        (time(-1e6), "0 1 2 3"),
    ] {
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(texts(&read(&endpoint, FIRST, start.clone()).await), expected, "{start}");
    }
    let page = read(&endpoint, FIRST, at("AT_SEQUENCE_NUMBER")).await;
    assert_eq!(page["MillisBehindLatest"], 0);
    assert_eq!(
        page["Records"][0],
        json!({
            "SequenceNumber": numbers[1],
            "ApproximateArrivalTimestamp": 1_641_621_869.0,
            "PartitionKey": "k",
            "Data": base64("1"),
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_reader_goes_on_where_it_was_and_is_told_how_far_behind_it_is() {
    let endpoint = with_stream(1).await;
    for n in 0..5 {
        put(&endpoint, "k", &n.to_string()).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let mut next = iterator(&endpoint, FIRST, json!({ "ShardIteratorType": "TRIM_HORIZON" })).await;
    for (expected, behind) in [("0 1", 3000), ("2 3", 1000), ("4", 0), ("", 0)] {
        let page = ok(&endpoint, "GetRecords", json!({ "ShardIterator": next, "Limit": 2 })).await;
        assert_eq!(
            (texts(&page).as_str(), &page["MillisBehindLatest"]),
            (expected, &json!(behind))
        );
        next = page["NextShardIterator"].clone();
    }
    put(&endpoint, "k", "late").await;
    let page = ok(&endpoint, "GetRecords", json!({ "ShardIterator": next })).await;
    assert_eq!(texts(&page), "late");
}

#[tokio::test(start_paused = true)]
async fn reads_have_limits_and_iterators_expire() {
    let endpoint = with_stream(1).await;
    let next = iterator(&endpoint, FIRST, json!({ "ShardIteratorType": "LATEST" })).await;
    let input = json!({ "ShardIterator": next });
    for _ in 0..5 {
        ok(&endpoint, "GetRecords", input.clone()).await;
    }
    let (code, _) = refused(&endpoint, "GetRecords", input.clone()).await;
    assert_eq!(code, "ProvisionedThroughputExceededException");
    tokio::time::advance(Duration::from_secs(300)).await;
    ok(&endpoint, "GetRecords", input.clone()).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let (code, message) = refused(&endpoint, "GetRecords", input).await;
    assert_eq!(code, "ExpiredIteratorException");
    assert!(message.contains("created at time Sat Jan 08 06:04:19 UTC 2022"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_iterator_is_for_its_stream_alone() {
    let endpoint = with_stream(1).await;
    let next = iterator(&endpoint, FIRST, json!({ "ShardIteratorType": "LATEST" })).await;
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/other";
    let other = json!({ "ShardIterator": next, "StreamARN": arn });
    assert_eq!(refused(&endpoint, "GetRecords", other).await.1, "Invalid ShardIterator.");
    ok(&endpoint, "DeleteStream", json!({ "StreamName": "s" })).await;
    let input = json!({ "ShardIterator": next });
    assert_eq!(
        refused(&endpoint, "GetRecords", input.clone()).await.0,
        "ResourceNotFoundException"
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    ok(&endpoint, "CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
    assert_eq!(refused(&endpoint, "GetRecords", input).await.1, "Invalid ShardIterator.");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_place_to_read_from_is_refused() {
    let endpoint = with_stream(2).await;
    let foreign =
        shards(&endpoint).await[1]["SequenceNumberRange"]["StartingSequenceNumber"].clone();
    let input =
        |kind: &str| json!({ "StreamName": "s", "ShardId": FIRST, "ShardIteratorType": kind });
    let with = |kind: &str, member: &str, value: Value| {
        let mut input = input(kind);
        input[member] = value;
        input
    };
    let invalid = "InvalidArgumentException";
    check_refusals(
        &endpoint,
        &[
            ("GetShardIterator", input("AT_SEQUENCE_NUMBER"), invalid, "Must either specify (1)"),
            (
                "GetShardIterator",
                with("LATEST", "StartingSequenceNumber", json!("1")),
                invalid,
                "Must either specify (1)",
            ),
            (
                "GetShardIterator",
                with("AT_SEQUENCE_NUMBER", "StartingSequenceNumber", foreign),
                invalid,
                "did not come from this stream",
            ),
            ("GetShardIterator", input("AT_TIMESTAMP"), invalid, "Must specify timestampInMillis"),
            (
                "GetShardIterator",
                with("AT_TIMESTAMP", "Timestamp", json!(2e9)),
                invalid,
                "cannot be greater than the currentTimestampInMillis",
            ),
            (
                "GetShardIterator",
                with("LATEST", "ShardId", json!("shardId-000000000009")),
                "ResourceNotFoundException",
                "Shard shardId-000000000009 in stream s under account 000000000000 does not exist",
            ),
            (
                "GetShardIterator",
                with("LATEST", "ShardId", json!("nonsense")),
                "ResourceNotFoundException",
                "Shard nonsense",
            ),
            ("GetShardIterator", input("SOONEST"), "ValidationException", "enum value set"),
            (
                "GetRecords",
                json!({ "ShardIterator": "nonsense" }),
                invalid,
                "Invalid ShardIterator.",
            ),
            (
                "GetRecords",
                json!({ "ShardIterator": "x", "Limit": 10_001 }),
                "ValidationException",
                "less than or equal to 10000",
            ),
        ],
    )
    .await;
}
