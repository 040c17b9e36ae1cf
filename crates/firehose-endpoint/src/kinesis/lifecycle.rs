//! CreateStream and DeleteStream.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use kinesis_stream::{DataStream, StreamSettings};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Target,
    error::{exists, invalid, limit, not_active, not_built},
    nothing,
    streams::Mode,
    tags::MOST_TAGS,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{DataStreamRecord, Named, State, stream_settings},
};

/// Shards of a stream that says nothing of them; those of a new stream on demand.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>
const DEFAULT_SHARDS: u32 = 4;
/// Open shards of one account in one region: AWS's quota in its largest regions.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
pub(super) const MOST_SHARDS: usize = 20_000;
const DEFAULT_RECORD_KIB: u32 = 1024;
const DEFAULT_RETENTION_HOURS: u32 = 24;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput {
    stream_name: String,
    shard_count: Option<u32>,
    stream_mode_details: Option<Mode>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: Option<u32>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_throughput: Option<u32>,
    record_distribution_strategy: Option<String>,
}

impl CreateInput {
    /// Whether the stream is on demand, and how many shards it begins with.
    fn shards(&self) -> Result<(bool, u32), AwsError> {
        let on_demand = match (&self.stream_mode_details, self.shard_count) {
            (Some(mode), _) => mode.is_on_demand(),
            (None, count) => count.is_none(),
        };
        match (on_demand, self.shard_count) {
            (true, None) => Ok((true, DEFAULT_SHARDS)),
            (false, Some(count)) => Ok((false, count)),
            (true, Some(_)) => Err(invalid(
                "ShardCount must not be given for a stream whose StreamMode is ON_DEMAND.",
            )),
            (false, None) => Err(invalid(
                "ShardCount must be given for a stream whose StreamMode is PROVISIONED.",
            )),
        }
    }

    fn check(&self) -> Result<(), AwsError> {
        if self.warm_throughput.is_some() {
            return Err(not_built("WarmThroughputMiBps"));
        }
        if self.record_distribution_strategy.as_deref() == Some("AUTO") {
            return Err(not_built("RecordDistributionStrategy AUTO"));
        }
        if self.tags.len() > MOST_TAGS {
            return Err(limit(format!("A stream may have at most {MOST_TAGS} tags")));
        }
        Ok(())
    }
}

/// Creates a stream, which takes records at once or after the time set for CREATING.
pub(super) async fn create(
    state: &State,
    caller: &Caller,
    input: CreateInput,
) -> Result<Value, AwsError> {
    input.check()?;
    let (on_demand, shards) = input.shards()?;
    check_quota(state, caller, shards)?;
    let now = state.settings.clock.now();
    let transition = TimeDelta::from_std(state.settings.transition).unwrap_or(TimeDelta::MAX);
    let mut record = DataStreamRecord {
        name: input.stream_name,
        caller: caller.clone(),
        created: now,
        active_at: now.checked_add_signed(transition).unwrap_or(now),
        updated_at: None,
        gone_at: None,
        on_demand,
        retention_hours: DEFAULT_RETENTION_HOURS,
        max_record_kib: input.max_record_kib.unwrap_or(DEFAULT_RECORD_KIB),
        tags: input.tags,
        layout: DataStream::create(StreamSettings::default(), 1, now).layout(),
    };
    let stream = DataStream::create(stream_settings(&state.settings, &record), shards, now);
    record.layout = stream.layout();
    let kept = record.clone();
    let change = |streams: &mut BTreeMap<String, DataStreamRecord>| {
        streams.retain(|_, stream| !stream.is_gone(now));
        if streams.contains_key(&kept.name) {
            return Err(exists(caller, &kept.name));
        }
        streams.insert(kept.name.clone(), kept);
        Ok(())
    };
    let log = state.data_streams.new_log(&record);
    let log = log.map_err(|why| AwsError::internal(format!("the log cannot be made: {why}")))?;
    state.data_streams.records.change(caller, change).await?;
    state.data_streams.attach(&record, stream, log);
    Ok(nothing())
}

/// Refuses more shards than an account may have.
pub(super) fn check_quota(state: &State, owner: &Caller, more: u32) -> Result<(), AwsError> {
    let now = state.settings.clock.now();
    let streams = state.data_streams.records.of(owner, now);
    let live = streams.iter().filter_map(|record| state.data_streams.live(owner, &record.name));
    let open: usize = live.map(|live| live.stream.open_shards()).sum();
    if open + more as usize <= MOST_SHARDS {
        return Ok(());
    }
    Err(limit(format!(
        "This request would exceed the shard limit for the account {} in {}. Current shard count \
         for the account: {open}. Limit: {MOST_SHARDS}. Number of additional shards that would \
         have resulted from this request: {more}.",
        owner.account, owner.region
    )))
}

/// Deletes a stream with its records.
pub(super) async fn delete(state: &State, target: &Target) -> Result<Value, AwsError> {
    let Target { owner, name } = target;
    let now = state.settings.clock.now();
    let transition = TimeDelta::from_std(state.settings.transition).unwrap_or(TimeDelta::MAX);
    let gone_at = now.checked_add_signed(transition).unwrap_or(now);
    let mark = |streams: &mut BTreeMap<String, DataStreamRecord>| {
        let present = streams.get_mut(name).filter(|stream| !stream.is_gone(now));
        let stream = present.ok_or_else(|| target.not_found())?;
        if stream.status(now) == "CREATING" {
            return Err(not_active(owner, name, "CREATING"));
        }
        // A second call while the stream is being deleted changes nothing.
        stream.gone_at.get_or_insert(gone_at);
        streams.retain(|_, stream| !stream.is_gone(now));
        Ok(())
    };
    let record = target.record(state)?;
    state.data_streams.records.change(owner, mark).await?;
    state.data_streams.detach(owner, name);
    state.data_streams.remove_log(&record);
    Ok(nothing())
}
