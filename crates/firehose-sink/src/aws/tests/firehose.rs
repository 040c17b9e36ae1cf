//! `PutRecordBatch` on the wire.

use aws_config::SdkConfig;
use aws_sdk_firehose::{
    Client,
    config::{self, ConfigBag, Intercept, RuntimeComponents},
    error::BoxError,
    operation::put_record_batch::PutRecordBatchOutput,
    types::PutRecordBatchResponseEntry,
};
use aws_smithy_runtime_api::client::interceptors::context::{
    FinalizerInterceptorContextMut, Output,
};
use serde_json::json;

use super::{Answer, Wire, batch, ids};
use crate::{
    AwsFirehoseSink, FirehoseSink, FirehoseSinkExt, Outcome, PutErrorKind, Record, RecordId, Stored,
};

fn sink(config: &SdkConfig) -> AwsFirehoseSink {
    AwsFirehoseSink::from_config(config, "the-stream")
}

#[tokio::test]
async fn all_accepted() {
    let wire = Wire::that_says(
        200,
        &json!({ "FailedPutCount": 0, "Encrypted": false,
            "RequestResponses": [{ "RecordId": "a" }, { "RecordId": "b" }] }),
    );
    let outcomes = sink(&wire.config()).put_batch(&batch(2)).await.expect("accepted");
    assert_eq!(ids(&outcomes), ["a", "b"]);
    assert_eq!(
        wire.requests(),
        [json!({ "DeliveryStreamName": "the-stream",
            "Records": [{ "Data": "cmVjb3JkIDA=" }, { "Data": "cmVjb3JkIDE=" }] })]
    );
}

/// The body is not the SDK's: it has to hold any bytes, and any name, as the SDK's would.
#[tokio::test]
async fn the_body_is_what_the_sdk_would_write() {
    let name = "a \"quoted\\ name\u{7}";
    let data: Vec<Vec<u8>> =
        (0..=255_u8).map(|n| (0..n).map(|k| k.wrapping_mul(n)).collect()).collect();
    let bare = Wire::that_accepts();
    let mut put = aws_sdk_firehose::Client::new(&bare.config()).put_record_batch();
    for data in &data {
        let blob = aws_sdk_firehose::primitives::Blob::new(data.as_slice());
        let record = aws_sdk_firehose::types::Record::builder().data(blob).build();
        put = put.records(record.expect("with data"));
    }
    put.delivery_stream_name(name).send().await.expect("accepted");
    let ours = Wire::that_accepts();
    let records: Vec<Record> = data.into_iter().map(Record::new).collect();
    let sink = AwsFirehoseSink::from_config(&ours.config(), name);
    sink.put_batch(&records).await.expect("accepted");
    assert_eq!(ours.requests(), bare.requests());
    assert_eq!(ours.headers("content-type"), bare.headers("content-type"));
    assert_eq!(ours.headers("x-amz-target"), bare.headers("x-amz-target"));
    let length = ours.lengths()[0].to_string();
    assert!(ours.headers("content-length").iter().all(|header| *header == length));
}

#[tokio::test]
async fn a_refused_record_keeps_its_place_its_code_and_its_words() {
    // The count is wrong on purpose: entries count, the count does not.
    let wire = Wire::that_says(
        200,
        &json!({ "FailedPutCount": 0, "RequestResponses": [
            { "RecordId": "a" },
            { "ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down." },
            { "RecordId": "c" }] }),
    );
    let outcomes = sink(&wire.config()).put_batch(&batch(3)).await.expect("answered");
    assert_eq!(ids(&outcomes), ["a", "ServiceUnavailableException: Slow down.", "c"]);
    assert_eq!(wire.requests().len(), 1, "nobody retries here");
}

/// The answer is not read by the SDK: it has to mean what it means to the SDK, however it is written.
#[tokio::test]
async fn an_answer_may_be_written_in_any_way() {
    let plain = json!({ "FailedPutCount": 1, "Encrypted": true, "RequestResponses": [
        { "RecordId": "é\"/\\\u{7}" }, { "RecordId": null, "ErrorCode": "a\nb", "ErrorMessage": null },
        { "ErrorMessage": "ignored", "RecordId": "", "New": [{ "RecordId": "x" }] }] })
    .to_string();
    let escaped = plain.replace('é', "\\u00e9").replace('/', "\\/").replace(',', " ,\n\t");
    let turned = plain.replace("RecordId", "Record\\u0049d");
    for text in [plain, escaped, turned] {
        let wire = || Wire::that(Answer::Says(200, text.clone()));
        let client = aws_sdk_firehose::Client::new(&wire().config());
        let put = client.put_record_batch().delivery_stream_name("s").set_records(Some(vec![]));
        let theirs = put.send().await.expect("the SDK reads it").request_responses;
        let outcomes = sink(&wire().config()).put_batch(&batch(3)).await.expect("answered");
        let theirs = theirs.into_iter().map(|entry| match (entry.error_code, entry.record_id) {
            (Some(code), _) => format!("{code}: {}", entry.error_message.unwrap_or_default()),
            (None, id) => id.expect("an id"),
        });
        assert_eq!(ids(&outcomes), theirs.collect::<Vec<_>>(), "{text}");
    }
}

/// Ids that share one answer's text are equal to the same ids of their own.
#[tokio::test]
async fn an_id_is_its_text() {
    let entries = ["a", "ab", "\u{7}"].map(|id| json!({ "RecordId": id }));
    let wire = Wire::that_says(200, &json!({ "FailedPutCount": 0, "RequestResponses": entries }));
    let outcomes = sink(&wire.config()).put_batch(&batch(3)).await.expect("accepted");
    let own = ["a", "ab", "\u{7}"].map(|id| Outcome::Accepted(RecordId::new(id)));
    assert_eq!(outcomes, own);
    assert_ne!(outcomes[0], outcomes[1]);
}

/// A client that never reaches a wire, as those of `aws-smithy-mocks`: its entries count.
#[tokio::test]
async fn entries_that_somebody_else_made_count() {
    #[derive(Debug)]
    struct Mock;
    impl Intercept for Mock {
        fn name(&self) -> &'static str {
            "Mock"
        }
        fn modify_before_attempt_completion(
            &self,
            context: &mut FinalizerInterceptorContextMut<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            let entry = PutRecordBatchResponseEntry::builder().record_id("mocked").build();
            let output = PutRecordBatchOutput::builder().failed_put_count(0);
            let output = output.request_responses(entry).build()?;
            context.inner_mut().set_output_or_error(Ok(Output::erase(output)));
            Ok(())
        }
    }
    let wire = Wire::that(Answer::Says(200, String::new()));
    let config = config::Builder::from(&wire.config()).interceptor(Mock).build();
    let sink = AwsFirehoseSink::from_client(&Client::from_conf(config), "the-stream");
    assert_eq!(ids(&sink.put_batch(&batch(1)).await.expect("accepted")), ["mocked"]);
}

#[tokio::test]
async fn every_error_is_understood() {
    super::every_error_is_understood(sink).await;
}

#[tokio::test]
async fn every_strange_answer_is_seen() {
    let short = json!({ "FailedPutCount": 0, "RequestResponses": [{ "RecordId": "a" }] });
    super::every_strange_answer_is_seen(sink, &short).await;
    super::every_strange_answer_is_seen(sink, &json!({ "FailedPutCount": 0 })).await;
    let empty_entries = json!({ "FailedPutCount": 0, "RequestResponses": [{}, {}, {}] });
    super::every_strange_answer_is_seen(sink, &empty_entries).await;
    let wire = Wire::that_says(200, &empty_entries);
    let (kind, stored) = (PutErrorKind::Unreadable, Stored::Maybe);
    let shown = super::expect_error(&sink(&wire.config()), kind, stored).await;
    assert!(shown.contains("neither an id nor an error code"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_after_the_attempt_timeout() {
    super::silence_ends_after_the_attempt_timeout(sink).await;
}

#[tokio::test]
async fn missing_credentials_say_what_to_do() {
    super::missing_credentials_say_what_to_do(sink).await;
}

#[tokio::test]
async fn over_limits_nothing_is_sent() {
    super::over_limits_nothing_is_sent(sink).await;
}

#[tokio::test]
async fn an_unknown_stream_is_named_with_its_region() {
    let wire = Wire::that_errs(400, "ResourceNotFoundException");
    let shown =
        super::expect_error(&sink(&wire.config()), PutErrorKind::NotFound, Stored::Nothing).await;
    assert!(shown.contains("delivery stream in region eu-west-1"), "{shown}");
    assert!(shown.contains("aws firehose list-delivery-streams"), "{shown}");
}

#[tokio::test]
async fn the_check_says_what_the_stream_is() {
    let arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/the-stream";
    let wire = Wire::that_says(
        200,
        &json!({ "DeliveryStreamDescription": { "DeliveryStreamName": "the-stream",
            "DeliveryStreamARN": arn, "DeliveryStreamStatus": "CREATING",
            "DeliveryStreamType": "DirectPut", "VersionId": "1", "Destinations": [],
            "HasMoreDestinations": false } }),
    );
    let health = sink(&wire.config()).check().await.expect("there").expect("it can tell");
    assert_eq!((health.status.as_str(), health.is_active()), ("CREATING", false));
    assert_eq!((health.region(), health.account()), ("eu-west-1", "123456789012"));
    assert_eq!(health.to_string(), "local, http://localhost:4566");
}

#[tokio::test]
async fn the_check_suggests_a_name_that_is_much_like_the_wrong_one() {
    for (names, words) in [
        (json!(["other", "The-Streams"]), "did you mean `The-Streams`?"),
        (json!([]), "there is no delivery stream at all"),
        (json!(["other"]), "no such delivery stream in region eu-west-1"),
    ] {
        let wire = Wire::that_errs(400, "ResourceNotFoundException");
        let list = json!({ "DeliveryStreamNames": names, "HasMoreDeliveryStreams": false });
        wire.then_says(200, &list);
        let error = sink(&wire.config()).check().await.expect_err("not there");
        assert_eq!((error.kind(), error.stored()), (PutErrorKind::NotFound, Stored::Nothing));
        let shown = error.to_string();
        assert!(shown.contains(words) && shown.contains("list-delivery-streams"), "{shown}");
    }
}

#[tokio::test]
async fn a_client_of_ones_own_is_kept_except_for_its_retries() {
    let wire = Wire::that_errs(503, "ServiceUnavailableException");
    let client = aws_sdk_firehose::Client::new(&wire.config());
    let sink = AwsFirehoseSink::from_client(&client, "the-stream");
    sink.put(Record::new("x")).await.expect_err("503");
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn a_full_batch_passes() {
    let entries: Vec<_> = (0..500).map(|n| json!({ "RecordId": n.to_string() })).collect();
    let wire = Wire::that_says(200, &json!({ "FailedPutCount": 0, "RequestResponses": entries }));
    let outcomes = sink(&wire.config()).put_batch(&batch(500)).await.expect("accepted");
    assert!(outcomes.len() == 500 && outcomes.iter().all(crate::Outcome::is_accepted));
}

#[cfg(feature = "conformance")]
#[tokio::test]
async fn every_promise_is_kept() {
    super::every_promise_is_kept(sink).await;
}
