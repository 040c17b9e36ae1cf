//! What is told of streams: ListStreams, DescribeStream, DescribeStreamSummary, DescribeLimits.

use kinesis_stream::{ShardDescription, ShardId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Target, error::invalid, lifecycle::MOST_SHARDS, seconds};
use crate::{
    protocol::{AwsError, Caller},
    state::{DataStreamRecord, State},
};

/// Names in an answer of ListStreams, and shards in one of DescribeStream, at most and by default.
const PAGE: usize = 100;
/// Streams on demand that an account may have in one region.
const MOST_ON_DEMAND: usize = 50;

/// `StreamModeDetails`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Mode {
    stream_mode: String,
}

impl Mode {
    pub(super) fn is_on_demand(&self) -> bool {
        self.stream_mode == "ON_DEMAND"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    limit: Option<usize>,
    exclusive_start_stream_name: Option<String>,
    next_token: Option<String>,
}

/// The names in order, from after the start name, which need not exist. A token is the last name
/// of the page before.
pub(super) fn list(state: &State, caller: &Caller, input: ListInput) -> Result<Value, AwsError> {
    if input.next_token.is_some() && input.exclusive_start_stream_name.is_some() {
        return Err(invalid("NextToken and ExclusiveStartStreamName cannot be provided together."));
    }
    let now = state.settings.clock.now();
    let start = input.exclusive_start_stream_name.or(input.next_token).unwrap_or_default();
    let mut streams = state.data_streams.records.of(caller, now);
    streams.retain(|stream| stream.name > start);
    let limit = input.limit.unwrap_or(PAGE).min(PAGE);
    let more = streams.len() > limit;
    streams.truncate(limit);
    let names: Vec<&str> = streams.iter().map(|stream| stream.name.as_str()).collect();
    let summaries: Vec<Value> = streams
        .iter()
        .map(|stream| {
            json!({
                "StreamName": stream.name,
                "StreamARN": stream.arn(),
                "StreamStatus": stream.status(now),
                "StreamModeDetails": { "StreamMode": stream.mode() },
                "StreamCreationTimestamp": seconds(stream.created),
            })
        })
        .collect();
    let mut answer =
        json!({ "StreamNames": names, "HasMoreStreams": more, "StreamSummaries": summaries });
    if let Some(last) = names.last().filter(|_| more) {
        answer["NextToken"] = json!(last);
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeInput {
    limit: Option<usize>,
    exclusive_start_shard_id: Option<String>,
}

/// A stream and its shards, closed ones too.
pub(super) fn describe(
    state: &State,
    target: &Target,
    input: &DescribeInput,
) -> Result<Value, AwsError> {
    let record = target.record(state)?;
    let after = input.exclusive_start_shard_id.as_deref().map(|text| shard_id(target, text));
    let after = after.transpose()?;
    let mut shards = shards_of(state, target);
    shards.retain(|shard| after.is_none_or(|after| shard.id > after));
    let limit = input.limit.unwrap_or(PAGE).min(PAGE);
    let more = shards.len() > limit;
    shards.truncate(limit);
    let mut description = common(state, &record);
    description["Shards"] = shards.iter().map(shard_json).collect();
    description["HasMoreShards"] = json!(more);
    Ok(json!({ "StreamDescription": description }))
}

/// A stream without its shards.
pub(super) fn summary(state: &State, target: &Target) -> Result<Value, AwsError> {
    let record = target.record(state)?;
    let mut summary = common(state, &record);
    let live = state.data_streams.live(&target.owner, &target.name);
    summary["OpenShardCount"] = json!(live.map_or(0, |live| live.stream.open_shards()));
    summary["ConsumerCount"] = json!(0);
    summary["MaxRecordSizeInKiB"] = json!(record.max_record_kib);
    Ok(json!({ "StreamDescriptionSummary": summary }))
}

/// The account's quotas and what it uses of them.
pub(super) fn limits(state: &State, caller: &Caller) -> Value {
    let streams = state.data_streams.records.of(caller, state.settings.clock.now());
    let live = streams.iter().filter_map(|record| state.data_streams.live(caller, &record.name));
    let open: usize = live.map(|live| live.stream.open_shards()).sum();
    json!({
        "ShardLimit": MOST_SHARDS,
        "OpenShardCount": open,
        "OnDemandStreamCount": streams.iter().filter(|stream| stream.on_demand).count(),
        "OnDemandStreamCountLimit": MOST_ON_DEMAND,
    })
}

/// What both descriptions say.
fn common(state: &State, record: &DataStreamRecord) -> Value {
    json!({
        "StreamName": record.name,
        "StreamARN": record.arn(),
        "StreamStatus": record.status(state.settings.clock.now()),
        "StreamModeDetails": { "StreamMode": record.mode() },
        "RetentionPeriodHours": record.retention_hours,
        "StreamCreationTimestamp": seconds(record.created),
        "EnhancedMonitoring": [{ "ShardLevelMetrics": [] }],
        "EncryptionType": "NONE",
    })
}

/// The shards of a stream; none while it is being created or deleted.
pub(super) fn shards_of(state: &State, target: &Target) -> Vec<ShardDescription> {
    let now = state.settings.clock.now();
    let live = state.data_streams.live(&target.owner, &target.name);
    let active = live.filter(|live| live.active_at <= now);
    active.map(|live| live.stream.shards(now)).unwrap_or_default()
}

/// A shard as AWS describes it.
pub(super) fn shard_json(shard: &ShardDescription) -> Value {
    let mut numbers =
        json!({ "StartingSequenceNumber": shard.starting_sequence_number.to_string() });
    if let Some(ending) = shard.ending_sequence_number {
        numbers["EndingSequenceNumber"] = json!(ending.to_string());
    }
    let mut described = json!({
        "ShardId": shard.id.to_string(),
        "HashKeyRange": {
            "StartingHashKey": shard.hash_keys.start.to_string(),
            "EndingHashKey": shard.hash_keys.end.to_string(),
        },
        "SequenceNumberRange": numbers,
    });
    for (member, parent) in ["ParentShardId", "AdjacentParentShardId"].iter().zip(&shard.parents) {
        described[*member] = json!(parent.to_string());
    }
    described
}

/// A shard's name as a request has it.
pub(super) fn shard_id(target: &Target, text: &str) -> Result<ShardId, AwsError> {
    text.parse().map_err(|_| super::error::no_shard(&target.owner, &target.name, text))
}
