//! Endpoints that end without a word, and the next ones on their directories.

use std::path::Path;

use firehose_endpoint::{Durability, StreamReport};

use super::*;

const NAME: &str = "kept";

/// Runs this in a runtime that ends with it, as a process does: nothing is closed.
fn in_one_life<T>(life: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(life)
}

async fn open(data: &Path, durability: Option<Durability>) -> Endpoint {
    with_bucket(builder().data_dir(data).durability(durability)).await
}

async fn close(endpoint: &Endpoint) -> StreamReport {
    let mut reports = endpoint.close(Duration::from_secs(60)).await;
    reports.pop().expect("a stream")
}

/// The texts of all objects, by the first part of their keys.
fn objects(data: &Path) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![data.join(BUCKET)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let key = path.strip_prefix(data.join(BUCKET)).expect("inside").to_owned();
            let first = key.iter().next().expect("a part").to_string_lossy().into_owned();
            found.push((first, std::fs::read_to_string(&path).expect("text")));
        }
    }
    found.sort();
    found
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn what_was_acknowledged_goes_where_it_was_put_for_by_the_next_endpoint() {
    let data = tempfile::tempdir().expect("a directory");
    in_one_life(async {
        let endpoint = open(data.path(), Some(Durability::Sync)).await;
        ok(&endpoint, "CreateDeliveryStream", stream(NAME, json!({ "Prefix": "old/" }))).await;
        ok(&endpoint, "PutRecordBatch", batch(NAME, &["one\n", "two\n"])).await;
        // The bucket refuses, so that the update's own delivery does not get through.
        std::fs::remove_dir_all(data.path().join(BUCKET)).expect("a bucket");
        let update = json!({ "DeliveryStreamName": NAME, "CurrentDeliveryStreamVersionId": "1",
            "DestinationId": "destinationId-000000000001",
            "ExtendedS3DestinationUpdate": { "Prefix": "new/" } });
        ok(&endpoint, "UpdateDestination", update).await;
        ok(
            &endpoint,
            "PutRecord",
            json!({ "DeliveryStreamName": NAME,
            "Record": { "Data": base64("three\n") } }),
        )
        .await;
    });
    in_one_life(async {
        let endpoint = open(data.path(), Some(Durability::Sync)).await;
        let report = close(&endpoint).await;
        assert_eq!((report.accepted_records, report.recovered_records), (0, 3));
        assert_eq!((report.delivered_records, report.delivered), (3, true));
    });
    let expected = pairs(&[("new", "three\n"), ("old", "one\ntwo\n")]);
    assert_eq!(objects(data.path()), expected);
    in_one_life(async {
        let report = close(&open(data.path(), Some(Durability::Sync)).await).await;
        assert_eq!(report.recovered_records, 0, "it is forgotten");
    });
    assert_eq!(objects(data.path()), expected);
}

#[test]
fn an_endpoint_without_a_journal_delivers_what_an_earlier_one_kept() {
    let data = tempfile::tempdir().expect("a directory");
    in_one_life(async {
        let endpoint = open(data.path(), Some(Durability::Process)).await;
        ok(&endpoint, "CreateDeliveryStream", stream(NAME, json!({ "Prefix": "p/" }))).await;
        ok(&endpoint, "PutRecordBatch", batch(NAME, &["one\n"])).await;
    });
    in_one_life(async {
        let endpoint = open(data.path(), None).await;
        ok(&endpoint, "PutRecordBatch", batch(NAME, &["two\n"])).await;
        let report = close(&endpoint).await;
        assert_eq!((report.recovered_records, report.delivered_records), (1, 2));
    });
    assert_eq!(objects(data.path()), pairs(&[("p", "one\n"), ("p", "two\n")]));
}

#[test]
fn in_memory_nothing_is_written_and_nothing_survives() {
    let data = tempfile::tempdir().expect("a directory");
    in_one_life(async {
        let endpoint = open(data.path(), None).await;
        ok(&endpoint, "CreateDeliveryStream", stream(NAME, json!({}))).await;
        ok(&endpoint, "PutRecordBatch", batch(NAME, &["one\n"])).await;
    });
    assert!(!data.path().join(".firehose-local/journals").exists());
    in_one_life(async {
        let report = close(&open(data.path(), None).await).await;
        assert_eq!((report.recovered_records, report.delivered_records), (0, 0));
    });
}

#[test]
fn a_deleted_stream_leaves_nothing_behind_not_even_under_its_name() {
    let data = tempfile::tempdir().expect("a directory");
    in_one_life(async {
        let endpoint = open(data.path(), Some(Durability::Sync)).await;
        ok(&endpoint, "CreateDeliveryStream", stream(NAME, json!({}))).await;
        ok(&endpoint, "PutRecordBatch", batch(NAME, &["gone\n"])).await;
        ok(&endpoint, "DeleteDeliveryStream", json!({ "DeliveryStreamName": NAME })).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        ok(&endpoint, "CreateDeliveryStream", stream(NAME, json!({ "Prefix": "p/" }))).await;
        ok(&endpoint, "PutRecordBatch", batch(NAME, &["kept\n"])).await;
    });
    in_one_life(async {
        let report = close(&open(data.path(), Some(Durability::Sync)).await).await;
        assert_eq!(report.recovered_records, 1);
    });
    assert_eq!(objects(data.path()), pairs(&[("p", "kept\n")]));
    let journals = std::fs::read_dir(data.path().join(".firehose-local/journals"));
    assert_eq!(journals.expect("a folder").count(), 1, "that of the stream that is there");
}

#[test]
fn a_journal_of_another_format_is_refused_by_name() {
    let data = tempfile::tempdir().expect("a directory");
    in_one_life(async {
        let endpoint = open(data.path(), Some(Durability::Sync)).await;
        ok(&endpoint, "CreateDeliveryStream", stream(NAME, json!({}))).await;
    });
    let journals = data.path().join(".firehose-local/journals");
    let stream = std::fs::read_dir(journals).expect("a folder").next().expect("a stream");
    let folder = stream.expect("an entry").path().join("stream");
    let journal = firehose_journal::Journal::open(folder, Durability::Sync).expect("a journal");
    let mut segment = journal.begin(br#"{"format":99,"stream":"kept","note":""}"#).expect("begun");
    segment.append(b"anything").expect("appended");
    segment.commit().expect("committed");
    drop((segment, journal));
    in_one_life(async {
        let why = builder().data_dir(data.path()).build().await.expect_err("a refusal");
        let why = why.to_string();
        assert!(why.contains("kept") && why.contains(".segment"), "{why}");
        assert!(why.contains("its format is 99"), "{why}");
    });
}
