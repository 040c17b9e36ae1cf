//! From what was asked for to what the engine does: opening and changing its streams.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use firehose_delivery::{
    Backup, DeliveryEvent, DeliveryStream, DeliveryStreamConfig, Durability, DynamicPartitioning,
    Journaling, LambdaProcessor, ObjectLabels, Observer, Place, RawCompression, RetryPolicy, Tz,
};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    destination::{Logging, S3Destination},
    error::invalid,
    limits,
    processing::{Lambda, Processors},
    schema::{CatalogTable, json_serde, parquet_options},
};
use crate::{
    Error,
    protocol::{AwsError, Caller},
    settings::{RetryFor, Settings},
    state::{State, StreamRecord},
};

/// What the engine is told about a stream.
pub(super) struct Plan {
    config: DeliveryStreamConfig,
    store: Arc<dyn ObjectStore>,
}

impl Plan {
    /// Translates a destination. With `check_table` the table must be there now; without, a table
    /// that has gone sends records to the error prefix until it is back.
    ///
    /// # Errors
    ///
    /// What is not built, by name; a table that is not there; a prefix that cannot be kept.
    pub(super) fn new(
        state: &State,
        caller: &Caller,
        name: &str,
        version: u32,
        destination: &S3Destination,
        check_table: bool,
    ) -> Result<Self, AwsError> {
        let mut config = raw_config(state, name, version, destination);
        if let Some(extension) = destination.file_extension.as_deref().filter(|e| !e.is_empty()) {
            config = config.with_file_extension(extension);
        }
        config = config.in_time_zone(time_zone(destination)?);
        if let Some(to) = destination.backup() {
            config = config.backed_up_by(backup(state, name, version, to)?);
        }
        let Processors { processing, query, lambda } = Processors::of(destination)?;
        config = config.processing(processing);
        if let Some(lambda) = lambda {
            config = config.transformed_by(transformation(state, caller, name, &lambda)?);
        }
        if destination.dynamic_partitioning_configuration.enabled {
            config = config.partitioned(match query {
                Some(query) => DynamicPartitioning::by_query(query),
                None => DynamicPartitioning::by_function(),
            });
        }
        if let Some(conversion) = destination.conversion() {
            let schema = conversion.schema_configuration.clone().unwrap_or_default();
            let table = CatalogTable::new(&state.catalog, caller, &schema);
            if check_table {
                table.check()?;
            }
            let options = parquet_options(conversion, state.settings.timestamps)?;
            config = config
                .converting_by(Arc::new(table), options)
                .reading_json_as(json_serde(conversion)?);
        }
        let mut config = buffering(config, destination, &state.settings);
        if let Some(bytes) = state.settings.undelivered_limit {
            config = config.holding_at_most(bytes);
        }
        config.validate().map_err(|why| refusal(&why))?;
        Ok(Self { config, store: bucket(state, destination)? })
    }

    /// Tells the engine which stream this is: the journal by what the destination is found again,
    /// and events for functions where the records come from.
    pub(super) fn noted(mut self, record: &StreamRecord) -> Self {
        self.config = self.config.noted_as(Note::of(record).to_text());
        if let Some(source) = &record.source {
            self.config = self.config.sourced_from(source.stream_arn.as_str());
        }
        self
    }

    /// Opens a new stream.
    pub(super) async fn open(
        self,
        state: &State,
        record: &StreamRecord,
    ) -> Result<DeliveryStream, AwsError> {
        // What a source gives is kept by its data stream, and read again.
        let journaling =
            state.journals.durability.filter(|_| record.source.is_none()).map(|durability| {
                Journaling::new(state.journals.of(&record.arn(), record.created), durability)
            });
        self.open_on(state, journaling).await.map_err(|why| invalid(why.with_causes()))
    }

    /// Opens a stream, on its journal if it has one.
    async fn open_on(
        self,
        state: &State,
        journaling: Option<Journaling>,
    ) -> Result<DeliveryStream, firehose_delivery::Error> {
        let (config, store, clock) = (self.config, self.store, state.settings.clock);
        match journaling {
            None => DeliveryStream::open(config, store, clock).await,
            Some(journaling) => {
                DeliveryStream::open_journaled(config, store, clock, journaling).await
            }
        }
    }

    /// Changes a stream that is open.
    pub(super) fn apply(&self, stream: &DeliveryStream) -> Result<(), AwsError> {
        let store = Arc::clone(&self.store);
        stream.update(&self.config, store).map_err(|why| invalid(why.to_string()))
    }
}

/// What every S3 destination says, also that of a backup.
fn raw_config(
    state: &State,
    name: &str,
    version: u32,
    destination: &S3Destination,
) -> DeliveryStreamConfig {
    let logging = destination.cloud_watch_logging_options.clone();
    let observer = observer(name.to_owned(), logging, state.settings.observer.clone());
    let mut config = DeliveryStreamConfig::new(name)
        .observed_by(observer)
        .with_prefix(&destination.prefix)
        .at_version(version)
        .compressed(compression(destination))
        .labelling_objects(labels(destination))
        .retrying(RetryPolicy {
            give_up_after: retry_for(&state.settings, destination),
            ..RetryPolicy::default()
        });
    if let Some(prefix) = destination.error_output_prefix.as_deref().filter(|p| !p.is_empty()) {
        config = config.with_error_output_prefix(prefix);
    }
    config
}

/// How long an object is tried for: as the endpoint was told; when it was told nothing, partitions
/// as their stream says, and all others as AWS does it.
fn retry_for(settings: &Settings, destination: &S3Destination) -> Option<Duration> {
    let partitioning = &destination.dynamic_partitioning_configuration;
    let of_partitions = partitioning.retry_options.duration_in_seconds;
    match settings.retry_for {
        RetryFor::AsAws if partitioning.enabled => {
            let seconds = of_partitions.unwrap_or(limits::PARTITION_RETRY_SECONDS);
            Some(Duration::from_secs(seconds))
        }
        RetryFor::AsAws => Some(RetryPolicy::AWS_GIVE_UP_AFTER),
        RetryFor::Given(time) => time,
    }
}

/// What stands for the function of a processor, with what the processor says of its calls.
fn transformation(
    state: &State,
    caller: &Caller,
    name: &str,
    lambda: &Lambda,
) -> Result<LambdaProcessor, AwsError> {
    let Settings { lambdas, buffer_size, buffer_interval, .. } = &state.settings;
    let function = lambda.function(lambdas)?;
    // The endpoint's own buffering delivers sooner than the streams say; it would not if records
    // waited for a function meanwhile.
    let size = lambda.size_bytes.min(buffer_size.unwrap_or(usize::MAX));
    let interval = lambda.interval.min(buffer_interval.unwrap_or(Duration::MAX));
    Ok(LambdaProcessor::new(lambda.arn.as_str(), function)
        .called_by(caller.arn("firehose", &format!("deliverystream/{name}")))
        .buffering(size, interval)
        .retrying(lambda.retries))
}

/// Where the source records of a stream are kept.
fn backup(
    state: &State,
    name: &str,
    version: u32,
    destination: &S3Destination,
) -> Result<Backup, AwsError> {
    let config = raw_config(state, name, version, destination);
    let config = buffering(config, destination, &state.settings);
    Ok(Backup::new(config, bucket(state, destination)?))
}

/// The engine's refusal in the words that AWS has for it.
fn refusal(why: &firehose_delivery::Error) -> AwsError {
    match why {
        // "Ths" is AWS's own spelling.
        firehose_delivery::Error::Config { member, problem, .. } if member.ends_with("Prefix") => {
            invalid(format!(
                "Ths supplied prefix(es) do not satisfy the following constraint: {member} {problem}"
            ))
        }
        firehose_delivery::Error::Config { member: "HiveJsonSerDe", problem, .. } => {
            invalid(format!("Invalid deserializer option(s): {problem}"))
        }
        other => invalid(other.to_string()),
    }
}

fn compression(destination: &S3Destination) -> RawCompression {
    match destination.compression_format.as_deref() {
        Some("GZIP") => RawCompression::Gzip,
        Some("ZIP") => RawCompression::Zip,
        Some("Snappy") => RawCompression::Snappy,
        Some("HADOOP_SNAPPY") => RawCompression::HadoopSnappy,
        // The model leaves no other.
        _ => RawCompression::Uncompressed,
    }
}

/// Objects tell the key that they would be encrypted with; there is no KMS.
fn labels(destination: &S3Destination) -> ObjectLabels {
    let key = destination.encryption_configuration.pointer("/KMSEncryptionConfig/AWSKMSKeyARN");
    let mut labels = ObjectLabels::default();
    labels.metadata.extend(
        key.and_then(Value::as_str)
            .map(|key| ("x-amz-server-side-encryption-aws-kms-key-id".to_owned(), key.to_owned())),
    );
    labels
}

/// `CustomTimeZone`; left out or empty it is UTC.
fn time_zone(destination: &S3Destination) -> Result<Tz, AwsError> {
    let name = destination.custom_time_zone.as_deref().unwrap_or_default();
    if name.is_empty() {
        return Ok(Tz::UTC);
    }
    name.parse().map_err(|_| invalid(format!("CustomTimeZone {name} is not a known time zone")))
}

/// The bucket as a store. It need not exist yet: until then deliveries are tried again.
fn bucket(state: &State, destination: &S3Destination) -> Result<Arc<dyn ObjectStore>, AwsError> {
    let bucket = state.buckets.bucket(destination.bucket()?);
    let bucket = bucket.map_err(|why| invalid(why.to_string()))?;
    Ok(bucket.object_store())
}

/// The stream's hints, unless the endpoint overrides them.
fn buffering(
    config: DeliveryStreamConfig,
    destination: &S3Destination,
    settings: &Settings,
) -> DeliveryStreamConfig {
    const MIB: usize = 1024 * 1024;
    let defaults = config.buffering_hints();
    let hints = &destination.buffering_hints;
    let asked_size = hints.size_in_mbs.and_then(|size| usize::try_from(size).ok());
    let asked_size = asked_size.map_or(defaults.size_bytes, |size| size.saturating_mul(MIB));
    let asked_interval = hints.interval_in_seconds.map_or(defaults.interval, Duration::from_secs);
    config.buffering(
        settings.buffer_size.unwrap_or(asked_size),
        settings.buffer_interval.unwrap_or(asked_interval),
    )
}

/// Errors of delivery go to the endpoint's log, under the names of the log group and stream.
fn observer(stream: String, logging: Logging, everything: Observer) -> Observer {
    let Logging { enabled, log_group_name, log_stream_name } = logging;
    if !enabled {
        return everything;
    }
    let group = log_group_name.unwrap_or_default();
    let log_stream = log_stream_name.unwrap_or_default();
    Observer::new(move |event| {
        match event {
            DeliveryEvent::Retrying { key, attempts, error, .. } => {
                tracing::warn!(group, log_stream, stream, key, attempts, error, "delivery failed");
            }
            DeliveryEvent::Expired { key, records, error } => {
                tracing::error!(group, log_stream, stream, key, records, error, "records lost");
            }
            DeliveryEvent::InvocationFailed { function, attempts, error, .. } => {
                tracing::warn!(group, log_stream, stream, function, attempts, error, "call failed");
            }
            DeliveryEvent::ErrorsDelivered { key, records, .. } => {
                tracing::warn!(group, log_stream, stream, key, records, "records did not convert");
            }
            _ => {}
        }
        everything.tell(event);
    })
}

/// Opens every stream that was there when the endpoint ended, and delivers what is found in their
/// journals.
///
/// # Errors
///
/// A stream that no longer opens, by name.
pub(crate) async fn reopen(state: &Arc<State>) -> Result<(), Error> {
    let mut records = state.streams.records.all(state.settings.clock.now());
    records.retain(|record| record.gone_at.is_none());
    let kept = records.iter().map(|record| state.journals.of(&record.arn(), record.created));
    state.journals.remove_all_but(kept)?;
    for record in records {
        let stream = reopened(state, &record).await.map_err(|why| Error::Setting {
            setting: "data_dir",
            problem: format!("holds the delivery stream `{}`, but {}", record.name, why.message),
        })?;
        state.streams.attach(&record, stream.clone());
        super::source::start(state, &record, &stream);
    }
    Ok(())
}

async fn reopened(state: &Arc<State>, record: &StreamRecord) -> Result<DeliveryStream, AwsError> {
    let plan = planned(state, record, record.version, &record.destination)?.noted(record);
    let journaling = journaling(state, record);
    plan.open_on(state, journaling).await.map_err(|why| invalid(why.with_causes()))
}

/// The plan of a stream that was created before.
fn planned(
    state: &State,
    record: &StreamRecord,
    version: u32,
    destination: &Value,
) -> Result<Plan, AwsError> {
    let destination = S3Destination::read(destination)?;
    Plan::new(state, &record.caller, &record.name, version, &destination, false)
}

/// The journal of a stream that was created before. One that was filled before the endpoint was
/// told to keep nothing is emptied all the same.
fn journaling(state: &Arc<State>, record: &StreamRecord) -> Option<Journaling> {
    if record.source.is_some() {
        return None;
    }
    let directory = state.journals.of(&record.arn(), record.created);
    let journaling = match state.journals.durability {
        Some(durability) => Journaling::new(directory, durability),
        None if directory.is_dir() => {
            Journaling::new(directory, Durability::Process).only_recovering()
        }
        None => return None,
    };
    // The state owns the streams.
    let (state, record) = (Arc::downgrade(state), record.clone());
    Some(journaling.finding_destinations_by(move |note| found(&state, &record, note)))
}

/// The destination that held when records were accepted.
fn found(
    state: &Weak<State>,
    record: &StreamRecord,
    note: &str,
) -> Result<Place, firehose_delivery::Error> {
    let fail = |problem: String| firehose_delivery::Error::Config {
        stream: record.name.clone(),
        member: "the destination in its journal",
        problem,
    };
    let state = state.upgrade().ok_or_else(|| fail("is asked for too late".to_owned()))?;
    let Note { version, destination } =
        serde_json::from_str(note).map_err(|why| fail(why.to_string()))?;
    let plan = planned(&state, record, version, &destination);
    let Plan { config, store } = plan.map_err(|why| fail(why.message))?;
    Ok((config, store))
}

/// What journals note of a destination.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    version: u32,
    destination: Value,
}

impl Note {
    fn of(record: &StreamRecord) -> Self {
        Self { version: record.version, destination: record.destination.clone() }
    }

    fn to_text(&self) -> String {
        // A number and JSON always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}
