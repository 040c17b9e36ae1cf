//! From what was asked for to what the engine does: opening and changing its streams.

use std::{sync::Arc, time::Duration};

use firehose_delivery::{DeliveryEvent, DeliveryStream, DeliveryStreamConfig, Observer};
use object_store::ObjectStore;

use super::{
    destination::{Logging, S3Destination},
    error::invalid,
    schema::{CatalogTable, parquet_options},
};
use crate::{
    Error,
    protocol::{AwsError, Caller},
    settings::Settings,
    state::{State, StreamRecord},
};

/// What the engine is told about a stream.
pub(super) struct Plan {
    config: DeliveryStreamConfig,
    store: Arc<dyn ObjectStore>,
    logging: Logging,
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
        let mut config =
            DeliveryStreamConfig::new(name).with_prefix(&destination.prefix).at_version(version);
        if let Some(prefix) = destination.error_output_prefix.as_deref().filter(|p| !p.is_empty()) {
            config = config.with_error_output_prefix(prefix);
        }
        if let Some(extension) = destination.file_extension.as_deref().filter(|e| !e.is_empty()) {
            config = config.with_file_extension(extension);
        }
        if let Some(conversion) = destination.conversion() {
            let schema = conversion.schema_configuration.clone().unwrap_or_default();
            let table = CatalogTable::new(&state.catalog, caller, &schema);
            if check_table {
                table.check()?;
            }
            config = config.converting_by(Arc::new(table), parquet_options(conversion)?);
        }
        let config = buffering(config, destination, &state.settings);
        config.validate().map_err(|why| invalid(why.to_string()))?;
        Ok(Self {
            config,
            store: bucket(state, destination)?,
            logging: destination.cloud_watch_logging_options.clone(),
        })
    }

    /// Opens the stream.
    pub(super) async fn open(self, state: &State) -> Result<DeliveryStream, AwsError> {
        let name = self.config.name().to_owned();
        let observer = observer(name, self.logging, state.settings.observer.clone());
        DeliveryStream::open_observed(self.config, self.store, state.settings.clock, observer)
            .await
            .map_err(|why| invalid(why.to_string()))
    }

    /// Changes a stream that is open.
    pub(super) fn apply(&self, stream: &DeliveryStream) -> Result<(), AwsError> {
        let store = Arc::clone(&self.store);
        stream.update(&self.config, store).map_err(|why| invalid(why.to_string()))
    }
}

/// The bucket as a store. It need not exist yet: until then deliveries are tried again.
fn bucket(state: &State, destination: &S3Destination) -> Result<Arc<dyn ObjectStore>, AwsError> {
    let bucket = state.buckets.bucket(destination.bucket()?);
    let bucket = bucket.map_err(|why| invalid(why.to_string()))?;
    // What Firehose says of every object that it delivers.
    Ok(bucket.object_store_of("application/octet-stream"))
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
            DeliveryEvent::ErrorsDelivered { key, records, .. } => {
                tracing::warn!(group, log_stream, stream, key, records, "records did not convert");
            }
            _ => {}
        }
        everything.tell(event);
    })
}

/// Opens every stream that was there when the endpoint ended.
///
/// # Errors
///
/// A stream that no longer opens, by name.
pub(crate) async fn reopen(state: &State) -> Result<(), Error> {
    for record in state.streams.all(state.settings.clock.now()) {
        if record.gone_at.is_some() {
            continue;
        }
        let stream = reopened(state, &record).await.map_err(|why| Error::Setting {
            setting: "data_dir",
            problem: format!("holds the delivery stream `{}`, but {}", record.name, why.message),
        })?;
        state.streams.attach(&record, stream);
    }
    Ok(())
}

async fn reopened(state: &State, record: &StreamRecord) -> Result<DeliveryStream, AwsError> {
    let destination = S3Destination::read(&record.destination)?;
    let StreamRecord { caller, name, version, .. } = record;
    Plan::new(state, caller, name, *version, &destination, false)?.open(state).await
}
