//! Requests with signatures that are verified.

use std::time::SystemTime;

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use chrono::Utc;
use sha2::{Digest, Sha256};

use super::*;
use crate::settings::Auth;

const TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

async fn verifying() -> Fixture {
    let keys = [("AKIAKIRK".to_owned(), "enterprise".to_owned())].into();
    Fixture::with(Settings { auth: Auth::Verify(keys), ..Settings::default() }).await
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A request with these headers, all of them signed.
fn signed(
    key: &str,
    secret: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: s3s::Body,
) -> s3s::HttpRequest {
    let (now, time) = (Utc::now(), SystemTime::now());
    let stamp = now.format("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{}/us-east-1/s3/aws4_request", now.format("%Y%m%d"));
    let mut headers: Vec<_> = headers.to_vec();
    headers.extend([("host", "localhost:4566"), ("x-amz-date", stamp.as_str())]);
    headers.sort_unstable();
    let payload = headers.iter().find(|(name, _)| *name == "x-amz-content-sha256").unwrap().1;
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("{method}\n{path}\n\n{lines}\n{names}\n{payload}");
    let digest = hex(Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}");
    let signing_key = generate_signing_key(secret, time, "us-east-1", "s3");
    let signature = calculate_signature(signing_key, to_sign.as_bytes());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    let mut request = request(method, path, &headers, body);
    request.headers_mut().insert("authorization", authorization.parse().unwrap());
    request
}

#[tokio::test]
async fn only_who_signs_with_a_known_key_passes() {
    let fixture = verifying().await;
    let headers = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
    let ask = |key, secret| {
        let body = s3s::Body::from("hello".to_owned());
        signed(key, secret, ("PUT", "/ratings/a"), &headers, body)
    };
    for (request, status, code) in [
        (ask("AKIAKIRK", "enterprise"), 200, ""),
        (ask("AKIAKIRK", "voyager"), 403, "SignatureDoesNotMatch"),
        (ask("AKIAKHAN", "enterprise"), 403, "InvalidAccessKeyId"),
        (request("GET", "/ratings/a", &[], s3s::Body::empty()), 403, "AccessDenied"),
    ] {
        let answer = fixture.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{}", answer.body);
        assert_eq!(answer.header("x-amz-request-id").len(), 16);
    }
}

#[tokio::test]
async fn headers_that_are_signed_may_be_read_leniently() {
    let fixture = verifying().await;
    let unsigned = ("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    let put = signed("AKIAKIRK", "enterprise", ("PUT", "/ratings/a"), &[unsigned], stream("hello"));
    assert_eq!(fixture.send(put).await.code(), "MissingContentLength");
    let body = s3s::Body::from("hello".to_owned());
    let put = signed("AKIAKIRK", "enterprise", ("PUT", "/ratings/a"), &[unsigned], body);
    assert_eq!(fixture.send(put).await.status, 200);
    let headers = [unsigned, ("range", "bytes=4-1")];
    let body = s3s::Body::empty();
    let get = signed("AKIAKIRK", "enterprise", ("GET", "/ratings/a"), &headers, body);
    let got = fixture.send(get).await;
    assert_eq!((got.status.as_u16(), got.body.as_str()), (200, "hello"));
}

#[tokio::test]
async fn a_body_that_was_signed_or_has_a_trailer_is_compared() {
    let fixture = verifying().await;
    let sum = hex(Sha256::digest("hello world"));
    let trailer =
        |checksum| format!("b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n");
    let chunked = [
        ("x-amz-content-sha256", TRAILER),
        ("x-amz-decoded-content-length", "11"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("content-encoding", "aws-chunked"),
    ];
    let whole = [("x-amz-content-sha256", sum.as_str())];
    for (headers, body, status, code) in [
        (&whole[..], "hello there".to_owned(), 400, "XAmzContentSHA256Mismatch"),
        (&chunked[..], trailer("AAAAAA=="), 400, "BadDigest"),
        (&chunked[..], "b\r\nhello world\r\n0\r\n\r\n".to_owned(), 400, "MalformedTrailerError"),
        (&whole[..], "hello world".to_owned(), 200, ""),
        (&chunked[..], trailer("DUoRhQ=="), 200, ""),
    ] {
        let path = ("PUT", "/ratings/a");
        let request = signed("AKIAKIRK", "enterprise", path, headers, s3s::Body::from(body));
        let answer = fixture.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{}", answer.body);
        assert_eq!(fixture.root.path().join("ratings/a").exists(), status == 200);
    }
}
