//! UpdateDestination.

use std::time::Instant;

use serde::Deserialize;
use serde_json::Value;

use super::{
    defaults,
    describe::DESTINATION_ID,
    destination,
    destination::S3Destination,
    engine::Plan,
    error::{invalid, not_active, not_found},
    nothing, read, rules,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Named, State, StreamRecord},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    delivery_stream_name: String,
    current_delivery_stream_version_id: String,
    destination_id: String,
}

/// Lays the update over what is kept and checks the result; a refused update changes nothing.
pub(super) async fn update(
    state: &State,
    caller: &Caller,
    request: &Value,
) -> Result<Value, AwsError> {
    let began = Instant::now();
    let given = destination::only_one(request, "Update")?;
    let input: Input = read(request.clone())?;
    let (name, now) = (&input.delivery_stream_name, state.settings.clock.now());
    let _alone = state.streams.updating.lock().await;
    let plan = state
        .streams
        .records
        .change(caller, |streams| {
            let present = streams.get_mut(name).filter(|stream| !stream.is_gone(now));
            let stream = present.ok_or_else(|| not_found(caller, name))?;
            if !stream.is_active(now) {
                return Err(not_active(caller, name, stream.status(now)));
            }
            check_version(stream, &input)?;
            let kept = defaults::merged(&stream.destination, given);
            check_partitioning(&stream.destination, &kept)?;
            let destination = S3Destination::read(&kept)?;
            check_backup(&stream.destination, &destination)?;
            rules::check(&destination, given, state.settings.relaxed)?;
            stream.version = stream.version.saturating_add(1);
            stream.destination = kept;
            stream.updated = Some(now);
            let plan = Plan::new(state, caller, name, stream.version, &destination, true)?;
            Ok::<_, AwsError>(plan.noted(stream))
        })
        .await?;
    let live = state.streams.live(caller, name).ok_or_else(|| not_found(caller, name))?;
    plan.apply(&live.stream)?;
    live.counters.update(began.elapsed());
    Ok(nothing())
}

/// Whether a stream partitions is settled when it is created.
fn check_partitioning(kept: &Value, updated: &Value) -> Result<(), AwsError> {
    let is_on =
        |destination: &Value| destination.as_object().is_some_and(defaults::partitioning_is_on);
    match (is_on(kept), is_on(updated)) {
        (false, true) => Err(invalid(
            "Dynamic partitioning cannot be enabled on a stream that was created without it",
        )),
        (true, false) => Err(invalid("Dynamic partitioning cannot be disabled once it is enabled")),
        _ => Ok(()),
    }
}

/// A stream that has a backup keeps it.
fn check_backup(kept: &Value, updated: &S3Destination) -> Result<(), AwsError> {
    if S3Destination::read(kept)?.is_backed_up() && !updated.is_backed_up() {
        return Err(invalid("S3BackupMode cannot be Disabled once it is Enabled"));
    }
    Ok(())
}

fn check_version(stream: &StreamRecord, input: &Input) -> Result<(), AwsError> {
    let current = stream.version.to_string();
    let given = &input.current_delivery_stream_version_id;
    if *given != current {
        return Err(AwsError::client(
            "ConcurrentModificationException",
            format!(
                "Cannot update firehose: {} since the current version id: {current} and specified \
                 version id: {given} do not match",
                stream.name
            ),
        ));
    }
    if input.destination_id != DESTINATION_ID {
        let given = &input.destination_id;
        return Err(invalid(format!("Destination Id {given} not found")));
    }
    Ok(())
}
