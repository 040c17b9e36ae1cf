//! Creating, describing, changing and deleting streams.

use std::time::Duration;

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_stream_is_described_as_aws_was_recorded_to_do_it() {
    let endpoint = with_stream(1).await;
    let mut answer = ok(&endpoint, "DescribeStream", json!({ "StreamName": "s" })).await;
    let mut shard = answer["StreamDescription"]["Shards"][0].take();
    let start = shard["SequenceNumberRange"]["StartingSequenceNumber"].take();
    assert!(start.as_str().is_some_and(|number| number.len() == 56 && number.starts_with("49")));
    assert_eq!(
        answer["StreamDescription"],
        json!({
            "EncryptionType": "NONE",
            "EnhancedMonitoring": [{ "ShardLevelMetrics": [] }],
            "HasMoreShards": false,
            "RetentionPeriodHours": 24,
            "Shards": [null],
            "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
            "StreamCreationTimestamp": 1_641_621_859.0,
            "StreamModeDetails": { "StreamMode": "PROVISIONED" },
            "StreamName": "s",
            "StreamStatus": "ACTIVE",
        })
    );
    assert_eq!(
        shard,
        json!({
            "ShardId": FIRST,
            "HashKeyRange": {
                "StartingHashKey": "0",
                "EndingHashKey": "340282366920938463463374607431768211455",
            },
            "SequenceNumberRange": { "StartingSequenceNumber": null },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn shards_and_mode_follow_from_what_is_given() {
    let endpoint = endpoint().await;
    for (name, input, mode, shards) in [
        ("plain", json!({}), "ON_DEMAND", 4),
        ("counted", json!({ "ShardCount": 3 }), "PROVISIONED", 3),
        ("demand", json!({ "StreamModeDetails": { "StreamMode": "ON_DEMAND" } }), "ON_DEMAND", 4),
        (
            "both",
            json!({ "ShardCount": 2, "StreamModeDetails": { "StreamMode": "PROVISIONED" } }),
            "PROVISIONED",
            2,
        ),
    ] {
        let mut given = json!({ "StreamName": name });
        given.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        assert_eq!(ok(&endpoint, "CreateStream", given).await, json!({}));
        let answer = ok(&endpoint, "DescribeStreamSummary", json!({ "StreamName": name })).await;
        let summary = &answer["StreamDescriptionSummary"];
        assert_eq!(summary["StreamModeDetails"]["StreamMode"], mode, "{name}");
        assert_eq!(summary["OpenShardCount"], shards, "{name}");
    }
    let answer = ok(&endpoint, "DescribeLimits", json!({})).await;
    assert_eq!(
        (&answer["OpenShardCount"], &answer["OnDemandStreamCount"]),
        (&json!(13), &json!(2))
    );
}

#[tokio::test(start_paused = true)]
async fn streams_are_listed_in_pages() {
    let endpoint = endpoint().await;
    for name in ["c", "a", "d", "b"] {
        ok(&endpoint, "CreateStream", json!({ "StreamName": name, "ShardCount": 1 })).await;
    }
    let answer = ok(&endpoint, "ListStreams", json!({ "Limit": 3 })).await;
    assert_eq!(
        (&answer["StreamNames"], &answer["HasMoreStreams"]),
        (&json!(["a", "b", "c"]), &json!(true))
    );
    let next = json!({ "NextToken": answer["NextToken"] });
    let answer = ok(&endpoint, "ListStreams", next).await;
    assert_eq!((&answer["StreamNames"], &answer["HasMoreStreams"]), (&json!(["d"]), &json!(false)));
    let after = json!({ "ExclusiveStartStreamName": "bb" });
    let answer = ok(&endpoint, "ListStreams", after).await;
    assert_eq!(answer["StreamNames"], json!(["c", "d"]));
    assert_eq!(answer["StreamSummaries"][0]["StreamStatus"], "ACTIVE");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_created_or_found_is_refused_by_name() {
    let endpoint = with_stream(1).await;
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/none";
    let demand = json!({ "StreamMode": "ON_DEMAND" });
    let provisioned = json!({ "StreamMode": "PROVISIONED" });
    check_refusals(
        &endpoint,
        &[
            ("CreateStream", json!({ "StreamName": "s", "ShardCount": 1 }), "ResourceInUseException", "Stream s under account 000000000000 already exists."),
            ("CreateStream", json!({ "StreamName": "t", "ShardCount": 20_001 }), "LimitExceededException", "Current shard count for the account: 1. Limit: 20000."),
            ("CreateStream", json!({ "StreamName": "t", "ShardCount": 1, "StreamModeDetails": demand }), "InvalidArgumentException", "ON_DEMAND"),
            ("CreateStream", json!({ "StreamName": "t", "StreamModeDetails": provisioned }), "InvalidArgumentException", "PROVISIONED"),
            ("CreateStream", json!({ "StreamName": "t", "ShardCount": 0 }), "ValidationException", "Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"),
            ("CreateStream", json!({ "StreamName": "t", "WarmThroughputMiBps": 1 }), "InvalidArgumentException", "WarmThroughputMiBps is not supported"),
            ("CreateStream", json!({ "StreamName": "t", "RecordDistributionStrategy": "AUTO" }), "InvalidArgumentException", "AUTO is not supported"),
            ("DescribeStream", json!({ "StreamName": "none" }), "ResourceNotFoundException", "Stream none under account 000000000000 not found."),
            ("DescribeStreamSummary", json!({ "StreamARN": arn }), "ResourceNotFoundException", "Stream none under"),
            ("DescribeStream", json!({}), "InvalidArgumentException", "must be given"),
            ("DeleteStream", json!({ "StreamName": "none" }), "ResourceNotFoundException", "not found"),
            ("RegisterStreamConsumer", json!({ "StreamARN": arn, "ConsumerName": "c" }), "UnknownOperationException", "RegisterStreamConsumer is not supported"),
            ("SubscribeToShard", json!({}), "UnknownOperationException", "SubscribeToShard is not supported"),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn retention_goes_up_and_down_within_its_bounds() {
    let endpoint = with_stream(1).await;
    put(&endpoint, "k", "old").await;
    let hours = |hours: i64| json!({ "StreamName": "s", "RetentionPeriodHours": hours });
    check_refusals(
        &endpoint,
        &[
            ("IncreaseStreamRetentionPeriod", hours(23), "InvalidArgumentException", "too short"),
            ("IncreaseStreamRetentionPeriod", hours(8_761), "InvalidArgumentException", "too long"),
            (
                "DecreaseStreamRetentionPeriod",
                hours(48),
                "InvalidArgumentException",
                "can not be longer than existing retention period (24 hours)",
            ),
        ],
    )
    .await;
    ok(&endpoint, "IncreaseStreamRetentionPeriod", hours(48)).await;
    let shorter = refused(&endpoint, "IncreaseStreamRetentionPeriod", hours(24)).await.1;
    assert!(shorter.contains("can not be shorter than existing retention period (48 hours)"));
    tokio::time::advance(Duration::from_secs(30 * 60 * 60)).await;
    let from_start = json!({ "ShardIteratorType": "TRIM_HORIZON" });
    assert_eq!(texts(&read(&endpoint, FIRST, from_start.clone()).await), "old");
    ok(&endpoint, "DecreaseStreamRetentionPeriod", hours(24)).await;
    assert_eq!(texts(&read(&endpoint, FIRST, from_start).await), "");
}

#[tokio::test(start_paused = true)]
async fn tags_are_set_by_name_and_by_arn() {
    let endpoint = with_stream(1).await;
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    ok(&endpoint, "AddTagsToStream", json!({ "StreamName": "s", "Tags": { "b": "2", "a": "1" } }))
        .await;
    ok(&endpoint, "TagResource", json!({ "ResourceARN": arn, "Tags": { "c": "3", "a": "4" } }))
        .await;
    let listed = ok(&endpoint, "ListTagsForStream", json!({ "StreamName": "s", "Limit": 2 })).await;
    let tags = json!([{ "Key": "a", "Value": "4" }, { "Key": "b", "Value": "2" }]);
    assert_eq!((&listed["Tags"], &listed["HasMoreTags"]), (&tags, &json!(true)));
    ok(&endpoint, "RemoveTagsFromStream", json!({ "StreamName": "s", "TagKeys": ["a", "zz"] }))
        .await;
    ok(&endpoint, "UntagResource", json!({ "ResourceARN": arn, "TagKeys": ["b"] })).await;
    let listed = ok(&endpoint, "ListTagsForResource", json!({ "ResourceARN": arn })).await;
    assert_eq!(listed, json!({ "Tags": [{ "Key": "c", "Value": "3" }] }));
    let many: serde_json::Map<_, _> = (0..50).map(|n| (format!("k{n}"), json!("v"))).collect();
    let (code, _) =
        refused(&endpoint, "AddTagsToStream", json!({ "StreamName": "s", "Tags": many })).await;
    assert_eq!(code, "LimitExceededException");
}

#[tokio::test(start_paused = true)]
async fn a_stream_takes_its_time_where_that_is_asked_for() {
    let endpoint = builder().transition(Duration::from_secs(10)).build().await.unwrap();
    let name = json!({ "StreamName": "s" });
    ok(&endpoint, "CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
    let status = async || {
        let answer = ok(&endpoint, "DescribeStream", name.clone()).await;
        answer["StreamDescription"]["StreamStatus"].as_str().unwrap().to_owned()
    };
    assert_eq!(status().await, "CREATING");
    let record = json!({ "StreamName": "s", "PartitionKey": "k", "Data": "" });
    let (code, _) = refused(&endpoint, "PutRecord", record.clone()).await;
    assert_eq!(code, "ResourceNotFoundException");
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(status().await, "ACTIVE");
    ok(&endpoint, "PutRecord", record.clone()).await;
    let scaled =
        json!({ "StreamName": "s", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING" });
    ok(&endpoint, "UpdateShardCount", scaled.clone()).await;
    assert_eq!(status().await, "UPDATING");
    let (code, message) = refused(&endpoint, "UpdateShardCount", scaled).await;
    assert_eq!(code, "ResourceInUseException");
    assert!(message.contains("not ACTIVE, instead in state UPDATING"), "{message}");
    // Records are taken meanwhile.
    ok(&endpoint, "PutRecord", record).await;
    tokio::time::advance(Duration::from_secs(10)).await;
    ok(&endpoint, "DeleteStream", name.clone()).await;
    assert_eq!(status().await, "DELETING");
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(
        refused(&endpoint, "DescribeStream", name.clone()).await.0,
        "ResourceNotFoundException"
    );
}

#[tokio::test(start_paused = true)]
async fn streams_and_their_shards_outlive_the_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let build = || builder().data_dir(folder.path()).build();
    let endpoint = build().await.unwrap();
    ok(&endpoint, "CreateStream", json!({ "StreamName": "s", "ShardCount": 2 })).await;
    let before = put(&endpoint, "k", "1").await;
    ok(&endpoint, "MergeShards", json!({ "StreamName": "s", "ShardToMerge": FIRST, "AdjacentShardToMerge": "shardId-000000000001" })).await;
    let (named, before) = (shards(&endpoint).await, before["SequenceNumber"].clone());
    drop(endpoint);
    tokio::time::advance(Duration::from_secs(5)).await;
    let endpoint = build().await.unwrap();
    assert_eq!(shards(&endpoint).await, named);
    let after = put(&endpoint, "k", "2").await;
    assert!(after["SequenceNumber"].as_str() > before.as_str());
}
