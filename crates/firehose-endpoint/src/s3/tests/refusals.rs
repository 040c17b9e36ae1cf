//! What is refused, and how.

use super::*;

/// Method, path, headers, body; status, code, and what else is in the answer.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str, &'a str);

async fn check(cases: &[Case<'_>]) {
    let fixture = Fixture::new().await;
    fixture.put("/ratings/a", "hello world").await;
    for (method, path, headers, body, status, code, text) in cases {
        let answer = fixture.ask(method, path, headers, *body).await;
        let got = (answer.status.as_u16(), answer.code());
        assert_eq!(got, (*status, *code), "{method} {path}: {}", answer.body);
        assert!(answer.body.contains(text), "{method} {path}: {}", answer.body);
        assert!(answer.body.contains("<RequestId>"), "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/xml");
        assert_eq!(answer.header("x-amz-request-id").len(), 16);
    }
    assert_eq!(fixture.ask("GET", "/ratings/a", &[], "").await.body, "hello world");
}

#[tokio::test]
async fn objects_and_buckets_that_are_not_there_are_named() {
    let missing = "<Message>The specified bucket does not exist</Message><BucketName>nowhere<";
    check(&[
        (
            "GET",
            "/ratings/nothing?x-id=GetObject",
            &[],
            "",
            404,
            "NoSuchKey",
            "<Message>The specified key does not exist.</Message><Key>nothing</Key>",
        ),
        ("GET", "/ratings/%01%3C", &[], "", 404, "NoSuchKey", "<Key>&#x1;&lt;</Key>"),
        ("GET", "/nowhere/a", &[], "", 404, "NoSuchBucket", missing),
        ("PUT", "/nowhere/a", &[], "x", 404, "NoSuchBucket", missing),
        ("GET", "/nowhere?list-type=2", &[], "", 404, "NoSuchBucket", missing),
        ("DELETE", "/nowhere", &[], "", 404, "NoSuchBucket", missing),
        ("DELETE", "/nowhere/a", &[], "", 404, "NoSuchBucket", missing),
        ("GET", "/nowhere?location", &[], "", 404, "NoSuchBucket", missing),
        ("POST", "/nowhere/a?uploads", &[], "", 404, "NoSuchBucket", missing),
        (
            "PUT",
            "/Bad_Name",
            &[],
            "",
            400,
            "InvalidBucketName",
            "The specified bucket is not valid.",
        ),
        ("DELETE", "/ratings", &[], "", 409, "BucketNotEmpty", "not empty"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_not_built_is_refused_by_name() {
    let no = |what: &str| format!("<Message>{what} is not supported by firehose-local</Message>");
    let cases = [
        ("GET", "/ratings?acl", vec![], no("GetBucketAcl")),
        ("GET", "/ratings?versioning", vec![], no("GetBucketVersioning")),
        ("GET", "/ratings?versions", vec![], no("ListObjectVersions")),
        ("GET", "/ratings?policy", vec![], no("GetBucketPolicy")),
        ("GET", "/ratings?lifecycle", vec![], no("GetBucketLifecycleConfiguration")),
        ("GET", "/ratings?encryption", vec![], no("GetBucketEncryption")),
        ("GET", "/ratings/a?tagging", vec![], no("GetObjectTagging")),
        (
            "GET",
            "/ratings/a?attributes",
            vec![("x-amz-object-attributes", "ETag")],
            no("GetObjectAttributes"),
        ),
        ("DELETE", "/ratings/a?tagging", vec![], no("DeleteObjectTagging")),
        ("DELETE", "/ratings?website", vec![], no("DeleteBucketWebsite")),
        ("PUT", "/ratings/a?renameObject", vec![], no("PUT with `?renameObject`")),
        ("DELETE", "/ratings/a?annotation", vec![], no("DELETE with `?annotation`")),
        ("DELETE", "/ratings?futureThing", vec![], no("DELETE with `?futureThing`")),
        ("PATCH", "/ratings/a", vec![], no("PATCH of this resource")),
        (
            "POST",
            "/ratings",
            vec![("content-type", "multipart/form-data; boundary=x")],
            no("PostObject"),
        ),
        (
            "PUT",
            "/ratings/a",
            vec![("x-amz-server-side-encryption", "aws:kms")],
            no("x-amz-server-side-encryption: aws:kms"),
        ),
        (
            "PUT",
            "/ratings/a",
            vec![("x-amz-server-side-encryption-customer-key", "abc")],
            no("The header x-amz-server-side-encryption-customer-key"),
        ),
        ("PUT", "/ratings/a", vec![("x-amz-tagging", "a=b")], no("The header x-amz-tagging")),
        (
            "PUT",
            "/ratings/a",
            vec![("x-amz-storage-class", "GLACIER")],
            no("x-amz-storage-class: GLACIER"),
        ),
        (
            "PUT",
            "/ratings/a",
            vec![("if-none-match", "\"x\"")],
            no("If-None-Match with an ETag on PutObject"),
        ),
        (
            "PUT",
            "/another",
            vec![("x-amz-bucket-object-lock-enabled", "true")],
            no("x-amz-bucket-object-lock-enabled"),
        ),
    ];
    for (method, path, headers, text) in &cases {
        check(&[(method, path, headers, "", 501, "NotImplemented", text)]).await;
    }
}

#[tokio::test]
async fn what_s3_refuses_is_refused_as_s3_does() {
    let list = "<Delete><Object><Key>a</Key></Object></Delete>";
    check(&[
        (
            "PUT",
            "/ratings/a",
            &[("x-amz-acl", "public-read")],
            "",
            400,
            "AccessControlListNotSupported",
            "The bucket does not allow ACLs",
        ),
        (
            "PUT",
            "/ratings/a",
            &[("x-amz-object-lock-mode", "GOVERNANCE")],
            "",
            400,
            "InvalidRequest",
            "Bucket is missing Object Lock Configuration",
        ),
        (
            "PUT",
            "/ratings/a",
            &[("x-amz-expected-bucket-owner", "111122223333")],
            "",
            403,
            "AccessDenied",
            "Access Denied",
        ),
        (
            "PUT",
            "/ratings/a",
            &[
                ("x-amz-checksum-crc32", "AAAAAA=="),
                ("x-amz-checksum-sha1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
            ],
            "",
            400,
            "InvalidRequest",
            "Multiple checksum Types are not allowed.",
        ),
        (
            "PUT",
            "/ratings/a",
            &[("x-amz-sdk-checksum-algorithm", "CRC32")],
            "",
            400,
            "InvalidRequest",
            "no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
        ),
        ("GET", "/ratings/a?versionId=1", &[], "", 400, "InvalidArgument", "Invalid version id"),
        (
            "GET",
            "/ratings?list-type=2&encoding-type=base64",
            &[],
            "",
            400,
            "InvalidArgument",
            "Request</Message><ArgumentName>encoding-type</ArgumentName><ArgumentValue>base64<",
        ),
        (
            "GET",
            "/ratings?list-type=2&continuation-token=!",
            &[],
            "",
            400,
            "InvalidArgument",
            "The continuation token provided is incorrect",
        ),
        ("GET", "/ratings?max-keys=-1", &[], "", 400, "InvalidArgument", "max-keys"),
        ("GET", "/ratings?max-keys=ten", &[], "", 400, "InvalidArgument", ""),
        ("POST", "/ratings?delete", &[], list, 400, "InvalidRequest", "Content-MD5"),
        (
            "POST",
            "/ratings?delete",
            &[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")],
            list,
            400,
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
        ),
        (
            "PUT",
            "/ratings/b",
            &[("x-amz-copy-source", "/ratings/nothing")],
            "",
            404,
            "NoSuchKey",
            "<Key>nothing</Key>",
        ),
        (
            "PUT",
            "/ratings/a",
            &[("x-amz-copy-source", "/ratings/a")],
            "",
            400,
            "InvalidRequest",
            "trying to copy an object to itself",
        ),
        (
            "PUT",
            "/ratings/a?partNumber=10001&uploadId=0123456789abcdef0123456789abcdef",
            &[],
            "x",
            400,
            "InvalidArgument",
            "between 1 and 10000",
        ),
        (
            "PUT",
            "/ratings/a?partNumber=1&uploadId=../../../etc",
            &[],
            "x",
            404,
            "NoSuchUpload",
            "<UploadId>../../../etc</UploadId>",
        ),
        ("GET", "/ratings/a?partNumber=2", &[], "", 416, "InvalidPartNumber", "not satisfiable"),
    ])
    .await;
}

#[tokio::test]
async fn keys_longer_than_1024_bytes_and_bodies_without_bounds_are_refused() {
    let fixture = Fixture::new().await;
    let long = fixture.ask("PUT", &format!("/ratings/{}", "k".repeat(1025)), &[], "x").await;
    assert_eq!((long.status.as_u16(), long.code()), (400, "KeyTooLongError"));
    let unknown = fixture.send(request("PUT", "/ratings/a", &[], stream("x"))).await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (411, "MissingContentLength"));
    let short = request("PUT", "/ratings/a", &[("content-length", "5")], stream("x"));
    assert_eq!(fixture.send(short).await.code(), "IncompleteBody");
    let huge = ("content-length", "5368709121");
    let huge = fixture.send(request("PUT", "/ratings/a", &[huge], stream("x"))).await;
    assert_eq!((huge.status.as_u16(), huge.code()), (400, "EntityTooLarge"));
    let xml = " ".repeat(crate::s3::prepare::XML_BYTES + 1);
    let xml = fixture.send(request("POST", "/ratings?delete", &[], stream(&xml))).await;
    assert_eq!((xml.status.as_u16(), xml.code()), (400, "MaxMessageLengthExceeded"));
    let metadata = "m".repeat(2048);
    let headers = [("x-amz-meta-a", metadata.as_str())];
    let metadata = fixture.ask("PUT", "/ratings/a", &headers, "x").await;
    assert_eq!((metadata.status.as_u16(), metadata.code()), (400, "MetadataTooLarge"));
    assert_eq!(fixture.ask("GET", "/ratings/a", &[], "").await.code(), "NoSuchKey");
}

#[tokio::test]
async fn buckets_belong_to_a_region() {
    let fixture = Fixture::new().await;
    let in_europe = "AWS4-HMAC-SHA256 Credential=123456789012/20220108/eu-west-1/s3/aws4_request, \
         SignedHeaders=host, Signature=00";
    let europe = [("authorization", in_europe)];
    let here = |constraint: &str| {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{constraint}</LocationConstraint>\
             </CreateBucketConfiguration>"
        )
    };
    for (headers, path, body, status, code) in [
        (&[][..], "/ratings", String::new(), 200, ""),
        (&europe[..], "/ratings", here("eu-west-1"), 409, "BucketAlreadyOwnedByYou"),
        (&europe[..], "/europe", String::new(), 400, "IllegalLocationConstraintException"),
        (&europe[..], "/europe", here("eu-north-1"), 400, "IllegalLocationConstraintException"),
        (&europe[..], "/europe", here("us-east-1"), 400, "InvalidLocationConstraint"),
        (&europe[..], "/europe", here("eu-west-1"), 200, ""),
        (&europe[..], "/europe", "<Create".to_owned(), 400, "MalformedXML"),
    ] {
        let answer = fixture.ask("PUT", path, headers, body.clone()).await;
        let got = (answer.status.as_u16(), answer.code());
        assert_eq!(got, (status, code), "{path} {body}: {}", answer.body);
    }
    let head = fixture.ask("HEAD", "/europe", &[], "").await;
    assert_eq!(head.header("x-amz-bucket-region"), "eu-west-1");
    let location = fixture.ask("GET", "/europe?location", &[], "").await.body;
    assert!(location.contains(">eu-west-1</LocationConstraint>"), "{location}");
    let location = fixture.ask("GET", "/ratings?location", &[], "").await.body;
    assert!(location.contains("LocationConstraint") && !location.contains("us-"), "{location}");
    // The owner's account is in the access key.
    let owner = [europe[0], ("x-amz-expected-bucket-owner", "123456789012")];
    assert_eq!(fixture.ask("HEAD", "/europe", &owner, "").await.status, 200);
}
