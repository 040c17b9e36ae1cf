//! Fault rules, listed and replaced while the endpoint runs.

use http::StatusCode;
use s3s::HttpResponse;
use serde_json::{Value, json};

use crate::{FaultRule, FaultRuleError, state::State};

/// The rules in force, with how many requests each saw and hit.
pub(super) fn list(state: &State) -> Value {
    let rules: Vec<Value> = state
        .faults
        .list()
        .into_iter()
        .map(|(rule, count)| {
            json!({"rule": rule.to_string(), "requests": count.requests, "hits": count.hits})
        })
        .collect();
    json!({"faults": rules})
}

/// Puts the rules of a text, one a line, in the place of those in force. One that cannot be read
/// leaves all as they were.
pub(super) fn replace(state: &State, body: &[u8]) -> HttpResponse {
    let text = String::from_utf8_lossy(body);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let rules: Result<Vec<FaultRule>, FaultRuleError> = lines.map(str::parse).collect();
    match rules {
        Ok(rules) => {
            state.faults.replace(rules);
            super::text(StatusCode::OK, &list(state))
        }
        Err(why) => super::refusal(StatusCode::BAD_REQUEST, &why.to_string()),
    }
}
