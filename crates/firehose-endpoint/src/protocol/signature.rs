//! Verifies Signature Version 4 for the services that s3s does not serve.
//!
//! The request is brought into canonical form here; keys and signatures are calculated by AWS's
//! own crate.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    time::SystemTime,
};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use http::{HeaderMap, Method, Uri};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{AwsError, credential::Claim, percent};

/// How far the caller's clock may be off.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
const SKEW: TimeDelta = TimeDelta::minutes(15);
/// A presigned query is good for seven days at most.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
const MAX_EXPIRES_SECONDS: i64 = 604_800;
const INVALID: &str = "InvalidSignatureException";
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// What is signed of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Verifies that `request` was signed for `service` with one of `keys` (access key id to secret)
/// and not long before or after `now`.
///
/// # Errors
///
/// `MissingAuthenticationTokenException`, `IncompleteSignatureException`,
/// `UnrecognizedClientException` for an unknown key, `InvalidSignatureException` for the rest.
pub(crate) fn verify(
    request: Signed<'_>,
    service: &str,
    keys: &BTreeMap<String, String>,
    now: DateTime<Utc>,
) -> Result<(), AwsError> {
    let claim = Claim::of(request.headers, request.uri)?;
    if claim.scope.service != service {
        return Err(invalid(format!(
            "Credential should be scoped to correct service: '{service}'."
        )));
    }
    let time = check_time(&claim, now)?;
    check_signed_headers(&claim, request.headers)?;
    let Some(secret) = keys.get(&claim.scope.access_key) else {
        return Err(AwsError::client(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ));
    };
    let expected = expected_signature(&claim, request, secret, time)?;
    if expected.as_bytes().ct_eq(claim.signature.as_bytes()).into() {
        return Ok(());
    }
    Err(invalid(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details.",
    ))
}

/// The time of the signature, if it is near enough to `now`.
fn check_time(claim: &Claim, now: DateTime<Utc>) -> Result<DateTime<Utc>, AwsError> {
    let said = &claim.time;
    let time = read_time(said).ok_or_else(|| {
        AwsError::client(
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format', such as 20220108T060000Z.",
        )
    })?;
    let (date, scope_date) = (time.format("%Y%m%d").to_string(), &claim.scope.date);
    if date != *scope_date {
        return Err(invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '{scope_date}' != '{date}'."
        )));
    }
    let good_for = match &claim.expires {
        None => SKEW,
        Some(seconds) => seconds
            .parse()
            .ok()
            .filter(|seconds| (1..=MAX_EXPIRES_SECONDS).contains(seconds))
            .and_then(TimeDelta::try_seconds)
            .ok_or_else(|| invalid("X-Amz-Expires must be between 1 and 604800 seconds."))?,
    };
    let (now_text, age) = (now.format(TIME), now.signed_duration_since(time));
    if age > good_for {
        return Err(invalid(format!(
            "Signature expired: it was made at {}, and it is now {now_text}.",
            time.format(TIME)
        )));
    }
    if age < -SKEW {
        return Err(invalid(format!(
            "Signature not yet current: it was made at {}, and it is now {now_text}.",
            time.format(TIME)
        )));
    }
    Ok(time)
}

/// `20220108T060000Z`, or the form of a `Date` header.
fn read_time(text: &str) -> Option<DateTime<Utc>> {
    if text.len() == 16 {
        return NaiveDateTime::parse_from_str(text, TIME).ok().map(|time| time.and_utc());
    }
    DateTime::parse_from_rfc2822(text).ok().map(|time| time.to_utc())
}

/// Host and all of AWS's own headers must be covered, or they could be changed on the way.
fn check_signed_headers(claim: &Claim, headers: &HeaderMap) -> Result<(), AwsError> {
    let signed = |name: &str| claim.signed_headers.iter().any(|signed| signed == name);
    let of_aws = headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-amz-"));
    match std::iter::once("host").chain(of_aws).find(|name| !signed(name)) {
        None => Ok(()),
        Some(name) => {
            Err(invalid(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")))
        }
    }
}

fn expected_signature(
    claim: &Claim,
    request: Signed<'_>,
    secret: &str,
    time: DateTime<Utc>,
) -> Result<String, AwsError> {
    let canonical = canonical_request(claim, request)?;
    let scope = &claim.scope;
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{}/{}/{}/aws4_request\n{}",
        time.format(TIME),
        scope.date,
        scope.region,
        scope.service,
        hex_sha256(canonical.as_bytes())
    );
    let date = NaiveDate::parse_from_str(&scope.date, "%Y%m%d").unwrap_or(time.date_naive());
    let date = SystemTime::from(date.and_time(NaiveTime::MIN).and_utc());
    let key = generate_signing_key(secret, date, &scope.region, &scope.service);
    Ok(calculate_signature(key, to_sign.as_bytes()))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
fn canonical_request(claim: &Claim, request: Signed<'_>) -> Result<String, AwsError> {
    let mut out = String::with_capacity(512);
    out.push_str(request.method.as_str());
    out.push('\n');
    // The path is on the wire encoded once; for all services but S3 it is signed encoded twice.
    for (index, segment) in request.uri.path().split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        percent::encode(segment.as_bytes(), &mut out);
    }
    out.push('\n');
    canonical_query(request.uri, claim.expires.is_some(), &mut out);
    out.push('\n');
    let values = header_values(request)?;
    for name in &claim.signed_headers {
        let value = values.get(name.as_str()).map_or("", String::as_str);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name}:{value}");
    }
    let _ = write!(out, "\n{}\n{}", claim.signed_headers.join(";"), hex_sha256(request.body));
    Ok(out)
}

/// Pairs in the order of their encoded names and values, without the signature itself.
fn canonical_query(uri: &Uri, presigned: bool, out: &mut String) {
    let encoded = |text: &str| {
        let mut out = String::with_capacity(text.len());
        percent::encode(&percent::decode(text), &mut out);
        out
    };
    let pairs = uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(name), encoded(value)))
        .filter(|(name, _)| !(presigned && name == "X-Amz-Signature"))
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let and = if index > 0 { "&" } else { "" };
        let _ = write!(out, "{and}{name}={value}");
    }
}

/// The values of each header, as they are signed: trimmed, runs of spaces as one, several joined.
fn header_values(request: Signed<'_>) -> Result<HashMap<&str, String>, AwsError> {
    let mut values: HashMap<&str, String> = HashMap::new();
    for (name, value) in request.headers {
        let value = str::from_utf8(value.as_bytes())
            .map_err(|_| invalid(format!("The value of '{name}' is no text.")))?;
        let value = value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        match values.get_mut(name.as_str()) {
            Some(joined) => {
                joined.push(',');
                joined.push_str(&value);
            }
            None => {
                values.insert(name.as_str(), value);
            }
        }
    }
    // HTTP/2 has an authority in the place of the header.
    if let Some(authority) = request.uri.authority().filter(|_| !values.contains_key("host")) {
        values.insert("host", authority.as_str().to_owned());
    }
    Ok(values)
}

fn hex_sha256(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client(INVALID, message)
}

#[cfg(test)]
mod tests;
