//! The name of the S3 operation that a request asks for, for faults and for the log.

use http::Method;
use s3s::HttpRequest;

use super::host;
use crate::protocol::query_pairs;

/// The operation's name; `S3` for those that nobody asks a local endpoint for.
pub(super) fn name(request: &HttpRequest, host_names: &[String]) -> &'static str {
    let path = request.uri().path().trim_start_matches('/');
    let (has_bucket, has_key) = if host::names_bucket(request, host_names) {
        (true, !path.is_empty())
    } else {
        (!path.is_empty(), path.split_once('/').is_some_and(|(_, key)| !key.is_empty()))
    };
    let query = request.uri().query().unwrap_or_default();
    let has = |wanted: &str| query_pairs(query).any(|(name, _)| name == wanted);
    let copies = request.headers().contains_key("x-amz-copy-source");
    if has_key {
        of_object(request.method(), has, copies)
    } else if has_bucket {
        of_bucket(request.method(), has)
    } else if request.method() == Method::GET {
        "ListBuckets"
    } else {
        "S3"
    }
}

fn of_object(method: &Method, has: impl Fn(&str) -> bool, copies: bool) -> &'static str {
    let settings = ["acl", "attributes", "legal-hold", "retention", "tagging", "torrent"];
    if settings.into_iter().any(&has) {
        return "S3";
    }
    match *method {
        Method::GET if has("uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::PUT if has("uploadId") && copies => "UploadPartCopy",
        Method::PUT if has("uploadId") => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        _ => "S3",
    }
}

fn of_bucket(method: &Method, has: impl Fn(&str) -> bool) -> &'static str {
    // Sub-resources stand in the query by their name alone: `?acl`, `?policy`.
    let listing = ["list-type", "prefix", "delimiter", "marker", "max-keys", "encoding-type"];
    match *method {
        Method::GET if has("location") => "GetBucketLocation",
        Method::GET if has("uploads") => "ListMultipartUploads",
        Method::GET if has("list-type") => "ListObjectsV2",
        Method::GET if listing.into_iter().any(&has) => "ListObjects",
        Method::GET if has("acl") || has("policy") || has("tagging") || has("versioning") => "S3",
        Method::GET => "ListObjects",
        Method::HEAD => "HeadBucket",
        Method::PUT if has("acl") || has("policy") || has("tagging") || has("versioning") => "S3",
        Method::PUT => "CreateBucket",
        Method::DELETE if has("policy") || has("tagging") => "S3",
        Method::DELETE => "DeleteBucket",
        Method::POST if has("delete") => "DeleteObjects",
        _ => "S3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_by_method_path_and_query() {
        for (method, host, uri, wanted) in [
            ("GET", "localhost", "/", "ListBuckets"),
            ("PUT", "localhost", "/b", "CreateBucket"),
            ("PUT", "localhost", "/b/", "CreateBucket"),
            ("HEAD", "localhost", "/b", "HeadBucket"),
            ("DELETE", "localhost", "/b", "DeleteBucket"),
            ("GET", "localhost", "/b?location", "GetBucketLocation"),
            ("GET", "localhost", "/b", "ListObjects"),
            ("GET", "localhost", "/b?list-type=2&prefix=a", "ListObjectsV2"),
            ("GET", "localhost", "/b?versioning", "S3"),
            ("POST", "localhost", "/b?delete", "DeleteObjects"),
            ("GET", "localhost", "/b/k/e/y", "GetObject"),
            ("HEAD", "localhost", "/b/k", "HeadObject"),
            ("PUT", "localhost", "/b/k?x-id=PutObject", "PutObject"),
            ("PUT", "localhost", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
            ("POST", "localhost", "/b/k?uploads", "CreateMultipartUpload"),
            ("POST", "localhost", "/b/k?uploadId=u", "CompleteMultipartUpload"),
            ("DELETE", "localhost", "/b/k?uploadId=u", "AbortMultipartUpload"),
            ("DELETE", "localhost", "/b/k", "DeleteObject"),
            ("GET", "b.localhost", "/", "ListObjects"),
            ("GET", "b.s3.localhost:4566", "/k", "GetObject"),
            ("GET", "s3.localhost:4566", "/", "ListBuckets"),
            ("PATCH", "localhost", "/b/k", "S3"),
        ] {
            let mut request = HttpRequest::new(s3s::Body::empty());
            *request.method_mut() = method.parse().unwrap();
            *request.uri_mut() = uri.parse().unwrap();
            request.headers_mut().insert("host", host.parse().unwrap());
            assert_eq!(name(&request, &[]), wanted, "{method} {host} {uri}");
        }
    }
}
