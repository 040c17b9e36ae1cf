//! What an SDK error means for the records of its call: the one place that says so.
//!
//! Facts about codes: <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>
//! and <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>; the common
//! ones: <https://docs.aws.amazon.com/firehose/latest/APIReference/CommonErrors.html>.

use std::{error::Error as StdError, io};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{
    dns::ResolveDnsError, orchestrator::HttpResponse, result::ConnectorError, result::SdkError,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Target;
use crate::{
    PutError,
    PutErrorKind::{
        Denied, Invalid, Network, NotFound, Other, Throttled, Timeout, Unavailable, Unreadable,
    },
    Stored,
};

/// What to do when no region is known.
pub(super) const NO_REGION: &str =
    "no region is known: set AWS_REGION, or `region` in the profile that AWS_PROFILE names";

const NO_CREDENTIALS: &str = "no usable credentials: set AWS_PROFILE to a profile of ~/.aws/config, \
     or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

impl Target {
    /// Tells what a failed call means.
    pub(super) fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> PutError
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        if let Some(found) = self.before_the_wire(&error) {
            return found.with_source(error);
        }
        let found = match &error {
            SdkError::TimeoutError(_) => self.error(Timeout, Stored::Maybe),
            SdkError::DispatchFailure(failure) => self.dispatch(failure.as_connector_error()),
            SdkError::ResponseError(response) => self.unreadable(response.raw().status().as_u16()),
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                self.answered(status, service.err().code(), service.err().message())
            }
            _ => self.error(Other, Stored::Maybe),
        };
        found.with_source(error)
    }

    /// Faults that kept the request from being sent at all.
    fn before_the_wire(&self, error: &(dyn StdError + 'static)) -> Option<PutError> {
        if find::<CredentialsError>(error).is_some() {
            return Some(self.error(Denied, Stored::Nothing).with_detail(NO_CREDENTIALS));
        }
        if find::<ResolveDnsError>(error).is_some() {
            let detail = format!("{} has no address: is the name right?", self.endpoint());
            return Some(self.error(Network, Stored::Nothing).with_detail(detail));
        }
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if find::<io::Error>(error).is_some_and(refused) {
            let detail = format!(
                "{} refused the connection: does it run, and is AWS_ENDPOINT_URL right?",
                self.endpoint()
            );
            return Some(self.error(Network, Stored::Nothing).with_detail(detail));
        }
        None
    }

    /// The request may have been sent, and no whole answer came. Only the SDK's own preparations
    /// are known to come before it.
    fn dispatch(&self, failure: Option<&ConnectorError>) -> PutError {
        match failure {
            Some(failure) if failure.is_timeout() => self.error(Timeout, Stored::Maybe),
            Some(failure) if failure.is_user() => self.error(Invalid, Stored::Nothing),
            _ => self.error(Network, Stored::Maybe).with_detail(self.endpoint()),
        }
    }

    /// An answer came that is none of the service's.
    fn unreadable(&self, status: u16) -> PutError {
        let kind = if status >= 500 { Unavailable } else { Unreadable };
        let stored = if status == 503 { Stored::Nothing } else { Stored::Maybe };
        let detail = format!(
            "the answer (HTTP {status}) is not one of AWS: is AWS_ENDPOINT_URL right? Asked was {}",
            self.endpoint()
        );
        self.error(kind, stored).with_detail(detail)
    }

    /// The service answered with an error.
    fn answered(&self, status: u16, code: Option<&str>, message: Option<&str>) -> PutError {
        let said = match (code, message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, Some(message)) => format!("HTTP {status}: {message}"),
            (None, None) => format!("HTTP {status}"),
        };
        let code = code.unwrap_or_default();
        let (kind, stored) = match code {
            "LimitExceededException"
            | "RequestLimitExceeded"
            | "SlowDown"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "TooManyRequestsException"
            | "KMSThrottlingException"
            | "ProvisionedThroughputExceededException" => (Throttled, Stored::Nothing),
            "ServiceUnavailableException" | "ServiceUnavailable" => (Unavailable, Stored::Nothing),
            "RequestTimeout" | "RequestTimeoutException" => (Timeout, Stored::Nothing),
            "ResourceNotFoundException" => (NotFound, Stored::Nothing),
            code if is_denial(code) => (Denied, Stored::Nothing),
            _ => match status {
                429 => (Throttled, Stored::Nothing),
                401 | 403 => (Denied, Stored::Nothing),
                503 => (Unavailable, Stored::Nothing),
                500.. => (Unavailable, Stored::Maybe),
                400..=499 => (Invalid, Stored::Nothing),
                _ => return self.unreadable(status),
            },
        };
        let detail = match kind {
            NotFound => {
                let (noun, region) = (self.noun, self.region());
                format!("no such {noun} in {region}; `{}` lists them; {said}", self.list)
            }
            Denied if code.starts_with("Expired") => {
                format!("the credentials have expired: renew them, with `aws sso login`; {said}")
            }
            Denied if is_skew(code) => format!("is this machine's clock right? {said}"),
            Denied => format!("do the credentials allow it in {}? {said}", self.region()),
            _ => said,
        };
        self.error(kind, stored).with_detail(detail)
    }

    fn region(&self) -> String {
        match &self.region {
            Some(region) => format!("region {region}"),
            None => "an unknown region".to_owned(),
        }
    }

    fn endpoint(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("the endpoint {endpoint}"),
            None => format!("the endpoint of AWS in {}", self.region()),
        }
    }
}

fn is_denial(code: &str) -> bool {
    is_skew(code)
        || matches!(
            code,
            "AccessDenied"
                | "AccessDeniedException"
                | "ExpiredToken"
                | "ExpiredTokenException"
                | "IncompleteSignature"
                | "IncompleteSignatureException"
                | "InvalidClientTokenId"
                | "InvalidKMSResourceException"
                | "InvalidSignatureException"
                | "KMSAccessDeniedException"
                | "KMSOptInRequired"
                | "MissingAuthenticationToken"
                | "MissingAuthenticationTokenException"
                | "NotAuthorized"
                | "OptInRequired"
                | "SignatureDoesNotMatch"
                | "UnauthorizedOperation"
                | "UnrecognizedClientException"
        )
}

/// A signature whose time is too far from AWS's.
fn is_skew(code: &str) -> bool {
    matches!(code, "RequestExpired" | "RequestTimeTooSkewed")
}

/// The first cause of this type, the error itself included. An [`io::Error`] hides what it wraps
/// from `source`, so that is looked into as well.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as _).or_else(|| error.source());
    }
    None
}
