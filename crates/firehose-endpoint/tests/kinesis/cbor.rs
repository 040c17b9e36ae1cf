//! The same calls in CBOR, as Java's client makes them.

use bytes::Bytes;

use super::*;

/// Just enough CBOR to write a request by hand.
fn text(out: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).expect("a short text");
    out.extend_from_slice(&[0x78, length]);
    out.extend_from_slice(text.as_bytes());
}

async fn send(endpoint: &Endpoint, operation: &str, body: Vec<u8>) -> http::Response<Bytes> {
    let request = http::Request::post("/")
        .header("host", "localhost")
        .header("content-type", "application/x-amz-cbor-1.1")
        .header("x-amz-target", format!("Kinesis_20131202.{operation}"))
        .body(Bytes::from(body))
        .expect("a request");
    endpoint.answer(request).await
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[tokio::test(start_paused = true)]
async fn blobs_are_byte_strings_and_times_are_milliseconds() {
    let endpoint = with_stream(1).await;
    // An indefinite map, as Jackson writes it.
    let mut body = vec![0xbf];
    for (member, value) in [("StreamName", "s"), ("PartitionKey", "k")] {
        text(&mut body, member);
        text(&mut body, value);
    }
    text(&mut body, "Data");
    body.extend_from_slice(&[0x43, 0x00, 0xff, 0x01, 0xff]);
    let answer = send(&endpoint, "PutRecord", body).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-amz-cbor-1.1");
    assert!(contains(answer.body(), FIRST.as_bytes()));

    let iterator = iterator(&endpoint, FIRST, json!({ "ShardIteratorType": "TRIM_HORIZON" })).await;
    let mut body = vec![0xa1];
    text(&mut body, "ShardIterator");
    text(&mut body, iterator.as_str().expect("an iterator"));
    let answer = send(&endpoint, "GetRecords", body).await;
    assert!(contains(answer.body(), &[0x64, b'D', b'a', b't', b'a', 0x43, 0x00, 0xff, 0x01]));
    // Tag 1, and 1641621859000 in eight bytes.
    assert!(
        contains(answer.body(), &[0xc1, 0x1b, 0, 0, 0x01, 0x7e, 0x38, 0x49, 0xaa, 0xb8]),
        "{answer:?}"
    );

    let mut body = vec![0xa3];
    for (member, value) in [("StreamName", "s"), ("ShardId", FIRST)] {
        text(&mut body, member);
        text(&mut body, value);
    }
    text(&mut body, "ShardIteratorType");
    text(&mut body, "AT_TIMESTAMP");
    let mut with_time = body.clone();
    with_time[0] = 0xa4;
    text(&mut with_time, "Timestamp");
    with_time.extend_from_slice(&[0xc1, 0x1b, 0, 0, 0x01, 0x7e, 0x38, 0x49, 0xaa, 0xb8]);
    assert_eq!(send(&endpoint, "GetShardIterator", with_time).await.status(), 200);
    let refused = send(&endpoint, "GetShardIterator", body).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.headers()["x-amzn-errortype"], "InvalidArgumentException");
    assert!(contains(refused.body(), b"__type"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_cbor_is_refused_in_cbor() {
    let endpoint = with_stream(1).await;
    for body in [&b""[..], b"{}", b"\xa1", b"\xff"] {
        let refused = send(&endpoint, "ListStreams", body.to_vec()).await;
        assert_eq!(refused.headers()["x-amzn-errortype"], "SerializationException");
        assert_eq!(refused.headers()["content-type"], "application/x-amz-cbor-1.1");
    }
    let long = send(&endpoint, "ListStreams", vec![0x9f; 10_000]).await;
    assert_eq!(long.headers()["x-amzn-errortype"], "SerializationException");
}
