//! The door without a port: requests built by hand.

mod answers;
mod gate;
mod refusals;
mod uploads;

use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use object_directory::Buckets;

use super::S3Door;
use crate::settings::Settings;

/// A door over a directory that goes away, with the bucket `ratings`.
struct Fixture {
    root: tempfile::TempDir,
    door: S3Door,
}

/// What the door answered.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let root = tempfile::tempdir().unwrap();
        let buckets = Buckets::new(root.path());
        buckets.create("ratings", "us-east-1").await.unwrap();
        Self { door: S3Door::over(&settings, buckets), root }
    }

    async fn send(&self, request: s3s::HttpRequest) -> Answer {
        let (parts, body) = self.door.call(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Answer {
        self.send(request(method, path, headers, s3s::Body::from(body.into()))).await
    }

    async fn put(&self, path: &str, body: &str) {
        let answer = self.ask("PUT", path, &[], body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}

fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: s3s::Body,
) -> s3s::HttpRequest {
    let mut request = http::Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:4566");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

/// A body whose length nobody knows.
fn stream(body: &str) -> s3s::Body {
    let bytes = bytes::Bytes::from(body.to_owned());
    let bytes = futures::stream::iter([Ok::<_, std::io::Error>(bytes)]);
    s3s::dto::StreamingBlob::wrap(bytes).into()
}

impl Answer {
    fn code(&self) -> &str {
        let rest = self.body.split_once("<Code>").map_or("", |(_, rest)| rest);
        rest.split("</Code>").next().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
