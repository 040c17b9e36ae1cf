//! How long the store of a bucket waits, and what it asks again.
//!
//! - **A connection** that is refused, or a name that is not known, is tried three times within
//!   half a second, for one balancer of many may be going away. A connection that just does not
//!   come about is given up after five seconds. Then it is
//!   [`Error::Unreachable`](crate::Error::Unreachable).
//! - **An answer** of 5xx, such as `503 SlowDown`, or 429, a reset, and a body that breaks off are
//!   left to object_store: up to eight more requests, with pauses that grow from 0.1 to 5 seconds
//!   and are drawn by lot, so 40 seconds at the very most. A body goes on from where it broke off,
//!   if the object is still the same.
//! - **A request** with its body has 60 seconds. One that is cut off by that goes on likewise.
//!
//! Left to others: what a failure means (`diagnose.rs`), and reading again what was replaced
//! meanwhile (`read.rs`).

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use tokio::time::Instant;

use crate::diagnose::NoConnection;

/// How long one connection may take, with the look-up of its name and TLS. No further attempt
/// begins after that.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a connection is tried.
const CONNECT_ATTEMPTS: u32 = 3;
/// The pause after the first attempt; after the second it is twice that.
const CONNECT_PAUSE: Duration = Duration::from_millis(150);

/// How long a request may take to the end of its body: at 2 MB/s 120 MB, more than a row group's
/// column is likely to have.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Requests after the first one.
const RETRIES: usize = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const PAUSE_GROWTH: f64 = 3.0;
/// Counted from the first request and including its body, so that it must be longer than a body
/// takes; below the five minutes in which a signature is good.
const RETRY_TIMEOUT: Duration = Duration::from_mins(3);

/// The time limits of the client.
pub(crate) fn client_options() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(REQUEST_TIMEOUT)
}

/// What object_store asks again, and when.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: FIRST_PAUSE,
            max_backoff: LONGEST_PAUSE,
            base: PAUSE_GROWTH,
        },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    }
}

/// Makes clients that give up soon where nobody listens. object_store by itself treats that as it
/// treats a store that is busy.
#[derive(Debug)]
pub(crate) struct Connector {
    without_tls: bool,
}

impl Connector {
    /// For requests to this endpoint; `None` is AWS.
    pub(crate) fn to(endpoint: Option<&str>) -> Self {
        Self { without_tls: endpoint.is_some_and(is_on_this_machine) && !is_proxied() }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = if self.without_tls { client_without_tls() } else { None };
        let client = match client {
            Some(client) => client,
            None => ReqwestConnector::default().connect(options)?,
        };
        Ok(HttpClient::new(Connecting { client }))
    }
}

/// The same client without the system's certificates, whose loading takes some milliseconds, as a small read from an
/// endpoint on this machine does in all. It trusts no TLS at all.
fn client_without_tls() -> Option<HttpClient> {
    let client = reqwest::Client::builder()
        .tls_built_in_root_certs(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .http1_only()
        .build();
    client.ok().map(HttpClient::new)
}

/// True for plain HTTP to this machine itself.
fn is_on_this_machine(endpoint: &str) -> bool {
    let Some(authority) = endpoint.strip_prefix("http://").and_then(|rest| rest.split('/').next())
    else {
        return false;
    };
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// True where requests may go through a proxy, which may speak TLS itself.
fn is_proxied() -> bool {
    let names = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    names.into_iter().any(|name| std::env::var_os(name).is_some())
}

/// Passes requests on, and sees to their connections.
#[derive(Debug)]
struct Connecting {
    client: HttpClient,
}

#[async_trait]
impl HttpService for Connecting {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let begin = Instant::now();
        let mut attempts = 0;
        loop {
            let error = match self.client.execute(request.clone()).await {
                Err(error) if is_about_the_connection(&error) => error,
                outcome => return outcome,
            };
            attempts += 1;
            if attempts == CONNECT_ATTEMPTS || begin.elapsed() >= CONNECT_TIMEOUT {
                let endpoint = endpoint(&request);
                let failure = NoConnection { endpoint, attempts, source: Box::new(error) };
                // Of this kind nothing is asked again.
                return Err(HttpError::new(HttpErrorKind::Unknown, failure));
            }
            tracing::debug!(%error, attempts, "no connection yet");
            tokio::time::sleep(CONNECT_PAUSE * attempts).await;
        }
    }
}

/// True when no connection came about. One that took too long is of the same kind as an answer
/// that did; only hyper's words tell them apart.
fn is_about_the_connection(error: &HttpError) -> bool {
    let mut cause = std::error::Error::source(error);
    match error.kind() {
        HttpErrorKind::Connect => return true,
        HttpErrorKind::Timeout => {}
        _ => return false,
    }
    while let Some(error) = cause {
        if error.to_string().contains("client error (Connect)") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Scheme, host and port.
fn endpoint(request: &HttpRequest) -> String {
    let uri = request.uri();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", uri.scheme_str().unwrap_or("https"))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use bytes::Bytes;

    use super::*;

    #[test]
    fn only_plain_http_to_this_machine_goes_without_certificates() {
        for (endpoint, without) in [
            ("http://127.0.0.1:4566", true),
            ("http://127.1.2.3/", true),
            ("http://localhost:4566/", true),
            ("http://[::1]:4566", true),
            ("https://localhost:4566", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1.example.com:80", false),
            ("http://minio:9000", false),
            ("http://10.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(is_on_this_machine(endpoint), without, "{endpoint}");
        }
    }

    /// Fails in one way, after a time, and counts.
    #[derive(Debug)]
    struct Failing {
        kind: HttpErrorKind,
        words: &'static str,
        after: Duration,
        calls: Arc<AtomicU32>,
    }

    #[async_trait]
    impl HttpService for Failing {
        async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.after).await;
            Err(HttpError::new(self.kind, io::Error::other(self.words)))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_connections_are_tried_again_and_not_for_long() {
        use HttpErrorKind::{Connect, Interrupted, Timeout, Unknown};
        let (at_once, late) = (Duration::from_millis(1), CONNECT_TIMEOUT);
        for (kind, words, after, calls, kind_after) in [
            (Connect, "Connection refused", at_once, 3, Unknown),
            (Connect, "dns error", at_once, 3, Unknown),
            (Timeout, "client error (Connect)", late, 1, Unknown),
            (Timeout, "operation timed out", REQUEST_TIMEOUT, 1, Timeout),
            (Interrupted, "Connection reset", at_once, 1, Interrupted),
        ] {
            let count = Arc::new(AtomicU32::new(0));
            let service = Failing { kind, words, after, calls: Arc::clone(&count) };
            let connecting = Connecting { client: HttpClient::new(service) };
            let begin = Instant::now();
            let error = connecting.call(HttpRequest::new(Bytes::new().into())).await.unwrap_err();
            assert_eq!(
                (count.load(Ordering::SeqCst), error.kind()),
                (calls, kind_after),
                "{words}"
            );
            // The clock is paused: this is the time that was asked for, not the time it took.
            let pauses = begin.elapsed() - after * calls;
            assert!(pauses <= Duration::from_millis(500), "{words}: {pauses:?}");
        }
    }
}
