//! Reads a store's answer: which of its errors means what to the caller.
//!
//! object_store gives variants for 403 and 404 of an object, but none for those of a listing; what
//! exactly S3 refused (wrong region, unknown keys, expired tokens) stands only in the text of the
//! causes. So the status and S3's error code
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>) are read from there.

use std::error::Error as StdError;

use object_store::Error as StoreError;
use parquet::errors::ParquetError;

use crate::error::{Cause, Error, Stage};
use crate::list::ObjectInfo;

/// The provider behind a store could not give credentials. It travels inside object_store's error
/// and comes out as [`Error::Credentials`].
#[derive(Debug, thiserror::Error)]
#[error("{provider} gave no credentials")]
pub(crate) struct NoCredentials {
    pub(crate) provider: String,
    pub(crate) source: Cause,
}

/// No connection came about. It travels as [`NoCredentials`] does, and comes out as
/// [`Error::Unreachable`].
#[derive(Debug, thiserror::Error)]
#[error("no connection to {endpoint} in {attempts} attempts")]
pub(crate) struct NoConnection {
    pub(crate) endpoint: String,
    pub(crate) attempts: u32,
    pub(crate) source: Cause,
}

/// What a failed listing of `location` means; `bucket` is its name in messages.
pub(crate) fn listing(location: &str, bucket: &str, error: StoreError) -> Error {
    match of_any_request(location, bucket, error) {
        Ok(diagnosed) => diagnosed,
        // A listing never answers 404 for want of keys.
        Err(StoreError::NotFound { source, .. }) => {
            Error::NoSuchBucket { bucket: bucket.to_owned(), source }
        }
        Err(error) if Answer::of(&chain_text(&error)).status == Some(404) => {
            Error::NoSuchBucket { bucket: bucket.to_owned(), source: Box::new(error) }
        }
        Err(error) => Error::List { location: location.to_owned(), source: Box::new(error) },
    }
}

/// What a failed request for the object `key` means.
pub(crate) fn fetching(location: &str, bucket: &str, key: &str, error: StoreError) -> Error {
    let named = if location.is_empty() { key.to_owned() } else { format!("{location}: {key}") };
    match of_any_request(&named, bucket, error) {
        Ok(diagnosed) => diagnosed,
        Err(StoreError::NotFound { source, .. }) => Error::NotFound { key: key.to_owned(), source },
        Err(error @ StoreError::Precondition { .. }) => {
            Error::Changed { key: key.to_owned(), source: Box::new(error) }
        }
        Err(error) => Error::Store { key: key.to_owned(), source: Box::new(error) },
    }
}

/// What an error of the decoder means: the store's failure where it passed one on, otherwise
/// damage.
pub(crate) fn decoding(
    location: &str,
    bucket: &str,
    object: &ObjectInfo,
    stage: Stage,
    error: ParquetError,
) -> Error {
    let source: Cause = match error {
        ParquetError::External(cause) => match cause.downcast::<StoreError>() {
            Ok(error) => return fetching(location, bucket, &object.key, *error),
            Err(cause) => cause,
        },
        error => Box::new(error),
    };
    let (key, e_tag) = (object.key.clone(), object.e_tag.clone());
    Error::Corrupt { key, stage, size: object.size, e_tag, source }
}

/// The meanings that do not depend on what was asked for; otherwise the error back.
fn of_any_request(what: &str, bucket: &str, error: StoreError) -> Result<Error, StoreError> {
    if let Some(NoCredentials { provider, .. }) = cause_of_type(&error) {
        return Ok(Error::Credentials { provider: provider.clone(), source: Box::new(error) });
    }
    if let Some(endpoint) = unreachable(what, &error) {
        return Ok(Error::Unreachable { endpoint, source: Box::new(error) });
    }
    let text = chain_text(&error);
    let answer = Answer::of(&text);
    match answer.code {
        Some("AuthorizationHeaderMalformed" | "PermanentRedirect") => {
            return Ok(wrong_region(what, answer.region, error));
        }
        // A redirect without a new address, which is how S3 answers a HEAD request.
        None if text.contains("redirect without LOCATION") => {
            return Ok(wrong_region(what, None, error));
        }
        Some("NoSuchBucket") => {
            return Ok(Error::NoSuchBucket { bucket: bucket.to_owned(), source: Box::new(error) });
        }
        Some(code) if is_about_credentials(code) => return Ok(refused_credentials(error)),
        _ => {}
    }
    if answer.status == Some(401) || matches!(error, StoreError::Unauthenticated { .. }) {
        return Ok(refused_credentials(error));
    }
    // With a code, or with nothing, as HEAD requests and proxies have it.
    if answer.status == Some(403)
        || answer.code == Some("AccessDenied")
        || matches!(error, StoreError::PermissionDenied { .. })
    {
        let needs = "s3:ListBucket on the bucket and s3:GetObject on its objects";
        return Ok(Error::AccessDenied { what: what.to_owned(), needs, source: Box::new(error) });
    }
    Err(error)
}

/// True for the codes by which S3 says that it is the keys, their signature or their token that it
/// does not take, rather than what was asked with them.
pub(crate) fn is_about_credentials(code: &str) -> bool {
    matches!(
        code,
        "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired"
    )
}

fn refused_credentials(error: StoreError) -> Error {
    let provider = "S3 refused the ones in use".to_owned();
    Error::Credentials { provider, source: Box::new(error) }
}

fn wrong_region(what: &str, region: Option<&str>, error: StoreError) -> Error {
    let (location, region) = (what.to_owned(), region.map(str::to_owned));
    Error::WrongRegion { location, region, source: Box::new(error) }
}

/// The endpoint, if what failed is the way there.
fn unreachable(what: &str, error: &StoreError) -> Option<String> {
    let endpoint = cause_of_type(error).map(|failure: &NoConnection| failure.endpoint.clone());
    endpoint.or_else(|| is_of_connecting(error).then(|| what.to_owned()))
}

/// True when the client of a store that the caller brought could not connect.
#[cfg(feature = "aws")]
fn is_of_connecting(error: &StoreError) -> bool {
    use object_store::client::{HttpError, HttpErrorKind};
    cause_of_type::<HttpError>(error).is_some_and(|e| e.kind() == HttpErrorKind::Connect)
}

/// Without the feature there is no HTTP client whose errors are known here.
#[cfg(not(feature = "aws"))]
fn is_of_connecting(_: &StoreError) -> bool {
    false
}

/// The first of the causes that is a `T`.
fn cause_of_type<T: StdError + 'static>(error: &StoreError) -> Option<&T> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// What S3 answered, as far as the text of an error has it. Keys stand in that text with `<` and
/// spaces escaped, so that a key is not taken for an answer.
#[derive(Debug, Clone, Copy)]
struct Answer<'a> {
    status: Option<u16>,
    code: Option<&'a str>,
    region: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn of(text: &'a str) -> Self {
        let status = between(text, "returned non-2xx status code: ", " ");
        Self {
            status: status.and_then(|status| status.parse().ok()),
            code: between(text, "<Code>", "</Code>"),
            region: between(text, "<Region>", "</Region>"),
        }
    }
}

fn chain_text(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(" / ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> StoreError {
        StoreError::Generic { store: "S3", source: text.into() }
    }

    /// As object_store words it, by example.
    fn refused(status: u16, code: &str) -> StoreError {
        let body = match code {
            "" => String::new(),
            code => format!("<Error><Code>{code}</Code><Message>no</Message></Error>"),
        };
        generic(&format!(
            "GET http://s3/b - Server returned non-2xx status code: {status} No: {body}"
        ))
    }

    #[test]
    fn answers_of_s3_become_errors_that_say_what_to_do() {
        let malformed = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region \
                         'us-east-1' is wrong</Message><Region>eu-west-1</Region></Error>";
        let denied = || StoreError::PermissionDenied { path: "k".into(), source: "403".into() };
        let missing = || StoreError::NotFound { path: "k".into(), source: "404".into() };
        let no_token = generic("x");
        let failure = NoCredentials { provider: "profile `dev`".into(), source: "expired".into() };
        let no_provider = StoreError::Generic { store: "S3", source: Box::new(failure) };
        let (endpoint, source) = ("http://127.0.0.1:1".to_owned(), "refused".into());
        let failure = NoConnection { endpoint, attempts: 3, source };
        let no_connection = StoreError::Generic { store: "S3", source: Box::new(failure) };
        for (error, want) in [
            (generic(malformed), "region eu-west-1"),
            (generic("Received redirect without LOCATION, this"), "another region"),
            (generic("404 <Code>NoSuchBucket</Code>"), "bucket `b` does not exist"),
            (denied(), "s3:ListBucket"),
            (refused(403, "AccessDenied"), "s3:ListBucket"),
            (refused(403, "AllAccessDisabled"), "s3:ListBucket"),
            (refused(403, ""), "s3:ListBucket"),
            (generic("<Code>AccessDenied</Code>"), "s3:ListBucket"),
            (refused(403, "InvalidAccessKeyId"), "S3 refused"),
            (refused(403, "SignatureDoesNotMatch"), "S3 refused"),
            (refused(400, "ExpiredToken"), "S3 refused"),
            (refused(400, "InvalidToken"), "S3 refused"),
            (refused(401, ""), "S3 refused"),
            (refused(404, ""), "bucket `b` does not exist"),
            (refused(503, "SlowDown"), "cannot list `s3://b/p`"),
            (no_connection, "cannot reach http://127.0.0.1:1"),
            (no_provider, "profile `dev`"),
            (missing(), "bucket `b` does not exist"),
            (no_token, "cannot list `s3://b/p`"),
        ] {
            let message = listing("s3://b/p", "b", error).to_string();
            assert!(message.contains(want), "{want}: {message}");
        }
        assert!(matches!(fetching("", "b", "k", missing()), Error::NotFound { .. }));
        assert!(matches!(fetching("", "b", "k", denied()), Error::AccessDenied { .. }));
        assert!(matches!(fetching("", "b", "k", generic("reset")), Error::Store { .. }));
        assert!(matches!(fetching("", "b", "k", refused(403, "")), Error::AccessDenied { .. }));
        // Names of objects are not answers.
        let url = "GET http://s3/b/AccessDenied%20403%20%3CCode%3ENoSuchBucket%3C/Code%3E";
        let busy = generic(&format!("{url} - Server returned non-2xx status code: 503 Busy: "));
        assert!(matches!(fetching("", "b", "k", busy), Error::Store { .. }));
    }
}
