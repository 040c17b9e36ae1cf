//! PutRecord and PutRecordBatch: what is taken, what is refused, and what becomes of it.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn section_4_4_records_are_joined_without_anything_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = with_bucket(builder().data_dir(folder.path())).await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({ "Prefix": "raw" }))).await;
    let answer = ok(&endpoint, "PutRecordBatch", batch("ratings", &["abc", "", "d"])).await;
    assert_eq!((&answer["FailedPutCount"], &answer["Encrypted"]), (&json!(0), &json!(false)));
    let ids: std::collections::BTreeSet<_> = answer["RequestResponses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["RecordId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    let one = json!({ "DeliveryStreamName": "ratings", "Record": { "Data": base64("e") } });
    assert!(ok(&endpoint, "PutRecord", one).await["RecordId"].is_string());

    assert!(flushed(&endpoint).await.delivered);
    let hour = folder.path().join(BUCKET).join("raw2022/01/08/06");
    let files: Vec<_> = std::fs::read_dir(hour).unwrap().map(|file| file.unwrap().path()).collect();
    let name = files[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("ratings-1-2022-01-08-06-04-19-") && files.len() == 1, "{name}");
    assert_eq!(std::fs::read(&files[0]).unwrap(), b"abcde");
}

#[tokio::test(start_paused = true)]
async fn a_buffer_goes_out_by_age_and_by_the_overriding_size() {
    let size = with_bucket(builder().buffer_size(3)).await;
    ok(&size, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    ok(&size, "PutRecordBatch", batch("ratings", &["abc", "de"])).await;
    let report = flushed(&size).await;
    assert_eq!((report.delivered_records, report.delivered_objects), (2, 2));

    let age = with_bucket(builder().buffer_interval(Duration::from_secs(7))).await;
    ok(&age, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    ok(&age, "PutRecordBatch", batch("ratings", &["abc"])).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(age.reports()[0].delivered_records, 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    while age.reports()[0].buffered_records > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_those_of_aws_to_the_byte() {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    let put = |sizes: &[usize]| {
        let texts: Vec<String> = sizes.iter().map(|size| "x".repeat(*size)).collect();
        batch("ratings", &texts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let most = 1_024_000;
    let quarter = 1024 * 1024;
    for sizes in [vec![most; 4], vec![0; 500], vec![most, most, most, most, 4_194_304 - 4 * most]] {
        ok(&endpoint, "PutRecordBatch", put(&sizes)).await;
    }
    assert!(quarter > most, "four records of a quarter each are too large one by one");
    let table = [
        (vec![most + 1], "ValidationException", "less than or equal to 1024000"),
        (vec![0; 501], "ValidationException", "less than or equal to 500"),
        (vec![], "ValidationException", "greater than or equal to 1"),
        (vec![most; 5], "InvalidArgumentException", "Records size exceeds 4 MB limit"),
    ];
    for (sizes, code, words) in table {
        let refusal = refused(&endpoint, "PutRecordBatch", put(&sizes)).await;
        assert_eq!(refusal.0, code, "{}", refusal.1);
        assert!(refusal.1.contains(words), "{}", refusal.1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_missing_holds_records_until_it_is_there() {
    let endpoint = builder().build().await.unwrap();
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    ok(&endpoint, "PutRecordBatch", batch("ratings", &["abc"])).await;
    let report = flushed(&endpoint).await;
    let why = report.last_error.clone().unwrap_or_default();
    assert!(!report.delivered && why.contains(BUCKET), "{report:?}");
    endpoint.create_bucket(BUCKET).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(flushed(&endpoint).await.delivered);
}

#[tokio::test(start_paused = true)]
async fn recorded_2_5_deleting_a_stream_drops_what_is_buffered() {
    let endpoint = endpoint().await;
    ok(&endpoint, "CreateDeliveryStream", stream("ratings", json!({}))).await;
    ok(&endpoint, "PutRecordBatch", batch("ratings", &["abc"])).await;
    let named = json!({ "DeliveryStreamName": "ratings" });
    ok(&endpoint, "DeleteDeliveryStream", named).await;
    let refusal = refused(&endpoint, "PutRecordBatch", batch("ratings", &["abc"])).await;
    assert_eq!(refusal.0, "ResourceNotFoundException");
    assert!(endpoint.close(Duration::from_secs(5)).await.is_empty());
}
