//! What was created survives a restart: streams, tables, buckets, tags, versions, objects.

use integration_tests::FirehoseLocal;
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::000000000000:role/firehose";

fn call(endpoint: &FirehoseLocal, operation: &str, input: &Value) -> Value {
    let target = match operation.split_once('.') {
        Some(("glue", name)) => format!("AWSGlue.{name}"),
        _ => format!("Firehose_20150804.{operation}"),
    };
    let answer = endpoint.aws_json(&target, &input.to_string());
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Everything that is kept, as the operations tell it.
fn all(endpoint: &FirehoseLocal) -> Value {
    let listing = |path: &str| endpoint.request("GET", path, &[], b"").body;
    let object = endpoint.request("GET", "/kept/a%20b/object", &[], b"");
    let headers: Vec<_> = object
        .head
        .lines()
        .filter(|line| {
            let line = line.to_ascii_lowercase();
            ["etag:", "content-type:", "content-encoding:", "x-amz-meta-", "last-modified:"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .collect();
    let stream = json!({ "DeliveryStreamName": "kept" });
    let table = json!({ "DatabaseName": "captains", "Name": "ratings" });
    let versions = json!({ "DatabaseName": "captains", "TableName": "ratings" });
    json!({
        "streams": call(endpoint, "ListDeliveryStreams", &json!({})),
        "stream": call(endpoint, "DescribeDeliveryStream", &stream),
        "tags": call(endpoint, "ListTagsForDeliveryStream", &stream),
        "databases": call(endpoint, "glue.GetDatabases", &json!({})),
        "table": call(endpoint, "glue.GetTable", &table),
        "versions": call(endpoint, "glue.GetTableVersions", &versions),
        "buckets": listing("/"),
        "objects": listing("/kept?list-type=2"),
        "object": object.body,
        "headers": headers,
    })
}

fn create(endpoint: &FirehoseLocal) {
    let table = |columns: Value| {
        json!({ "DatabaseName": "captains", "TableInput": {
            "Name": "ratings", "StorageDescriptor": { "Columns": columns } } })
    };
    assert_eq!(endpoint.request("PUT", "/kept", &[], b"").status, 200);
    let headers = ["Content-Type: text/plain", "x-amz-meta-ship: Voyager"];
    assert_eq!(endpoint.request("PUT", "/kept/a%20b/object", &headers, b"kept").status, 200);
    let database = json!({ "DatabaseInput": { "Name": "captains", "Description": "of ships" } });
    call(endpoint, "glue.CreateDatabase", &database);
    let one = table(json!([{ "Name": "user", "Type": "string" }]));
    call(endpoint, "glue.CreateTable", &one);
    let two = table(json!([{ "Name": "rating", "Type": "int" }]));
    call(endpoint, "glue.UpdateTable", &two);
    let destination = json!({ "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::kept" });
    let tags = json!([{ "Key": "ship", "Value": "Voyager" }]);
    for name in ["kept", "gone"] {
        let input = json!({ "DeliveryStreamName": name, "Tags": tags,
            "ExtendedS3DestinationConfiguration": destination });
        call(endpoint, "CreateDeliveryStream", &input);
    }
    call(endpoint, "DeleteDeliveryStream", &json!({ "DeliveryStreamName": "gone" }));
    let update = json!({ "DeliveryStreamName": "kept", "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": { "Prefix": "second" } });
    call(endpoint, "UpdateDestination", &update);
    call(endpoint, "StartDeliveryStreamEncryption", &json!({ "DeliveryStreamName": "kept" }));
}

#[test]
fn what_was_created_survives_a_restart_in_order_and_a_kill() {
    let data = tempfile::tempdir().expect("a directory");
    let endpoint = FirehoseLocal::start_in(data.path(), &[]);
    create(&endpoint);
    let before = all(&endpoint);
    assert_eq!(before["stream"]["DeliveryStreamDescription"]["VersionId"], "2");
    assert_eq!(before["versions"]["TableVersions"].as_array().map(Vec::len), Some(2));
    assert_eq!(before["object"], "kept");
    let mut running = endpoint;
    for signal in ["TERM", "KILL"] {
        let ended = running.end_by(signal);
        running = FirehoseLocal::start_in(data.path(), &[]);
        assert_eq!(all(&running), before, "after SIG{signal}: {}", ended.told);
    }
}

#[test]
fn objects_are_plain_files_both_ways() {
    let endpoint = FirehoseLocal::start(&[]);
    assert_eq!(endpoint.request("PUT", "/kept", &[], b"").status, 200);
    assert_eq!(endpoint.request("PUT", "/kept/a%20b/object", &[], b"kept").status, 200);
    let bucket = endpoint.data_dir().join("kept");
    let file = std::fs::read_to_string(bucket.join("a b/object")).expect("a plain file");
    assert_eq!(file, "kept");
    std::fs::create_dir_all(bucket.join("by/hand")).expect("folders");
    std::fs::write(bucket.join("by/hand/copied"), "by hand").expect("a file");
    let answer = endpoint.request("GET", "/kept/by/hand/copied", &[], b"");
    assert_eq!((answer.status, answer.body.as_str()), (200, "by hand"), "{}", answer.head);
    std::fs::write(bucket.join("a b/object"), "changed by hand").expect("a file");
    let answer = endpoint.request("GET", "/kept/a%20b/object", &[], b"");
    assert_eq!(answer.body, "changed by hand");
}

#[test]
fn a_stream_that_came_back_still_delivers() {
    let data = tempfile::tempdir().expect("a directory");
    let first = FirehoseLocal::start_in(data.path(), &["--tutorial"]);
    assert_eq!(first.end_by("TERM").status.code(), Some(0));
    let again = FirehoseLocal::start_in(data.path(), &[]);
    let record = json!({ "DeliveryStreamName": "PUT-S3-qrZbv", "Record": { "Data": "e30=" } });
    call(&again, "PutRecord", &record);
    let ended = again.end_by("TERM");
    assert!(ended.told.contains("1 records taken, 1 delivered in 1 objects"), "{}", ended.told);
}
