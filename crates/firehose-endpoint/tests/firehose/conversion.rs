//! Streams that convert by a Glue table.

use serde_json::json;

use super::*;

async fn glue(endpoint: &Endpoint, operation: &str, input: Value) -> Value {
    let answer = endpoint.call("Glue", operation, &input).await;
    answer.unwrap_or_else(|why| panic!("{operation}: {why}"))
}

fn table(columns: &[(&str, &str)]) -> Value {
    let columns: Vec<_> =
        columns.iter().map(|(name, kind)| json!({ "Name": name, "Type": kind })).collect();
    json!({
        "DatabaseName": "captains",
        "TableInput": { "Name": "ratings", "StorageDescriptor": { "Columns": columns } },
    })
}

fn conversion(members: Value) -> Value {
    let mut conversion = json!({
        "SchemaConfiguration":
            { "RoleARN": ROLE, "DatabaseName": "captains", "TableName": "ratings" },
        "InputFormatConfiguration": { "Deserializer": { "OpenXJsonSerDe": {} } },
        "OutputFormatConfiguration": { "Serializer": { "ParquetSerDe": {} } },
    });
    let given = members.as_object().expect("members").clone();
    conversion.as_object_mut().expect("an object").extend(given);
    json!({ "Prefix": "ratings", "DataFormatConversionConfiguration": conversion })
}

async fn with_table() -> Endpoint {
    let endpoint = endpoint().await;
    glue(&endpoint, "CreateDatabase", json!({ "DatabaseInput": { "Name": "captains" } })).await;
    glue(&endpoint, "CreateTable", table(&[("user", "string"), ("rating", "int")])).await;
    endpoint
}

#[tokio::test(start_paused = true)]
async fn a_changed_table_is_picked_up_by_the_next_buffer_and_a_missing_one_fails_it() {
    let endpoint = with_table().await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", conversion(json!({})))).await;
    let put = batch("ratings", &[r#"{"user":"Ada","rating":7}"#, "not JSON"]);
    ok(&endpoint, "PutRecordBatch", put.clone()).await;
    let report = flushed(&endpoint).await;
    assert_eq!((report.delivered_records, report.failed_records), (1, 1));

    glue(&endpoint, "UpdateTable", table(&[("user", "string"), ("rating", "boolean")])).await;
    ok(&endpoint, "PutRecordBatch", put.clone()).await;
    let report = flushed(&endpoint).await;
    assert_eq!((report.delivered_records, report.failed_records), (1, 3), "7 is no boolean");

    let named = json!({ "DatabaseName": "captains", "Name": "ratings" });
    glue(&endpoint, "DeleteTable", named).await;
    ok(&endpoint, "PutRecordBatch", put).await;
    let report = flushed(&endpoint).await;
    assert_eq!((report.delivered_records, report.failed_records), (1, 5));
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_name_a_version_of_its_table() {
    let endpoint = with_table().await;
    glue(&endpoint, "UpdateTable", table(&[("rating", "boolean")])).await;
    let schema = json!({ "SchemaConfiguration": {
        "RoleARN": ROLE, "DatabaseName": "captains", "TableName": "ratings", "VersionId": "0" } });
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", conversion(schema))).await;
    ok(&endpoint, "PutRecordBatch", batch("ratings", &[r#"{"rating":7}"#])).await;
    assert_eq!(flushed(&endpoint).await.delivered_records, 1);
}

#[tokio::test(start_paused = true)]
async fn recorded_2_3_a_table_that_is_not_there_or_cannot_be_converted_to_is_refused_at_create() {
    let endpoint = with_table().await;
    glue(&endpoint, "UpdateTable", table(&[("rating", "uniontype<int,string>")])).await;
    let unknown = json!({ "SchemaConfiguration":
        { "RoleARN": ROLE, "DatabaseName": "captains", "TableName": "nothing" } });
    for (members, words) in [(unknown, "EntityNotFoundException"), (json!({}), "uniontype")] {
        let input = stream("ratings", conversion(members));
        let (code, message) = refused(&endpoint, "CreateDeliveryStream", input).await;
        assert_eq!(code, "InvalidArgumentException");
        assert!(message.contains(words), "{message}");
    }
    let names = ok(&endpoint, "ListDeliveryStreams", json!({})).await;
    assert_eq!(names["DeliveryStreamNames"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn section_5_3_options_are_echoed_and_orc_is_refused_by_name() {
    let endpoint = with_table().await;
    let output =
        |serializer: Value| json!({ "OutputFormatConfiguration": { "Serializer": serializer } });
    let input = |deserializer: Value| json!({ "InputFormatConfiguration": { "Deserializer": deserializer } });
    let table = [
        (output(json!({ "OrcSerDe": {} })), "OrcSerDe) is not supported"),
        (
            output(json!({ "ParquetSerDe": { "MaxPaddingBytes": 1 } })),
            "ParquetSerDe.MaxPaddingBytes is not supported",
        ),
        (
            input(json!({ "HiveJsonSerDe": { "TimestampFormats": ["millis", "yyyy-QQ"] } })),
            "Invalid deserializer option(s): TimestampFormats `yyyy-QQ` has the letter `Q`",
        ),
    ];
    for (members, words) in table {
        let request = stream("ratings", conversion(members));
        let (code, message) = refused(&endpoint, "CreateDeliveryStream", request).await;
        assert_eq!(code, "InvalidArgumentException");
        assert!(message.contains(words), "{message}");
    }
    let fine = [
        output(json!({ "ParquetSerDe": { "Compression": "GZIP", "PageSizeBytes": 65_536 } })),
        output(json!({ "ParquetSerDe": { "MaxPaddingBytes": 0, "WriterVersion": "V2" } })),
        input(json!({ "OpenXJsonSerDe": {
            "CaseInsensitive": false, "ConvertDotsInJsonKeysToUnderscores": true,
            "ColumnToJsonKeyMappings": { "user": "User.Name" } } })),
        input(json!({ "HiveJsonSerDe": { "TimestampFormats": ["millis", "yyyy-MM-dd"] } })),
    ];
    for (n, members) in fine.into_iter().enumerate() {
        let name = format!("fine-{n}");
        ok(&endpoint, "CreateDeliveryStream", stream(&name, conversion(members.clone()))).await;
        let described = describe(&endpoint, &name).await;
        let extended = &described["Destinations"][0]["ExtendedS3DestinationDescription"];
        let block = &extended["DataFormatConversionConfiguration"];
        for (member, value) in members.as_object().unwrap() {
            assert_eq!(&block[member], value, "echoed as given");
        }
    }
}

/// Rows of section 5.2 and 5.6 through the endpoint: the deserializer that is asked for is the one
/// that reads.
#[tokio::test(start_paused = true)]
async fn the_deserializers_options_arrive() {
    let endpoint = with_table().await;
    let input = |deserializer: Value| json!({ "InputFormatConfiguration": { "Deserializer": deserializer } });
    let table = [
        ("openx", input(json!({ "OpenXJsonSerDe": {} })), (1, 0)),
        ("hive", input(json!({ "HiveJsonSerDe": {} })), (0, 1)),
        (
            "mapped",
            input(
                json!({ "OpenXJsonSerDe": { "ColumnToJsonKeyMappings": { "rating": "score" } } }),
            ),
            (1, 0),
        ),
    ];
    for (name, members, expected) in table {
        ok(&endpoint, "CreateDeliveryStream", stream(name, conversion(members))).await;
        ok(&endpoint, "PutRecordBatch", batch(name, &[r#"{"rating":"7"}"#])).await;
        let report = endpoint.flush(Some(name), Duration::from_secs(5)).await.remove(0);
        assert_eq!((report.delivered_records, report.failed_records), expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn nested_columns_convert() {
    let endpoint = with_table().await;
    let columns =
        [("who", "struct<name:string,tags:array<string>>"), ("scores", "map<string,int>")];
    glue(&endpoint, "UpdateTable", table(&columns)).await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", conversion(json!({})))).await;
    let records = [
        r#"{"who":{"name":"Ada","tags":["a"]},"scores":{"Han Solo":7}}"#,
        r#"{"scores":{"Han Solo":"seven"}}"#,
    ];
    ok(&endpoint, "PutRecordBatch", batch("ratings", &records)).await;
    let report = flushed(&endpoint).await;
    assert_eq!((report.delivered_records, report.failed_records), (1, 1));
}
