//! What stands in the bucket, and under which keys.

use serde_json::json;

use super::*;

/// An endpoint whose objects lie in a folder that goes with the test.
async fn in_folder() -> (tempfile::TempDir, Endpoint) {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = with_bucket(builder().data_dir(folder.path())).await;
    (folder, endpoint)
}

/// Keys in the bucket, in order.
fn keys(folder: &tempfile::TempDir) -> Vec<String> {
    let root = folder.path().join(BUCKET);
    let mut keys = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(&root).expect("below the bucket");
                keys.push(key.to_string_lossy().into_owned());
            }
        }
    }
    keys.sort();
    keys
}

#[tokio::test(start_paused = true)]
async fn section_4_2_expressions_and_the_time_zone_make_the_key() {
    let (folder, endpoint) = in_folder().await;
    let members = json!({
        "Prefix": "in/!{timestamp:'day='yyyy-MM-dd/HH/}",
        "ErrorOutputPrefix": "out/!{firehose:error-output-type}/",
        "CustomTimeZone": "Asia/Kolkata",
        "FileExtension": ".ndjson",
    });
    ok(&endpoint, "CreateDeliveryStream", stream("s", members.clone())).await;
    let described = describe(&endpoint, "s").await;
    let extended = &described["Destinations"][0]["ExtendedS3DestinationDescription"];
    for (member, value) in members.as_object().unwrap() {
        assert_eq!(&extended[member], value, "echoed as given");
    }
    ok(&endpoint, "PutRecordBatch", batch("s", &["{}"])).await;
    flushed(&endpoint).await;
    let keys = keys(&folder);
    assert_eq!(keys.len(), 1);
    assert!(keys[0].starts_with("in/day=2022-01-08/11/s-1-2022-01-08-11-34-19-"), "{keys:?}");
    assert!(keys[0].ends_with(".ndjson"), "{keys:?}");
}

#[tokio::test(start_paused = true)]
async fn section_4_2_refusals_are_in_awss_frame_at_create_and_at_update() {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDeliveryStream", stream("there", json!({}))).await;
    let frame = "Ths supplied prefix(es) do not satisfy the following constraint: ";
    let table = [
        (json!({ "Prefix": "!{timestamp:yyyy}" }), "ErrorOutputPrefix cannot be null or empty"),
        (
            json!({ "Prefix": "!{firehose:error-output-type}", "ErrorOutputPrefix": "e" }),
            "Prefix must not",
        ),
        (json!({ "ErrorOutputPrefix": "!{timestamp:yyyy}" }), "ErrorOutputPrefix must contain"),
        (
            json!({ "Prefix": "!{timestamp:bad}", "ErrorOutputPrefix": "e" }),
            "Prefix has the expression",
        ),
        (
            json!({ "Prefix": "!{partitionKeyFromQuery:a}", "ErrorOutputPrefix": "e" }),
            "Prefix names the partition key `a`",
        ),
    ];
    for (members, words) in table {
        let (code, created) =
            refused(&endpoint, "CreateDeliveryStream", stream("s", members.clone())).await;
        assert_eq!(code, "InvalidArgumentException");
        assert!(created.starts_with(&format!("{frame}{words}")), "{created}");
        let update = json!({
            "DeliveryStreamName": "there", "CurrentDeliveryStreamVersionId": "1",
            "DestinationId": "destinationId-000000000001", "ExtendedS3DestinationUpdate": members,
        });
        let (_, updated) = refused(&endpoint, "UpdateDestination", update).await;
        assert_eq!(updated, created);
    }
    let zone = stream("s", json!({ "CustomTimeZone": "Europe/Atlantis" }));
    let (_, message) = refused(&endpoint, "CreateDeliveryStream", zone).await;
    assert_eq!(message, "CustomTimeZone Europe/Atlantis is not a known time zone");
}

fn partitioned() -> Value {
    let parameter =
        |name: &str, value: &str| json!({ "ParameterName": name, "ParameterValue": value });
    json!({
        "Prefix": "c=!{partitionKeyFromQuery:c}/",
        "ErrorOutputPrefix": "e/!{firehose:error-output-type}/",
        "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 60 },
        "DynamicPartitioningConfiguration": { "Enabled": true },
        "ProcessingConfiguration": { "Enabled": true, "Processors": [
            { "Type": "RecordDeAggregation", "Parameters": [parameter("SubRecordType", "JSON")] },
            { "Type": "MetadataExtraction", "Parameters": [
                parameter("MetadataExtractionQuery", "{c:.c}"), parameter("JsonParsingEngine", "JQ-1.6")] },
            { "Type": "AppendDelimiterToRecord", "Parameters": [parameter("Delimiter", "\\n")] },
        ] },
    })
}

#[tokio::test(start_paused = true)]
async fn section_3_4_records_are_filed_by_what_is_in_them() {
    let (folder, endpoint) = in_folder().await;
    ok(&endpoint, "CreateDeliveryStream", stream("s", partitioned())).await;
    let described = describe(&endpoint, "s").await;
    let extended = &described["Destinations"][0]["ExtendedS3DestinationDescription"];
    let echoed = json!({ "Enabled": true, "RetryOptions": { "DurationInSeconds": 300 } });
    assert_eq!(extended["DynamicPartitioningConfiguration"], echoed);
    let records = [r#"{"c":"a"}{"c":"b"}"#, r#"{"c":"a"}"#, "nothing"];
    ok(&endpoint, "PutRecordBatch", batch("s", &records)).await;
    flushed(&endpoint).await;
    let keys = keys(&folder);
    let bodies: Vec<_> = keys
        .iter()
        .map(|key| std::fs::read_to_string(folder.path().join(BUCKET).join(key)).unwrap())
        .collect();
    assert!(keys[0].starts_with("c=a/s-1-") && keys[1].starts_with("c=b/s-1-"), "{keys:?}");
    assert_eq!(bodies[..2], ["{\"c\":\"a\"}\n{\"c\":\"a\"}\n", "{\"c\":\"b\"}\n"]);
    assert!(keys[2].starts_with("e/processing-failed/") && bodies[2].contains("errorCode"));
}

#[tokio::test(start_paused = true)]
async fn section_2_5_partitioning_is_settled_at_create() {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDeliveryStream", stream("with", partitioned())).await;
    ok(&endpoint, "CreateDeliveryStream", stream("without", json!({}))).await;
    let off = json!({ "DynamicPartitioningConfiguration": { "Enabled": false } });
    for (name, members) in [("with", off), ("without", partitioned())] {
        let update = json!({
            "DeliveryStreamName": name, "CurrentDeliveryStreamVersionId": "1",
            "DestinationId": "destinationId-000000000001", "ExtendedS3DestinationUpdate": members,
        });
        let (_, message) = refused(&endpoint, "UpdateDestination", update).await;
        assert!(message.starts_with("Dynamic partitioning cannot be"), "{message}");
    }
}

/// Rows of section 4.3 through the endpoint: extension, and what S3 answers.
#[tokio::test(start_paused = true)]
async fn section_4_3_compressed_objects_have_their_extension() {
    let (folder, endpoint) = in_folder().await;
    let table =
        [("GZIP", ".gz"), ("ZIP", ".zip"), ("Snappy", ".snappy"), ("HADOOP_SNAPPY", ".snappy")];
    for (format, extension) in table {
        let members = json!({ "CompressionFormat": format, "Prefix": format });
        ok(&endpoint, "CreateDeliveryStream", stream(format, members)).await;
        ok(&endpoint, "PutRecordBatch", batch(format, &["abc"])).await;
        endpoint.flush(Some(format), Duration::from_secs(5)).await;
        let keys = keys(&folder);
        let key = keys.iter().find(|key| key.starts_with(format)).unwrap();
        assert!(key.ends_with(extension), "{key}");
    }
}

/// The answer to one request of S3's.
async fn s3_answer(endpoint: &Endpoint, method: &str, key: &str) -> http::Response<bytes::Bytes> {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/{BUCKET}/{key}"))
        .header("host", "localhost")
        .body(bytes::Bytes::new());
    endpoint.answer(request.expect("a request")).await
}

#[tokio::test(start_paused = true)]
async fn section_2_2_objects_of_a_stream_with_a_key_tell_aws_kms_to_head_and_get() {
    const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/k";
    let (folder, endpoint) = in_folder().await;
    let encryption = json!({ "KMSEncryptionConfig": { "AWSKMSKeyARN": KEY } });
    let members = json!({ "Prefix": "kms/", "EncryptionConfiguration": encryption });
    ok(&endpoint, "CreateDeliveryStream", stream("kms", members)).await;
    ok(&endpoint, "CreateDeliveryStream", stream("plain", json!({ "Prefix": "plain/" }))).await;
    ok(&endpoint, "PutRecordBatch", batch("kms", &["abc"])).await;
    ok(&endpoint, "PutRecordBatch", batch("plain", &["abc"])).await;
    flushed(&endpoint).await;
    let keys = keys(&folder);
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in keys {
        for method in ["HEAD", "GET"] {
            let answer = s3_answer(&endpoint, method, &key).await;
            assert_eq!(answer.status(), 200, "{method} {key}");
            let told = |name: &str| {
                let value = answer.headers().get(name);
                value.map(|value| value.to_str().expect("text").to_owned())
            };
            let found = (
                told("x-amz-server-side-encryption"),
                told("x-amz-server-side-encryption-aws-kms-key-id"),
            );
            let expected = match key.starts_with("kms/") {
                true => (Some("aws:kms".to_owned()), Some(KEY.to_owned())),
                false => (Some("AES256".to_owned()), None),
            };
            assert_eq!(found, expected, "{method} {key}");
            let body: &[u8] = if method == "GET" { b"abc" } else { b"" };
            assert_eq!(answer.body().as_ref(), body, "it is not encrypted here");
        }
    }
}

/// A partitioned stream to a bucket that is not there; what became of a record after these seconds.
async fn refused_for(builder: EndpointBuilder, seconds: u64, retry: Option<u64>) -> bool {
    let endpoint = builder.build().await.expect("an endpoint");
    let query = json!({ "Type": "MetadataExtraction", "Parameters": [
        { "ParameterName": "MetadataExtractionQuery", "ParameterValue": "{a:.a}" } ] });
    let mut partitioning = json!({ "Enabled": true });
    if let Some(retry) = retry {
        partitioning["RetryOptions"] = json!({ "DurationInSeconds": retry });
    }
    let members = json!({
        "Prefix": "!{partitionKeyFromQuery:a}/",
        "ErrorOutputPrefix": "!{firehose:error-output-type}/",
        "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 0 },
        "DynamicPartitioningConfiguration": partitioning,
        "ProcessingConfiguration": { "Enabled": true, "Processors": [query] },
    });
    ok(&endpoint, "CreateDeliveryStream", stream("s", members)).await;
    ok(&endpoint, "PutRecordBatch", batch("s", &[r#"{"a":1}"#])).await;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    endpoint.create_bucket(BUCKET).await.expect("a bucket");
    tokio::time::sleep(Duration::from_secs(31)).await;
    let report = endpoint.reports().remove(0);
    assert_eq!(report.buffered_records, 0);
    report.delivered_records == 0
}

#[tokio::test(start_paused = true)]
async fn section_3_4_a_partition_is_tried_for_what_its_retry_options_say() {
    let table = [
        (builder(), 290, None, false),
        (builder(), 310, None, true),
        (builder(), 310, Some(7200), false),
        (builder(), 7210, Some(7200), true),
        (builder(), 1, Some(0), true),
        (builder().retry_for(None), 8000, Some(0), false),
        (builder().retry_for(Some(Duration::from_secs(60))), 100, Some(7200), true),
    ];
    for (builder, seconds, retry, lost) in table {
        let told = format!("{builder:?}: {seconds} {retry:?}");
        assert_eq!(refused_for(builder, seconds, retry).await, lost, "{told}");
    }
}
