//! Who may be asked, and from which pages: the `Host`, `Origin` and `Sec-Fetch-Site` headers.
//!
//! The endpoint has no password on a developer's machine, so that a page in the developer's
//! browser must not be able to talk to it. A page that gets its own name resolved to 127.0.0.1
//! (DNS rebinding) shows in `Host`. A page that posts a form or an XML text without a preflight
//! shows in `Origin`. Reading is left to the browser: no answer carries CORS headers, so that no
//! foreign page sees one.

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap, Method, Version,
    header::{HOST, ORIGIN},
    uri::Authority,
};
use s3s::HttpRequest;

use crate::protocol::AwsError;

/// The address that a connection came in on; servers put it into a request's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalAddress(pub(crate) SocketAddr);

/// Refuses requests for another host, and changes that another site's page asks for.
///
/// # Errors
///
/// `AccessDeniedException` (403), or a 400 for a request without one clear host.
pub(crate) fn check(request: &HttpRequest, host_names: &[String]) -> Result<(), AwsError> {
    let local = request.extensions().get::<LocalAddress>().map(|local| local.0.ip());
    let allowed = |host: &str| is_allowed(host, local, host_names);
    for host in hosts(request)?.into_iter().flatten() {
        if !allowed(host_of(host)) {
            return Err(AwsError::denied(format!(
                "The host `{}` is not one of this endpoint's; use localhost, the address that it \
                 listens on, or a host name that it was started with",
                host.escape_default()
            )));
        }
    }
    check_origin(request.method(), request.headers(), allowed)
}

/// Whether a bucket stands before the endpoint's own name in the request's host, as in
/// `bucket.localhost` or `bucket.s3.localhost`.
pub(crate) fn names_bucket(request: &HttpRequest, host_names: &[String]) -> bool {
    let Ok([Some(host), _] | [None, Some(host)]) = hosts(request) else {
        return false;
    };
    let host = host_of(host).to_ascii_lowercase();
    let under = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    match host.strip_suffix("localhost") {
        Some("" | "s3.") => false,
        Some(rest) => rest.ends_with('.'),
        None => host_names.iter().any(|name| under(&name.to_ascii_lowercase())),
    }
}

/// The host in the request's target and the one in its header; each may be missing.
fn hosts(request: &HttpRequest) -> Result<[Option<&str>; 2], AwsError> {
    let unclear = |message: &str| AwsError::client("BadRequest", message);
    let mut headers = request.headers().get_all(HOST).iter();
    let header = match (headers.next(), headers.next()) {
        (Some(header), None) => Some(
            header.to_str().map_err(|_| unclear("The Host header has characters of no host"))?,
        ),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(unclear("The request has more than one Host header")),
    };
    let authority = request.uri().authority().map(Authority::as_str);
    if header.is_none() && authority.is_none() && request.version() == Version::HTTP_11 {
        return Err(unclear("The request has no Host header"));
    }
    Ok([authority, header])
}

/// A host without its port; the brackets of an IPv6 address go too.
fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((host, port)) if is_port(port) => host,
            _ => authority,
        };
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_allowed(host: &str, local: Option<IpAddr>, host_names: &[String]) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback()
            || local.is_some_and(|local| local.to_canonical() == address)
            || host_names.iter().any(|name| name.eq_ignore_ascii_case(host));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    is_under(host, "localhost") || host_names.iter().any(|name| is_under(host, name))
}

/// Whether `host` is `name` or a name below it.
fn is_under(host: &str, name: &str) -> bool {
    let Some(start) = host.len().checked_sub(name.len()) else {
        return false;
    };
    let (before, end) = (host.as_bytes().get(..start), host.as_bytes().get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
        && before.is_some_and(|before| before.is_empty() || before.ends_with(b"."))
}

/// GET and HEAD change nothing here, and no foreign page can read what they answer.
fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    allowed: impl Fn(&str) -> bool,
) -> Result<(), AwsError> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let foreign = match headers.get(ORIGIN) {
        Some(origin) => !origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"))
            .is_some_and(|(_, authority)| allowed(host_of(authority))),
        None => headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site"),
    };
    if foreign {
        return Err(AwsError::denied(
            "The request comes from a page of another site; this endpoint takes changes from \
             programs and from pages of its own hosts only",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&'static str, &str)]) -> HttpRequest {
        let mut request = HttpRequest::new(s3s::Body::empty());
        *request.uri_mut() = uri.parse().unwrap();
        *request.method_mut() = Method::POST;
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let local = LocalAddress("192.168.1.5:4566".parse().unwrap());
        request.extensions_mut().insert(local);
        request
    }

    fn names() -> Vec<String> {
        vec!["firehose.test".to_owned()]
    }

    #[test]
    fn only_own_names_and_addresses_may_be_asked() {
        for (host, allowed) in [
            ("localhost", true),
            ("LocalHost:4566", true),
            ("localhost.:4566", true),
            ("bucket.s3.localhost:4566", true),
            ("127.0.0.1:4566", true),
            ("127.9.9.9", true),
            ("[::1]:4566", true),
            ("[::ffff:127.0.0.1]:4566", true),
            ("192.168.1.5:4566", true),
            ("firehose.test", true),
            ("bucket.Firehose.test:80", true),
            ("evil.example", false),
            ("evil.example:4566", false),
            ("localhost.evil.example", false),
            ("notlocalhost", false),
            ("evilfirehose.test", false),
            ("192.168.1.6:4566", false),
            ("8.8.8.8", false),
            ("0.0.0.0:4566", false),
            ("[::2]", false),
            ("[::1]evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost:80@evil.example", false),
            ("", false),
        ] {
            let found = check(&request("/", &[("host", host)]), &names());
            assert_eq!(found.is_ok(), allowed, "{host}: {found:?}");
        }
    }

    #[test]
    fn the_target_of_a_request_counts_like_its_header() {
        assert!(check(&request("http://evil.example/", &[("host", "localhost")]), &[]).is_err());
        assert!(check(&request("http://localhost/", &[("host", "evil.example")]), &[]).is_err());
        assert!(check(&request("http://localhost:1/", &[]), &[]).is_ok());
        assert!(check(&request("/", &[]), &[]).is_err());
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert!(check(&request("/", &twice), &[]).is_err());
    }

    #[test]
    fn pages_of_other_sites_change_nothing() {
        for (header, value, allowed) in [
            ("origin", "http://localhost:3000", true),
            ("origin", "http://127.0.0.1:4566", true),
            ("origin", "https://app.firehose.test", true),
            ("origin", "https://evil.example", false),
            ("origin", "https://evil.example:4566", false),
            ("origin", "http://localhost.evil.example", false),
            ("origin", "null", false),
            ("origin", "", false),
            ("sec-fetch-site", "cross-site", false),
            ("sec-fetch-site", "same-origin", true),
            ("sec-fetch-site", "none", true),
        ] {
            let mut posted = request("/", &[("host", "localhost"), (header, value)]);
            assert_eq!(check(&posted, &names()).is_ok(), allowed, "{header}: {value}");
            *posted.method_mut() = Method::GET;
            assert!(check(&posted, &names()).is_ok(), "{header}: {value}");
        }
    }

    #[test]
    fn a_bucket_stands_before_the_endpoints_own_name() {
        for (host, wanted) in [
            ("localhost:4566", false),
            ("s3.localhost", false),
            ("bucket.localhost:4566", true),
            ("bucket.s3.localhost", true),
            ("firehose.test", false),
            ("bucket.firehose.test", true),
            ("127.0.0.1:4566", false),
        ] {
            assert_eq!(names_bucket(&request("/", &[("host", host)]), &names()), wanted, "{host}");
        }
    }
}
