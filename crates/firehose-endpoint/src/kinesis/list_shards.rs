//! ListShards, with its filters and tokens.

use base64_simd::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use kinesis_stream::{ShardDescription, ShardId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Target,
    error::invalid,
    read,
    streams::{shard_id, shard_json, shards_of},
    time,
};
use crate::{
    protocol::{AwsError, Caller},
    state::State,
};

/// Shards in an answer, at most and by default.
const PAGE: usize = 1000;
/// How long a token is good for.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>
const LIFE: TimeDelta = TimeDelta::seconds(300);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    next_token: Option<String>,
    exclusive_start_shard_id: Option<String>,
    max_results: Option<usize>,
    stream_creation_timestamp: Option<f64>,
    shard_filter: Option<Filter>,
}

/// Also kept in a token, so that the next page is of the same shards.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    r#type: String,
    shard_id: Option<String>,
    timestamp: Option<f64>,
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    scope: Caller,
    stream: String,
    /// The last shard of the page before.
    after: ShardId,
    filter: Option<Filter>,
    given: i64,
}

/// The shards of a stream in order of their names.
pub(super) fn list(state: &State, caller: &Caller, input: &Value) -> Result<Value, AwsError> {
    let now = state.settings.clock.now();
    let given: Input = read(input.clone())?;
    let (target, after, filter) = match &given.next_token {
        Some(token) => from_token(input, token, now)?,
        None => {
            let target = Target::of(caller, input)?;
            let after = given.exclusive_start_shard_id.as_deref();
            let after = after.map(|text| shard_id(&target, text)).transpose()?;
            (target, after, given.shard_filter.clone())
        }
    };
    let record = target.record(state)?;
    if given
        .stream_creation_timestamp
        .and_then(time)
        .is_some_and(|created| (record.created - created).abs() >= TimeDelta::seconds(1))
    {
        return Err(target.not_found());
    }
    let mut shards = shards_of(state, &target);
    if let Some(filter) = &filter {
        let horizon = now - TimeDelta::hours(i64::from(record.retention_hours));
        filter.apply(&mut shards, &target, (horizon, now))?;
    }
    shards.retain(|shard| after.is_none_or(|after| shard.id > after));
    let limit = given.max_results.unwrap_or(PAGE).min(PAGE);
    let more = shards.len() > limit;
    shards.truncate(limit);
    let mut answer = json!({ "Shards": shards.iter().map(shard_json).collect::<Vec<_>>() });
    if let Some(last) = shards.last().filter(|_| more) {
        let token = Token {
            scope: target.owner,
            stream: target.name,
            after: last.id,
            filter,
            given: now.timestamp_millis(),
        };
        // Names and numbers always serialise.
        let token = serde_json::to_vec(&token).unwrap_or_default();
        answer["NextToken"] = json!(URL_SAFE_NO_PAD.encode_to_string(token));
    }
    Ok(answer)
}

fn from_token(
    input: &Value,
    token: &str,
    now: DateTime<Utc>,
) -> Result<(Target, Option<ShardId>, Option<Filter>), AwsError> {
    let besides = ["StreamName", "StreamARN", "StreamCreationTimestamp", "ExclusiveStartShardId"];
    if let Some(member) = besides.iter().find(|member| input.get(**member).is_some()) {
        return Err(invalid(format!("NextToken and {member} cannot be provided together.")));
    }
    let text = URL_SAFE_NO_PAD.decode_to_vec(token).ok();
    let token: Token = text
        .and_then(|text| serde_json::from_slice(&text).ok())
        .ok_or_else(|| invalid("NextToken is not one that this list gave."))?;
    if now.timestamp_millis() - token.given > LIFE.num_milliseconds() {
        return Err(AwsError::client(
            "ExpiredNextTokenException",
            "The NextToken is older than 300 seconds: list the shards from the start.",
        ));
    }
    let target = Target { owner: token.scope, name: token.stream };
    Ok((target, Some(token.after), token.filter))
}

impl Filter {
    /// Keeps the shards that the filter lets through; `horizon` is how far back records are kept.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html>
    fn apply(
        &self,
        shards: &mut Vec<ShardDescription>,
        target: &Target,
        (horizon, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), AwsError> {
        let first = shards.iter().map(|shard| shard.made).min().unwrap_or(now).max(horizon);
        let open_at = |shard: &ShardDescription, at| {
            shard.made <= at && shard.closed.is_none_or(|closed| closed > at)
        };
        match self.r#type.as_str() {
            "AFTER_SHARD_ID" => {
                let text = self.shard_id.as_deref().ok_or_else(|| {
                    invalid("ShardId must be given for a ShardFilter of type AFTER_SHARD_ID.")
                })?;
                let after = shard_id(target, text)?;
                shards.retain(|shard| shard.id > after);
            }
            "AT_LATEST" => shards.retain(|shard| shard.closed.is_none()),
            "AT_TRIM_HORIZON" => shards.retain(|shard| open_at(shard, first)),
            "AT_TIMESTAMP" => {
                // Before the first shard was made it is as at the beginning.
                let at = self.time(now)?.max(first);
                shards.retain(|shard| open_at(shard, at));
            }
            "FROM_TIMESTAMP" => {
                let from = self.time(now)?;
                shards.retain(|shard| shard.closed.is_none_or(|closed| closed > from));
            }
            // FROM_TRIM_HORIZON, all that are kept; the model leaves no other.
            _ => {}
        }
        Ok(())
    }

    fn time(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, AwsError> {
        let at = self.timestamp.and_then(time).ok_or_else(|| {
            invalid(format!("Timestamp must be given for a ShardFilter of type {}.", self.r#type))
        })?;
        if at > now {
            return Err(invalid("The Timestamp of a ShardFilter cannot be in the future."));
        }
        Ok(at)
    }
}
