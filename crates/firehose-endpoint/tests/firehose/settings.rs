//! What the builder is told, and what survives a restart.

use firehose_endpoint::Error;
use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn streams_tags_and_versions_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = with_bucket(builder().data_dir(folder.path())).await;
    let mut input = stream("ratings", json!({ "Prefix": "a/" }));
    input["Tags"] = json!([{ "Key": "team", "Value": "bridge" }]);
    ok(&first, "CreateDeliveryStream", input).await;
    let update = json!({
        "DeliveryStreamName": "ratings", "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": { "Prefix": "b/" },
    });
    ok(&first, "UpdateDestination", update).await;
    let described = describe(&first, "ratings").await;
    drop(first);

    let again = builder().data_dir(folder.path()).build().await.unwrap();
    assert_eq!(describe(&again, "ratings").await, described);
    let tags = ok(&again, "ListTagsForDeliveryStream", json!({ "DeliveryStreamName": "ratings" }));
    assert_eq!(tags.await["Tags"], json!([{ "Key": "team", "Value": "bridge" }]));
    ok(&again, "PutRecordBatch", batch("ratings", &["abc"])).await;
    assert!(flushed(&again).await.delivered);
    assert!(folder.path().join(BUCKET).join("b/2022/01/08/06").is_dir());
}

#[tokio::test]
async fn a_data_directory_belongs_to_one_endpoint_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = builder().data_dir(folder.path()).build().await.unwrap();
    let second = builder().data_dir(folder.path()).build().await.unwrap_err();
    assert!(matches!(second, Error::InUse { .. }), "{second}");
    drop(first);
    builder().data_dir(folder.path()).build().await.unwrap();
}

#[tokio::test]
async fn settings_that_cannot_be_are_named() {
    let table = [
        (builder().account("12"), "account"),
        (builder().region("US East"), "region"),
        (builder().buffer_size(0), "buffer_size"),
    ];
    for (builder, setting) in table {
        let error = builder.build().await.unwrap_err().to_string();
        assert!(error.starts_with(setting), "{error}");
    }
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    endpoint.reset().await.unwrap();
    let names = ok(&endpoint, "ListDeliveryStreams", json!({})).await;
    assert_eq!(names["DeliveryStreamNames"], json!([]));
    endpoint.create_bucket(BUCKET).await.unwrap();
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
}
