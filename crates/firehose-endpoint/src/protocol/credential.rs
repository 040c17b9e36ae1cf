//! What a request says about its signature: the `Authorization` header or a presigned query.

use http::{HeaderMap, HeaderValue, Uri, header::AUTHORIZATION};

use super::{AwsError, query_pairs};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const INCOMPLETE: &str = "IncompleteSignatureException";

/// What a signature is good for: `<access key>/<date>/<region>/<service>/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    /// Eight digits.
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// A signature as the caller states it.
pub(crate) struct Claim {
    pub(crate) scope: Scope,
    /// As the caller gives them: in lower case, or they match no header.
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
    /// `X-Amz-Date`, or the `Date` header.
    pub(crate) time: String,
    /// Seconds that a presigned query is good for; None for a header.
    pub(crate) expires: Option<String>,
}

impl Scope {
    /// The scope that a request names, verified or not; None when it is not signed at all.
    ///
    /// # Errors
    ///
    /// `IncompleteSignatureException` for a header without a usable scope.
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri) -> Result<Option<Self>, AwsError> {
        if let Some(header) = headers.get(AUTHORIZATION) {
            return Self::read(header_part(parts(header)?, "Credential").unwrap_or_default())
                .map(Some);
        }
        query_part(uri, "X-Amz-Credential").map(|credential| Self::read(&credential)).transpose()
    }

    fn read(credential: &str) -> Result<Self, AwsError> {
        // An access key may hold slashes; what follows it may not.
        let mut parts = credential.rsplitn(5, '/');
        let (end, service, region, date, access_key) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
        match (access_key, date, region, service, end) {
            (Some(access_key), Some(date), Some(region), Some(service), Some("aws4_request"))
                if !access_key.is_empty()
                    && is_date(date)
                    && is_name(region)
                    && is_name(service) =>
            {
                Ok(Self {
                    access_key: access_key.to_owned(),
                    date: date.to_owned(),
                    region: region.to_owned(),
                    service: service.to_owned(),
                })
            }
            _ => Err(AwsError::client(
                INCOMPLETE,
                "The signature requires a 'Credential' of the form \
                 <access key>/<yyyymmdd>/<region>/<service>/aws4_request",
            )),
        }
    }
}

impl Claim {
    /// What the request claims, from its header or else its query.
    ///
    /// # Errors
    ///
    /// `MissingAuthenticationTokenException` for an unsigned request,
    /// `IncompleteSignatureException` for one that leaves something out.
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri) -> Result<Self, AwsError> {
        if headers.contains_key(AUTHORIZATION) {
            return Self::of_header(headers);
        }
        if query_part(uri, "X-Amz-Signature").is_some() {
            return Self::of_query(uri);
        }
        Err(AwsError::client("MissingAuthenticationTokenException", "Missing Authentication Token"))
    }

    fn of_header(headers: &HeaderMap) -> Result<Self, AwsError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(header), None) = (values.next(), values.next()) else {
            return Err(AwsError::client(INCOMPLETE, "One 'Authorization' header is required"));
        };
        let parts = parts(header)?;
        let part = |name| header_part(parts, name).ok_or_else(|| missing("Authorization", name));
        let time = headers.get("x-amz-date").or_else(|| headers.get("date"));
        let time = time.and_then(|time| time.to_str().ok());
        Ok(Self {
            scope: Scope::read(part("Credential")?)?,
            signed_headers: split_headers(part("SignedHeaders")?),
            signature: part("Signature")?.to_owned(),
            time: time
                .ok_or_else(|| missing("Authorization", "X-Amz-Date' or a 'Date"))?
                .to_owned(),
            expires: None,
        })
    }

    fn of_query(uri: &Uri) -> Result<Self, AwsError> {
        let part = |name| query_part(uri, name).ok_or_else(|| missing("query", name));
        if part("X-Amz-Algorithm")? != ALGORITHM {
            return Err(unknown_algorithm());
        }
        Ok(Self {
            scope: Scope::read(&part("X-Amz-Credential")?)?,
            signed_headers: split_headers(&part("X-Amz-SignedHeaders")?),
            signature: part("X-Amz-Signature")?,
            time: part("X-Amz-Date")?,
            expires: Some(part("X-Amz-Expires")?),
        })
    }
}

/// What follows the algorithm in the header.
fn parts(header: &HeaderValue) -> Result<&str, AwsError> {
    let text = header.to_str().unwrap_or_default().trim();
    match text.split_once([' ', ',']) {
        Some((ALGORITHM, parts)) => Ok(parts),
        _ => Err(unknown_algorithm()),
    }
}

fn header_part<'a>(parts: &'a str, name: &str) -> Option<&'a str> {
    parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
}

fn query_part(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = query_pairs(uri.query()?);
    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

fn split_headers(names: &str) -> Vec<String> {
    names.split(';').map(str::to_owned).collect()
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Regions become parts of ARNs and of file names, so that nothing else may stand in them.
fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn missing(place: &str, name: &str) -> AwsError {
    AwsError::client(INCOMPLETE, format!("The {place} of a signed request requires '{name}'"))
}

fn unknown_algorithm() -> AwsError {
    AwsError::client(
        INCOMPLETE,
        format!("A request is signed by {ALGORITHM}; other ways to sign are not supported"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope_of(header: &str) -> Result<Option<Scope>, AwsError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        Scope::of(&headers, &Uri::from_static("/"))
    }

    #[test]
    fn the_scope_is_read_from_the_header_whatever_else_is_missing() {
        for header in [
            "AWS4-HMAC-SHA256 Credential=AKID/20220108/eu-west-1/firehose/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=00",
            "AWS4-HMAC-SHA256 Signature=00,Credential=AKID/20220108/eu-west-1/firehose/aws4_request",
        ] {
            let scope = scope_of(header).unwrap().unwrap();
            assert_eq!(
                (&*scope.access_key, &*scope.region, &*scope.service),
                ("AKID", "eu-west-1", "firehose")
            );
        }
    }

    #[test]
    fn headers_without_a_usable_scope_are_incomplete() {
        for header in [
            "",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "AWS AKID:signature",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 Credential=",
            "AWS4-HMAC-SHA256 Credential=AKID/20220108/us-east-1/firehose",
            "AWS4-HMAC-SHA256 Credential=AKID/20220108/us-east-1/firehose/aws4_reques",
            "AWS4-HMAC-SHA256 Credential=AKID/2022-01-08/us-east-1/firehose/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/20220108/../firehose/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKID/20220108//firehose/aws4_request",
            "AWS4-HMAC-SHA256 Credential=/20220108/us-east-1/firehose/aws4_request",
            "AWS4-ECDSA-P256-SHA256 Credential=AKID/20220108/firehose/aws4_request",
        ] {
            assert_eq!(scope_of(header).unwrap_err().code, INCOMPLETE, "{header}");
        }
    }

    #[test]
    fn the_scope_of_a_presigned_query_is_decoded() {
        let uri = Uri::from_static(
            "/?Action=GetCallerIdentity&X-Amz-Credential=AKID%2F20220108%2Feu-west-1%2Fsts%2Faws4_request",
        );
        let scope = Scope::of(&HeaderMap::new(), &uri).unwrap().unwrap();
        assert_eq!(scope.region, "eu-west-1");
        assert_eq!(Scope::of(&HeaderMap::new(), &Uri::from_static("/?a=b")), Ok(None));
    }
}
