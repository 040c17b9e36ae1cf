//! Bodies with checksums, in chunks and in parts.

use super::*;

const CHUNKED: [(&str, &str); 4] = [
    ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
    ("x-amz-decoded-content-length", "11"),
    ("content-encoding", "aws-chunked,gzip"),
    ("x-amz-trailer", "x-amz-checksum-crc32"),
];

fn chunked(checksum: &str) -> String {
    format!("5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n")
}

#[tokio::test]
async fn a_chunked_body_is_an_object_once_its_trailing_checksum_is_right() {
    let fixture = Fixture::new().await;
    let no_trailer = "b\r\nhello world\r\n0\r\n\r\n".to_owned();
    for (body, status, code) in [
        (chunked("AAAAAA=="), 400, "BadDigest"),
        (chunked("DUoRhQ"), 400, "InvalidRequest"),
        (no_trailer, 400, "MalformedTrailerError"),
        ("5\r\nhello\r\n".to_owned(), 400, "IncompleteBody"),
        ("hello world\r\n".to_owned(), 400, "InvalidChunkSizeError"),
        (chunked("DUoRhQ=="), 200, ""),
    ] {
        let answer = fixture.send(request("PUT", "/ratings/a", &CHUNKED, stream(&body))).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{}", answer.body);
        let stored = fixture.root.path().join("ratings/a").exists();
        assert_eq!(stored, status == 200, "{body}");
    }
    let got = fixture.ask("GET", "/ratings/a", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!((got.body.as_str(), got.header("content-encoding")), ("hello world", "gzip"));
    assert_eq!(got.header("x-amz-checksum-crc32"), "DUoRhQ==");
    let partial = std::fs::read_dir(fixture.root.path().join(".object-directory/partial")).unwrap();
    assert_eq!(partial.count(), 0);
    let unknown = request("PUT", "/ratings/a", &CHUNKED[2..3], stream("0\r\n\r\n"));
    assert_eq!(fixture.send(unknown).await.code(), "MissingContentLength");
}

#[tokio::test]
async fn a_body_that_is_not_what_its_headers_say_is_no_object() {
    let fixture = Fixture::new().await;
    for (name, right, wrong) in [
        ("x-amz-checksum-crc32", "DUoRhQ==", "AAAAAA=="),
        ("x-amz-checksum-crc32c", "yZRlqg==", "AAAAAA=="),
        ("x-amz-checksum-crc64nvme", "jSnVw/bqjr4=", "AAAAAAAAAAA="),
        ("x-amz-checksum-sha1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        (
            "x-amz-checksum-sha256",
            "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
        ("content-md5", "XrY7u+Ae7tCTyyK7j1rNww==", "AAAAAAAAAAAAAAAAAAAAAA=="),
        (
            "x-amz-content-sha256",
            "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
            "0000000000000000000000000000000000000000000000000000000000000000",
        ),
    ] {
        let answer = fixture.ask("PUT", "/ratings/a", &[(name, wrong)], "hello world").await;
        let code = if name.ends_with("content-sha256") {
            "XAmzContentSHA256Mismatch"
        } else {
            "BadDigest"
        };
        assert_eq!((answer.status.as_u16(), answer.code()), (400, code), "{name}");
        assert_eq!(fixture.ask("HEAD", "/ratings/a", &[], "").await.status, 404);
        let answer = fixture.ask("PUT", "/ratings/a", &[(name, right)], "hello world").await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        if name.starts_with("x-amz-checksum") {
            assert_eq!(answer.header(name), right);
        }
        fixture.ask("DELETE", "/ratings/a", &[], "").await;
    }
    for (name, code) in
        [("x-amz-checksum-crc32", "InvalidRequest"), ("content-md5", "InvalidDigest")]
    {
        let answer = fixture.ask("PUT", "/ratings/a", &[(name, "no")], "x").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, code));
    }
}

async fn begin(fixture: &Fixture, key: &str) -> String {
    let begun = fixture.ask("POST", &format!("/ratings/{key}?uploads"), &[], "").await.body;
    let id = begun.split_once("<UploadId>").unwrap().1;
    id.split_once('<').unwrap().0.to_owned()
}

#[tokio::test]
async fn parts_become_an_object_whose_parts_can_be_asked_for() {
    let fixture = Fixture::new().await;
    let id = begin(&fixture, "big").await;
    let first = "1".repeat(5 * 1024 * 1024);
    let mut list = String::new();
    for (number, body) in [(2, "end"), (1, first.as_str())] {
        let path = format!("/ratings/big?partNumber={number}&uploadId={id}");
        let part = fixture.ask("PUT", &path, &[], body).await;
        let etag = part.header("etag").to_owned();
        list = format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>{list}");
    }
    let parts =
        fixture.ask("GET", &format!("/ratings/big?uploadId={id}&max-parts=1"), &[], "").await;
    assert!(parts.body.contains("<NextPartNumberMarker>1</"), "{}", parts.body);
    assert!(parts.body.contains("<IsTruncated>true</"), "{}", parts.body);
    let complete = format!("/ratings/big?uploadId={id}");
    let list = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    let wrong = [("x-amz-mp-object-size", "7")];
    let refused = fixture.ask("POST", &complete, &wrong, list.as_str()).await;
    assert_eq!(refused.code(), "InvalidRequest", "{}", refused.body);
    // Who does not hear the answer asks again.
    for _ in 0..2 {
        let done = fixture.ask("POST", &complete, &[], list.as_str()).await;
        assert_eq!(done.status, 200, "{}", done.body);
        let location = "<Location>http://localhost:4566/ratings/big</Location>";
        assert!(done.body.contains(location), "{}", done.body);
        assert!(done.body.contains("-2\"</ETag>"), "{}", done.body);
    }
    let last = fixture.ask("GET", "/ratings/big?partNumber=2", &[], "").await;
    assert_eq!((last.status.as_u16(), last.body.as_str()), (206, "end"));
    assert_eq!(last.header("x-amz-mp-parts-count"), "2");
    assert_eq!(last.header("content-range"), "bytes 5242880-5242882/5242883");
}

#[tokio::test]
async fn uploads_are_listed_in_pages() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for key in ["a", "a", "b/1", "b/2", "c"] {
        ids.push(begin(&fixture, key).await);
    }
    let listed = |query: String| {
        let fixture = &fixture;
        async move { fixture.ask("GET", &format!("/ratings?uploads{query}"), &[], "").await.body }
    };
    let found = |body: &str| -> Vec<usize> {
        (0..ids.len())
            .filter(|index| body.contains(&format!("<UploadId>{}<", ids[*index])))
            .collect()
    };
    assert_eq!(found(&listed(String::new()).await), [0, 1, 2, 3, 4]);
    assert_eq!(found(&listed("&prefix=b%2F".to_owned()).await), [2, 3]);
    let grouped = listed("&delimiter=%2F&max-uploads=3".to_owned()).await;
    assert_eq!(found(&grouped), [0, 1]);
    assert!(grouped.contains("<Prefix>b/</Prefix>"), "{grouped}");
    assert!(grouped.contains("<NextKeyMarker>b/</NextKeyMarker>"), "{grouped}");
    assert_eq!(found(&listed("&delimiter=%2F&key-marker=b%2F".to_owned()).await), [4]);
    assert_eq!(found(&listed("&key-marker=a".to_owned()).await), [2, 3, 4]);
    let behind_first = format!("&key-marker=a&upload-id-marker={}", ids[0]);
    assert_eq!(found(&listed(behind_first).await), [1, 2, 3, 4]);
}

#[tokio::test]
async fn copies_keep_or_replace_what_was_said_of_the_object() {
    let fixture = Fixture::new().await;
    let said = [("content-type", "text/plain"), ("x-amz-meta-a", "1")];
    fixture.ask("PUT", "/ratings/a%20b", &said, "hello").await;
    let from = ("x-amz-copy-source", "ratings/a%20b");
    let copied = fixture.ask("PUT", "/ratings/kept", &[from], "").await;
    assert!(copied.body.contains("5d41402abc4b2a76b9719d911017c592"), "{}", copied.body);
    let replaced = [from, ("x-amz-metadata-directive", "REPLACE"), ("content-type", "x/y")];
    fixture.ask("PUT", "/ratings/replaced", &replaced, "").await;
    for (path, kind, metadata) in [("kept", "text/plain", "1"), ("replaced", "x/y", "")] {
        let got = fixture.ask("GET", &format!("/ratings/{path}"), &[], "").await;
        assert_eq!(got.body, "hello");
        assert_eq!((got.header("content-type"), got.header("x-amz-meta-a")), (kind, metadata));
    }
    let failing = ("x-amz-copy-source-if-none-match", "\"5d41402abc4b2a76b9719d911017c592\"");
    let refused = fixture.ask("PUT", "/ratings/no", &[from, failing], "").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (412, "PreconditionFailed"));
}
