//! A Kinesis data stream as the source of a delivery stream.

use firehose_delivery::{DeliveryStream, SourcePlaces};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{invalid, not_built};
use crate::{
    protocol::{AwsError, Caller},
    state::{LiveDataStream, SourceRecord, State, StreamRecord},
};

/// The types of delivery streams that are told.
const DIRECT_PUT: &str = "DirectPut";
const KINESIS: &str = "KinesisStreamAsSource";

/// What a request says of the source.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Requested {
    delivery_stream_type: Option<String>,
    direct_put_source_configuration: Option<Value>,
    kinesis_stream_source_configuration: Option<KinesisSource>,
    #[serde(rename = "MSKSourceConfiguration")]
    msk_source_configuration: Option<Value>,
    database_source_configuration: Option<Value>,
    delivery_stream_encryption_configuration_input: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct KinesisSource {
    #[serde(rename = "KinesisStreamARN")]
    stream_arn: String,
    #[serde(rename = "RoleARN")]
    role_arn: String,
}

impl Requested {
    /// The source, if the stream is to have one; it begins with what comes from now on.
    ///
    /// # Errors
    ///
    /// `InvalidArgumentException` for what is not built, members that do not go together, and a
    /// data stream that is not there.
    pub(super) fn source(&self, state: &State) -> Result<Option<SourceRecord>, AwsError> {
        let kind = self.delivery_stream_type.as_deref().unwrap_or(DIRECT_PUT);
        for (source, words, given) in [
            ("MSKAsSource", "An MSK cluster as source", self.msk_source_configuration.is_some()),
            (
                "DatabaseAsSource",
                "A database as source",
                self.database_source_configuration.is_some(),
            ),
        ] {
            if kind == source || given {
                return Err(not_built(words));
            }
        }
        match (kind == KINESIS, &self.kinesis_stream_source_configuration) {
            (false, None) => Ok(None),
            (false, Some(_)) => Err(invalid(format!(
                "KinesisStreamSourceConfiguration is only for the delivery stream type {KINESIS}"
            ))),
            (true, None) => Err(invalid(format!(
                "KinesisStreamSourceConfiguration must be given for the delivery stream type \
                 {KINESIS}"
            ))),
            (true, Some(source)) => self.kinesis(state, source).map(Some),
        }
    }

    fn kinesis(&self, state: &State, source: &KinesisSource) -> Result<SourceRecord, AwsError> {
        let others = [
            ("DirectPutSourceConfiguration", self.direct_put_source_configuration.is_some()),
            (
                "DeliveryStreamEncryptionConfigurationInput",
                self.delivery_stream_encryption_configuration_input.is_some(),
            ),
        ];
        if let Some((member, _)) = others.iter().find(|(_, given)| *given) {
            return Err(invalid(format!(
                "{member} is only for the delivery stream type {DIRECT_PUT}"
            )));
        }
        let live = data_stream(state, &source.stream_arn)?;
        let now = state.settings.clock.now();
        Ok(SourceRecord {
            stream_arn: source.stream_arn.clone(),
            role_arn: source.role_arn.clone(),
            start: now,
            places: SourcePlaces::latest(&live.stream, now),
        })
    }
}

/// Begins to read the source of a delivery stream, if it has one. Without its data stream it
/// reads nothing.
pub(super) fn start(state: &State, record: &StreamRecord, to: &DeliveryStream) {
    let Some(source) = &record.source else { return };
    match data_stream(state, &source.stream_arn) {
        Ok(live) => {
            let from = live.stream.clone();
            let clock = state.settings.clock;
            state.streams.sources.start(record, source, from, to.clone(), clock);
        }
        Err(why) => {
            let (stream, why) = (&record.name, why.message);
            tracing::warn!(stream, why, "the source of a delivery stream is gone");
        }
    }
}

/// Refuses what is only for streams that are put to.
pub(super) fn not_permitted() -> AwsError {
    invalid(format!("This operation is not permitted on {KINESIS} delivery stream type."))
}

/// `DirectPut` or `KinesisStreamAsSource`.
pub(super) fn kind(record: &StreamRecord) -> &'static str {
    if record.source.is_some() { KINESIS } else { DIRECT_PUT }
}

/// `Source` in a description.
pub(super) fn described(source: &SourceRecord) -> Value {
    json!({
        "KinesisStreamSourceDescription": {
            "KinesisStreamARN": source.stream_arn,
            "RoleARN": source.role_arn,
            "DeliveryStartTimestamp": super::describe::seconds(source.start),
        },
    })
}

fn data_stream(state: &State, arn: &str) -> Result<std::sync::Arc<LiveDataStream>, AwsError> {
    // The model lets only ARNs of data streams through.
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let found = match parts[..] {
        [_, _, _, region, account, resource] => {
            let owner = Caller { account: account.to_owned(), region: region.to_owned() };
            let name = resource.strip_prefix("stream/").unwrap_or_default();
            state.data_streams.live(&owner, name)
        }
        _ => None,
    };
    found.ok_or_else(|| invalid(format!("The Kinesis stream {arn} was not found")))
}
