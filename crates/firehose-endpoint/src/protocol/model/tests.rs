use serde_json::{Value, json};

use super::*;

const FAILED: &str = "failed to satisfy constraint: Member must";

fn refusal(model: &Model, operation: &str, input: &Value) -> (&'static str, String) {
    let error = model.check(operation, input).expect_err(&format!("{operation} {input}"));
    (error.code, error.message)
}

/// Checks a table of inputs with the message of their `ValidationException`.
fn check(model: &Model, table: &[(&str, Value, &str)]) {
    for (operation, input, expected) in table {
        let (code, message) = refusal(model, operation, input);
        assert_eq!((code, message.as_str()), ("ValidationException", *expected), "{input}");
    }
}

fn s3(member: &str, value: Value) -> Value {
    let mut destination =
        json!({"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::b"});
    destination[member] = value;
    json!({"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": destination})
}

#[test]
fn every_shape_that_is_named_exists_and_every_pattern_compiles() {
    for model in [firehose(), glue(), kinesis()] {
        let exists = |name: &String| assert!(model.document.shapes.contains_key(name), "{name}");
        model.document.operations.values().for_each(|operation| exists(&operation.input));
        for (name, shape) in &model.document.shapes {
            match &shape.kind {
                shape::Kind::Structure { members } => members.iter().for_each(|m| exists(&m.shape)),
                shape::Kind::List { member } => exists(member),
                shape::Kind::Map { key, value } => [key, value].into_iter().for_each(exists),
                _ => {}
            }
            if let Some(pattern) = &shape.pattern {
                assert!(pattern.regex().is_some(), "{name}: {}", pattern.text());
            }
        }
    }
}

#[test]
fn all_twelve_operations_of_firehose_are_known() {
    assert_eq!(firehose().document.operations.len(), 12);
    assert_eq!(refusal(glue(), "GetPartitions", &json!({})).0, "UnknownOperationException");
}

#[test]
fn what_is_right_passes() {
    for (operation, input) in [
        ("ListDeliveryStreams", json!({})),
        ("ListDeliveryStreams", json!({"Limit": null})),
        ("ListDeliveryStreams", json!({"Limit": 1})),
        ("PutRecord", json!({"DeliveryStreamName": "s", "Record": {"Data": ""}})),
        ("CreateDeliveryStream", s3("FileExtension", json!(""))),
        ("CreateDeliveryStream", s3("FileExtension", json!(".json.gz"))),
        ("CreateDeliveryStream", s3("CustomTimeZone", json!("Europe/Zurich"))),
        ("CreateDeliveryStream", s3("Prefix", json!("!{timestamp:yyyy}/ä 😀"))),
        (
            "TagDeliveryStream",
            json!({"DeliveryStreamName": "s", "Tags": [{"Key": "größe", "Value": "1/2"}]}),
        ),
    ] {
        assert_eq!(firehose().check(operation, &input), Ok(()), "{input}");
    }
    let column = json!({"Name": "a 😀", "Type": "struct<a:int>", "Parameters": {"k": "v"}});
    let table = json!({"Name": "t", "StorageDescriptor": {"Columns": [column]}});
    let input = json!({"DatabaseName": "d", "TableInput": table});
    assert_eq!(glue().check("CreateTable", &input), Ok(()));
}

#[test]
fn recorded_2_4_broken_constraints_of_firehose_have_aws_sentences_without_values() {
    let name = |name: &str| json!({"DeliveryStreamName": name});
    check(
        firehose(),
        &[
            (
                "DescribeDeliveryStream",
                json!({}),
                &format!(
                    "1 validation error detected: Value at 'deliveryStreamName' {FAILED} not be null"
                ),
            ),
            (
                "DescribeDeliveryStream",
                name("a b"),
                &format!(
                    "1 validation error detected: Value at 'deliveryStreamName' {FAILED} satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
                ),
            ),
            (
                "DescribeDeliveryStream",
                name("a\n"),
                &format!(
                    "1 validation error detected: Value at 'deliveryStreamName' {FAILED} satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
                ),
            ),
            (
                "DescribeDeliveryStream",
                name(&"a".repeat(65)),
                &format!(
                    "1 validation error detected: Value at 'deliveryStreamName' {FAILED} have length less than or equal to 64"
                ),
            ),
            (
                "DescribeDeliveryStream",
                name(""),
                &format!(
                    "2 validation errors detected: Value at 'deliveryStreamName' {FAILED} satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value at 'deliveryStreamName' {FAILED} have length greater than or equal to 1"
                ),
            ),
            (
                "ListDeliveryStreams",
                json!({"Limit": 10001}),
                &format!(
                    "1 validation error detected: Value at 'limit' {FAILED} have value less than or equal to 10000"
                ),
            ),
            (
                "CreateDeliveryStream",
                s3("CompressionFormat", json!("SNAPPY")),
                &format!(
                    "1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' {FAILED} satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"
                ),
            ),
            (
                "CreateDeliveryStream",
                s3("FileExtension", json!("json")),
                &format!(
                    "1 validation error detected: Value at 'extendedS3DestinationConfiguration.fileExtension' {FAILED} satisfy regular expression pattern: ^(|\\.[0-9a-z!\\-_.*'()]+)$"
                ),
            ),
            (
                "CreateDeliveryStream",
                s3("BucketARN", Value::Null),
                &format!(
                    "1 validation error detected: Value at 'extendedS3DestinationConfiguration.bucketARN' {FAILED} not be null"
                ),
            ),
            (
                "TagDeliveryStream",
                json!({"DeliveryStreamName": "s", "Tags": [{"Key": "a"}, {"Value": "b"}]}),
                &format!(
                    "1 validation error detected: Value at 'tags.2.member.key' {FAILED} not be null"
                ),
            ),
            (
                "UntagDeliveryStream",
                json!({"DeliveryStreamName": "s", "TagKeys": ["a", ""]}),
                &format!(
                    "1 validation error detected: Value at 'tagKeys' {FAILED} satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ^(?!aws:)[\\p{{L}}\\p{{Z}}\\p{{N}}_.:\\/=+\\-@%]*$, Member must not be null]"
                ),
            ),
            (
                "CreateDeliveryStream",
                s3(
                    "DataFormatConversionConfiguration",
                    json!({"OutputFormatConfiguration": {"Serializer": {"OrcSerDe": {"PaddingTolerance": 1.5}}}}),
                ),
                &format!(
                    "1 validation error detected: Value at 'extendedS3DestinationConfiguration.dataFormatConversionConfiguration.outputFormatConfiguration.serializer.orcSerDe.paddingTolerance' {FAILED} have value less than or equal to 1.0"
                ),
            ),
        ],
    );
}

#[test]
fn a_blob_counts_and_prints_by_its_decoded_bytes() {
    let record = |bytes: usize| {
        let data = base64_simd::STANDARD.encode_to_string(vec![7; bytes]);
        json!({"DeliveryStreamName": "s", "Records": [{"Data": "YQ=="}, {"Data": data}]})
    };
    assert_eq!(firehose().check("PutRecordBatch", &record(1_024_000)), Ok(()));
    check(
        firehose(),
        &[(
            "PutRecordBatch",
            record(1_024_001),
            &format!(
                "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1024001 cap=1024001]' at 'records.2.member.data' {FAILED} have length less than or equal to 1024000"
            ),
        )],
    );
}

/// The order that AWS was probed to have: serializer, deserializer, schema, and their members.
#[test]
fn recorded_2_4_violations_come_in_the_order_in_which_aws_prints_them() {
    let conversion = json!({
        "SchemaConfiguration": {
            "RoleARN": "", "CatalogId": "", "DatabaseName": "", "TableName": "", "Region": "", "VersionId": ""},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {"ColumnToJsonKeyMappings": {"a b": ""}}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {
            "BlockSizeBytes": 1, "PageSizeBytes": 1, "Compression": "ZIP", "MaxPaddingBytes": -1, "WriterVersion": "V3"}}},
    });
    let (_, message) = refusal(
        firehose(),
        "CreateDeliveryStream",
        &s3("DataFormatConversionConfiguration", conversion),
    );
    let base = "extendedS3DestinationConfiguration.dataFormatConversionConfiguration.";
    let paths: Vec<_> = message
        .split('\'')
        .filter_map(|part| part.strip_prefix(base))
        .map(|path| path.rsplit('.').next().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "maxPaddingBytes",
            "blockSizeBytes",
            "pageSizeBytes",
            "compression",
            "writerVersion",
            "columnToJsonKeyMappings",
            "columnToJsonKeyMappings",
            "versionId",
            "versionId",
            "catalogId",
            "catalogId",
            "databaseName",
            "databaseName",
            "roleARN",
            "roleARN",
            "region",
            "region",
            "tableName",
            "tableName",
        ]
    );
    assert!(message.starts_with("19 validation errors detected: Value at '"), "{message}");
}

#[test]
fn broken_constraints_of_glue_quote_the_value() {
    let table = |table: Value| json!({"DatabaseName": "d", "TableInput": table});
    check(
        glue(),
        &[
            (
                "GetTable",
                json!({"Name": "t"}),
                &format!(
                    "1 validation error detected: Value null at 'databaseName' {FAILED} not be null"
                ),
            ),
            (
                "GetTable",
                json!({"DatabaseName": "", "Name": "t"}),
                &format!(
                    "1 validation error detected: Value '' at 'databaseName' {FAILED} have length greater than or equal to 1"
                ),
            ),
            (
                "GetTables",
                json!({"DatabaseName": "d", "MaxResults": 101}),
                &format!(
                    "1 validation error detected: Value '101' at 'maxResults' {FAILED} have value less than or equal to 100"
                ),
            ),
            (
                "CreateTable",
                table(
                    json!({"Name": "t", "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int\n"}]}}),
                ),
                &format!(
                    "1 validation error detected: Value 'int\n' at 'table.storageDescriptor.columns.1.member.type' {FAILED} satisfy regular expression pattern: [\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*"
                ),
            ),
            (
                "CreateTable",
                table(json!({"Name": "t", "Parameters": {"": "v"}})),
                "1 validation error detected: Value '{=v}' at 'table.parameters' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*, Member must not be null]",
            ),
            (
                "CreateTable",
                table(json!({"Name": "t", "PartitionKeys": [null]})),
                &format!(
                    "1 validation error detected: Value null at 'table.partitionKeys.1.member' {FAILED} not be null"
                ),
            ),
        ],
    );
}

#[test]
fn the_wrong_form_is_a_serialization_exception() {
    let cases = [
        ("DescribeDeliveryStream", json!([]), "Start of list found where not expected"),
        ("DescribeDeliveryStream", json!("x"), "STRING_VALUE can not be converted to a structure"),
        (
            "DescribeDeliveryStream",
            json!({"DeliveryStreamName": 1}),
            "NUMBER_VALUE can not be converted to a String (at 'DeliveryStreamName')",
        ),
        (
            "DescribeDeliveryStream",
            json!({"DeliveryStreamName": {}}),
            "Start of structure or map found where not expected. (at 'DeliveryStreamName')",
        ),
        (
            "ListDeliveryStreams",
            json!({"Limit": "1"}),
            "STRING_VALUE can not be converted to an Integer (at 'Limit')",
        ),
        (
            "ListDeliveryStreams",
            json!({"Limit": 1.5}),
            "DECIMAL_VALUE can not be converted to an Integer (at 'Limit')",
        ),
        (
            "ListDeliveryStreams",
            json!({"Limit": 1u64 << 31}),
            "NUMBER_VALUE can not be converted to an Integer (at 'Limit')",
        ),
        (
            "DeleteDeliveryStream",
            json!({"AllowForceDelete": "true"}),
            "STRING_VALUE can not be converted to a Boolean (at 'AllowForceDelete')",
        ),
        (
            "PutRecord",
            json!({"Record": {"Data": "a"}}),
            "the value is not base64 with padding (at 'Record.Data')",
        ),
        (
            "PutRecordBatch",
            json!({"Records": {}}),
            "Start of structure or map found where not expected. (at 'Records')",
        ),
        (
            "PutRecordBatch",
            json!({"Unknown": 1, "Records": [{"Data": 1}]}),
            "NUMBER_VALUE can not be converted to a Blob (at 'Records.1.member.Data')",
        ),
    ];
    for (operation, input, expected) in cases {
        let (code, message) = refusal(firehose(), operation, &input);
        assert_eq!((code, message.as_str()), ("SerializationException", expected), "{input}");
    }
}

#[test]
fn an_unknown_member_is_named_wherever_it_stands() {
    check(
        firehose(),
        &[
            (
                "CreateDeliveryStream",
                s3("CustomTimezone", json!("UTC")),
                "Unknown parameter: ExtendedS3DestinationConfiguration.CustomTimezone",
            ),
            (
                "PutRecord",
                json!({"deliveryStreamName": "s"}),
                "Unknown parameter: deliveryStreamName",
            ),
            (
                "PutRecordBatch",
                json!({"Records": [{"Data": ""}, {"Dato": null}]}),
                "Unknown parameter: Records.2.member.Dato",
            ),
        ],
    );
}

#[test]
fn an_answer_stays_small_however_much_is_broken() {
    let columns: Vec<_> = (0..10_000).map(|_| json!({})).collect();
    let table =
        json!({"Name": "t", "PartitionKeys": columns, "Description": "\u{0}".repeat(100_000)});
    let (_, message) =
        refusal(glue(), "CreateTable", &json!({"DatabaseName": "d", "TableInput": table}));
    assert!(message.starts_with("10002 validation errors detected: "), "{}", &message[..100]);
    assert!(message.len() < 20_000, "{}", message.len());
}

#[test]
fn javas_patterns_keep_their_meaning() {
    // Pattern, what it takes, what it does not.
    let table: [(&str, &[&str], &[&str]); 6] = [
        (r".*", &["", "a b"], &["a\nb", "a\r", "\u{2028}"]),
        (r"^\S+$", &["a", "é\u{a0}"], &["", "a b", "a\n"]),
        (r"\d{2}", &["12"], &["1", "123", "١٢"]),
        (r"[\w\.\-]{1,3}", &["a.-", "_"], &["", "é", "aaaa"]),
        (
            r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*",
            &["", "a\té", "😀", "\u{fffd}"],
            &["\n", "\u{1f}", "\u{ffff}"],
        ),
        (r"^$|[a-zA-Z/_]+", &["", "Europe/Zurich"], &["Etc/GMT+1", "a\n"]),
    ];
    for (text, taken, refused) in table {
        let pattern = pattern::Pattern::from(text.to_owned());
        taken.iter().for_each(|value| assert!(pattern.matches(value), "{text} {value:?}"));
        refused.iter().for_each(|value| assert!(!pattern.matches(value), "{text} {value:?}"));
    }
}
