//! DescribeDeliveryStream.

use std::time::Instant;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{error::not_found, source};
use crate::{
    protocol::{AwsError, Caller},
    state::{Encryption, State, StreamRecord},
};

/// The id of a stream's only destination.
pub(super) const DESTINATION_ID: &str = "destinationId-000000000001";

/// Members that both views of an S3 destination have; the deprecated one has no others.
const PLAIN_MEMBERS: [&str; 8] = [
    "RoleARN",
    "BucketARN",
    "Prefix",
    "ErrorOutputPrefix",
    "BufferingHints",
    "CompressionFormat",
    "EncryptionConfiguration",
    "CloudWatchLoggingOptions",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    delivery_stream_name: String,
    /// A stream has one destination, so that there is only one page.
    exclusive_start_destination_id: Option<String>,
}

/// What is known of a stream.
pub(super) fn describe(state: &State, caller: &Caller, input: &Input) -> Result<Value, AwsError> {
    let began = Instant::now();
    let (name, now) = (&input.delivery_stream_name, state.settings.clock.now());
    let stream =
        state.streams.records.find(caller, name, now).ok_or_else(|| not_found(caller, name))?;
    let mut description = json!({
        "DeliveryStreamName": stream.name,
        "DeliveryStreamARN": stream.arn(),
        "DeliveryStreamStatus": stream.status(now),
        "DeliveryStreamType": source::kind(&stream),
        "VersionId": stream.version.to_string(),
        "CreateTimestamp": seconds(stream.created),
        "Destinations": [],
        "HasMoreDestinations": false,
    });
    if input.exclusive_start_destination_id.as_deref().is_none_or(|start| start < DESTINATION_ID) {
        description["Destinations"] = json!([destination(&stream)]);
    }
    match &stream.source {
        Some(from) => description["Source"] = source::described(from),
        None => {
            let encryption = encryption(&stream.encryption);
            description["DeliveryStreamEncryptionConfiguration"] = encryption;
        }
    }
    if let Some(updated) = stream.updated {
        description["LastUpdateTimestamp"] = seconds(updated);
    }
    if let Some(hint) = stream.throughput_hint_mbs {
        description["Source"] =
            json!({ "DirectPutSourceDescription": { "ThroughputHintInMBs": hint } });
    }
    if let Some(live) = state.streams.live(caller, name) {
        live.counters.describe(began.elapsed());
    }
    Ok(json!({ "DeliveryStreamDescription": description }))
}

fn destination(stream: &StreamRecord) -> Value {
    let kept = stream.destination.as_object().cloned().unwrap_or_default();
    let plain: Map<_, _> = PLAIN_MEMBERS
        .iter()
        .filter_map(|member| kept.get(*member).map(|value| ((*member).to_owned(), value.clone())))
        .collect();
    let described = |member: String| {
        let backup = member == "S3BackupConfiguration";
        if backup { "S3BackupDescription".to_owned() } else { member }
    };
    let extended: Map<_, _> =
        kept.into_iter().map(|(member, value)| (described(member), value)).collect();
    json!({
        "DestinationId": DESTINATION_ID,
        "ExtendedS3DestinationDescription": extended,
        "S3DestinationDescription": plain,
    })
}

fn encryption(encryption: &Encryption) -> Value {
    let mut described = json!({
        "Status": if encryption.enabled { "ENABLED" } else { "DISABLED" },
    });
    if let Some(key_type) = &encryption.key_type {
        described["KeyType"] = json!(key_type);
    }
    if let Some(key_arn) = &encryption.key_arn {
        described["KeyARN"] = json!(key_arn);
    }
    described
}

/// Epoch seconds with milliseconds, as AWS JSON carries a time.
pub(super) fn seconds(time: DateTime<Utc>) -> Value {
    // A double keeps milliseconds exact for some hundred thousand years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let seconds = time.timestamp_millis() as f64 / 1000.0;
    json!(seconds)
}
