//! Refusals in XML: S3's shape, and that of the query protocol which STS speaks.

use std::fmt::Write as _;

use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use s3s::HttpResponse;

use super::RequestId;

/// `text` with XML's special characters escaped; control characters, which XML 1.0 cannot hold,
/// become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' => out.push(letter),
            letter if letter.is_control() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// An answer of S3 that refuses.
pub(crate) fn s3_error(
    status: StatusCode,
    code: &str,
    message: &str,
    id: RequestId,
) -> HttpResponse {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (code, message) = (escape(code), escape(message));
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId></Error>"
    );
    let mut answer = xml(status, "application/xml", text);
    answer.headers_mut().insert("x-amz-request-id", id.header());
    answer
}

/// An answer of STS that refuses.
pub(crate) fn query_error(
    status: StatusCode,
    code: &str,
    message: &str,
    id: RequestId,
) -> HttpResponse {
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    let (code, message) = (escape(code), escape(message));
    let text = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
         <Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{id}</RequestId></ErrorResponse>"
    );
    query_answer(status, text, id)
}

/// An answer of STS.
pub(crate) fn query_answer(status: StatusCode, text: String, id: RequestId) -> HttpResponse {
    let mut answer = xml(status, "text/xml", text);
    answer.headers_mut().insert("x-amzn-requestid", id.header());
    answer
}

fn xml(status: StatusCode, content_type: &'static str, text: String) -> HttpResponse {
    let mut answer = HttpResponse::new(text.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("<a b='c'>&\"\u{0}\n"), "&lt;a b=&apos;c&apos;&gt;&amp;&quot;\u{fffd}\n");
    }
}
