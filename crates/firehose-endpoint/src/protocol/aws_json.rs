//! AWS JSON 1.1: what a request must look like, and how answers and refusals are written.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use s3s::HttpResponse;
use serde_json::json;

use super::{AwsError, Encoding, RequestId, Service, encoding::JSON_1_1};

const JSON_1_0: &str = "application/x-amz-json-1.0";

/// Checks all that can be checked of a request before its body is read.
///
/// # Errors
///
/// `UnknownOperationException`, `SerializationException`: what is wrong and what is spoken here.
pub(crate) fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    encoding: Encoding,
) -> Result<(), AwsError> {
    if method != Method::POST || uri.path() != "/" {
        return Err(AwsError::unknown_operation(format!(
            "An operation is asked for by POST to the path /; this is {method} to `{}`",
            uri.path().escape_default()
        )));
    }
    let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii();
    if !essence.eq_ignore_ascii_case(JSON_1_1.as_bytes())
        && !essence.eq_ignore_ascii_case(JSON_1_0.as_bytes())
        && encoding == Encoding::Json
    {
        return Err(other_protocol(&String::from_utf8_lossy(essence)));
    }
    match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(()),
        Some(encoding) => Err(AwsError::serialization(format!(
            "The content encoding `{}` is not supported: send the request's body as it is",
            encoding.escape_ascii()
        ))),
    }
}

/// The refusal of a request in another protocol, `spoken`.
pub(crate) fn other_protocol(spoken: &str) -> AwsError {
    let hint = if spoken.to_ascii_lowercase().contains("cbor") {
        "; switch CBOR off in the client (Java: -Daws.cborEnabled=false, or AWS_CBOR_DISABLE=1)"
    } else {
        ""
    };
    AwsError::unknown_operation(format!(
        "firehose-local speaks AWS JSON ({JSON_1_1}), not `{}`{hint}",
        spoken.escape_default()
    ))
}

/// The answer of an operation.
pub(crate) fn answer(body: Bytes, encoding: Encoding, id: RequestId) -> HttpResponse {
    let mut answer = HttpResponse::new(body.into());
    let headers = answer.headers_mut();
    headers.reserve(4);
    headers.insert(CONTENT_TYPE, encoding.content_type());
    headers.insert("x-amzn-requestid", id.header());
    answer
}

/// A refusal: `__type` in the body for boto3, the same name in a header for the Rust SDK, which
/// would otherwise prefer a modelled member `code`.
pub(crate) fn refusal(
    error: &AwsError,
    service: Service,
    encoding: Encoding,
    id: RequestId,
) -> HttpResponse {
    let text = if service == Service::Glue {
        json!({"__type": error.code, "Message": error.message})
    } else {
        json!({"__type": error.code, "message": error.message})
    };
    let mut answer = answer(encoding.encode(&text), encoding, id);
    *answer.status_mut() = if error.code == "ServiceUnavailableException" {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        error.status
    };
    answer.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.code));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aws_json_in_plain_posts_to_the_root_passes() {
        for (method, path, content_type, encoding, wanted) in [
            ("POST", "/", "application/x-amz-json-1.1", "", Ok(())),
            ("POST", "/", "Application/X-Amz-JSON-1.0 ; charset=utf-8", "identity", Ok(())),
            ("GET", "/", JSON_1_1, "", Err("POST")),
            ("POST", "/bucket", JSON_1_1, "", Err("to `/bucket`")),
            ("POST", "/", "", "", Err("not ``")),
            ("POST", "/", "text/plain", "", Err("not `text/plain`")),
            ("POST", "/", "application/json", "", Err("not `application/json`")),
            ("POST", "/", "application/x-amz-json-2.0", "", Err("json-2.0")),
            ("POST", "/", "application/x-amz-cbor-1.1", "", Err("AWS_CBOR_DISABLE")),
            ("POST", "/", JSON_1_1, "gzip", Err("`gzip` is not supported")),
            ("POST", "/", JSON_1_1, "aws-chunked", Err("`aws-chunked` is not supported")),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(CONTENT_TYPE, content_type), (CONTENT_ENCODING, encoding)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            let (method_, path_) = (method.parse().unwrap(), path.parse().unwrap());
            let found = check(&method_, &path_, &headers, Encoding::Json);
            match (found, wanted) {
                (Ok(()), Ok(())) => {}
                (Err(error), Err(wanted)) => {
                    assert_eq!(error.status, StatusCode::BAD_REQUEST);
                    assert!(error.message.contains(wanted), "{}", error.message);
                }
                (found, _) => panic!("{method} {path} {content_type} {encoding}: {found:?}"),
            }
        }
    }

    #[test]
    fn refusals_carry_the_name_twice_and_glue_says_message_with_a_capital() {
        let error = AwsError::client("EntityNotFoundException", "Database x not found.");
        for (service, member) in [(Service::Firehose, "message"), (Service::Glue, "Message")] {
            let answer = refusal(&error, service, Encoding::Json, RequestId::new());
            assert_eq!(answer.headers()["x-amzn-errortype"], "EntityNotFoundException");
            assert_eq!(answer.headers()[CONTENT_TYPE], JSON_1_1);
            let body = answer.body().bytes().unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                body,
                json!({"__type": "EntityNotFoundException", member: "Database x not found."})
            );
        }
    }

    #[test]
    fn a_service_that_is_unavailable_says_so_in_the_status() {
        let error = AwsError::client("ServiceUnavailableException", "Slow down.");
        let answer = refusal(&error, Service::Firehose, Encoding::Json, RequestId::new());
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
