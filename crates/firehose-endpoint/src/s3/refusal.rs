//! What S3 has and this endpoint has not, refused by name before anything is read.

use http::{HeaderMap, Method, Uri};
use s3s::{S3ErrorCode, S3Result};

use super::error::{error, not_built, text};

/// Names in a query that are arguments of an operation and choose none.
const ARGUMENTS: [&str; 20] = [
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "id",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "partNumber",
    "prefix",
    "start-after",
    "upload-id-marker",
    "uploadId",
    "version-id-marker",
    "versionId",
    "x-id",
];

/// Names that choose an operation which `s3s` knows: it calls it, or refuses it by name.
const SUBRESOURCES: [&str; 34] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "select-type",
    "session",
    "tagging",
    "torrent",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// Whether the query chooses something else than the object or the bucket.
pub(super) fn has_subresource(uri: &Uri) -> bool {
    names(uri).any(|name| !ARGUMENTS.contains(&name))
}

/// Refuses to change anything by an operation that is not known: without its name in the query it
/// would be another one, which stores or deletes.
///
/// # Errors
///
/// `NotImplemented`, naming the subresource.
pub(super) fn subresources(method: &Method, uri: &Uri) -> S3Result<()> {
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let is_known = |name: &&str| ARGUMENTS.contains(name) || SUBRESOURCES.contains(name);
    match names(uri).find(|name| !is_known(name)) {
        Some(name) => Err(not_built(&format!("{method} with `?{name}`"))),
        None => Ok(()),
    }
}

fn names(uri: &Uri) -> impl Iterator<Item = &str> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let names = pairs.map(|pair| pair.split('=').next().unwrap_or_default());
    names.filter(|name| !name.is_empty() && !name.starts_with("response-"))
}

/// Headers that ask for what is not built, whatever their value.
const HEADERS: [&str; 12] = [
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-mfa",
    "x-amz-rename-source",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-object-annotation",
];

/// Refuses headers that ask for what is not built.
///
/// # Errors
///
/// `NotImplemented`, naming the header, and S3's own refusals of ACLs and locks, which no bucket
/// here has.
pub(super) fn headers(method: &Method, headers: &HeaderMap) -> S3Result<()> {
    if let Some(name) = HEADERS.into_iter().find(|name| headers.contains_key(*name)) {
        return Err(not_built(&format!("The header {name}")));
    }
    if let Some(encryption) = text(headers, "x-amz-server-side-encryption")
        && encryption != "AES256"
    {
        return Err(not_built(&format!("x-amz-server-side-encryption: {encryption}")));
    }
    if let Some(class) = text(headers, "x-amz-storage-class")
        && class != "STANDARD"
    {
        return Err(not_built(&format!("x-amz-storage-class: {class}")));
    }
    if text(headers, "x-amz-tagging-directive").is_some_and(|directive| directive != "COPY") {
        return Err(not_built("x-amz-tagging-directive: REPLACE"));
    }
    let names = || headers.keys().map(http::HeaderName::as_str);
    if method != Method::GET && names().any(|name| name.starts_with("x-amz-object-lock-")) {
        let message = "Bucket is missing Object Lock Configuration";
        return Err(error(S3ErrorCode::InvalidRequest, message));
    }
    let acl = text(headers, "x-amz-acl");
    let is_default = |acl: &str| matches!(acl, "private" | "bucket-owner-full-control");
    if acl.is_some_and(|acl| !is_default(acl)) || names().any(|n| n.starts_with("x-amz-grant-")) {
        let message = "The bucket does not allow ACLs";
        return Err(error(S3ErrorCode::AccessControlListNotSupported, message));
    }
    Ok(())
}
