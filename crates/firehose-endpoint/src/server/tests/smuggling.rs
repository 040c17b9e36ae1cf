//! Requests that two servers could read differently: the table of raw bytes. Behind each stands a
//! second request; whoever answers it has been smuggled past.

use super::site::{Site, is_healthy};
use crate::settings::Settings;

const SECOND: &str = "GET /_firehose-local/health HTTP/1.1\r\nhost: localhost\r\n\r\n";
const JSON: &str = "POST / HTTP/1.1\r\nhost: localhost\r\n\
    content-type: application/x-amz-json-1.1\r\n\
    x-amz-target: Firehose_20150804.ListDeliveryStreams\r\n";

/// What may come back besides a closed connection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum May {
    /// A 4xx at most.
    Refuse,
    /// One answer to the first request, as RFC 9112 allows it, and then the end.
    AnswerOnce,
}

/// Name, what follows the JSON request's own headers, and what may come back.
const OF_A_BODY: &[(&str, &str, May)] = &[
    (
        "length, then chunked",
        "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        May::AnswerOnce,
    ),
    (
        "chunked, then length",
        "transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        May::AnswerOnce,
    ),
    ("two lengths", "content-length: 2\r\ncontent-length: 3\r\n\r\n{}", May::Refuse),
    ("a list of lengths", "content-length: 2, 2\r\n\r\n{}", May::Refuse),
    ("a signed length", "content-length: +2\r\n\r\n{}", May::Refuse),
    ("a negative length", "content-length: -2\r\n\r\n{}", May::Refuse),
    ("a hexadecimal length", "content-length: 0x2\r\n\r\n{}", May::Refuse),
    ("a length with a blank", "content-length: 2 2\r\n\r\n{}", May::Refuse),
    ("no length at all", "content-length: \r\n\r\n{}", May::Refuse),
    ("a length beyond all numbers", "content-length: 99999999999999999999\r\n\r\n{}", May::Refuse),
    ("a blank before the colon of a length", "content-length : 2\r\n\r\n{}", May::Refuse),
    (
        "a blank before the colon of an encoding",
        "transfer-encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    ("an unknown encoding", "transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", May::Refuse),
    ("identity", "transfer-encoding: identity\r\n\r\n{}", May::Refuse),
    (
        "chunked, but not last",
        "transfer-encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "chunked twice",
        "transfer-encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "two encodings",
        "transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "a folded encoding",
        "transfer-encoding:\r\n chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "a chunk size that is none",
        "transfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "a negative chunk size",
        "transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "a chunk size beyond all numbers",
        "transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "a chunk longer than its size",
        "transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    (
        "a chunk size with 0x",
        "transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        May::Refuse,
    ),
    ("a folded header", "x-a: b\r\n c\r\ncontent-length: 2\r\n\r\n{}", May::Refuse),
    ("a header without a colon", "x-a b\r\ncontent-length: 2\r\n\r\n{}", May::Refuse),
    ("a header without a name", ": b\r\ncontent-length: 2\r\n\r\n{}", May::Refuse),
    ("a blank in a name", "x a: b\r\ncontent-length: 2\r\n\r\n{}", May::Refuse),
    ("a NUL in a value", "x-a: b\0c\r\ncontent-length: 2\r\n\r\n{}", May::Refuse),
    ("a lone CR in a value", "x-a: b\rcontent-length: 2\r\n\r\n{}", May::Refuse),
    ("a second host", "host: localhost\r\ncontent-length: 2\r\n\r\n{}", May::Refuse),
];

/// Name and the whole first request.
const WHOLE: &[(&str, &str)] = &[
    (
        "HTTP/1.0 with an encoding",
        "POST / HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("no host", "GET /_firehose-local/health HTTP/1.1\r\n\r\n"),
    ("another site's host", "GET /_firehose-local/health HTTP/1.1\r\nhost: evil.example\r\n\r\n"),
    (
        "another site in the target",
        "GET http://evil.example/_firehose-local/health HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ),
    ("HTTP/0.9", "GET /_firehose-local/health\r\n"),
    ("HTTP/2.0 in words", "GET / HTTP/2.0\r\nhost: localhost\r\n\r\n"),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nhost: localhost\r\n\r\n"),
    ("a blank in the target", "GET /_firehose-local/ health HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ("a NUL in the target", "GET /_firehose-local/\0 HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ("a method that is none", "G(T / HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ("a tunnel", "CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ("a trace", "TRACE / HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ("a preface that goes wrong", "PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n"),
    ("a TLS greeting", "\u{16}\u{3}\u{1}\0\u{1}\r\n\r\n"),
];

#[tokio::test]
async fn nothing_is_smuggled() {
    let site = Site::new(Settings::default()).await;
    let mut healthy = site.connect().await;
    let bodies = OF_A_BODY.iter().map(|(name, rest, may)| (*name, format!("{JSON}{rest}"), *may));
    let whole = WHOLE.iter().map(|(name, text)| (*name, (*text).to_owned(), May::Refuse));
    for (name, first, may) in bodies.chain(whole) {
        let answer = site.ask(format!("{first}{SECOND}").as_bytes()).await;
        let answers: Vec<&str> = answer.lines().filter(|line| line.starts_with("HTTP/1")).collect();
        assert!(answers.len() <= 1, "{name}: {answer}");
        if may == May::Refuse {
            assert!(answers.iter().all(|line| line.contains(" 4")), "{name}: {answer}");
        }
        assert!(is_healthy(&mut healthy).await, "{name}");
    }
    site.stop().await;
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let site = Site::new(Settings::default()).await;
    let long = "x".repeat(1 << 20);
    let many: String = (0..500).map(|index| format!("x-{index}: y\r\n")).collect();
    for (name, request, status) in [
        ("a long header", format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n"), "431"),
        ("many headers", format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n"), "431"),
        (
            "a long target",
            format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", &long[..70_000]),
            "414",
        ),
    ] {
        let answer = site.ask(request.as_bytes()).await;
        let refused = answer.starts_with(&format!("HTTP/1.1 {status}"));
        // A client that still writes may meet the closed connection before the answer.
        assert!(refused || answer.is_empty(), "{name}: {answer}");
    }
    site.stop().await;
}

/// RFC 9112, 2.2: a recipient may take a lone LF for the end of a line.
#[tokio::test]
async fn lines_that_end_in_lf_alone_are_read_as_lines_and_no_more() {
    let site = Site::new(Settings::default()).await;
    let answer = site
        .ask(b"GET /_firehose-local/health HTTP/1.1\nhost: localhost\nconnection: close\n\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    site.stop().await;
}
