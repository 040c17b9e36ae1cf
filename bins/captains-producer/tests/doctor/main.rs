//! `captains-producer doctor`: each thing that goes wrong, and the line that tells it.

mod credentials;
mod stand_in;

use std::{net::TcpListener, path::Path, process::Command};

use serde_json::{Value, json};

use stand_in::Answers;

const SECRET: &str = "a-secret-that-nobody-may-see";

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>A</UserId>\
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

fn description(change: impl FnOnce(&mut Value)) -> String {
    let mut description = json!({
        "DeliveryStreamARN": "arn:aws:firehose:us-east-1:123456789012:deliverystream/PUT-S3-qrZbv",
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamType": "DirectPut",
        "Destinations": [{ "ExtendedS3DestinationDescription": {
            "BucketARN": "arn:aws:s3:::captains-rating",
            "Prefix": "ratings",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 60 },
            "DataFormatConversionConfiguration": { "Enabled": true, "SchemaConfiguration": {
                "DatabaseName": "captains", "TableName": "ratings", "Region": "us-east-1",
            }},
        }}],
    });
    change(&mut description);
    json!({ "DeliveryStreamDescription": description }).to_string()
}

fn table(columns: &[(&str, &str)]) -> String {
    let columns = columns.iter().map(|(name, kind)| json!({ "Name": name, "Type": kind }));
    let columns: Vec<_> = columns.collect();
    json!({ "Table": { "StorageDescriptor": { "Columns": columns } } }).to_string()
}

const COLUMNS: [(&str, &str); 4] =
    [("user", "string"), ("favoritecaptain", "string"), ("rating", "int"), ("timestamp", "double")];

/// All as it should be.
fn good() -> Answers {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    let dated: &'static str = format!("200 OK\r\nDate: {}", http_date(&now)).leak();
    Answers(vec![
        ("GetCallerIdentity", dated, IDENTITY.to_owned()),
        ("DescribeDeliveryStream", "200 OK", description(|_| ())),
        ("AWSGlue.GetTable", "200 OK", table(&COLUMNS)),
        ("HEAD /captains-rating", "200 OK\r\nx-amz-bucket-region: us-east-1", String::new()),
        ("prefix=errors", "200 OK", "<ListBucketResult></ListBucketResult>".to_owned()),
        ("prefix=ratings", "200 OK", listed("ratings2026/11/25/19/a.parquet")),
    ])
}

fn listed(key: &str) -> String {
    format!("<ListBucketResult><Contents><Key>{key}</Key></Contents></ListBucketResult>")
}

/// `2026-11-25T19:00:00Z` as headers write it; the day of the week is not looked at by readers.
fn http_date(rfc3339: &str) -> String {
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month: usize = rfc3339[5..7].parse().expect("a month");
    let month = &months[month * 3 - 3..month * 3];
    format!("Wed, {} {month} {} {} GMT", &rfc3339[8..10], &rfc3339[..4], &rfc3339[11..19])
}

/// Exit code and document of a run against an endpoint.
fn doctor(endpoint: &str, more: &[&str], unset: &[&str], home: &Path) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_captains-producer"));
    command
        .env_clear()
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .args(["doctor", "--json"])
        .args(more);
    for name in unset {
        command.env_remove(name);
    }
    let output = command.output().expect("the program runs");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!out.contains(SECRET) && !err.contains(SECRET), "{out}{err}");
    let document = serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out}{err}"));
    (output.status.code(), document)
}

/// The one check that is not well says this, and the program ends with this code.
fn check(case: &str, answers: Answers, more: &[&str], expected: (&str, &str, &str, &str, i32)) {
    let (about, status, found, fix, exit) = expected;
    let home = tempfile::tempdir().expect("a home");
    let (code, document) = doctor(&answers.serve(), more, &[], home.path());
    let checks = document["checks"].as_array().expect("checks");
    let odd: Vec<_> = checks.iter().filter(|check| check["status"] != "ok").collect();
    assert_eq!(odd.len(), 1, "{case}: {document:#}");
    let text = |name: &str| odd[0][name].as_str().unwrap_or_default();
    assert_eq!((text("check"), text("status")), (about, status), "{case}: {document:#}");
    assert!(text("found").contains(found), "{case}: {document:#}");
    assert!(text("fix").contains(fix), "{case}: {document:#}");
    assert_eq!((code, document["status"].as_str()), (Some(exit), Some(status)), "{case}");
}

#[test]
fn all_is_well() {
    let home = tempfile::tempdir().expect("a home");
    let (code, document) = doctor(&good().serve(), &[], &[], home.path());
    assert_eq!((code, document["status"].as_str()), (Some(0), Some("ok")), "{document:#}");
    let checks = document["checks"].as_array().expect("checks").iter();
    let asked: Vec<_> = checks.filter_map(|check| check["check"].as_str()).collect();
    let all =
        "region credentials account clock stream source conversion table bucket regions objects";
    assert_eq!(asked.join(" "), all);
}

#[test]
fn what_is_wrong_with_a_stream_is_told_with_its_fix() {
    let stream = |change: fn(&mut Value)| {
        good().with("DescribeDeliveryStream", "200 OK", &description(change))
    };
    let creating = stream(|it| it["DeliveryStreamStatus"] = "CREATING".into());
    check("creating", creating, &[], ("stream", "fail", "is CREATING", "wait", 1));
    let failed = stream(|it| {
        it["DeliveryStreamStatus"] = "CREATING_FAILED".into();
        it["FailureDescription"] = json!({ "Type": "X", "Details": "no such key" });
    });
    check("failed", failed, &[], ("stream", "fail", "no such key", "delete and create", 1));
    let sourced = stream(|it| {
        it["DeliveryStreamType"] = "KinesisStreamAsSource".into();
        let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/app";
        it["Source"] = json!({ "KinesisStreamSourceDescription": { "KinesisStreamARN": arn } });
    });
    check("sourced", sourced, &[], ("source", "fail", "`app` alone", "--to kinesis://app", 1));
    let raw = stream(|it| {
        let destination = &mut it["Destinations"][0]["ExtendedS3DestinationDescription"];
        destination["DataFormatConversionConfiguration"]["Enabled"] = false.into();
    });
    check("raw", raw, &[], ("conversion", "warn", "off", "captain-ratings.yaml", 0));
}

#[test]
fn what_is_wrong_around_it_is_told_with_its_fix() {
    let wide = [COLUMNS[0], COLUMNS[1], ("rating", "bigint"), COLUMNS[3]];
    let wide = good().with("AWSGlue.GetTable", "200 OK", &table(&wide));
    check("columns", wide, &[], ("table", "fail", "rating is bigint", "columns", 1));
    let denied = json!({ "__type": "AccessDeniedException", "Message": "not authorized" });
    let denied = good().with("AWSGlue.GetTable", "400 Bad Request", &denied.to_string());
    check("denied", denied, &[], ("table", "warn", "may not look", "allow glue:GetTable", 0));
    let missing = json!({ "__type": "EntityNotFoundException", "Message": "Table not found." });
    let missing = good().with("AWSGlue.GetTable", "400 Bad Request", &missing.to_string());
    check("no table", missing, &[], ("table", "fail", "no Glue table", "--tutorial", 1));
    let elsewhere = "301 Moved Permanently\r\nx-amz-bucket-region: eu-west-1";
    let elsewhere = good().with("HEAD /captains-rating", elsewhere, "");
    check(
        "region",
        elsewhere,
        &[],
        ("regions", "warn", "bucket eu-west-1", "--region eu-west-1", 0),
    );
    let gone = good().with("HEAD /captains-rating", "404 Not Found", "");
    check("no bucket", gone, &[], ("bucket", "fail", "`captains-rating`", "", 1));
    let errors = good().with("prefix=errors", "200 OK", &listed("errors/x/1"));
    check(
        "errors",
        errors,
        &[],
        ("errors", "warn", "s3://captains-rating/errors/x/1", "base64", 0),
    );
    let nothing = good().with("prefix=ratings", "200 OK", "<ListBucketResult/>");
    check("nothing yet", nothing, &[], ("objects", "warn", "none yet", "send records", 0));
}

#[test]
fn credentials_and_the_clock_are_told_apart() {
    let late = "200 OK\r\nDate: Sat, 08 Jan 2022 06:00:00 GMT";
    let late = good().with("GetCallerIdentity", late, IDENTITY);
    check("clock", late, &[], ("clock", "fail", "ahead", "NTP", 1));
    let home = tempfile::tempdir().expect("a home");
    for (code, fix) in [("ExpiredToken", "aws sso login"), ("InvalidClientTokenId", "not of this")]
    {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message>");
        let answers = good().with("GetCallerIdentity", "403 Forbidden", &body);
        let (exit, document) = doctor(&answers.serve(), &[], &[], home.path());
        let account = &document["checks"][2];
        assert_eq!((exit, account["check"].as_str()), (Some(6), Some("account")), "{document:#}");
        assert!(account["fix"].as_str().is_some_and(|text| text.contains(fix)), "{document:#}");
    }
}

#[test]
fn where_nobody_listens_is_told_and_the_rest_is_not_asked() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let home = tempfile::tempdir().expect("a home");
    let (code, document) = doctor(&endpoint, &[], &[], home.path());
    assert_eq!(code, Some(7), "{document:#}");
    let last = document["checks"].as_array().and_then(|checks| checks.last()).expect("a check");
    assert_eq!(last["check"], "account");
    assert!(last["found"].as_str().is_some_and(|found| found.contains(&endpoint)), "{last}");
}

#[test]
fn a_data_stream_is_asked_as_such() {
    let summary = json!({ "StreamDescriptionSummary": { "StreamStatus": "DELETING" } });
    let answers = good().with("DescribeStreamSummary", "200 OK", &summary.to_string());
    let to = ["--to", "kinesis://app"];
    check("deleting", answers, &to, ("stream", "fail", "`app` is DELETING", "create", 1));
}

#[test]
fn what_cannot_be_looked_at_is_refused() {
    for arguments in [["doctor", "--to", "stdout:"], ["doctor", "--to", "local:data"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_captains-producer"));
        let output = command.args(arguments).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("nothing to look at"), "{told}");
    }
}
