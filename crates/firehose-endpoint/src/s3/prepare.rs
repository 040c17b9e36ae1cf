//! Requests made ready for `s3s`.
//!
//! S3 reads some headers more leniently than `s3s` does, and a body may come with checksums that
//! `s3s` does not compare. What such headers say is kept in [`Asked`], and the headers are taken
//! away. Small bodies are read and compared here; those of objects when they are stored.

use chrono::{DateTime, Utc};
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use http_body::Body as _;
use object_directory::{Attributes, ByteRange, Conditions, ETags};
use s3s::{Body, HttpRequest, S3ErrorCode, S3Request, S3Result, dto::StreamingBlob};

use super::{
    caller::{Signer, decode},
    chunked::{self, Trailing},
    digest::Expected,
    error::{Details, not_built, text},
    refusal,
};
use crate::settings::Settings;

/// No body but an object's is larger: a thousand keys to delete, ten thousand parts to complete.
pub(super) const XML_BYTES: usize = 8 * 1024 * 1024;

/// What headers say that `s3s` is not asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) signer: Signer,
    /// Of the object that is asked for or replaced.
    pub(super) conditions: Conditions,
    /// Of the object that is copied.
    pub(super) source_conditions: Conditions,
    pub(super) range: ByteRange,
    /// Those that are headers of HTTP; not the metadata.
    pub(super) attributes: Attributes,
    pub(super) expected: Expected,
    pub(super) details: Details,
}

/// A request whose body is plain, with what came behind it.
#[derive(Debug)]
pub(super) struct Prepared {
    request: HttpRequest,
    trailing: TrailingHeaders,
}

#[derive(Debug)]
enum TrailingHeaders {
    Ours(Trailing),
    Verified(s3s::TrailingHeaders),
}

impl Prepared {
    /// A request whose signature was verified, and its chunks with it.
    pub(super) fn verified(request: S3Request<Body>) -> Self {
        let trailing = match request.trailing_headers {
            Some(trailing) => TrailingHeaders::Verified(trailing),
            None => TrailingHeaders::Ours(Trailing::default()),
        };
        let mut plain = HttpRequest::new(request.input);
        *plain.method_mut() = request.method;
        *plain.uri_mut() = request.uri;
        *plain.headers_mut() = request.headers;
        *plain.extensions_mut() = request.extensions;
        Self { request: plain, trailing }
    }
}

/// Unwraps an `aws-chunked` body without looking at signatures.
///
/// # Errors
///
/// `MissingContentLength`, if nothing says how long the data is.
pub(super) fn unwrap_chunks(mut request: HttpRequest) -> S3Result<Prepared> {
    let trailing = Trailing::default();
    let headers = request.headers();
    let streaming = text(headers, "x-amz-content-sha256").unwrap_or_default();
    let encoding = text(headers, "content-encoding").unwrap_or_default();
    if streaming.starts_with("STREAMING-") || is_chunked(encoding) {
        let length = text(headers, "x-amz-decoded-content-length");
        let length: u64 = length
            .and_then(|length| length.parse().ok())
            .ok_or(S3ErrorCode::MissingContentLength)?;
        let body = std::mem::take(request.body_mut());
        let data = chunked::decode(body, length, trailing.clone());
        *request.body_mut() = StreamingBlob::wrap(data).into();
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(Prepared { request, trailing: TrailingHeaders::Ours(trailing) })
}

/// Makes a request ready.
///
/// # Errors
///
/// What S3 says of headers and bodies that it does not take.
pub(super) async fn prepare(
    prepared: Prepared,
    settings: &Settings,
    is_verified: bool,
) -> S3Result<HttpRequest> {
    let Prepared { mut request, trailing } = prepared;
    let details = request.extensions().get::<Details>().cloned().unwrap_or_default();
    let signer = Signer::of(request.headers(), request.uri(), settings);
    if request.method() == Method::POST
        && text(request.headers(), "content-type")
            .is_some_and(|kind| kind.starts_with("multipart/form-data"))
    {
        return Err(not_built("PostObject"));
    }
    unsign(&mut request)?;
    refusal::subresources(request.method(), request.uri())?;
    refusal::headers(request.method(), request.headers())?;
    let length = length(&request);
    let (trailing, verified) = match trailing {
        TrailingHeaders::Ours(trailing) => (trailing, None),
        TrailingHeaders::Verified(verified) => (Trailing::default(), Some(verified)),
    };
    let headers = request.headers();
    let asked = Asked {
        signer,
        conditions: conditions(headers, ""),
        source_conditions: conditions(headers, "x-amz-copy-source-"),
        range: range(text(headers, "range")),
        attributes: attributes(headers),
        expected: Expected::read(headers, is_verified, trailing.clone(), length)?,
        details,
    };
    if let Some(verified) = verified {
        follow(&mut request, verified, trailing);
    }
    if is_upload(&request) {
        check_length(length)?;
    } else {
        read_whole(&mut request, &asked.expected).await?;
    }
    take_away(request.headers_mut());
    request.extensions_mut().insert(asked);
    Ok(request)
}

/// Whether the body is an object or a part of one.
fn is_upload(request: &HttpRequest) -> bool {
    let copies = request.headers().contains_key("x-amz-copy-source");
    request.method() == Method::PUT && !copies && !refusal::has_subresource(request.uri())
}

/// Source: "Uploading objects", <https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>
pub(super) const OBJECT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

fn check_length(length: Option<u64>) -> S3Result<()> {
    match length {
        None => Err(S3ErrorCode::MissingContentLength.into()),
        Some(length) if length > OBJECT_BYTES => Err(S3ErrorCode::EntityTooLarge.into()),
        Some(_) => Ok(()),
    }
}

/// How long the body says it is.
fn length(request: &HttpRequest) -> Option<u64> {
    let header = text(request.headers(), "content-length");
    header.and_then(|length| length.parse().ok()).or_else(|| request.body().size_hint().exact())
}

/// Reads a small body, compares it, and puts it back.
async fn read_whole(request: &mut HttpRequest, expected: &Expected) -> S3Result<()> {
    let body = std::mem::take(request.body_mut());
    let too_large = || S3ErrorCode::MaxMessageLengthExceeded;
    if body.size_hint().lower() > XML_BYTES as u64 {
        return Err(too_large().into());
    }
    let mut body = body;
    let mut whole = Vec::new();
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|why| super::error::broken_body(why.as_ref()))?;
        if whole.len() + bytes.len() > XML_BYTES {
            return Err(too_large().into());
        }
        whole.extend_from_slice(&bytes);
    }
    expected.verify(&whole)?;
    request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    *request.body_mut() = Body::from(whole);
    Ok(())
}

/// Hands the trailing headers over that s3s has verified, as soon as the body was read.
fn follow(request: &mut HttpRequest, verified: s3s::TrailingHeaders, trailing: Trailing) {
    let body = std::mem::take(request.body_mut());
    let last = futures::stream::once(async move {
        verified.read(|headers| trailing.fill(headers));
        Ok(bytes::Bytes::new())
    });
    let body = StreamingBlob::new(Chained(Box::pin(body.chain(last))));
    *request.body_mut() = body.into();
}

/// A stream whose length nobody asks for.
struct Chained(
    std::pin::Pin<
        Box<dyn futures::Stream<Item = Result<bytes::Bytes, s3s::StdError>> + Send + Sync>,
    >,
);

impl futures::Stream for Chained {
    type Item = Result<bytes::Bytes, s3s::StdError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl s3s::stream::ByteStream for Chained {}

/// Takes everything away that is about the signature. What a presigned URL carries in the place of
/// headers becomes headers.
fn unsign(request: &mut HttpRequest) -> S3Result<()> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let names: Vec<&str> =
        query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).collect();
    let is_presigned = names.contains(&"X-Amz-Signature") || names.contains(&"Signature");
    if is_presigned {
        let mut kept = Vec::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let lower = decode(name).to_ascii_lowercase();
            if SIGNING_QUERY.contains(&lower.as_str()) {
                continue;
            }
            match lower.starts_with("x-amz-").then(|| HeaderName::from_bytes(lower.as_bytes())) {
                Some(Ok(name)) => {
                    let value = HeaderValue::from_str(&decode(value));
                    let value = value.map_err(|_| S3ErrorCode::InvalidURI)?;
                    request.headers_mut().entry(name).or_insert(value);
                }
                _ => kept.push(pair),
            }
        }
        let uri = with_query(request.uri(), &kept.join("&"));
        *request.uri_mut() = uri.ok_or(S3ErrorCode::InvalidURI)?;
    }
    request.headers_mut().remove(header::AUTHORIZATION);
    Ok(())
}

/// Lowercase names of what a signature has in the query.
const SIGNING_QUERY: [&str; 10] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "awsaccesskeyid",
    "expires",
    "signature",
];

fn with_query(uri: &Uri, query: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let path = match query {
        "" => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    };
    parts.path_and_query = Some(path.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Headers that s3s would read otherwise than S3, or need not see.
fn take_away(headers: &mut HeaderMap) {
    for name in [
        "content-encoding",
        "content-md5",
        "expires",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "range",
        "x-amz-content-sha256",
        "x-amz-copy-source-if-match",
        "x-amz-copy-source-if-modified-since",
        "x-amz-copy-source-if-none-match",
        "x-amz-copy-source-if-unmodified-since",
        "x-amz-date",
        "x-amz-decoded-content-length",
        "x-amz-security-token",
        "x-amz-trailer",
    ] {
        headers.remove(name);
    }
}

/// The conditions in headers with this in front. Dates that are none do not count.
fn conditions(headers: &HeaderMap, prefix: &str) -> Conditions {
    let value = |name: &str| text(headers, &format!("{prefix}{name}"));
    let date = |name: &str| {
        let date = DateTime::parse_from_rfc2822(value(name)?).ok()?;
        Some(date.with_timezone(&Utc))
    };
    Conditions {
        if_match: value("if-match").map(etags),
        if_none_match: value("if-none-match").map(etags),
        if_modified_since: date("if-modified-since"),
        if_unmodified_since: date("if-unmodified-since"),
    }
}

/// ETags with or without quotes, as S3 takes them.
fn etags(list: &str) -> ETags {
    if list.trim() == "*" {
        return ETags::Any;
    }
    let bare = |etag: &str| etag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    ETags::OneOf(list.split(',').map(bare).collect())
}

/// The range that a header asks for. One that cannot be read, one that runs backwards and a list
/// of several ask for the whole object.
fn range(header: Option<&str>) -> ByteRange {
    let Some(range) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return ByteRange::Whole;
    };
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match range.trim().split_once('-') {
        Some(("", count)) => number(count).map_or(ByteRange::Whole, ByteRange::Last),
        Some((first, "")) => number(first).map_or(ByteRange::Whole, ByteRange::From),
        Some((first, last)) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => ByteRange::Between(first, last),
            _ => ByteRange::Whole,
        },
        None => ByteRange::Whole,
    }
}

fn attributes(headers: &HeaderMap) -> Attributes {
    let value = |name: HeaderName| {
        let bytes = headers.get(name)?.as_bytes();
        Some(String::from_utf8_lossy(bytes).into_owned()).filter(|value| !value.is_empty())
    };
    let encoding = value(header::CONTENT_ENCODING).map(|encoding| {
        let kept = encoding.split(',').map(str::trim).filter(|one| !is_chunked(one));
        kept.collect::<Vec<_>>().join(",")
    });
    Attributes {
        content_type: value(header::CONTENT_TYPE),
        content_encoding: encoding.filter(|encoding| !encoding.is_empty()),
        content_disposition: value(header::CONTENT_DISPOSITION),
        content_language: value(header::CONTENT_LANGUAGE),
        cache_control: value(header::CACHE_CONTROL),
        expires: value(header::EXPIRES),
        ..Attributes::default()
    }
}

fn is_chunked(encoding: &str) -> bool {
    encoding.split(',').any(|one| one.trim().eq_ignore_ascii_case("aws-chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_leniently_as_s3_does() {
        for (header, expected) in [
            ("bytes=0-1023", ByteRange::Between(0, 1023)),
            ("bytes=5-", ByteRange::From(5)),
            ("bytes=-8", ByteRange::Last(8)),
            ("bytes=-0", ByteRange::Last(0)),
            ("bytes=0-99999999999999999999999", ByteRange::Between(0, u64::MAX)),
            ("bytes=1-0", ByteRange::Whole),
            ("bytes=-", ByteRange::Whole),
            ("bytes=a-b", ByteRange::Whole),
            ("bytes=0-1,3-4", ByteRange::Whole),
            ("lines=0-1", ByteRange::Whole),
            ("", ByteRange::Whole),
        ] {
            assert_eq!(range(Some(header)), expected, "{header}");
        }
        assert_eq!(range(None), ByteRange::Whole);
    }

    #[test]
    fn what_a_presigned_url_signs_is_taken_away_and_the_rest_becomes_headers() {
        let mut request = HttpRequest::new(Body::empty());
        *request.uri_mut() =
            "/b/k?partNumber=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=ab\
                              &x-amz-checksum-mode=ENABLED&response-content-type=a%2Fb"
                .parse()
                .unwrap();
        unsign(&mut request).unwrap();
        assert_eq!(request.uri(), "/b/k?partNumber=1&response-content-type=a%2Fb");
        assert_eq!(text(request.headers(), "x-amz-checksum-mode"), Some("ENABLED"));
    }
}
