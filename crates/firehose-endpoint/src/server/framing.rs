//! Requests whose framing another server on the way might read differently, and methods that ask
//! for a tunnel. hyper refuses most of the first kind itself; what it takes and we do not is here.

use http::{HeaderMap, HeaderValue, Method, header::TRANSFER_ENCODING};
use s3s::HttpRequest;

use crate::protocol::AwsError;

/// # Errors
///
/// A 400 that says what is wrong.
pub(super) fn check(request: &HttpRequest) -> Result<(), AwsError> {
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        let problem = format!("The method {} is not supported", request.method());
        return Err(AwsError::client("BadRequest", problem));
    }
    if !is_plainly_chunked(request.headers()) {
        let problem = "The only transfer encoding is `chunked`, given once";
        return Err(AwsError::client("BadRequest", problem));
    }
    Ok(())
}

fn is_plainly_chunked(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(TRANSFER_ENCODING).iter().map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        (None, _) => true,
        (Some(value), None) => value.trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}
