//! DeleteDeliveryStream.

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;

use super::{
    error::{not_active, not_found},
    nothing,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Named, State, StreamRecord},
};

/// `AllowForceDelete` is about KMS grants that cannot be retired; there are none here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    delivery_stream_name: String,
}

/// Deletes a stream. What is buffered is dropped, as AWS does it.
pub(super) async fn delete(
    state: &State,
    caller: &Caller,
    input: Input,
) -> Result<Value, AwsError> {
    let name = &input.delivery_stream_name;
    let now = state.settings.clock.now();
    let transition = TimeDelta::from_std(state.settings.transition).unwrap_or(TimeDelta::MAX);
    let gone_at = now.checked_add_signed(transition).unwrap_or(now);
    let mark = |streams: &mut std::collections::BTreeMap<String, StreamRecord>| {
        let present = streams.get_mut(name).filter(|stream| !stream.is_gone(now));
        let stream = present.ok_or_else(|| not_found(caller, name))?;
        if stream.status(now) == "CREATING" {
            return Err(not_active(caller, name, "CREATING"));
        }
        // A second call while the stream is being deleted changes nothing.
        stream.gone_at.get_or_insert(gone_at);
        streams.retain(|_, stream| !stream.is_gone(now));
        Ok(())
    };
    state.streams.records.change(caller, mark).await?;
    if let Some(live) = state.streams.detach(caller, name) {
        let dropped = live.stream.discard();
        if dropped > 0 {
            tracing::warn!(stream = name, dropped, "stream deleted with records undelivered");
        }
    }
    Ok(nothing())
}
