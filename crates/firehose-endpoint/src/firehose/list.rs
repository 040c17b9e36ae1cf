//! ListDeliveryStreams.

use serde::Deserialize;
use serde_json::{Value, json};

use super::source;
use crate::{protocol::Caller, state::State};

/// Names in an answer when the request sets no limit.
const DEFAULT_LIMIT: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    limit: Option<usize>,
    delivery_stream_type: Option<String>,
    exclusive_start_delivery_stream_name: Option<String>,
}

/// The names in order, from after the start name, which need not exist.
pub(super) fn list(state: &State, caller: &Caller, input: Input) -> Value {
    let streams = state.streams.records.of(caller, state.settings.clock.now());
    let start = input.exclusive_start_delivery_stream_name.unwrap_or_default();
    let wanted = input.delivery_stream_type;
    let mut names: Vec<String> = streams
        .into_iter()
        .filter(|stream| wanted.as_ref().is_none_or(|wanted| wanted == source::kind(stream)))
        .map(|stream| stream.name)
        .filter(|name| *name > start)
        .collect();
    let limit = input.limit.unwrap_or(DEFAULT_LIMIT);
    let more = names.len() > limit;
    names.truncate(limit);
    json!({ "DeliveryStreamNames": names, "HasMoreDeliveryStreams": more })
}
