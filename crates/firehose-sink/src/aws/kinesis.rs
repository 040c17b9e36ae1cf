//! Records to a Kinesis data stream, by `PutRecords`.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_config::{SdkConfig, retry::RetryConfig};
use aws_sdk_kinesis::{
    Client, config,
    config::StalledStreamProtectionConfig,
    error::BuildError,
    primitives::Blob,
    types::{PutRecordsRequestEntry as SdkRecord, PutRecordsResultEntry as Entry},
};

use super::{
    Target,
    aggregation::{Group, aggregated, groups},
    check::is_missing,
    endpoint, environment, timeouts,
};
use crate::{
    FirehoseSink, Health, Limits, Outcome, PutError, PutErrorKind, Record, RecordId, Refusal,
    Stored, check_limits, split_mix::SplitMix64,
};

/// The longest partition key, in characters.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>
const KEY_CHARS: usize = 256;
/// Records that one call may hold when they are aggregated.
const AGGREGATED_RECORDS: usize = 10_000;
/// What they add to the bytes of their data, each and each group.
const AGGREGATED_RECORD_BYTES: usize = 16;
const AGGREGATED_GROUP_BYTES: usize = 64;

/// A data stream at AWS, or at any endpoint that speaks its protocol.
///
/// A record without a partition key gets a random one, a new one for each call, so that such
/// records spread over the shards evenly; records that must stay in order need a key,
/// [`Record::with_partition_key`]. The id of an accepted record is `shardId:sequenceNumber`, such as
/// `shardId-000000000000:49543463076548007577105092703039560359975228518395012686`.
///
/// AWS counts the key with the data. The [limits](FirehoseSink::limits) are [`Limits::KINESIS`]
/// less the room for a key of 256 bytes with each record, so that no record that fits is refused
/// for its key.
///
/// ```no_run
/// use firehose_sink::{AwsKinesisSink, FirehoseSinkExt, Record};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = AwsKinesisSink::from_env("streaming-analytics-app").await?;
/// let outcome = sink.put(Record::json(&["a record"])?.with_partition_key("Ahab")).await?;
/// assert!(outcome.is_accepted());
/// # Ok(()) }
/// ```
pub struct AwsKinesisSink {
    client: Client,
    target: Target,
    limits: Limits,
    /// The size up to which records are put into one; none: each travels alone.
    aggregate_bytes: Option<usize>,
    keys: Mutex<SplitMix64>,
}

impl AwsKinesisSink {
    /// A sink for the data stream `name`, as the environment says: `AWS_PROFILE`, `AWS_REGION`,
    /// `AWS_ENDPOINT_URL`, and the rest of the SDK's default chain.
    ///
    /// Whether the stream exists, and whether the credentials allow it, only the first call tells.
    ///
    /// # Errors
    ///
    /// [`PutErrorKind::Invalid`] when no region is known.
    pub async fn from_env(name: impl Into<Arc<str>>) -> Result<Self, PutError> {
        let name = name.into();
        Ok(Self::from_config(&environment(&name).await?, name))
    }

    /// A sink for the data stream `name` with this configuration, except its retries and timeouts.
    pub fn from_config(config: &SdkConfig, name: impl Into<Arc<str>>) -> Self {
        let endpoint = endpoint(config, "AWS_ENDPOINT_URL_KINESIS");
        let config = config::Builder::from(config).timeout_config(timeouts());
        Self::new(config, endpoint, name.into())
    }

    /// A sink for the data stream `name` with this client's configuration. Its timeouts stay, its
    /// retries are turned off.
    pub fn from_client(client: &Client, name: impl Into<Arc<str>>) -> Self {
        Self::new(client.config().to_builder(), None, name.into())
    }

    fn new(config: config::Builder, endpoint: Option<String>, stream: Arc<str>) -> Self {
        let config = config
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let region = config.region().map(ToString::to_string);
        let (noun, list) = ("data stream", "aws kinesis list-streams");
        let target = Target { stream, noun, list, region, endpoint };
        let limits = Limits {
            records: Limits::KINESIS.records,
            bytes: Limits::KINESIS.bytes - Limits::KINESIS.records * KEY_CHARS,
            record_bytes: Limits::KINESIS.record_bytes - KEY_CHARS,
        };
        let keys = Mutex::new(SplitMix64::from_entropy());
        let client = Client::from_conf(config);
        Self { client, target, limits, aggregate_bytes: None, keys }
    }

    /// Sets what one call may hold, keys not counted, at most what the stream allows: a stream can
    /// be set to take records of up to 10 MiB.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Puts several records into one, up to this size (at least 1 KiB, at most 1 MiB), in the format
    /// of the Kinesis Producer Library: a shard takes a thousand records a second, and an aggregated
    /// one counts as one. Firehose and the Kinesis Client Library take them apart again; other
    /// readers have to.
    ///
    /// Records without a key travel together, and those with the same key; with many different keys
    /// nothing is gained, and of a batch with more than 500 of them the rest is refused. An
    /// aggregated record is taken or refused as one, and its records' ids have a number at their end.
    /// One call holds up to 10,000 records.
    #[must_use]
    pub fn aggregating(mut self, bytes: usize) -> Self {
        self.aggregate_bytes = Some(bytes.clamp(1 << 10, Limits::KINESIS.record_bytes));
        let overhead = Limits::KINESIS.records * (KEY_CHARS + AGGREGATED_GROUP_BYTES)
            + AGGREGATED_RECORDS * AGGREGATED_RECORD_BYTES;
        self.limits = Limits {
            records: AGGREGATED_RECORDS,
            bytes: Limits::KINESIS.bytes - overhead,
            ..self.limits
        };
        self
    }

    /// A key that AWS will not take fails the call here, for there it would fail the call too.
    fn check_keys(&self, batch: &[Record]) -> Result<(), PutError> {
        for (index, record) in batch.iter().enumerate() {
            let Some(key) = record.partition_key() else { continue };
            let chars = key.chars().count();
            if !(1..=KEY_CHARS).contains(&chars) {
                let detail = format!(
                    "the partition key of record {index} has {chars} characters, allowed are 1 to \
                     {KEY_CHARS}"
                );
                let error = self.target.error(PutErrorKind::Invalid, Stored::Nothing);
                return Err(error.with_detail(detail));
            }
        }
        Ok(())
    }

    fn key(&self, record: Option<&&Record>) -> String {
        match record.and_then(|record| record.partition_key()) {
            Some(key) => key.to_owned(),
            None => {
                let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                format!("{:016x}", keys.next_u64())
            }
        }
    }

    fn entry(&self, records: &[&Record]) -> Result<SdkRecord, BuildError> {
        let key = self.key(records.first());
        let data = match records {
            [one] => Blob::new(one.data().as_ref()),
            several => Blob::new(aggregated(&key, several)),
        };
        SdkRecord::builder().data(data).partition_key(key).build()
    }

    /// Calls once for these entries; their outcomes in order.
    async fn call(&self, entries: Vec<SdkRecord>) -> Result<Vec<Outcome>, PutError> {
        let count = entries.len();
        let call = self.client.put_records().stream_name(self.stream());
        let answer = call.set_records(Some(entries)).send().await;
        let entries = answer.map_err(|error| self.target.failed(error))?.records;
        self.target.check_entries(entries.len(), count)?;
        entries.into_iter().map(|entry| self.outcome(entry)).collect()
    }

    /// Puts a batch as aggregated records, whose outcomes are those of their records.
    async fn put_aggregated(
        &self,
        batch: &[Record],
        most: usize,
    ) -> Result<Vec<Outcome>, PutError> {
        let mut groups = groups(batch, most, KEY_CHARS);
        groups.truncate(Limits::KINESIS.records);
        let members = |group: &Group| -> Vec<&Record> {
            group.members.iter().filter_map(|index| batch.get(*index)).collect()
        };
        let entries: Result<Vec<SdkRecord>, _> =
            groups.iter().map(|group| self.entry(&members(group))).collect();
        let entries = entries.map_err(|error| self.target.failed_build(error))?;
        let answered = self.call(entries).await?;
        let too_many = Refusal::new("TooManyPartitionKeys", "a call holds 500 aggregated records");
        let mut outcomes = vec![Outcome::Refused(too_many); batch.len()];
        for (group, outcome) in groups.iter().zip(answered) {
            for (number, index) in group.members.iter().enumerate() {
                if let Some(place) = outcomes.get_mut(*index) {
                    *place = of_member(&outcome, number, group.members.len());
                }
            }
        }
        Ok(outcomes)
    }

    fn outcome(&self, entry: Entry) -> Result<Outcome, PutError> {
        match (entry.error_code, entry.shard_id, entry.sequence_number) {
            (Some(code), _, _) => {
                Ok(Outcome::Refused(Refusal::new(code, entry.error_message.unwrap_or_default())))
            }
            (None, Some(shard), Some(sequence)) => {
                Ok(Outcome::Accepted(RecordId::new(format!("{shard}:{sequence}"))))
            }
            (None, _, _) => Err(self
                .target
                .misfit("an entry has neither a sequence number nor an error code".to_owned())),
        }
    }
}

/// The outcome of one of the records that travelled as one; its number is the `subSequenceNumber`
/// that the Kinesis Client Library gives it.
fn of_member(outcome: &Outcome, number: usize, members: usize) -> Outcome {
    match outcome {
        Outcome::Accepted(id) if members > 1 => {
            Outcome::Accepted(RecordId::new(format!("{id}:{number}")))
        }
        other => other.clone(),
    }
}

#[async_trait]
impl FirehoseSink for AwsKinesisSink {
    fn stream(&self) -> &str {
        &self.target.stream
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn check(&self) -> Result<Option<Health>, PutError> {
        let call = self.client.describe_stream_summary().stream_name(self.stream());
        match call.send().await.map_err(|error| self.target.failed(error)) {
            Ok(answer) => {
                let found = answer.stream_description_summary.ok_or_else(|| {
                    self.target.misfit("the answer describes no stream".to_owned())
                })?;
                Ok(Some(self.target.health(found.stream_status.as_str(), &found.stream_arn)))
            }
            Err(error) if is_missing(&error) => {
                let Ok(list) = self.client.list_streams().limit(50).send().await else {
                    return Err(error);
                };
                Err(self.target.suggest(error, &list.stream_names))
            }
            Err(error) => Err(error),
        }
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        check_limits(self.stream(), self.limits, batch)?;
        self.check_keys(batch)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(most) = self.aggregate_bytes {
            return self.put_aggregated(batch, most).await;
        }
        let records: Result<Vec<SdkRecord>, _> =
            batch.iter().map(|record| self.entry(&[record])).collect();
        self.call(records.map_err(|error| self.target.failed_build(error))?).await
    }
}

impl fmt::Debug for AwsKinesisSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKinesisSink")
            .field("target", &self.target)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
