//! S3 by its wire: what its refusals become, what is asked again, and how often.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use parquet::arrow::ArrowWriter;
use s3_parquet_reader::{Error, ParquetSet, ReadOptions, buckets_from_sdk_config};

use crate::endpoint::{Answer, Endpoint, Request};

const KEY: &str = "ratings/AccessDenied.parquet";
const ROWS: u16 = 1_000;

fn config() -> SdkConfig {
    let credentials = Credentials::new("key", "secret", None, None, "test");
    SdkConfig::builder()
        .region(Region::new("us-east-1"))
        .behavior_version(aws_config::BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

fn set(url: &str) -> ParquetSet {
    let options = ReadOptions::default().with_endpoint_url(url);
    ParquetSet::from_sdk_config(&config(), "captains-rating", "ratings", &options).unwrap()
}

fn object() -> Vec<u8> {
    let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..i32::from(ROWS)));
    let batch = RecordBatch::try_from_iter([("rating", column)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// An S3 with one object.
fn as_usual(request: &Request, object: &[u8]) -> Answer {
    match request.is_list() {
        true => Answer::listing(KEY, object.len()),
        false => Answer::object(request, object),
    }
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::AccessDenied { .. } => "denied",
        Error::Credentials { .. } => "credentials",
        Error::NoSuchBucket { .. } => "no bucket",
        Error::NotFound { .. } => "no object",
        Error::Unreachable { .. } => "unreachable",
        Error::List { .. } => "list",
        Error::Store { .. } => "store",
        _ => "other",
    }
}

#[tokio::test]
async fn a_refusal_is_told_at_once_whatever_it_refuses() {
    for (status, code, listing, getting) in [
        ("403 Forbidden", "AccessDenied", "denied", "denied"),
        ("403 Forbidden", "AllAccessDisabled", "denied", "denied"),
        ("403 Forbidden", "", "denied", "denied"),
        ("403 Forbidden", "SignatureDoesNotMatch", "credentials", "credentials"),
        ("403 Forbidden", "InvalidAccessKeyId", "credentials", "credentials"),
        ("400 Bad Request", "ExpiredToken", "credentials", "credentials"),
        ("400 Bad Request", "InvalidToken", "credentials", "credentials"),
        ("401 Unauthorized", "", "credentials", "credentials"),
        ("404 Not Found", "NoSuchBucket", "no bucket", "no bucket"),
        ("404 Not Found", "", "no bucket", "no object"),
        ("400 Bad Request", "InvalidRequest", "list", "store"),
    ] {
        let refusal = match code {
            "" => Answer::new(status, ""),
            code => Answer::error(status, code),
        };
        let no = refusal.clone();
        let endpoint = Endpoint::start(move |_, _| no.clone());
        let error = set(&endpoint.url).list().await.unwrap_err();
        assert_eq!(kind(&error), listing, "LIST {status} {code}: {error:?}");
        assert_eq!(endpoint.requests().len(), 1, "{status} {code}");

        let endpoint = Endpoint::start(move |request, _| match request.is_list() {
            true => Answer::listing(KEY, 1_000),
            false => refusal.clone(),
        });
        let options = ReadOptions::default()
            .with_endpoint_url(&endpoint.url)
            .with_on_missing(s3_parquet_reader::OnMissing::Fail);
        let set = ParquetSet::from_sdk_config(&config(), "captains-rating", "", &options).unwrap();
        let error = set.read_all().await.unwrap_err();
        assert_eq!(kind(&error), getting, "GET {status} {code}: {error:?}");
        assert_eq!(endpoint.requests().len(), 2, "{status} {code}");
    }
}

#[tokio::test]
async fn a_refused_list_of_buckets_is_told_likewise() {
    for (status, code, want) in [
        ("403 Forbidden", "AccessDenied", "denied"),
        ("403 Forbidden", "", "denied"),
        ("403 Forbidden", "SignatureDoesNotMatch", "credentials"),
        ("400 Bad Request", "ExpiredToken", "credentials"),
    ] {
        let endpoint = Endpoint::start(move |_, _| match code {
            "" => Answer::new(status, ""),
            code => Answer::error(status, code),
        });
        let options = ReadOptions::default().with_endpoint_url(&endpoint.url);
        let error = buckets_from_sdk_config(&config(), &options).await.unwrap_err();
        assert_eq!(kind(&error), want, "{status} {code}: {error:?}");
        assert_eq!(endpoint.requests().len(), 1, "{status} {code}");
    }
}

#[tokio::test]
async fn a_busy_store_is_asked_again() {
    let content = object();
    let endpoint = Endpoint::start(move |request, before| match before {
        0 | 1 | 3 | 4 => Answer::error("503 Slow Down", "SlowDown"),
        _ => as_usual(request, &content),
    });
    let table = set(&endpoint.url).read_all().await.unwrap();
    assert_eq!(table.report().rows, u64::from(ROWS));
    let lists: Vec<_> = endpoint.requests().iter().map(Request::is_list).collect();
    assert_eq!(lists, [true, true, true, false, false, false]);
}

#[tokio::test]
async fn a_body_that_breaks_off_goes_on_from_there() {
    let content = object();
    let (half, size) = (content.len() / 2, content.len());
    let endpoint = Endpoint::start(move |request, before| {
        let mut answer = as_usual(request, &content);
        if before == 1 {
            answer.sent = half;
        }
        answer
    });
    let table = set(&endpoint.url).read_all().await.unwrap();
    assert_eq!(table.report().rows, u64::from(ROWS));
    let ranges: Vec<_> = endpoint.requests().into_iter().map(|request| request.range).collect();
    assert_eq!(ranges, [None, None, Some(format!("bytes={half}-{}", size - 1))]);
}

#[tokio::test]
async fn where_nobody_listens_the_endpoint_is_named() {
    // Port 1 is not given out to anybody who asks for a free one.
    let url = "http://127.0.0.1:1";
    for error in [set(url).list().await.unwrap_err(), set(url).read_object(KEY).await.unwrap_err()]
    {
        assert_eq!(kind(&error), "unreachable", "{error:?}");
        // Once down the chain: object_store did not begin anew.
        let mut cause = std::error::Error::source(&error);
        let mut attempts = Vec::new();
        while let Some(error) = cause {
            attempts.extend(Some(error.to_string()).filter(|e| e.starts_with("no connection to")));
            cause = error.source();
        }
        assert_eq!(attempts.len(), 1, "{error:?}");
        assert!(attempts[0].ends_with("in 3 attempts"), "{attempts:?}");
        assert!(!format!("{error:?}").contains("retries: 1"), "{error:?}");
    }
    let options = ReadOptions::default().with_endpoint_url(url);
    let error = buckets_from_sdk_config(&config(), &options).await.unwrap_err();
    assert_eq!(kind(&error), "unreachable", "{error:?}");
    assert!(error.to_string().contains(url), "{error}");
}
