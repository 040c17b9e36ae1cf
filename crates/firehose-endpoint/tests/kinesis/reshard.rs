//! SplitShard, MergeShards, UpdateShardCount, ListShards.

use std::time::Duration;

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_split_shard_ends_and_names_its_children() {
    let endpoint = with_stream(1).await;
    put(&endpoint, "k", "before").await;
    let half = "170141183460469231731687303715884105728";
    let split = json!({ "StreamName": "s", "ShardToSplit": FIRST, "NewStartingHashKey": half });
    ok(&endpoint, "SplitShard", split).await;
    let shards = shards(&endpoint).await;
    assert_eq!(shards.len(), 3);
    assert!(shards[0]["SequenceNumberRange"]["EndingSequenceNumber"].is_string());
    assert_eq!(shards[2]["ParentShardId"], FIRST);
    assert_eq!(shards[2]["HashKeyRange"]["StartingHashKey"], half);
    let page = read(&endpoint, FIRST, json!({ "ShardIteratorType": "TRIM_HORIZON" })).await;
    assert_eq!((texts(&page).as_str(), page.get("NextShardIterator")), ("before", None));
    let children: Vec<_> = page["ChildShards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|child| child["ShardId"].clone())
        .collect();
    assert_eq!(children, ["shardId-000000000001", "shardId-000000000002"]);
    assert_eq!(page["ChildShards"][0]["ParentShards"], json!([FIRST]));
}

#[tokio::test(start_paused = true)]
async fn merged_shards_have_one_child_and_records_go_there() {
    let endpoint = with_stream(2).await;
    let merge = json!({ "StreamName": "s", "ShardToMerge": "shardId-000000000001", "AdjacentShardToMerge": FIRST });
    ok(&endpoint, "MergeShards", merge).await;
    let shards = shards(&endpoint).await;
    assert_eq!(shards[2]["ParentShardId"], "shardId-000000000001");
    assert_eq!(shards[2]["AdjacentParentShardId"], FIRST);
    assert_eq!(put(&endpoint, "a", "x").await["ShardId"], "shardId-000000000002");
}

#[tokio::test(start_paused = true)]
async fn scaling_goes_to_the_double_and_the_half() {
    let endpoint = with_stream(2).await;
    let scale = |count: u32| json!({ "StreamName": "s", "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING" });
    for (count, words) in [(5, "scale up over double"), (0, "greater than or equal to 1")] {
        let (_, message) = refused(&endpoint, "UpdateShardCount", scale(count)).await;
        assert!(message.contains(words), "{message}");
    }
    for (count, before) in [(4, 2), (3, 4), (6, 3), (3, 6)] {
        let answer = ok(&endpoint, "UpdateShardCount", scale(count)).await;
        assert_eq!(
            answer,
            json!({
                "StreamName": "s",
                "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
                "CurrentShardCount": before,
                "TargetShardCount": count,
            })
        );
        let open = json!({ "StreamName": "s", "ShardFilter": { "Type": "AT_LATEST" } });
        let open = ok(&endpoint, "ListShards", open).await;
        assert_eq!(open["Shards"].as_array().unwrap().len(), count as usize);
    }
    let (_, message) = refused(&endpoint, "UpdateShardCount", scale(1)).await;
    assert!(message.contains("scale down below half"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_resharded_is_refused() {
    let endpoint = with_stream(3).await;
    let split = |shard: &str, at: &str| json!({ "StreamName": "s", "ShardToSplit": shard, "NewStartingHashKey": at });
    let merge = |one: &str, other: &str| json!({ "StreamName": "s", "ShardToMerge": one, "AdjacentShardToMerge": other });
    let third = "shardId-000000000002";
    ok(&endpoint, "SplitShard", split(third, "300000000000000000000000000000000000000")).await;
    ok(&endpoint, "CreateStream", json!({ "StreamName": "d" })).await;
    let invalid = "InvalidArgumentException";
    check_refusals(
        &endpoint,
        &[
            ("SplitShard", split(FIRST, "0"), invalid, "is not both greater than one plus the shard's StartingHashKey 0"),
            ("SplitShard", split(FIRST, "1"), invalid, "is not both greater"),
            ("SplitShard", split(FIRST, "340282366920938463463374607431768211455"), invalid, "is not both greater"),
            ("SplitShard", split(third, "290000000000000000000000000000000000000"), invalid, "has already been merged or split"),
            ("SplitShard", split("shardId-000000000099", "7"), "ResourceNotFoundException", "Could not find shard shardId-000000000099"),
            ("MergeShards", merge(FIRST, third), invalid, "has already been merged or split"),
            ("MergeShards", merge(FIRST, "shardId-000000000004"), invalid, "not an adjacent pair"),
            ("UpdateShardCount", json!({ "StreamName": "d", "TargetShardCount": 5, "ScalingType": "UNIFORM_SCALING" }), "ValidationException", "On-Demand mode"),
        ],
    )
    .await;
    let mode = json!({ "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/d", "StreamModeDetails": { "StreamMode": "PROVISIONED" } });
    ok(&endpoint, "UpdateStreamMode", mode).await;
    let scaled =
        json!({ "StreamName": "d", "TargetShardCount": 5, "ScalingType": "UNIFORM_SCALING" });
    ok(&endpoint, "UpdateShardCount", scaled).await;
}

#[tokio::test(start_paused = true)]
async fn shards_are_listed_in_pages_and_by_filter() {
    let endpoint = with_stream(2).await;
    tokio::time::advance(Duration::from_secs(100)).await;
    let scale =
        json!({ "StreamName": "s", "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING" });
    ok(&endpoint, "UpdateShardCount", scale).await;
    tokio::time::advance(Duration::from_secs(100)).await;
    let list = async |filter: Value| {
        let answer =
            ok(&endpoint, "ListShards", json!({ "StreamName": "s", "ShardFilter": filter })).await;
        let shards = answer["Shards"].as_array().unwrap().clone();
        shards
            .iter()
            .map(|shard| shard["ShardId"].as_str().unwrap()[19..].to_owned())
            .collect::<String>()
    };
    let at =
        |kind: &str, seconds: f64| json!({ "Type": kind, "Timestamp": 1_641_621_859.0 + seconds });
    assert_eq!(list(json!({ "Type": "FROM_TRIM_HORIZON" })).await, "012345");
    assert_eq!(list(json!({ "Type": "AT_TRIM_HORIZON" })).await, "01");
    assert_eq!(list(json!({ "Type": "AT_LATEST" })).await, "2345");
    assert_eq!(list(at("AT_TIMESTAMP", 50.0)).await, "01");
    assert_eq!(list(at("AT_TIMESTAMP", 150.0)).await, "2345");
    assert_eq!(list(at("FROM_TIMESTAMP", 50.0)).await, "012345");
    assert_eq!(list(at("FROM_TIMESTAMP", 150.0)).await, "2345");
    assert_eq!(
        list(json!({ "Type": "AFTER_SHARD_ID", "ShardId": "shardId-000000000003" })).await,
        "45"
    );

    let first = ok(&endpoint, "ListShards", json!({ "StreamName": "s", "MaxResults": 4 })).await;
    let token = json!({ "NextToken": first["NextToken"], "MaxResults": 4 });
    let rest = ok(&endpoint, "ListShards", token.clone()).await;
    assert_eq!((rest["Shards"].as_array().unwrap().len(), rest.get("NextToken")), (2, None));
    let both = json!({ "NextToken": first["NextToken"], "StreamName": "s" });
    check_refusals(
        &endpoint,
        &[
            ("ListShards", both, "InvalidArgumentException", "cannot be provided together"),
            ("ListShards", json!({ "NextToken": "x" }), "InvalidArgumentException", "not one that"),
            (
                "ListShards",
                json!({ "StreamName": "s", "ShardFilter": { "Type": "AT_TIMESTAMP" } }),
                "InvalidArgumentException",
                "Timestamp must be given",
            ),
            (
                "ListShards",
                json!({ "StreamName": "s", "ShardFilter": { "Type": "AFTER_SHARD_ID" } }),
                "InvalidArgumentException",
                "ShardId must be given",
            ),
        ],
    )
    .await;
    tokio::time::advance(Duration::from_secs(301)).await;
    assert_eq!(refused(&endpoint, "ListShards", token).await.0, "ExpiredNextTokenException");
}
