//! S3's errors: codes, texts, and the elements that some of them carry besides.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use object_directory::Error;
use s3s::{HttpResponse, S3Error, S3ErrorCode, S3Result};

/// What an error tells besides its code and its text, such as the key that does not exist.
#[derive(Debug, Clone, Default)]
pub(super) struct Details(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Details {
    pub(super) fn add(&self, name: &'static str, value: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, value.into()));
    }

    fn take(&self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An error with a code that `s3s` has no name for.
pub(super) fn custom(
    code: &str,
    status: StatusCode,
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> S3Error {
    let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InvalidRequest);
    let mut error = S3Error::with_message(code, message);
    error.set_status_code(status);
    error
}

/// An error with a code and a text.
pub(super) fn error(
    code: S3ErrorCode,
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> S3Error {
    S3Error::with_message(code, message)
}

/// The refusal of what S3 has and this endpoint has not.
pub(super) fn not_built(what: &str) -> S3Error {
    error(S3ErrorCode::NotImplemented, format!("{what} is not supported by firehose-local"))
}

/// The refusal of an argument, which is named.
pub(super) fn invalid_argument(
    details: &Details,
    name: &str,
    value: &str,
    message: &'static str,
) -> S3Error {
    details.add("ArgumentName", name);
    details.add("ArgumentValue", value);
    error(S3ErrorCode::InvalidArgument, message)
}

/// What a failure of the buckets is to a caller of S3.
pub(super) fn refuse(details: &Details, why: Error) -> S3Error {
    match why {
        Error::InvalidBucketName { name, .. } => {
            details.add("BucketName", name);
            S3ErrorCode::InvalidBucketName.into()
        }
        Error::NoSuchBucket { bucket } => {
            details.add("BucketName", bucket);
            S3ErrorCode::NoSuchBucket.into()
        }
        Error::BucketNotEmpty { bucket } => {
            details.add("BucketName", bucket);
            S3ErrorCode::BucketNotEmpty.into()
        }
        Error::InvalidKey { key } => {
            details.add("Size", key.len().to_string());
            details.add("MaxSizeAllowed", "1024");
            S3ErrorCode::KeyTooLongError.into()
        }
        Error::NoSuchKey { key, .. } => {
            details.add("Key", key);
            S3ErrorCode::NoSuchKey.into()
        }
        Error::PreconditionFailed { condition, .. } => {
            details.add("Condition", condition);
            S3ErrorCode::PreconditionFailed.into()
        }
        Error::NotModified { info } => not_modified(&info),
        Error::InvalidRange { size, .. } => invalid_range(details, size),
        Error::Body(source) => broken_body(source.as_ref()),
        other => refuse_upload(details, other),
    }
}

fn refuse_upload(details: &Details, why: Error) -> S3Error {
    match why {
        Error::NoSuchUpload { upload } => {
            details.add("UploadId", upload);
            S3ErrorCode::NoSuchUpload.into()
        }
        Error::InvalidPart { upload, part } => {
            details.add("UploadId", upload);
            details.add("PartNumber", part.to_string());
            S3ErrorCode::InvalidPart.into()
        }
        Error::InvalidPartOrder { upload } => {
            details.add("UploadId", upload);
            S3ErrorCode::InvalidPartOrder.into()
        }
        Error::PartTooSmall { part, size, minimum, .. } => {
            details.add("PartNumber", part.to_string());
            details.add("ProposedSize", size.to_string());
            details.add("MinSizeAllowed", minimum.to_string());
            S3ErrorCode::EntityTooSmall.into()
        }
        other => {
            // The path and the cause are for who runs the endpoint, not for who asks it.
            let cause = std::error::Error::source(&other).map(ToString::to_string);
            tracing::error!(error = %other, cause, "S3 failed");
            S3ErrorCode::InternalError.into()
        }
    }
}

fn not_modified(info: &object_directory::ObjectInfo) -> S3Error {
    let mut headers = HeaderMap::new();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", info.etag)) {
        headers.insert(header::ETAG, etag);
    }
    let modified = info.last_modified.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(modified) = HeaderValue::from_str(&modified) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    error
}

fn invalid_range(details: &Details, size: u64) -> S3Error {
    details.add("ActualObjectSize", size.to_string());
    let mut error = S3Error::new(S3ErrorCode::InvalidRange);
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
        error.set_headers(HeaderMap::from_iter([(header::CONTENT_RANGE, range)]));
    }
    error
}

/// What is wrong with a body that cannot be read to its end.
pub(super) fn broken_body(source: &(dyn std::error::Error + 'static)) -> S3Error {
    if let Some(chunked) = source.downcast_ref::<super::chunked::ChunkError>() {
        return chunked.refusal();
    }
    if let Some(large) = source.downcast_ref::<super::write::TooLarge>() {
        return large.refusal();
    }
    // The errors of s3s that say what is wrong have no public type.
    let text = source.to_string();
    if text.contains("SignatureMismatch") {
        return S3ErrorCode::SignatureDoesNotMatch.into();
    }
    if text.contains("Sha256Mismatch") {
        return sha256_mismatch();
    }
    S3ErrorCode::IncompleteBody.into()
}

/// The body is not the one that was signed.
pub(super) fn sha256_mismatch() -> S3Error {
    let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    custom("XAmzContentSHA256Mismatch", StatusCode::BAD_REQUEST, message)
}

/// The answer to a request that never came to an operation.
pub(super) fn response(refused: S3Error) -> HttpResponse {
    let internal = |_| {
        let mut response = HttpResponse::new(s3s::Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    };
    refused.to_http_response().unwrap_or_else(internal)
}

/// Gives an error the text it has in S3, if it has none, and its further elements.
pub(super) fn complete(
    response: &mut HttpResponse,
    method: &Method,
    path: &str,
    request_id: &str,
    details: &Details,
) {
    let body = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let code = between(&text, "<Code>", "</Code>").unwrap_or("InternalError");
    let message = match between(&text, "<Message>", "</Message>") {
        Some("Unknown operation") => {
            escape(&format!("{method} of this resource is not supported by firehose-local"))
        }
        Some(message) => {
            message.replace(" is not implemented yet", " is not supported by firehose-local")
        }
        None => escape(default_message(code)),
    };
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>"
    );
    for (name, value) in details.take() {
        // Writing to a String cannot fail.
        let _ = write!(xml, "<{name}>{}</{name}>", escape(&value));
    }
    let _ = write!(
        xml,
        "<Resource>{}</Resource><RequestId>{request_id}</RequestId></Error>",
        escape(path)
    );
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.remove(header::CONTENT_LENGTH);
    *response.body_mut() = s3s::Body::from(Bytes::from(xml));
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

/// Text in XML. Control characters travel as references, as S3 sends them.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_ascii_control() => {
                let _ = write!(escaped, "&#x{:x};", u32::from(control));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// What an error says, also where it goes into a list of errors.
pub(super) fn message(refused: &S3Error) -> String {
    let default = || default_message(refused.code().as_str());
    refused.message().unwrap_or_else(default).to_owned()
}

/// What S3 says with a code, where nothing more is known.
///
/// Source: answers recorded from S3, and "Error responses",
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn default_message(code: &str) -> &'static str {
    match code {
        "AccessDenied" => "Access Denied",
        "BucketAlreadyOwnedByYou" => {
            "Your previous request to create the named bucket succeeded and you already own it."
        }
        "BucketNotEmpty" => "The bucket you tried to delete is not empty",
        "EntityTooLarge" => "Your proposed upload exceeds the maximum allowed size",
        "EntityTooSmall" => "Your proposed upload is smaller than the minimum allowed size",
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header"
        }
        "InvalidAccessKeyId" => "The AWS Access Key Id you provided does not exist in our records.",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidPart" => {
            "One or more of the specified parts could not be found.  The part may not have been \
             uploaded, or the specified entity tag may not match the part's entity tag."
        }
        "InvalidPartOrder" => {
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        }
        "InvalidRange" => "The requested range is not satisfiable",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published \
             schema"
        }
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "NoSuchBucket" => "The specified bucket does not exist",
        "NoSuchKey" => "The specified key does not exist.",
        "NoSuchUpload" => {
            "The specified upload does not exist. The upload ID may be invalid, or the upload may \
             have been aborted or completed."
        }
        "NotModified" => "Not Modified",
        "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold",
        "RequestTimeTooSkewed" => {
            "The difference between the request time and the current time is too large."
        }
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check \
             your key and signing method."
        }
        "InternalError" => "We encountered an internal error. Please try again.",
        _ => "The request was refused.",
    }
}

/// The value of a header, if it is text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A number that S3 counts in `i32` and that is within its range here.
pub(super) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A size as S3 counts it.
pub(super) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What `prepare` found out about a request.
pub(super) fn missing_preparation<T>() -> S3Result<T> {
    Err(error(S3ErrorCode::InternalError, "the request was not prepared"))
}
