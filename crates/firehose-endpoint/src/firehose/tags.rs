//! TagDeliveryStream, UntagDeliveryStream, ListTagsForDeliveryStream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    error::{limit, not_found},
    limits, nothing,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Named, State, StreamRecord},
};

/// One tag; AWS keeps a value that is left out as an empty one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl Tag {
    pub(super) fn pair(&self) -> (String, String) {
        (self.key.clone(), self.value.clone())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagInput {
    delivery_stream_name: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagInput {
    delivery_stream_name: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    delivery_stream_name: String,
    exclusive_start_tag_key: Option<String>,
    limit: Option<usize>,
}

/// Sets tags; those with the same keys are overwritten.
pub(super) async fn tag(
    state: &State,
    caller: &Caller,
    input: TagInput,
) -> Result<Value, AwsError> {
    let change = |stream: &mut StreamRecord| {
        let mut tags = stream.tags.clone();
        tags.extend(input.tags.iter().map(Tag::pair));
        if tags.len() > limits::TAGS {
            let most = limits::TAGS;
            return Err(limit(format!("A delivery stream may have at most {most} tags")));
        }
        stream.tags = tags;
        Ok(())
    };
    change_stream(state, caller, &input.delivery_stream_name, change).await
}

/// Removes tags; keys that are not there are ignored.
pub(super) async fn untag(
    state: &State,
    caller: &Caller,
    input: UntagInput,
) -> Result<Value, AwsError> {
    let change = |stream: &mut StreamRecord| {
        stream.tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    };
    change_stream(state, caller, &input.delivery_stream_name, change).await
}

/// Tags in order of their keys.
pub(super) fn list(state: &State, caller: &Caller, input: ListInput) -> Result<Value, AwsError> {
    let (name, now) = (&input.delivery_stream_name, state.settings.clock.now());
    let stream =
        state.streams.records.find(caller, name, now).ok_or_else(|| not_found(caller, name))?;
    let start = input.exclusive_start_tag_key.unwrap_or_default();
    let mut tags: Vec<Tag> = stream
        .tags
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .filter(|tag| tag.key > start)
        .collect();
    let limit = input.limit.unwrap_or(limits::TAGS);
    let more = tags.len() > limit;
    tags.truncate(limit);
    Ok(json!({ "Tags": tags, "HasMoreTags": more }))
}

/// Changes one stream that is there.
pub(super) async fn change_stream(
    state: &State,
    caller: &Caller,
    name: &str,
    change: impl FnOnce(&mut StreamRecord) -> Result<(), AwsError> + Send,
) -> Result<Value, AwsError> {
    let now = state.settings.clock.now();
    let apply = |streams: &mut BTreeMap<String, StreamRecord>| {
        let present = streams.get_mut(name).filter(|stream| !stream.is_gone(now));
        change(present.ok_or_else(|| not_found(caller, name))?)
    };
    state.streams.records.change(caller, apply).await?;
    Ok(nothing())
}
