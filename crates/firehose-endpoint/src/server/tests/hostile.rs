//! Clients that mean harm, or are broken; and one beside them that is neither.

use std::sync::Arc;

use futures::future::join_all;
use http::Request;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::site::{
    HANGS, HEALTH, Inside, Site, is_healthy, operation, operation_bytes, read_to_end,
};
use crate::settings::Settings;

const LIST: &str = "Firehose_20150804.ListDeliveryStreams";

#[tokio::test]
async fn a_body_too_large_is_refused_before_it_is_sent() {
    let site = Site::new(Settings::default()).await;
    for (headers, wanted) in [
        ("content-length: 10737418240\r\nconnection: close\r\n", "413"),
        ("content-encoding: gzip\r\ncontent-length: 10485760\r\nconnection: close\r\n", "400"),
    ] {
        let mut stream = site.connect().await;
        // Of the announced body only the first bytes come.
        stream.write_all(&operation_bytes(LIST, headers, "\u{1f}")).await.unwrap();
        let mut start = [0; 12];
        timeout(HANGS, stream.read_exact(&mut start)).await.unwrap().unwrap();
        assert_eq!(str::from_utf8(&start).unwrap(), format!("HTTP/1.1 {wanted}"));
    }
    site.stop().await;
}

#[tokio::test]
async fn who_sends_a_body_too_large_to_its_end_still_reads_the_refusal() {
    let site = Site::new(Settings::default()).await;
    let body = "x".repeat(17 << 20);
    for headers in [
        format!("content-length: {}\r\nconnection: close\r\n", body.len()),
        "transfer-encoding: chunked\r\nconnection: close\r\n".to_owned(),
    ] {
        let chunked = headers.contains("chunked");
        let body =
            if chunked { format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()) } else { body.clone() };
        let mut stream = site.connect().await;
        stream.write_all(&operation_bytes(LIST, &headers, &body)).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("RequestEntityTooLargeException"), "{answer}");
    }
    site.stop().await;
}

#[tokio::test]
async fn bodies_of_six_megabytes_are_taken() {
    let inside = Inside::new(Settings::default()).await;
    let body = format!("{{\"ExclusiveStartDeliveryStreamName\":\"{}\"}}", "x".repeat(6_000_000));
    let answer = inside.call(operation(LIST), &body).await;
    // Too long for a name, but not for a body.
    assert!(answer.status == 400 || answer.status == 200, "{}", answer.status);
}

#[tokio::test]
async fn json_of_any_depth_is_refused_and_nothing_falls_over() {
    let inside = Inside::new(Settings::default()).await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "")] {
        let body = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        for target in [LIST, "Firehose_20150804.PutRecordBatch", "AWSGlue.CreateTable"] {
            let answer = inside.call(operation(target), &body).await;
            assert_eq!(answer.status, 400, "{target}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let inside = Inside::new(Settings::default()).await;
    for body in ["", "{", "null", "[]", "\"x\"", "{}{}", "{\"a\":NaN}", "\u{feff}{}", "a=b&c=d"] {
        let answer = inside.call(operation("Firehose_20150804.PutRecord"), body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
}

#[tokio::test]
async fn names_that_climb_stay_inside_and_are_never_our_fault() {
    let inside = Inside::new(Settings::default()).await;
    for path in [
        "/../escaped",
        "/bucket/../../escaped",
        "/bucket/%2e%2e/%2e%2e/escaped",
        "/bucket/..%2f..%2fescaped",
        "/%2e%2e/escaped",
        "/..%2fescaped",
        "/bucket/%00",
        "/bucket/a%00b",
        "/bucket/..%5c..%5cescaped",
        "/bucket//etc/passwd",
        "/.firehose-local/streams.json",
        "/%2efirehose-local/streams.json",
        "/bucket/%ff%fe",
        "/%zz/%",
    ] {
        for method in ["PUT", "GET", "DELETE"] {
            let request = Request::builder().method(method).uri(path).header("host", "localhost");
            let answer = inside.call(request, "payload").await;
            assert!(answer.status < 500, "{method} {path}: {}", answer.text());
        }
    }
    for name in ["../escaped", "..", "a/b", "a\u{0}b", "%2e%2e%2f", "\\..\\", ""] {
        let body = serde_json::json!({"DeliveryStreamName": name}).to_string();
        for target in ["DescribeDeliveryStream", "DeleteDeliveryStream"] {
            let target = format!("Firehose_20150804.{target}");
            let answer = inside.call(operation(&target), &body).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        }
    }
    assert_eq!(inside.outside(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_client_that_closes_its_half_is_answered() {
    let site = Site::new(Settings::default()).await;
    let mut stream = site.connect().await;
    stream.write_all(HEALTH).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut stream = site.connect().await;
    stream.write_all(&operation_bytes(LIST, "content-length: 100\r\n", "{}")).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "half a body was answered: {answer}");
    site.stop().await;
}

#[tokio::test]
async fn thousands_of_silent_connections_leave_room_for_those_who_ask() {
    let site = Site::new(Settings::default()).await;
    let mut healthy = site.connect().await;
    assert!(is_healthy(&mut healthy).await);
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.extend(join_all((0..1000).map(|_| site.connect())).await);
        assert!(is_healthy(&mut healthy).await, "after {} connections", silent.len());
        assert!(is_healthy(&mut site.connect().await).await, "a new one after {}", silent.len());
    }
    drop(silent);
    assert!(is_healthy(&mut healthy).await);
    site.stop().await;
}

#[tokio::test]
async fn where_all_are_busy_one_more_is_told_so() {
    let faults = vec!["ListDeliveryStreams:delay=60s".parse().unwrap()];
    let site = Site::up_to(2, Settings { faults, ..Settings::default() }).await;
    let request = operation_bytes(LIST, "content-length: 2\r\n", "{}");
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut stream = site.connect().await;
        stream.write_all(&request).await.unwrap();
        busy.push(stream);
    }
    let router = Arc::clone(&site.inside.router);
    let under_way = async {
        while router.state().faults.list()[0].1.requests < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(HANGS, under_way).await.expect("the test hangs");
    let answer = site.ask(HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    drop(busy);
}

#[tokio::test]
async fn what_is_under_way_is_answered_when_the_server_stops() {
    let faults = vec!["ListDeliveryStreams:delay=100ms".parse().unwrap()];
    let site = Site::new(Settings { faults, ..Settings::default() }).await;
    let mut idle = site.connect().await;
    assert!(is_healthy(&mut idle).await);
    let mut stream = site.connect().await;
    let request = operation_bytes(LIST, "content-length: 2\r\n", "{}");
    stream.write_all(&request).await.unwrap();
    let router = Arc::clone(&site.inside.router);
    while router.state().faults.list()[0].1.requests < 1 {
        tokio::task::yield_now().await;
    }
    site.stop().await;
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(read_to_end(&mut idle).await, "");
}
