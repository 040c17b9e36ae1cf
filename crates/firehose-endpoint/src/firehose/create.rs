//! CreateDeliveryStream.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    defaults, destination,
    destination::S3Destination,
    encryption::Requested,
    engine::Plan,
    error::{exists, invalid, limit},
    limits, read, rules, source,
    tags::Tag,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Named, State, StreamRecord},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    delivery_stream_name: String,
    direct_put_source_configuration: Option<DirectPut>,
    delivery_stream_encryption_configuration_input: Option<Requested>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct DirectPut {
    #[serde(rename = "ThroughputHintInMBs")]
    throughput_hint_mbs: u64,
}

/// Creates a stream, which takes records at once or after the time set for CREATING.
pub(super) async fn create(
    state: &State,
    caller: &Caller,
    request: &Value,
) -> Result<Value, AwsError> {
    let given = destination::only_one(request, "Configuration")?;
    let input: Input = read(request.clone())?;
    let source = read::<source::Requested>(request.clone())?.source(state)?;
    let kept = defaults::filled(given);
    let destination = S3Destination::read(&kept)?;
    rules::check(&destination, given, state.settings.relaxed)?;
    let name = &input.delivery_stream_name;
    let plan = Plan::new(state, caller, name, 1, &destination, true)?;
    let record = StreamRecord { source, ..record(state, caller, &input, kept)? };
    let arn = record.arn();

    // The name is taken before the stream is opened, and given back when it does not open.
    take_name(state, caller, record.clone()).await?;
    match plan.noted(&record).open(state, &record).await {
        Ok(stream) => {
            state.streams.attach(&record, stream.clone());
            source::start(state, &record, &stream);
        }
        Err(why) => {
            state
                .streams
                .records
                .change(caller, |streams| Ok::<_, AwsError>(streams.remove(name)))
                .await?;
            return Err(why);
        }
    }
    Ok(json!({ "DeliveryStreamARN": arn }))
}

fn record(
    state: &State,
    caller: &Caller,
    input: &Input,
    destination: Value,
) -> Result<StreamRecord, AwsError> {
    let tags: BTreeMap<_, _> = input.tags.iter().map(Tag::pair).collect();
    if tags.len() < input.tags.len() {
        return Err(invalid("Tags must not have the same key twice"));
    }
    let encryption = input.delivery_stream_encryption_configuration_input.as_ref();
    let now = state.settings.clock.now();
    let transition = TimeDelta::from_std(state.settings.transition).unwrap_or(TimeDelta::MAX);
    Ok(StreamRecord {
        name: input.delivery_stream_name.clone(),
        caller: caller.clone(),
        created: now,
        updated: None,
        active_at: now.checked_add_signed(transition).unwrap_or(now),
        gone_at: None,
        version: 1,
        destination,
        throughput_hint_mbs: input
            .direct_put_source_configuration
            .as_ref()
            .map(|source| source.throughput_hint_mbs),
        encryption: encryption.map(Requested::enabled).transpose()?.unwrap_or_default(),
        tags,
        source: None,
    })
}

async fn take_name(state: &State, caller: &Caller, record: StreamRecord) -> Result<(), AwsError> {
    let now = state.settings.clock.now();
    let change = |streams: &mut BTreeMap<String, StreamRecord>| {
        streams.retain(|_, stream| !stream.is_gone(now));
        if streams.contains_key(&record.name) {
            return Err(exists(caller, &record.name));
        }
        if streams.len() >= limits::STREAMS {
            let most = limits::STREAMS;
            return Err(limit(format!("You have already consumed your firehose quota of {most}.")));
        }
        streams.insert(record.name.clone(), record);
        Ok(())
    };
    state.streams.records.change(caller, change).await
}
