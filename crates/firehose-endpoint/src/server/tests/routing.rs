//! Each request comes to its door, and each door answers in its own shape.

use http::Request;

use super::site::{Answer, Inside, operation};
use crate::settings::{Auth, Settings};

async fn inside() -> Inside {
    Inside::new(Settings::default()).await
}

fn error_of(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(answer.headers["x-amzn-errortype"], text("__type"));
    assert!(answer.headers.contains_key("x-amzn-requestid"));
    (answer.status, text("__type"), text("message") + &text("Message"))
}

#[tokio::test]
async fn operations_of_firehose_and_glue_are_answered_in_aws_json() {
    let inside = inside().await;
    let answer = inside.call(operation("Firehose_20150804.ListDeliveryStreams"), "{}").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(answer.headers["x-amzn-requestid"].len(), 36);
    assert!(answer.json()["DeliveryStreamNames"].is_array());

    let answer = inside.call(operation("AWSGlue.NoSuchOperation"), "{}").await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["Message"].is_string(), "{answer:?}");
    let answer = inside.call(operation("Firehose_20150804.NoSuchOperation"), "{}").await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["message"].is_string(), "{answer:?}");
}

#[tokio::test]
async fn other_services_and_protocols_are_refused_by_name() {
    let inside = inside().await;
    for (request, wanted) in [
        (operation("Kinesis_20131202.SubscribeToShard"), "SubscribeToShard is not supported"),
        (operation("Kinesis_20131202.RegisterStreamConsumer"), "is not supported"),
        (operation("AmazonAthena.StartQueryExecution"), "Athena"),
        (operation("nonsense"), "the target `nonsense`"),
        (
            Request::post("/service/Firehose/operation/PutRecord")
                .header("host", "localhost")
                .header("smithy-protocol", "rpc-v2-cbor"),
            "unknown",
        ),
        (operation("Firehose_20150804.PutRecord").method("PUT"), "this is PUT"),
        (operation("Firehose_20150804.PutRecord").uri("/bucket"), "`/bucket`"),
        (
            Request::post("/")
                .header("host", "localhost")
                .header("x-amz-target", "Firehose_20150804.PutRecord")
                .header("content-type", "application/x-amz-cbor-1.1"),
            "AWS_CBOR_DISABLE",
        ),
    ] {
        let answer = inside.call(request, "{}").await;
        let (status, code, message) = error_of(&answer);
        assert_eq!((status, &*code), (400, "UnknownOperationException"));
        if wanted == "unknown" {
            assert!(message.contains("`rpc-v2-cbor`") || message.contains("``"), "{message}");
        } else {
            assert!(message.contains(wanted), "{message}");
        }
    }
}

#[tokio::test]
async fn sts_tells_who_asks() {
    let inside = inside().await;
    let form = |builder: http::request::Builder| {
        builder.header("host", "localhost").header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=123456789012/20220108/us-east-1/sts/aws4_request",
        )
    };
    let post = form(Request::post("/"))
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let answer = inside.call(post, "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("<Account>123456789012</Account>"), "{}", answer.text());
    let get = form(Request::get("/?Action=GetCallerIdentity&Version=2011-06-15"));
    assert_eq!(inside.call(get, "").await.status, 200);
    let other = form(Request::get("/?Action=AssumeRole&Version=2011-06-15"));
    let answer = inside.call(other, "").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("<Code>InvalidAction</Code>"), "{}", answer.text());
}

#[tokio::test]
async fn a_malformed_signature_is_incomplete_even_when_none_is_verified() {
    let inside = inside().await;
    let request = operation("Firehose_20150804.ListDeliveryStreams")
        .header("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    let answer = inside.call(request, "{}").await;
    assert_eq!(error_of(&answer).1, "IncompleteSignatureException");
}

#[tokio::test]
async fn control_routes_answer_in_json_and_metrics_in_prometheus_text() {
    let inside = inside().await;
    for (method, route, status, wanted) in [
        ("GET", "health", 200, "\"status\":\"ok\""),
        ("GET", "status", 200, "\"streams\":[]"),
        ("GET", "metrics", 200, "# TYPE aws_firehose_delivery_to_s3_records_total counter"),
        ("GET", "faults", 200, "{\"faults\":[]}"),
        ("POST", "flush", 200, "\"delivered\":true"),
        ("POST", "flush?stream=none", 404, "no delivery stream `none`"),
        ("POST", "flush?within=soon", 400, "such as 500ms"),
        ("POST", "flush?streams=x", 400, "?stream=NAME"),
        ("POST", "reset", 200, "{\"reset\":true}"),
        ("GET", "reset", 405, "answers to POST"),
        ("DELETE", "status", 405, "answers to GET"),
        ("GET", "", 404, "no such route"),
        ("GET", "nothing", 404, "no such route"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_firehose-local/{route}"))
            .header("host", "localhost");
        let answer = inside.call(request, "").await;
        assert_eq!(answer.status, status, "{method} {route}: {}", answer.text());
        assert!(answer.text().contains(wanted), "{method} {route}: {}", answer.text());
    }
}

#[tokio::test]
async fn all_else_is_s3s_and_has_a_request_id() {
    let inside = inside().await;
    let request = Request::get("/").header("host", "localhost");
    let answer = inside.call(request, "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers.contains_key("x-amz-request-id"));
}

#[tokio::test]
async fn foreign_hosts_and_pages_are_turned_away_in_the_shape_of_each_door() {
    let inside = inside().await;
    let evil = |builder: http::request::Builder| builder.header("host", "evil.example");
    let json = evil(Request::post("/").header("x-amz-target", "Firehose_20150804.PutRecord"));
    let answer = inside.call(json, "{}").await;
    assert_eq!(error_of(&answer).0, 403);
    assert_eq!(answer.headers["connection"], "close");
    let answer = inside.call(evil(Request::get("/bucket/key")), "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("<Code>AccessDenied</Code>"), "{}", answer.text());
    let answer = inside.call(evil(Request::get("/_firehose-local/health")), "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.json()["error"].is_string());
    let page = Request::post("/_firehose-local/reset")
        .header("host", "localhost:4566")
        .header("origin", "https://evil.example");
    assert_eq!(inside.call(page, "").await.status, 403);
}

#[tokio::test]
async fn where_signatures_are_verified_only_health_goes_without() {
    let auth = Auth::Verify([("AKID".to_owned(), "secret".to_owned())].into());
    let inside = Inside::new(Settings { auth, ..Settings::default() }).await;
    let control = |builder: http::request::Builder| builder.header("host", "localhost");
    let health = control(Request::get("/_firehose-local/health"));
    assert_eq!(inside.call(health, "").await.status, 200);
    let reset = control(Request::post("/_firehose-local/reset"));
    assert_eq!(inside.call(reset, "").await.status, 403);
    let answer = inside.call(operation("Firehose_20150804.ListDeliveryStreams"), "{}").await;
    assert_eq!(error_of(&answer).1, "MissingAuthenticationTokenException");
    let sts = control(Request::get("/?Action=GetCallerIdentity&Version=2011-06-15"));
    let answer = inside.call(sts, "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("<Code>MissingAuthenticationToken</Code>"), "{answer:?}");
}
