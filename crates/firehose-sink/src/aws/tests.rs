//! The AWS sinks over a wire in this process: a connector that answers from a list.

mod firehose;
mod kinesis;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_firehose::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
            http_client_fn,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;

use crate::{FirehoseSink, Outcome, PutError, PutErrorKind, Record, Stored};

/// What the wire does with one request.
enum Answer {
    Says(u16, String),
    Breaks(Break),
    Hangs,
}

/// The headers of a request, and how long its body was.
type Head = (HashMap<String, String>, usize);

/// Makes the error of a broken wire anew, for such errors cannot be cloned.
type Break = fn() -> ConnectorError;

/// Answers from a list, then with 500, and keeps the bodies of the requests.
#[derive(Clone, Default)]
struct Wire {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<serde_json::Value>>>,
    heads: Arc<Mutex<Vec<Head>>>,
    /// Whether it takes every record once the list is through.
    accepts: bool,
}

impl Wire {
    fn that(answer: Answer) -> Self {
        let answers = Arc::new(Mutex::new(VecDeque::from([answer])));
        Self { answers, ..Self::default() }
    }

    fn that_says(status: u16, body: &serde_json::Value) -> Self {
        Self::that(Answer::Says(status, body.to_string()))
    }

    /// And what it says to the request after that.
    fn then_says(&self, status: u16, body: &serde_json::Value) {
        let mut answers = self.answers.lock().expect("no panic");
        answers.push_back(Answer::Says(status, body.to_string()));
    }

    /// An error as both services put it.
    fn that_errs(status: u16, code: &str) -> Self {
        let body = serde_json::json!({ "__type": code, "message": "as AWS puts it" });
        Self::that_says(status, &body)
    }

    /// Takes every record and gives each an id of its own, as a healthy stream does.
    fn that_accepts() -> Self {
        Self { accepts: true, ..Self::default() }
    }

    fn requests(&self) -> Vec<serde_json::Value> {
        self.requests.lock().expect("not poisoned").clone()
    }

    /// What this header said in each request that had it.
    fn headers(&self, name: &str) -> Vec<String> {
        let heads = self.heads.lock().expect("not poisoned");
        heads.iter().filter_map(|(headers, _)| headers.get(name).cloned()).collect()
    }

    fn lengths(&self) -> Vec<usize> {
        self.heads.lock().expect("not poisoned").iter().map(|(_, length)| *length).collect()
    }

    /// Everything the SDK wants to know, and nothing from the environment.
    fn config(&self) -> SdkConfig {
        let keys = Credentials::new("AKID", "secret", None, None, "test");
        self.config_with(SharedCredentialsProvider::new(keys))
    }

    fn config_with(&self, credentials: SharedCredentialsProvider) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(credentials)
            .endpoint_url("http://localhost:4566")
            .http_client(self.client())
            .build()
    }

    fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("the body is in memory");
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.heads.lock().expect("not poisoned").push((headers, body.len()));
        let body = serde_json::from_slice(body).expect("the body is JSON");
        let accepted = self.accepts.then(|| Answer::Says(200, every_record_accepted(&body)));
        self.requests.lock().expect("not poisoned").push(body);
        let answer = self.answers.lock().expect("not poisoned").pop_front().or(accepted);
        match answer.unwrap_or(Answer::Says(500, "{}".to_owned())) {
            Answer::Says(status, body) => {
                let status = StatusCode::try_from(status).expect("a status");
                let mut response = HttpResponse::new(status, SdkBody::from(body));
                response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
                HttpConnectorFuture::ready(Ok(response))
            }
            Answer::Breaks(error) => HttpConnectorFuture::ready(Err(error())),
            Answer::Hangs => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

/// An answer that both services' clients read: each looks only at the members it knows.
fn every_record_accepted(request: &serde_json::Value) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let entries = request["Records"].as_array().map_or(&[][..], Vec::as_slice).iter().map(|_| {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed).to_string();
        serde_json::json!({ "RecordId": number, "SequenceNumber": number, "ShardId": "shard" })
    });
    let entries: Vec<_> = entries.collect();
    serde_json::json!({ "FailedPutCount": 0, "FailedRecordCount": 0,
        "RequestResponses": entries, "Records": entries })
    .to_string()
}

fn batch(count: usize) -> Vec<Record> {
    (0..count).map(|n| Record::new(format!("record {n}"))).collect()
}

/// Puts three records and expects an error of this kind.
async fn expect_error(sink: &dyn FirehoseSink, kind: PutErrorKind, stored: Stored) -> String {
    let error = sink.put_batch(&batch(3)).await.expect_err("the wire is bad");
    let chain = format!("{error}: {:?}", std::error::Error::source(&error));
    assert_eq!((error.kind(), error.stored()), (kind, stored), "{chain}");
    assert!(!chain.contains("record 1"), "contents leak: {chain}");
    error.to_string()
}

fn ids(outcomes: &[Outcome]) -> Vec<String> {
    let id = |outcome: &Outcome| match outcome {
        Outcome::Accepted(id) => id.to_string(),
        Outcome::Refused(refusal) => refusal.to_string(),
    };
    outcomes.iter().map(id).collect()
}

/// Status, code, and what both sinks must make of them.
const ERRORS: [(u16, &str, PutErrorKind, Stored); 14] = {
    use PutErrorKind::{Denied, Invalid, NotFound, Throttled, Timeout, Unavailable};
    use Stored::{Maybe, Nothing};
    [
        (503, "ServiceUnavailableException", Unavailable, Nothing),
        (400, "ServiceUnavailableException", Unavailable, Nothing),
        (500, "InternalFailure", Unavailable, Maybe),
        (502, "BadGateway", Unavailable, Maybe),
        (400, "ThrottlingException", Throttled, Nothing),
        (400, "ProvisionedThroughputExceededException", Throttled, Nothing),
        (400, "RequestTimeout", Timeout, Nothing),
        (400, "InvalidArgumentException", Invalid, Nothing),
        (400, "ValidationException", Invalid, Nothing),
        (413, "SomethingNew", Invalid, Nothing),
        (400, "ResourceNotFoundException", NotFound, Nothing),
        (400, "AccessDeniedException", Denied, Nothing),
        (403, "SomethingNew", Denied, Nothing),
        (400, "ExpiredTokenException", Denied, Nothing),
    ]
};

/// The suite that every sink passes, over a wire that takes everything.
#[cfg(feature = "conformance")]
async fn every_promise_is_kept<S: FirehoseSink>(sink: impl Fn(&SdkConfig) -> S + Sync) {
    crate::conformance::all(&|| {
        let sink: Arc<dyn FirehoseSink> = Arc::new(sink(&Wire::that_accepts().config()));
        std::future::ready(sink)
    })
    .await;
}

/// What holds for both sinks, however the wire fails.
async fn every_error_is_understood<S: FirehoseSink>(sink: impl Fn(&SdkConfig) -> S) {
    for (status, code, kind, stored) in ERRORS {
        let wire = Wire::that_errs(status, code);
        let shown = expect_error(&sink(&wire.config()), kind, stored).await;
        assert!(shown.contains("as AWS puts it") && shown.contains("`the-stream`"), "{shown}");
        assert_eq!(wire.requests().len(), 1, "the SDK does not retry {code}");
    }
    let broken: [(Break, PutErrorKind, Stored); 4] = [
        (|| ConnectorError::timeout("late".into()), PutErrorKind::Timeout, Stored::Maybe),
        (|| ConnectorError::io("reset".into()), PutErrorKind::Network, Stored::Maybe),
        (|| ConnectorError::other("?".into(), None), PutErrorKind::Network, Stored::Maybe),
        (refused, PutErrorKind::Network, Stored::Nothing),
    ];
    for (error, kind, stored) in broken {
        let wire = Wire::that(Answer::Breaks(error));
        let shown = expect_error(&sink(&wire.config()), kind, stored).await;
        let named = kind == PutErrorKind::Timeout || shown.contains("http://localhost:4566");
        assert!(named, "{shown}");
        assert_eq!(wire.requests().len(), 1, "the SDK does not retry");
    }
}

fn refused() -> ConnectorError {
    ConnectorError::io(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
}

/// Answers that are no answers.
async fn every_strange_answer_is_seen<S: FirehoseSink>(
    sink: impl Fn(&SdkConfig) -> S,
    short: &serde_json::Value,
) {
    let wire = Wire::that_says(200, short);
    let sink_with_short = sink(&wire.config());
    expect_error(&sink_with_short, PutErrorKind::Unreadable, Stored::Maybe).await;
    for (status, kind, stored) in [
        (200, PutErrorKind::Unreadable, Stored::Maybe),
        (502, PutErrorKind::Unavailable, Stored::Maybe),
        (503, PutErrorKind::Unavailable, Stored::Nothing),
    ] {
        for garbage in ["<html>hello</html>", "", "{\"Records\":7", "[]"] {
            let wire = Wire::that(Answer::Says(status, garbage.to_owned()));
            expect_error(&sink(&wire.config()), kind, stored).await;
            assert_eq!(wire.requests().len(), 1);
        }
    }
}

/// A server that never answers costs one request and ten seconds.
async fn silence_ends_after_the_attempt_timeout<S: FirehoseSink>(sink: impl Fn(&SdkConfig) -> S) {
    let wire = Wire::that(Answer::Hangs);
    let started = tokio::time::Instant::now();
    expect_error(&sink(&wire.config()), PutErrorKind::Timeout, Stored::Maybe).await;
    assert!(started.elapsed() < super::ATTEMPT_TIMEOUT * 11 / 10, "{:?}", started.elapsed());
    assert!(started.elapsed() >= super::ATTEMPT_TIMEOUT, "{:?}", started.elapsed());
    assert_eq!(wire.requests().len(), 1);
}

/// Credentials that cannot be had are told with what to do, and nothing is sent.
async fn missing_credentials_say_what_to_do<S: FirehoseSink>(sink: impl Fn(&SdkConfig) -> S) {
    #[derive(Debug)]
    struct None;
    impl aws_credential_types::provider::ProvideCredentials for None {
        fn provide_credentials<'a>(
            &'a self,
        ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let error = aws_credential_types::provider::error::CredentialsError::not_loaded("none");
            aws_credential_types::provider::future::ProvideCredentials::ready(Err(error))
        }
    }
    let wire = Wire::default();
    let config = wire.config_with(SharedCredentialsProvider::new(None));
    let shown = expect_error(&sink(&config), PutErrorKind::Denied, Stored::Nothing).await;
    assert!(shown.contains("AWS_PROFILE") && shown.contains("AWS_ACCESS_KEY_ID"), "{shown}");
    assert!(wire.requests().is_empty());
}

/// Limits are checked before anything is sent, by the suite's own rules where no wire is needed.
async fn over_limits_nothing_is_sent<S: FirehoseSink>(sink: impl Fn(&SdkConfig) -> S) {
    let wire = Wire::default();
    let sink = sink(&wire.config());
    let limits = sink.limits();
    let large = Record::new(vec![0; limits.record_bytes + 1]);
    for batch in [vec![large], batch(limits.records + 1)] {
        let error: PutError = sink.put_batch(&batch).await.expect_err("over the limits");
        assert_eq!((error.kind(), error.stored()), (PutErrorKind::Invalid, Stored::Nothing));
    }
    assert!(sink.put_batch(&[]).await.expect("nothing to do").is_empty());
    assert!(wire.requests().is_empty());
}
