//! PutRecord and PutRecords.

use std::time::Duration;

use serde_json::json;

use super::*;

fn batch(entries: &[(&str, &str)]) -> Value {
    let entry = |(key, text): &(&str, &str)| json!({ "PartitionKey": key, "Data": base64(text) });
    json!({ "StreamName": "s", "Records": entries.iter().map(entry).collect::<Vec<_>>() })
}

#[tokio::test(start_paused = true)]
async fn partition_keys_fall_into_shards_by_their_md5() {
    let endpoint = with_stream(4).await;
    // `printf KEY | md5sum` begins with 0, 4, 9 and f.
    for (key, shard) in [("a", 0), ("c", 1), ("b", 2), ("user 1", 0)] {
        let placed = put(&endpoint, key, "x").await;
        let expected = match key {
            "user 1" => placed["ShardId"].as_str().unwrap().to_owned(),
            _ => format!("shardId-{shard:012}"),
        };
        assert_eq!(placed["ShardId"], expected, "{key}");
    }
    let quarter = "85070591730234615865843651857942052864";
    let explicit =
        json!({ "StreamName": "s", "PartitionKey": "a", "ExplicitHashKey": quarter, "Data": "" });
    assert_eq!(ok(&endpoint, "PutRecord", explicit).await["ShardId"], "shardId-000000000001");
}

#[tokio::test(start_paused = true)]
async fn every_record_of_a_batch_has_its_own_answer() {
    let endpoint = with_stream(2).await;
    let answer = ok(&endpoint, "PutRecords", batch(&[("a", "1"), ("b", "2"), ("a", "3")])).await;
    assert_eq!(answer["FailedRecordCount"], 0);
    let entries = answer["Records"].as_array().unwrap();
    let shards: Vec<_> = entries.iter().map(|entry| entry["ShardId"].as_str().unwrap()).collect();
    assert_eq!(shards, [FIRST, "shardId-000000000001", FIRST]);
    assert!(entries[0]["SequenceNumber"].as_str() < entries[2]["SequenceNumber"].as_str());
}

#[tokio::test(start_paused = true)]
async fn a_shard_over_its_limit_refuses_record_by_record_until_time_has_passed() {
    let endpoint = with_stream(1).await;
    let full = batch(&vec![("k", "x"); 500]);
    for expected in [0, 0, 500] {
        let answer = ok(&endpoint, "PutRecords", full.clone()).await;
        assert_eq!(answer["FailedRecordCount"], expected);
        if expected > 0 {
            assert_eq!(
                answer["Records"][0],
                json!({
                    "ErrorCode": "ProvisionedThroughputExceededException",
                    "ErrorMessage": "Rate exceeded for shard shardId-000000000000 in stream s \
                                     under account 000000000000.",
                })
            );
        }
    }
    let one = json!({ "StreamName": "s", "PartitionKey": "k", "Data": "" });
    let (code, message) = refused(&endpoint, "PutRecord", one.clone()).await;
    assert_eq!(code, "ProvisionedThroughputExceededException");
    assert!(message.starts_with("Rate exceeded for shard"), "{message}");
    tokio::time::advance(Duration::from_secs(1)).await;
    ok(&endpoint, "PutRecord", one).await;
}

#[tokio::test(start_paused = true)]
async fn without_limits_everything_is_taken() {
    let endpoint = builder().without_shard_limits(true).build().await.unwrap();
    ok(&endpoint, "CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
    for _ in 0..10 {
        let answer = ok(&endpoint, "PutRecords", batch(&vec![("k", "x"); 500])).await;
        assert_eq!(answer["FailedRecordCount"], 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_may_hold_what_its_stream_says() {
    let endpoint = endpoint().await;
    for (name, most) in [("s", 1024), ("large", 2048)] {
        let create = json!({ "StreamName": name, "ShardCount": 1, "MaxRecordSizeInKiB": most });
        ok(&endpoint, "CreateStream", create).await;
        let record =
            |bytes: usize| json!({ "PartitionKey": "k", "Data": base64(&"x".repeat(bytes)) });
        let bytes = most * 1024;
        let one = |bytes| {
            let mut input = record(bytes);
            input["StreamName"] = json!(name);
            input
        };
        let (code, message) = refused(&endpoint, "PutRecord", one(bytes + 1)).await;
        assert_eq!(code, "ValidationException");
        assert!(message.ends_with(&format!("at 'data' failed to satisfy constraint: Member must have length less than or equal to {bytes}")), "{message}");
        let two = json!({ "StreamName": name, "Records": [record(1), record(bytes + 1)] });
        let (_, message) = refused(&endpoint, "PutRecords", two).await;
        assert!(message.contains("'records.2.member.data'"), "{message}");
        let (code, message) = refused(&endpoint, "PutRecord", one(bytes)).await;
        assert_eq!(code, "InvalidArgumentException");
        assert!(message.contains("together exceed"), "{message}");
        ok(&endpoint, "PutRecord", one(bytes - 1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_put_is_refused_whole() {
    let endpoint = with_stream(1).await;
    let half = base64(&"x".repeat(1_000_000));
    let eleven: Vec<_> = (0..11).map(|_| json!({ "PartitionKey": "k", "Data": half })).collect();
    check_refusals(
        &endpoint,
        &[
            ("PutRecords", json!({ "StreamName": "s", "Records": eleven }), "InvalidArgumentException", "10 MB"),
            ("PutRecords", batch(&vec![("k", ""); 501]), "ValidationException", "less than or equal to 500"),
            ("PutRecords", batch(&[("k", "1"), ("", "2")]), "ValidationException", "'records.2.member.partitionKey'"),
            ("PutRecord", json!({ "StreamName": "s", "Data": "" }), "ValidationException", "'partitionKey' failed to satisfy constraint: Member must not be null"),
            ("PutRecord", json!({ "StreamName": "none", "PartitionKey": "k", "Data": "" }), "ResourceNotFoundException", "Stream none"),
            ("PutRecord", json!({ "PartitionKey": "k", "Data": "" }), "InvalidArgumentException", "must be given"),
            ("PutRecord", json!({ "StreamName": "s", "PartitionKey": "k", "Data": "", "ExplicitHashKey": "340282366920938463463374607431768211456" }), "InvalidArgumentException", "[0, 2^128-1]"),
        ],
    )
    .await;
}
