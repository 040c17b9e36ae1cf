//! S3 over the buckets' directories.
//!
//! A request passes the [`gate`] (who asks; `aws-chunked` bodies are unwrapped), is made ready by
//! [`prepare`] (what S3 reads more leniently than `s3s` does, what of the body is to be verified)
//! and goes through `s3s` to [`service`], whose operations translate to
//! [`object_directory`] and back.
//!
//! What is decided here, and not by S3's own documents:
//!
//! - Every bucket belongs to whoever asks: `x-amz-expected-bucket-owner` must be the caller's own
//!   account, and is refused with `AccessDenied` otherwise.
//! - Objects lie on the disk as they are. Answers say `AES256`, as every answer of S3 does, and any
//!   other encryption is refused.
//! - A directory made by hand in the data directory is a bucket, in the endpoint's own region.
//! - What is not built is refused by name with `NotImplemented`, whether it is an operation, a
//!   subresource or a header.

mod buckets;
mod caller;
mod chunked;
mod copy;
mod digest;
mod error;
mod gate;
mod host;
mod list;
mod objects;
mod parts;
mod prepare;
mod refusal;
mod service;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Method};
use object_directory::Buckets;

use crate::{settings::Settings, state::State};
use error::Details;
use gate::Gate;

/// The S3 service.
#[derive(Debug)]
pub(crate) struct S3Door {
    gate: Gate,
}

impl S3Door {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        Self::over(&state.settings, state.buckets.clone())
    }

    fn over(settings: &Settings, buckets: Buckets) -> Self {
        Self { gate: Gate::new(settings, buckets) }
    }

    /// Answers one request that no JSON service claimed. s3s writes headers, queries and bodies
    /// to its log; the router, which logs each request, keeps these lines from it.
    pub(crate) async fn call(&self, mut request: s3s::HttpRequest) -> s3s::HttpResponse {
        let asked = Asked {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            request_id: request_id(),
        };
        let details = Details::default();
        request.extensions_mut().insert(details.clone());
        let passed = self.gate.pass(request).await;
        let response = passed.unwrap_or_else(error::response);
        asked.finish(response, &details)
    }
}

/// What of a request is needed to finish its answer.
#[derive(Debug)]
struct Asked {
    method: Method,
    path: String,
    request_id: String,
}

impl Asked {
    /// Adds what every answer of S3 has.
    fn finish(&self, response: s3s::HttpResponse, details: &Details) -> s3s::HttpResponse {
        let mut response = response;
        let status = response.status();
        let is_head = self.method == Method::HEAD;
        let has_no_body = is_head || status == http::StatusCode::NOT_MODIFIED;
        // s3s answers every HEAD with 200.
        if is_head && response.headers().contains_key(http::header::CONTENT_RANGE) {
            *response.status_mut() = match status {
                http::StatusCode::OK => http::StatusCode::PARTIAL_CONTENT,
                other => other,
            };
        }
        if status.is_client_error() || status.is_server_error() {
            error::complete(&mut response, &self.method, &self.path, &self.request_id, details);
        }
        if has_no_body && !status.is_success() {
            *response.body_mut() = s3s::Body::empty();
            response.headers_mut().remove(http::header::CONTENT_LENGTH);
            response.headers_mut().remove(http::header::CONTENT_TYPE);
        }
        let host_id = BASE64_STANDARD.encode(&self.request_id);
        for (name, value) in [("x-amz-request-id", &self.request_id), ("x-amz-id-2", &host_id)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        }
        let server = HeaderValue::from_static("firehose-local");
        response.headers_mut().entry(http::header::SERVER).or_insert(server);
        response
    }
}

/// Sixteen characters, as S3's request ids have.
fn request_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string().to_ascii_uppercase();
    id.chars().take(16).collect()
}
