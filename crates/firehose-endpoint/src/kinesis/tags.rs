//! Tags, by the older operations on streams and the newer ones on resources.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Target, error::limit, nothing, read, settings::change};
use crate::{protocol::AwsError, state::State};

/// Tags that a stream may have.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/tagging.html>
pub(super) const MOST_TAGS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddInput {
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveInput {
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    exclusive_start_tag_key: Option<String>,
    limit: Option<usize>,
}

/// Sets tags; those with the same keys are overwritten.
pub(super) async fn add(
    state: &State,
    target: &Target,
    input: AddInput,
) -> Result<Value, AwsError> {
    change(state, target, |stream| {
        let mut tags = stream.tags.clone();
        tags.extend(input.tags);
        if tags.len() > MOST_TAGS {
            return Err(limit(format!(
                "Failed to add tags to stream {} under account {} because a given stream cannot \
                 have more than {MOST_TAGS} tags associated with it.",
                target.name, target.owner.account
            )));
        }
        stream.tags = tags;
        Ok(())
    })
    .await?;
    Ok(nothing())
}

/// Removes tags; keys that are not there are ignored.
pub(super) async fn remove(
    state: &State,
    target: &Target,
    input: RemoveInput,
) -> Result<Value, AwsError> {
    change(state, target, |stream| {
        stream.tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok(())
    })
    .await?;
    Ok(nothing())
}

/// Tags in order of their keys.
pub(super) fn list(state: &State, target: &Target, input: ListInput) -> Result<Value, AwsError> {
    let start = input.exclusive_start_tag_key.unwrap_or_default();
    let tags = target.record(state)?.tags;
    let mut tags: Vec<_> = tags.into_iter().filter(|(key, _)| *key > start).collect();
    let limit = input.limit.unwrap_or(MOST_TAGS);
    let more = tags.len() > limit;
    tags.truncate(limit);
    Ok(json!({ "Tags": listed(tags), "HasMoreTags": more }))
}

/// TagResource, UntagResource and ListTagsForResource.
pub(super) async fn by_arn(
    state: &State,
    operation: &str,
    target: &Target,
    input: Value,
) -> Result<Value, AwsError> {
    match operation {
        "TagResource" => add(state, target, read(input)?).await,
        "UntagResource" => remove(state, target, read(input)?).await,
        _ => Ok(json!({ "Tags": listed(target.record(state)?.tags) })),
    }
}

fn listed(tags: impl IntoIterator<Item = (String, String)>) -> Vec<Value> {
    tags.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
