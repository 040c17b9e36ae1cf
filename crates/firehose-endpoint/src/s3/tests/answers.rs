//! What is answered where nothing is wrong.

use super::*;

#[tokio::test]
async fn an_object_comes_back_with_what_was_said_of_it() {
    let fixture = Fixture::new().await;
    let written = [
        ("content-type", "application/x-ratings; v=1"),
        ("content-encoding", "gzip"),
        ("content-language", "tlh"),
        ("content-disposition", "attachment"),
        ("cache-control", "no-cache"),
        ("expires", "whenever"),
        ("x-amz-meta-ship", "NCC-1701"),
    ];
    let put = fixture.ask("PUT", "/ratings/a/b", &written, "hello world").await;
    assert_eq!(put.header("etag"), "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"");
    assert_eq!(put.header("x-amz-checksum-type"), "FULL_OBJECT");
    for method in ["GET", "HEAD"] {
        let headers = [("x-amz-checksum-mode", "ENABLED")];
        let got = fixture.ask(method, "/ratings/a/b", &headers, "").await;
        assert_eq!(got.status, 200);
        for (name, value) in written {
            assert_eq!(got.header(name), value);
        }
        for (name, value) in [
            ("etag", put.header("etag")),
            ("content-length", "11"),
            ("accept-ranges", "bytes"),
            ("x-amz-server-side-encryption", "AES256"),
            ("x-amz-checksum-crc64nvme", put.header("x-amz-checksum-crc64nvme")),
        ] {
            assert_eq!(got.header(name), value, "{name}");
        }
        assert_eq!(got.body, if method == "GET" { "hello world" } else { "" });
        let over = "/ratings/a/b?response-content-type=x%2Fy&response-cache-control=z";
        let over = fixture.ask(method, over, &[], "").await;
        assert_eq!((over.header("content-type"), over.header("cache-control")), ("x/y", "z"));
        assert_eq!(over.header("x-amz-checksum-crc64nvme"), "");
    }
    fixture.put("/ratings/plain", "x").await;
    let plain = fixture.ask("HEAD", "/ratings/plain", &[], "").await;
    assert_eq!(plain.header("content-type"), "binary/octet-stream");
}

#[tokio::test]
async fn ranges_and_conditions_answer_as_s3_does() {
    let fixture = Fixture::new().await;
    fixture.put("/ratings/a", "hello world").await;
    let etag = "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"";
    let (past, future) = ("Mon, 03 Jan 2000 00:00:00 GMT", "Fri, 03 Jan 2070 00:00:00 GMT");
    for (name, value, status, range, body) in [
        ("range", "bytes=0-4", 206, "bytes 0-4/11", "hello"),
        ("range", "bytes=-5", 206, "bytes 6-10/11", "world"),
        ("range", "bytes=6-", 206, "bytes 6-10/11", "world"),
        ("range", "bytes=6-99", 206, "bytes 6-10/11", "world"),
        ("range", "bytes=-99", 206, "bytes 0-10/11", "hello world"),
        ("range", "bytes=1-0", 200, "", "hello world"),
        ("range", "bytes=0-1,3-4", 200, "", "hello world"),
        ("range", "bytes=11-", 416, "bytes */11", ""),
        ("range", "bytes=-0", 416, "bytes */11", ""),
        ("if-match", etag, 200, "", "hello world"),
        ("if-match", "5eb63bbbe01eeed093cb22bb8f5acdc3", 200, "", "hello world"),
        ("if-match", "*", 200, "", "hello world"),
        ("if-match", "\"other\"", 412, "", ""),
        ("if-none-match", etag, 304, "", ""),
        ("if-none-match", "\"x\", W/\"5eb63bbbe01eeed093cb22bb8f5acdc3\"", 304, "", ""),
        ("if-none-match", "\"other\"", 200, "", "hello world"),
        ("if-modified-since", future, 304, "", ""),
        ("if-modified-since", past, 200, "", "hello world"),
        ("if-modified-since", "yesterday", 200, "", "hello world"),
        ("if-unmodified-since", past, 412, "", ""),
        ("if-unmodified-since", future, 200, "", "hello world"),
    ] {
        for method in ["GET", "HEAD"] {
            let got = fixture.ask(method, "/ratings/a", &[(name, value)], "").await;
            assert_eq!(got.status, status, "{method} {name}: {value}");
            assert_eq!(got.header("content-range"), range, "{method} {name}: {value}");
            let has_body = method == "GET" && matches!(status, 200 | 206);
            if has_body || method == "HEAD" || status == 304 {
                assert_eq!(got.body, if has_body { body } else { "" }, "{method} {value}");
            }
            if status == 304 {
                assert_eq!(got.header("etag"), etag);
                assert!(got.header("last-modified").ends_with(" GMT"));
            }
        }
    }
    let again = fixture.ask("PUT", "/ratings/a", &[("if-none-match", "*")], "new").await;
    assert_eq!((again.status.as_u16(), again.code()), (412, "PreconditionFailed"));
    let update = fixture.ask("PUT", "/ratings/a", &[("if-match", etag)], "new").await;
    assert_eq!(update.status, 200);
    let lost = fixture.ask("PUT", "/ratings/a", &[("if-match", etag)], "newer").await;
    assert_eq!(lost.status, 412);
}

#[tokio::test]
async fn keys_are_what_the_path_says() {
    let fixture = Fixture::new().await;
    let outside = fixture.root.path().join("outside");
    std::fs::write(&outside, "mine").unwrap();
    for (path, key) in [
        ("/ratings/a+b", "a+b"),
        ("/ratings/a%20b", "a b"),
        ("/ratings/a%2Bb%25", "a+b%"),
        ("/ratings/%E6%97%A5", "日"),
        ("/ratings/a//b", "a//b"),
        ("/ratings//a", "/a"),
        ("/ratings/folder/", "folder/"),
        ("/ratings/../outside", "../outside"),
        ("/ratings/%2e%2e%2foutside", "../outside"),
        ("/ratings/..%5c..%5coutside", "..\\..\\outside"),
        ("/ratings/%2fetc%2fpasswd", "/etc/passwd"),
    ] {
        fixture.put(path, key).await;
        assert_eq!(fixture.ask("GET", path, &[], "").await.body, key);
        let list = "/ratings?list-type=2&encoding-type=url&start-after=";
        let listed = fixture.ask("GET", list, &[], "").await.body;
        let encoded: String = key
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'.' | b'/' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        assert!(listed.contains(&format!("<Key>{encoded}</Key>")), "{key}: {listed}");
        assert_eq!(fixture.ask("DELETE", path, &[], "").await.status, 204);
    }
    assert_eq!(std::fs::read(outside).unwrap(), b"mine");
    assert_eq!(fixture.ask("HEAD", "/ratings/folder", &[], "").await.status, 404);
}

#[tokio::test]
async fn a_bucket_may_be_the_host() {
    let fixture = Fixture::new().await;
    for host in
        ["ratings.localhost:4566", "ratings.s3.localhost", "Ratings.s3.us-east-1.amazonaws.com"]
    {
        let headers = [("host", host)];
        let put = fixture.ask("PUT", "/a/b", &headers, host).await;
        assert_eq!(put.status, 200, "{}", put.body);
        assert_eq!(fixture.ask("GET", "/ratings/a/b", &[], "").await.body, host);
        let listed = fixture.ask("GET", "/?list-type=2", &headers, "").await.body;
        assert!(listed.contains("<Name>ratings</Name>"), "{listed}");
    }
    // HTTP/2 has the host in the address.
    let mut newer = request("GET", "http://ratings.localhost:4566/a/b", &[], s3s::Body::empty());
    *newer.version_mut() = http::Version::HTTP_2;
    newer.headers_mut().remove("host");
    assert_eq!(fixture.send(newer).await.status, 200);
    let listed = fixture.ask("GET", "/", &[("host", "127.0.0.1:4566")], "").await.body;
    assert!(listed.contains("<Name>ratings</Name>") && listed.contains("<Owner>"), "{listed}");
}

#[tokio::test]
async fn listings_have_what_boto3_reads() {
    let fixture = Fixture::new().await;
    for key in ["a", "b/1", "b/2", "c"] {
        fixture.put(&format!("/ratings/{key}"), key).await;
    }
    let page = "/ratings?list-type=2&delimiter=%2F&max-keys=2&fetch-owner=true";
    let listed = fixture.ask("GET", page, &[], "").await.body;
    for part in [
        "<KeyCount>2</KeyCount>",
        "<MaxKeys>2</MaxKeys>",
        "<IsTruncated>true</IsTruncated>",
        "<Delimiter>/</Delimiter>",
        "<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>",
        "<StorageClass>STANDARD</StorageClass>",
        "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>",
        "<Owner>",
        ".000Z</LastModified>",
    ] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let token = listed.split_once("<NextContinuationToken>").unwrap().1;
    let token = token.split_once('<').unwrap().0;
    let rest = format!("/ratings?list-type=2&delimiter=%2F&continuation-token={token}");
    let rest = fixture.ask("GET", &rest, &[], "").await.body;
    assert!(rest.contains("<Key>c</Key>") && !rest.contains("<Key>a</Key>"), "{rest}");
    assert!(!rest.contains("<Prefix>b/</Prefix>"), "{rest}");
    let first = fixture.ask("GET", "/ratings?delimiter=%2F&max-keys=2", &[], "").await.body;
    assert!(first.contains("<NextMarker>b/</NextMarker>"), "{first}");
    let second = fixture.ask("GET", "/ratings?delimiter=%2F&marker=b%2F", &[], "").await.body;
    assert!(second.contains("<Key>c</Key>") && !second.contains("<Prefix>b/<"), "{second}");
    let many = fixture.ask("GET", "/ratings?list-type=2&max-keys=5000", &[], "").await.body;
    assert!(many.contains("<MaxKeys>1000</MaxKeys>"), "{many}");
}
