//! The model's checks of a destination, row by row as AWS was seen to word them.

use serde_json::json;

use super::*;

const DESTINATION: &str = "extendedS3DestinationConfiguration";
const CONVERSION: &str = "extendedS3DestinationConfiguration.dataFormatConversionConfiguration";

/// The violations of a create, without what every one of them begins with.
async fn violations(endpoint: &Endpoint, destination: Value) -> Vec<String> {
    let input =
        json!({ "DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": destination });
    let (code, message) = refused(endpoint, "CreateDeliveryStream", input).await;
    assert_eq!(code, "ValidationException", "{message}");
    let (head, all) = message.split_once(" detected: ").expect("a tally");
    let all: Vec<_> = all.split("; ").map(str::to_owned).collect();
    let plural = if all.len() == 1 { "" } else { "s" };
    assert_eq!(head, format!("{} validation error{plural}", all.len()));
    all
}

fn value_at(path: &str, constraint: &str) -> String {
    format!("Value at '{path}' failed to satisfy constraint: Member must {constraint}")
}

#[tokio::test(start_paused = true)]
async fn recorded_2_4_each_constraint_has_awss_sentence() {
    let endpoint = endpoint().await;
    let parquet = format!("{CONVERSION}.outputFormatConfiguration.serializer.parquetSerDe");
    let with_parquet = |member: &str, value: Value| {
        // The conversion is off: the model is checked all the same.
        s3(json!({ "DataFormatConversionConfiguration": { "Enabled": false,
            "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": { member: value } } } } }))
    };
    let mut no_bucket = s3(json!({}));
    no_bucket.as_object_mut().expect("members").remove("BucketARN");
    let mut no_role = s3(json!({}));
    no_role.as_object_mut().expect("members").remove("RoleARN");
    let table = [
        (
            s3(json!({ "CompressionFormat": "SNAPPY" })),
            value_at(
                &format!("{DESTINATION}.compressionFormat"),
                "satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]",
            ),
        ),
        (
            s3(json!({ "FileExtension": "json" })),
            value_at(
                &format!("{DESTINATION}.fileExtension"),
                r"satisfy regular expression pattern: ^(|\.[0-9a-z!\-_.*'()]+)$",
            ),
        ),
        (
            s3(json!({ "FileExtension": format!(".{}", "x".repeat(128)) })),
            value_at(
                &format!("{DESTINATION}.fileExtension"),
                "have length less than or equal to 128",
            ),
        ),
        (
            with_parquet("MaxPaddingBytes", json!(-1)),
            value_at(
                &format!("{parquet}.maxPaddingBytes"),
                "have value greater than or equal to 0",
            ),
        ),
        (
            with_parquet("BlockSizeBytes", json!(67_108_863)),
            value_at(
                &format!("{parquet}.blockSizeBytes"),
                "have value greater than or equal to 67108864",
            ),
        ),
        (
            with_parquet("PageSizeBytes", json!(65_535)),
            value_at(
                &format!("{parquet}.pageSizeBytes"),
                "have value greater than or equal to 65536",
            ),
        ),
        (
            with_parquet("Compression", json!("ZSTD")),
            value_at(
                &format!("{parquet}.compression"),
                "satisfy enum value set: [SNAPPY, GZIP, UNCOMPRESSED]",
            ),
        ),
        (
            with_parquet("WriterVersion", json!("V3")),
            value_at(&format!("{parquet}.writerVersion"), "satisfy enum value set: [V1, V2]"),
        ),
        (no_bucket, value_at(&format!("{DESTINATION}.bucketARN"), "not be null")),
        (no_role, value_at(&format!("{DESTINATION}.roleARN"), "not be null")),
    ];
    for (destination, expected) in table {
        assert_eq!(violations(&endpoint, destination).await, [expected]);
    }
}

/// Members of the schema in the order in which AWS prints them; each broken rule is one of its own.
#[tokio::test(start_paused = true)]
async fn recorded_2_4_the_schemas_members_are_told_in_their_order() {
    let endpoint = endpoint().await;
    let members = ["VersionId", "CatalogId", "DatabaseName", "RoleARN", "Region", "TableName"];
    let schema: serde_json::Map<_, _> =
        members.iter().map(|member| ((*member).to_owned(), json!(""))).collect();
    let destination = s3(json!({ "DataFormatConversionConfiguration": {
        "Enabled": false, "SchemaConfiguration": schema } }));
    let told = violations(&endpoint, destination).await;
    let paths = ["versionId", "catalogId", "databaseName", "roleARN", "region", "tableName"];
    let mut expected = Vec::new();
    for path in paths {
        let path = format!("{CONVERSION}.schemaConfiguration.{path}");
        expected.push(value_at(&path, r"satisfy regular expression pattern: ^\S+$"));
        expected.push(value_at(&path, "have length greater than or equal to 1"));
    }
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn recorded_2_4_no_destination_or_two_are_refused() {
    let endpoint = endpoint().await;
    let two = json!({ "DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": s3(json!({})),
        "S3DestinationConfiguration": s3(json!({})) });
    for input in [json!({ "DeliveryStreamName": "s" }), two] {
        let (code, message) = refused(&endpoint, "CreateDeliveryStream", input).await;
        assert_eq!(code, "InvalidArgumentException");
        assert_eq!(message, "Exactly one destination configuration is supported for a Firehose");
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_2_3_what_is_left_out_is_told_as_aws_tells_it() {
    let endpoint = endpoint().await;
    // Enabled left out counts as true; off it is kept and echoed.
    let bare = s3(json!({ "DataFormatConversionConfiguration": {} }));
    let input = json!({ "DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": bare });
    let (code, message) = refused(&endpoint, "CreateDeliveryStream", input).await;
    assert_eq!(
        (code, message.as_str()),
        ("InvalidArgumentException", "InputFormatConfiguration must not be null")
    );
    let off = json!({ "DataFormatConversionConfiguration": { "Enabled": false } });
    ok(&endpoint, "CreateDeliveryStream", stream("s", off)).await;
    let described = describe(&endpoint, "s").await;
    let extended = &described["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(extended["DataFormatConversionConfiguration"], json!({ "Enabled": false }));
    assert_eq!(extended["BufferingHints"], json!({ "SizeInMBs": 5, "IntervalInSeconds": 300 }));
    // Turning it on later fails on the hints that were kept.
    let update = json!({
        "DeliveryStreamName": "s", "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": { "DataFormatConversionConfiguration": { "Enabled": true } },
    });
    let (_, message) = refused(&endpoint, "UpdateDestination", update).await;
    assert!(message.starts_with("BufferingHints.SizeInMBs must be at least 64 when"), "{message}");
    assert_eq!(describe(&endpoint, "s").await["VersionId"], "1", "a refusal changes nothing");
    // A malformed role of the schema is told before the model's checks.
    let role = s3(json!({ "CompressionFormat": "SNAPPY", "DataFormatConversionConfiguration": {
        "SchemaConfiguration": { "RoleARN": "nobody" } } }));
    let input = json!({ "DeliveryStreamName": "t", "ExtendedS3DestinationConfiguration": role });
    let told = refused(&endpoint, "CreateDeliveryStream", input).await;
    assert_eq!(told, ("InvalidParameterValueException", "Invalid role ARN.".to_owned()));
}
