//! SplitShard, MergeShards, UpdateShardCount.

use std::sync::Arc;

use chrono::TimeDelta;
use kinesis_stream::{Error, HashKey, ShardId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Target,
    error::{invalid, not_active},
    lifecycle::check_quota,
    nothing,
    streams::shards_of,
};
use crate::{
    protocol::AwsError,
    state::{DataStreamRecord, LiveDataStream, State},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SplitInput {
    shard_to_split: String,
    new_starting_hash_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MergeInput {
    shard_to_merge: String,
    adjacent_shard_to_merge: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScaleInput {
    target_shard_count: u32,
}

/// Splits a shard in two.
pub(super) async fn split(
    state: &State,
    target: &Target,
    input: &SplitInput,
) -> Result<Value, AwsError> {
    let (_, live) = changeable(state, target)?;
    let _alone = live.resharding.lock().await;
    let id = existing(state, target, &input.shard_to_split)?;
    check_quota(state, &target.owner, 1)?;
    let range = live.stream.shards(state.settings.clock.now());
    let range = range.iter().find(|shard| shard.id == id).map(|shard| shard.hash_keys);
    let given = &input.new_starting_hash_key;
    let outside = || {
        let (start, end) = range.map_or((HashKey(0), HashKey::MAX), |keys| (keys.start, keys.end));
        invalid(format!(
            "NewStartingHashKey {given} used in SplitShard() on shard {id} in stream {} under \
             account {} is not both greater than one plus the shard's StartingHashKey {start} and \
             less than the shard's EndingHashKey {end}.",
            target.name, target.owner.account
        ))
    };
    let at: HashKey = given.parse().map_err(|_| outside())?;
    // AWS leaves each side two hash keys at least.
    if range.is_some_and(|keys| at.0 <= keys.start.0.saturating_add(1) || at >= keys.end) {
        return Err(outside());
    }
    live.stream.split(state.settings.clock.now(), id, at).map_err(|why| refusal(target, &why))?;
    keep(state, target, &live).await?;
    Ok(nothing())
}

/// Merges two neighbours.
pub(super) async fn merge(
    state: &State,
    target: &Target,
    input: &MergeInput,
) -> Result<Value, AwsError> {
    let (_, live) = changeable(state, target)?;
    let _alone = live.resharding.lock().await;
    let one = existing(state, target, &input.shard_to_merge)?;
    let other = existing(state, target, &input.adjacent_shard_to_merge)?;
    live.stream
        .merge(state.settings.clock.now(), one, other)
        .map_err(|why| refusal(target, &why))?;
    keep(state, target, &live).await?;
    Ok(nothing())
}

/// Splits and merges until there are so many shards of the same size.
pub(super) async fn scale(
    state: &State,
    target: &Target,
    input: &ScaleInput,
) -> Result<Value, AwsError> {
    let (record, live) = changeable(state, target)?;
    let _alone = live.resharding.lock().await;
    let current = live.stream.open_shards();
    let wanted = input.target_shard_count;
    let counts = format!("Current open shard count: {current} Target shard count: {wanted}");
    if wanted as usize > 2 * current {
        return Err(invalid(format!(
            "UpdateShardCount cannot scale up over double your current open shard count. {counts}"
        )));
    }
    if (wanted as usize) < current.div_ceil(2) {
        return Err(invalid(format!(
            "UpdateShardCount cannot scale down below half your current open shard count. {counts}"
        )));
    }
    let more = u32::try_from((wanted as usize).saturating_sub(current)).unwrap_or(0);
    check_quota(state, &target.owner, more)?;
    live.stream
        .scale_to(state.settings.clock.now(), wanted)
        .map_err(|why| refusal(target, &why))?;
    keep(state, target, &live).await?;
    Ok(json!({
        "StreamName": target.name,
        "StreamARN": record.arn(),
        "CurrentShardCount": current,
        "TargetShardCount": wanted,
    }))
}

/// A stream that may be resharded now.
fn changeable(
    state: &State,
    target: &Target,
) -> Result<(DataStreamRecord, Arc<LiveDataStream>), AwsError> {
    let record = target.record(state)?;
    let status = record.status(state.settings.clock.now());
    if status != "ACTIVE" {
        return Err(not_active(&target.owner, &target.name, status));
    }
    if record.on_demand {
        return Err(AwsError::validation(format!(
            "Request is invalid. Stream {} under account {} is in On-Demand mode.",
            target.name, target.owner.account
        )));
    }
    let live = state.data_streams.live(&target.owner, &target.name);
    Ok((record, live.ok_or_else(|| target.not_found())?))
}

fn existing(state: &State, target: &Target, text: &str) -> Result<ShardId, AwsError> {
    let found =
        text.parse().ok().filter(|id| shards_of(state, target).iter().any(|shard| shard.id == *id));
    found.ok_or_else(|| {
        let message = format!(
            "Could not find shard {text} in stream {} under account {}.",
            target.name, target.owner.account
        );
        AwsError::client("ResourceNotFoundException", message)
    })
}

/// Keeps the new shards, and begins UPDATING.
async fn keep(state: &State, target: &Target, live: &LiveDataStream) -> Result<(), AwsError> {
    let now = state.settings.clock.now();
    let transition = TimeDelta::from_std(state.settings.transition).unwrap_or(TimeDelta::MAX);
    let layout = live.stream.layout();
    state
        .data_streams
        .records
        .change(&target.owner, |streams| {
            let stream = streams.get_mut(&target.name).ok_or_else(|| target.not_found())?;
            stream.layout = layout;
            stream.updated_at = now.checked_add_signed(transition);
            Ok(())
        })
        .await
}

fn refusal(target: &Target, error: &Error) -> AwsError {
    let of = format!("in stream {} under account {}", target.name, target.owner.account);
    match error {
        Error::Closed(shard) => invalid(format!(
            "Shard {shard} {of} has already been merged or split, and thus is not eligible for \
             merging or splitting."
        )),
        Error::NotAdjacent(one, other) => invalid(format!(
            "Shards {one} and {other} {of} are not an adjacent pair of shards eligible for merging"
        )),
        other => invalid(other.to_string()),
    }
}
