//! Routes outside of AWS's surface, under `/_firehose-local/`: health, status, metrics, flush,
//! reset, faults. JSON in and out, except for metrics and for the rules that are put.
//!
//! No bucket has a name that begins with an underscore, so that no object hides behind them.

mod faults;
mod metrics;
mod status;

use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE, request::Parts};
use s3s::HttpResponse;
use serde_json::{Value, json};

use crate::{protocol::query_pairs, state::State};

const ROOT: &str = "/_firehose-local/";
/// How long a flush is waited for when the caller does not say.
const FLUSH_TIME: Duration = Duration::from_secs(60);
const MAX_FLUSH_TIME: Duration = Duration::from_secs(3600);

/// Whether a path is one of these routes.
pub(crate) fn is_route(path: &str) -> bool {
    path.starts_with(ROOT) || path == ROOT.trim_end_matches('/')
}

/// Whether a request may be answered without a signature even where signatures are verified: the
/// health route says nothing but that the endpoint lives.
pub(crate) fn is_open(parts: &Parts) -> bool {
    route(parts) == "health"
}

/// Answers a request.
pub(crate) async fn answer(state: &State, parts: &Parts, body: &[u8]) -> HttpResponse {
    match (&parts.method, route(parts)) {
        (&Method::GET | &Method::HEAD, "health") => text(StatusCode::OK, &health()),
        (&Method::GET, "status") => text(StatusCode::OK, &status::of(state)),
        (&Method::GET, "metrics") => metrics::answer(state),
        (&Method::GET, "faults") => text(StatusCode::OK, &faults::list(state)),
        (&Method::PUT | &Method::POST, "faults") => faults::replace(state, body),
        (&Method::DELETE, "faults") => faults::replace(state, b""),
        (&Method::POST, "flush") => flush(state, parts).await,
        (&Method::POST, "reset") => reset(state).await,
        (_, "health" | "status" | "metrics") => method_not_allowed("GET"),
        (_, "flush" | "reset") => method_not_allowed("POST"),
        (_, "faults") => method_not_allowed("GET, PUT, POST, DELETE"),
        _ => refusal(
            StatusCode::NOT_FOUND,
            "there is no such route; there are GET health, status, metrics, faults; PUT faults; \
             DELETE faults; POST flush, reset",
        ),
    }
}

/// A refusal: `{"error": "…"}`.
pub(crate) fn refusal(status: StatusCode, problem: &str) -> HttpResponse {
    text(status, &json!({"error": problem}))
}

fn text(status: StatusCode, value: &Value) -> HttpResponse {
    let mut answer = HttpResponse::new(format!("{value}\n").into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn route(parts: &Parts) -> &str {
    parts.uri.path().strip_prefix(ROOT).unwrap_or_default()
}

fn method_not_allowed(allowed: &'static str) -> HttpResponse {
    let mut answer =
        refusal(StatusCode::METHOD_NOT_ALLOWED, &format!("this route answers to {allowed}"));
    answer.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn health() -> Value {
    json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})
}

/// Delivers what is buffered and answers when that is done or its time is over.
async fn flush(state: &State, parts: &Parts) -> HttpResponse {
    let (mut stream, mut within) = (None, FLUSH_TIME);
    for (name, value) in query_pairs(parts.uri.query().unwrap_or_default()) {
        match &*name {
            "stream" => stream = Some(value.into_owned()),
            "within" => match read_time(&value) {
                Some(time) => within = time,
                None => {
                    let problem = "within is a time of at most 3600s, such as 500ms or 5s";
                    return refusal(StatusCode::BAD_REQUEST, problem);
                }
            },
            _ => {
                let problem = "flush takes ?stream=NAME and ?within=TIME";
                return refusal(StatusCode::BAD_REQUEST, problem);
            }
        }
    }
    let answers = state.streams.flush(stream.as_deref(), within).await;
    if let Some(stream) = stream.filter(|_| answers.is_empty()) {
        let problem = format!("there is no delivery stream `{}`", stream.escape_default());
        return refusal(StatusCode::NOT_FOUND, &problem);
    }
    let all = answers.iter().all(|answer| answer.delivered);
    let code = if all { StatusCode::OK } else { StatusCode::GATEWAY_TIMEOUT };
    let streams: Vec<Value> = answers.iter().map(status::of_flush).collect();
    text(code, &json!({"delivered": all, "streams": streams}))
}

/// A whole number of `ms` or `s`.
fn read_time(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s')?, 1000),
    };
    let millis = number.parse::<u64>().ok()?.checked_mul(unit)?;
    Some(Duration::from_millis(millis)).filter(|time| *time <= MAX_FLUSH_TIME)
}

/// Forgets streams, catalogue and buckets. Fault rules are settings, and stay.
async fn reset(state: &State) -> HttpResponse {
    match state.reset().await {
        Ok(()) => text(StatusCode::OK, &json!({"reset": true})),
        Err(why) => {
            let problem = format!("failed to reset: {why}");
            tracing::error!(%why, "failed to reset");
            refusal(StatusCode::INTERNAL_SERVER_ERROR, &problem)
        }
    }
}
