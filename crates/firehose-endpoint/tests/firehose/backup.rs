//! Streams that back their source records up.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;

const BACKUP_BUCKET: &str = "captains-source";

/// A backup with these members besides the required ones.
fn backup(members: Value) -> Value {
    let mut backup =
        json!({ "RoleARN": ROLE, "BucketARN": format!("arn:aws:s3:::{BACKUP_BUCKET}") });
    let given = members.as_object().expect("members").clone();
    backup.as_object_mut().expect("an object").extend(given);
    backup
}

fn update(version: &str, members: Value) -> Value {
    json!({
        "DeliveryStreamName": "s", "CurrentDeliveryStreamVersionId": version,
        "DestinationId": "destinationId-000000000001", "ExtendedS3DestinationUpdate": members,
    })
}

/// Keys and bodies below a folder of the bucket.
fn bodies(root: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(root).expect("below the bucket").to_string_lossy();
                found.push((key.into_owned(), std::fs::read(&path).expect("an object")));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(start_paused = true)]
async fn section_4_5_source_records_are_kept_beside_what_became_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = with_bucket(builder().data_dir(folder.path())).await;
    endpoint.create_bucket(BACKUP_BUCKET).await.expect("a bucket");
    let delimiter =
        json!({ "Enabled": true, "Processors": [{ "Type": "AppendDelimiterToRecord" }] });
    let members = json!({
        "Prefix": "out/", "ProcessingConfiguration": delimiter, "S3BackupMode": "Enabled",
        "S3BackupConfiguration": backup(json!({
            "Prefix": "source/!{timestamp:yyyy}/", "ErrorOutputPrefix": "e/!{firehose:error-output-type}/",
        })),
    });
    ok(&endpoint, "CreateDeliveryStream", stream("s", members)).await;
    ok(&endpoint, "PutRecordBatch", batch("s", &["abc", "def"])).await;
    assert!(flushed(&endpoint).await.delivered);
    let (out, source) =
        (bodies(&folder.path().join(BUCKET)), bodies(&folder.path().join(BACKUP_BUCKET)));
    assert!(out.len() == 1 && out[0].1 == b"abc\ndef\n", "{out:?}");
    assert!(source.len() == 1 && source[0].1 == b"abcdef", "{source:?}");
    assert!(source[0].0.starts_with("source/2022/s-1-2022-01-08-06-04-19-"), "{source:?}");

    // Members that an update leaves out stay; the version in the names goes up.
    let change = json!({ "S3BackupUpdate": { "CompressionFormat": "GZIP" } });
    ok(&endpoint, "UpdateDestination", update("1", change)).await;
    ok(&endpoint, "PutRecordBatch", batch("s", &["ghi"])).await;
    flushed(&endpoint).await;
    let source = bodies(&folder.path().join(BACKUP_BUCKET));
    let (key, _) = source.iter().find(|(key, _)| key.contains("/s-2-")).expect("version 2");
    assert!(key.starts_with("source/2022/") && key.ends_with(".gz"), "{key}");
}

#[tokio::test(start_paused = true)]
async fn section_2_2_a_backup_is_echoed_and_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = with_bucket(builder().data_dir(folder.path())).await;
    first.create_bucket(BACKUP_BUCKET).await.expect("a bucket");
    let members = json!({ "S3BackupMode": "Enabled", "S3BackupConfiguration": backup(json!({})) });
    ok(&first, "CreateDeliveryStream", stream("s", members)).await;
    let described = describe(&first, "s").await;
    let extended = &described["Destinations"][0]["ExtendedS3DestinationDescription"];
    assert_eq!(extended["S3BackupMode"], "Enabled");
    let expected = backup(json!({
        "Prefix": "", "BufferingHints": { "SizeInMBs": 5, "IntervalInSeconds": 300 },
        "CompressionFormat": "UNCOMPRESSED", "CloudWatchLoggingOptions": { "Enabled": false },
        "EncryptionConfiguration": { "NoEncryptionConfig": "NoEncryption" },
    }));
    assert_eq!(extended["S3BackupDescription"], expected);
    assert_eq!(extended.get("S3BackupConfiguration"), None);
    drop(first);

    let again = builder().data_dir(folder.path()).build().await.unwrap();
    ok(&again, "PutRecordBatch", batch("s", &["abc"])).await;
    assert!(flushed(&again).await.delivered);
    assert_eq!(bodies(&folder.path().join(BACKUP_BUCKET))[0].1, b"abc");
}

#[tokio::test(start_paused = true)]
async fn section_2_2_a_backup_can_be_enabled_by_an_update_and_not_disabled() {
    let endpoint = endpoint().await;
    endpoint.create_bucket(BACKUP_BUCKET).await.expect("a bucket");
    ok(&endpoint, "CreateDeliveryStream", stream("s", json!({}))).await;
    let enabled = json!({ "S3BackupMode": "Enabled" });
    let told = "S3BackupConfiguration must not be null when S3BackupMode is Enabled";
    for (operation, input) in [
        ("UpdateDestination", update("1", enabled.clone())),
        ("CreateDeliveryStream", stream("t", enabled.clone())),
    ] {
        let (code, message) = refused(&endpoint, operation, input).await;
        assert_eq!((code, message.as_str()), ("InvalidArgumentException", told));
    }
    let both = json!({ "S3BackupMode": "Enabled", "S3BackupUpdate": backup(json!({})) });
    ok(&endpoint, "UpdateDestination", update("1", both)).await;
    let off = update("2", json!({ "S3BackupMode": "Disabled" }));
    let (code, message) = refused(&endpoint, "UpdateDestination", off).await;
    assert_eq!(code, "InvalidArgumentException");
    assert_eq!(message, "S3BackupMode cannot be Disabled once it is Enabled");
    ok(&endpoint, "UpdateDestination", update("2", enabled)).await;
}

/// The bucket of a backup need not exist yet: what waits for it holds up a flush, and is dropped
/// when the stream is deleted.
#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_the_backup_and_a_delete_drops_it() {
    let endpoint = endpoint().await;
    let members = json!({ "S3BackupMode": "Enabled", "S3BackupConfiguration": backup(json!({})) });
    ok(&endpoint, "CreateDeliveryStream", stream("s", members.clone())).await;
    ok(&endpoint, "PutRecordBatch", batch("s", &["abc"])).await;
    let report = flushed(&endpoint).await;
    assert!(!report.delivered && report.last_error.is_some(), "{report:?}");
    endpoint.create_bucket(BACKUP_BUCKET).await.expect("a bucket");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(flushed(&endpoint).await.delivered, "tried again");

    let mut gone = members;
    gone["S3BackupConfiguration"]["BucketARN"] = json!("arn:aws:s3:::gone");
    ok(&endpoint, "CreateDeliveryStream", stream("t", gone)).await;
    ok(&endpoint, "PutRecordBatch", batch("t", &["abc"])).await;
    ok(&endpoint, "DeleteDeliveryStream", json!({ "DeliveryStreamName": "t" })).await;
    let reports = endpoint.close(Duration::from_secs(5)).await;
    assert!(reports.iter().all(|report| report.delivered), "{reports:?}");
}

/// Lines of the endpoint's log.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Neither bucket exists: what an update says of the logs holds for the records after it.
#[tokio::test(start_paused = true)]
async fn section_2_5_an_update_changes_where_errors_are_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let endpoint = builder().build().await.expect("an endpoint");
    let to = |group: &str| json!({ "Enabled": true, "LogGroupName": group, "LogStreamName": "S3Delivery" });
    let members = json!({ "S3BackupMode": "Enabled", "S3BackupConfiguration": backup(json!({})) });
    ok(&endpoint, "CreateDeliveryStream", stream("s", members)).await;
    let change = json!({
        "CloudWatchLoggingOptions": to("of-the-stream"),
        "S3BackupUpdate": { "CloudWatchLoggingOptions": to("of-the-backup") },
    });
    ok(&endpoint, "UpdateDestination", update("1", change)).await;
    ok(&endpoint, "PutRecordBatch", batch("s", &["abc"])).await;
    assert!(!flushed(&endpoint).await.delivered);
    let text = String::from_utf8(log.0.lock().expect("the log").clone()).expect("a text");
    for group in ["of-the-stream", "of-the-backup"] {
        let told = |line: &&str| line.contains(&format!("group=\"{group}\""));
        let line = text.lines().find(told).unwrap_or_else(|| panic!("{group}: {text}"));
        assert!(line.contains("delivery failed"), "{line}");
    }
}
