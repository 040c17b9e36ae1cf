//! Create, describe, list, update, delete, tags, encryption.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_bare_stream_is_described_with_awss_defaults() {
    let endpoint = endpoint().await;
    let answer = ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    let arn = "arn:aws:firehose:us-east-1:000000000000:deliverystream/ratings";
    assert_eq!(answer, json!({ "DeliveryStreamARN": arn }));
    let plain = s3(json!({
        "Prefix": "",
        "BufferingHints": { "SizeInMBs": 5, "IntervalInSeconds": 300 },
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": { "NoEncryptionConfig": "NoEncryption" },
        "CloudWatchLoggingOptions": { "Enabled": false },
    }));
    let mut extended = plain.clone();
    extended["S3BackupMode"] = json!("Disabled");
    extended["CustomTimeZone"] = json!("UTC");
    let expected = json!({
        "DeliveryStreamName": "ratings",
        "DeliveryStreamARN": arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": { "Status": "DISABLED" },
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "CreateTimestamp": 1_641_621_859.0,
        "Destinations": [{
            "DestinationId": "destinationId-000000000001",
            "ExtendedS3DestinationDescription": extended,
            "S3DestinationDescription": plain,
        }],
        "HasMoreDestinations": false,
    });
    assert_eq!(describe(&endpoint, "ratings").await, expected);
}

#[tokio::test(start_paused = true)]
async fn names_are_taken_once_and_unknown_ones_are_not_found() {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    let again = refused(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    assert_eq!(again.0, "ResourceInUseException");
    let named = |name: &str| json!({ "DeliveryStreamName": name });
    let mut unknown = named("nobody");
    for (operation, member, value) in [
        ("DescribeDeliveryStream", "Limit", json!(1)),
        ("DeleteDeliveryStream", "AllowForceDelete", json!(true)),
        ("ListTagsForDeliveryStream", "Limit", json!(1)),
        ("StopDeliveryStreamEncryption", "DeliveryStreamName", json!("nobody")),
        ("StartDeliveryStreamEncryption", "DeliveryStreamName", json!("nobody")),
    ] {
        unknown[member] = value;
        let (code, message) = refused(&endpoint, operation, unknown.clone()).await;
        let expected = "Firehose nobody under account 000000000000 not found.";
        assert_eq!((code, message.as_str()), ("ResourceNotFoundException", expected));
        unknown = named("nobody");
    }
}

#[tokio::test(start_paused = true)]
async fn streams_are_listed_in_pages_from_after_any_name() {
    let endpoint = endpoint().await;
    for name in ["c", "a", "b"] {
        ok(&endpoint, "CreateDeliveryStream", stream(name, json!({}))).await;
    }
    let table = [
        (json!({}), json!(["a", "b", "c"]), false),
        (json!({ "Limit": 2 }), json!(["a", "b"]), true),
        (json!({ "ExclusiveStartDeliveryStreamName": "aa" }), json!(["b", "c"]), false),
        (json!({ "DeliveryStreamType": "KinesisStreamAsSource" }), json!([]), false),
    ];
    for (input, names, more) in table {
        let answer = ok(&endpoint, "ListDeliveryStreams", input).await;
        let expected = json!({ "DeliveryStreamNames": names, "HasMoreDeliveryStreams": more });
        assert_eq!(answer, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn creating_and_deleting_take_the_time_that_is_set() {
    let transition = Duration::from_secs(30);
    let endpoint = with_bucket(builder().transition(transition)).await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    let status = async || describe(&endpoint, "ratings").await["DeliveryStreamStatus"].clone();
    assert_eq!(status().await, "CREATING");
    let put = batch("ratings", &["{}"]);
    assert_eq!(
        refused(&endpoint, "PutRecordBatch", put.clone()).await.0,
        "ResourceNotFoundException"
    );
    let named = json!({ "DeliveryStreamName": "ratings" });
    let early = refused(&endpoint, "DeleteDeliveryStream", named.clone()).await;
    assert_eq!(early.0, "ResourceInUseException");

    tokio::time::advance(transition).await;
    assert_eq!(status().await, "ACTIVE");
    ok(&endpoint, "PutRecordBatch", put.clone()).await;
    ok(&endpoint, "DeleteDeliveryStream", named.clone()).await;
    assert_eq!(status().await, "DELETING");
    ok(&endpoint, "DeleteDeliveryStream", named.clone()).await;
    assert_eq!(refused(&endpoint, "PutRecordBatch", put).await.0, "ResourceNotFoundException");
    let again = refused(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    assert_eq!(again.0, "ResourceInUseException");

    tokio::time::advance(transition).await;
    assert_eq!(
        refused(&endpoint, "DescribeDeliveryStream", named).await.0,
        "ResourceNotFoundException"
    );
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
}

fn update(version: &str, members: Value) -> Value {
    json!({
        "DeliveryStreamName": "ratings",
        "CurrentDeliveryStreamVersionId": version,
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": members,
    })
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_what_it_names_and_counts_the_version() {
    let endpoint = endpoint().await;
    let given = json!({ "Prefix": "a/", "ErrorOutputPrefix": "e/" });
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", given)).await;
    ok(&endpoint, "PutRecordBatch", batch("ratings", &["1"])).await;
    ok(&endpoint, "UpdateDestination", update("1", json!({ "Prefix": "b/" }))).await;
    ok(&endpoint, "PutRecordBatch", batch("ratings", &["2"])).await;
    let report = flushed(&endpoint).await;
    assert_eq!((report.delivered_records, report.delivered_objects), (2, 2));

    let stale = refused(&endpoint, "UpdateDestination", update("1", json!({}))).await;
    assert_eq!(stale.0, "ConcurrentModificationException");
    let refusal = refused(
        &endpoint,
        "UpdateDestination",
        update("2", json!({ "CustomTimeZone": "Nowhere", "Prefix": "c/" })),
    );
    assert!(refusal.await.1.contains("CustomTimeZone Nowhere"));

    let described = describe(&endpoint, "ratings").await;
    assert_eq!(described["VersionId"], "2");
    assert!(described["LastUpdateTimestamp"].is_f64());
    let extended = &described["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!((&extended["Prefix"], &extended["ErrorOutputPrefix"]), (&json!("b/"), &json!("e/")));
}

#[tokio::test(start_paused = true)]
async fn recorded_2_4_a_destination_is_one_and_of_a_kind_that_is_built() {
    let endpoint = endpoint().await;
    let one = "Exactly one destination configuration is supported for a Firehose";
    let mut two = stream("ratings", json!({}));
    two["S3DestinationConfiguration"] = s3(json!({}));
    for input in [json!({ "DeliveryStreamName": "ratings" }), two] {
        let (code, message) = refused(&endpoint, "CreateDeliveryStream", input).await;
        assert_eq!((code, message.as_str()), ("InvalidArgumentException", one));
    }
    let deprecated = json!({
        "DeliveryStreamName": "old", "S3DestinationConfiguration": s3(json!({ "Prefix": "o/" })),
    });
    ok(&endpoint, "CreateDeliveryStream", deprecated).await;
    let described = describe(&endpoint, "old").await;
    assert_eq!(described["Destinations"][0]["S3DestinationDescription"]["Prefix"], "o/");

    let mut database = stream("ratings", json!({}));
    database["DeliveryStreamType"] = json!("DatabaseAsSource");
    let (code, message) = refused(&endpoint, "CreateDeliveryStream", database).await;
    assert_eq!(code, "InvalidArgumentException");
    assert!(message.contains("A database as source is not supported"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn tags_are_set_overwritten_paged_and_removed() {
    let endpoint = endpoint().await;
    let mut input = stream("ratings", json!({}));
    input["Tags"] = json!([{ "Key": "team", "Value": "bridge" }, { "Key": "cost" }]);
    ok(&endpoint, "CreateDeliveryStream", input).await;
    let tags = json!({
        "DeliveryStreamName": "ratings",
        "Tags": [{ "Key": "team", "Value": "engine" }, { "Key": "a", "Value": "1" }],
    });
    ok(&endpoint, "TagDeliveryStream", tags).await;
    let gone = json!({ "DeliveryStreamName": "ratings", "TagKeys": ["cost", "unknown"] });
    ok(&endpoint, "UntagDeliveryStream", gone).await;
    let list = json!({ "DeliveryStreamName": "ratings", "Limit": 1 });
    let first = ok(&endpoint, "ListTagsForDeliveryStream", list).await;
    let expected = json!({ "Tags": [{ "Key": "a", "Value": "1" }], "HasMoreTags": true });
    assert_eq!(first, expected);
    let rest = json!({ "DeliveryStreamName": "ratings", "ExclusiveStartTagKey": "a" });
    let rest = ok(&endpoint, "ListTagsForDeliveryStream", rest).await;
    let expected = json!({ "Tags": [{ "Key": "team", "Value": "engine" }], "HasMoreTags": false });
    assert_eq!(rest, expected);

    let many: Vec<_> = (0..49).map(|n| json!({ "Key": format!("k{n}") })).collect();
    let many = json!({ "DeliveryStreamName": "ratings", "Tags": many });
    assert_eq!(refused(&endpoint, "TagDeliveryStream", many).await.0, "LimitExceededException");
}

#[tokio::test(start_paused = true)]
async fn encryption_is_switched_and_answers_say_so() {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    let named = json!({ "DeliveryStreamName": "ratings" });
    let encrypted = async || {
        let answer = ok(&endpoint, "PutRecordBatch", batch("ratings", &["{}"])).await;
        let status = describe(&endpoint, "ratings").await;
        let status = status["DeliveryStreamEncryptionConfiguration"]["Status"].clone();
        (answer["Encrypted"].clone(), status)
    };
    assert_eq!(encrypted().await, (json!(false), json!("DISABLED")));
    ok(&endpoint, "StartDeliveryStreamEncryption", named.clone()).await;
    assert_eq!(encrypted().await, (json!(true), json!("ENABLED")));
    ok(&endpoint, "StopDeliveryStreamEncryption", named).await;
    assert_eq!(encrypted().await, (json!(false), json!("DISABLED")));
    let keyless = json!({
        "DeliveryStreamName": "ratings",
        "DeliveryStreamEncryptionConfigurationInput": { "KeyType": "CUSTOMER_MANAGED_CMK" },
    });
    let refusal = refused(&endpoint, "StartDeliveryStreamEncryption", keyless).await;
    assert_eq!(refusal.0, "InvalidArgumentException");
}
