//! What can be changed of a stream besides its shards: retention and mode.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Target,
    error::{invalid, not_active, not_built},
    nothing,
    streams::Mode,
};
use crate::{
    protocol::AwsError,
    state::{DataStreamRecord, Named, State},
};

/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html>
const LEAST_HOURS: i64 = 24;
const MOST_HOURS: i64 = 8_760;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetentionInput {
    retention_period_hours: i64,
}

impl RetentionInput {
    fn hours(&self) -> Result<u32, AwsError> {
        let hours = self.retention_period_hours;
        if hours < LEAST_HOURS {
            return Err(invalid(format!(
                "Minimum allowed retention period is {LEAST_HOURS} hours. Requested retention \
                 period ({hours} hours) is too short."
            )));
        }
        let found = u32::try_from(hours).ok().filter(|_| hours <= MOST_HOURS);
        found.ok_or_else(|| {
            invalid(format!(
                "Maximum allowed retention period is {MOST_HOURS} hours. Requested retention \
                 period ({hours} hours) is too long."
            ))
        })
    }
}

/// Keeps records longer.
pub(super) async fn increase(
    state: &State,
    target: &Target,
    input: &RetentionInput,
) -> Result<Value, AwsError> {
    retain(state, target, input, "shorter", "Decrease", |wanted, now| wanted >= now).await
}

/// Keeps records less long; older ones go at once.
pub(super) async fn decrease(
    state: &State,
    target: &Target,
    input: &RetentionInput,
) -> Result<Value, AwsError> {
    retain(state, target, input, "longer", "Increase", |wanted, now| wanted <= now).await
}

async fn retain(
    state: &State,
    target: &Target,
    input: &RetentionInput,
    wrong: &str,
    other: &str,
    may: impl Fn(u32, u32) -> bool + Send + Sync,
) -> Result<Value, AwsError> {
    let hours = input.hours()?;
    change(state, target, |stream| {
        let now = stream.retention_hours;
        if !may(hours, now) {
            return Err(invalid(format!(
                "Requested retention period ({hours} hours) for stream {} can not be {wrong} than \
                 existing retention period ({now} hours). Use {other}RetentionPeriod API.",
                target.name
            )));
        }
        stream.retention_hours = hours;
        Ok(())
    })
    .await?;
    if let Some(live) = state.data_streams.live(&target.owner, &target.name) {
        let retention = Duration::from_secs(u64::from(hours) * 60 * 60);
        live.stream.set_retention(state.settings.clock.now(), retention);
    }
    Ok(nothing())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModeInput {
    stream_mode_details: Mode,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_throughput: Option<u32>,
}

/// Provisioned or on demand; the shards stay as they are.
pub(super) async fn mode(
    state: &State,
    target: &Target,
    input: &ModeInput,
) -> Result<Value, AwsError> {
    if input.warm_throughput.is_some() {
        return Err(not_built("WarmThroughputMiBps"));
    }
    change(state, target, |stream| {
        stream.on_demand = input.stream_mode_details.is_on_demand();
        Ok(())
    })
    .await?;
    Ok(nothing())
}

/// Changes a stream that is ACTIVE, and keeps the change.
pub(super) async fn change(
    state: &State,
    target: &Target,
    change: impl FnOnce(&mut DataStreamRecord) -> Result<(), AwsError> + Send,
) -> Result<(), AwsError> {
    let now = state.settings.clock.now();
    let on_one = |streams: &mut std::collections::BTreeMap<String, DataStreamRecord>| {
        let found = streams.get_mut(&target.name).filter(|stream| !stream.is_gone(now));
        let stream = found.ok_or_else(|| target.not_found())?;
        match stream.status(now) {
            "ACTIVE" => change(stream),
            status => Err(not_active(&target.owner, &target.name, status)),
        }
    };
    state.data_streams.records.change(&target.owner, on_one).await
}
