//! Objects into the store, again and again until they stand there.

use std::{panic::AssertUnwindSafe, sync::Arc};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use object_store::{Attribute, Attributes, ObjectStore, PutOptions, PutPayload, path::Path};
use tokio::time::Instant;
use tracing::{debug, error, warn};
use uuid::Uuid;

use crate::{
    Delivered, DeliveryEvent, DeliveryStreamConfig, Error, LambdaProcessor, ObjectLabels, Observer,
    PartitionKeys, RecordFormat, RetryPolicy,
    buffers::Filing,
    error::with_causes,
    intake::Intake,
    journal::frame::{BufferHead, Header},
    key::{ErrorOutputType, KeyLayout},
    output::{PreparedErrors, PreparedObject},
    state::Shared,
    worker::Ready,
};

/// What Firehose says of every object that it delivers.
const CONTENT_TYPE: &str = "application/octet-stream";

/// What holds for the objects of a buffer, fixed when the buffer opens.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) keys: KeyLayout,
    pub(crate) format: RecordFormat,
    pub(crate) retry: RetryPolicy,
    pub(crate) labels: Option<ObjectLabels>,
    observer: Option<Observer>,
    /// What is done to records before they are buffered.
    pub(crate) intake: Option<Intake>,
    /// Whom records go through before they are filed.
    pub(crate) lambda: Option<LambdaProcessor>,
    /// What segments of the journal begin with.
    pub(crate) header: Arc<[u8]>,
}

impl Destination {
    pub(crate) fn new(
        config: &DeliveryStreamConfig,
        store: Arc<dyn ObjectStore>,
    ) -> Result<Self, Error> {
        let keys = KeyLayout::new(config)?;
        Ok(Self {
            store,
            keys,
            format: config.format.clone(),
            retry: config.retry,
            labels: config.labels.clone(),
            observer: config.observer.clone(),
            lambda: config.lambda.clone().map(|lambda| lambda.reading(config.source_arn.clone())),
            header: Header::new(&config.name, &config.note).to_bytes().into(),
            intake: Intake::new(&config.name, &config.processing, config.partitioning.as_ref())?,
        })
    }

    /// What is written down of a buffer when it is opened.
    pub(crate) fn head(
        &self,
        number: u64,
        filing: &Filing,
        oldest: DateTime<Utc>,
        object_id: Uuid,
        error_id: Uuid,
    ) -> BufferHead {
        let partition = match filing {
            Filing::Partition(keys) => Some(keys),
            Filing::Whole | Filing::Failed(_) => None,
        };
        let failed = match filing {
            Filing::Failed(kind) => Some(*kind),
            Filing::Whole | Filing::Partition(_) => None,
        };
        let kind = failed.unwrap_or(ErrorOutputType::FormatConversion);
        let schema_version = match &self.format {
            RecordFormat::Parquet { schema, .. } => schema.version(),
            RecordFormat::Raw { .. } => None,
        };
        BufferHead {
            number,
            partition: partition.map(PartitionKeys::values),
            failed,
            raw: false,
            object_id,
            error_id,
            object_stem: self.keys.object_stem(oldest, object_id, partition),
            error_key: self.keys.error_object(oldest, error_id, kind),
            schema_version,
        }
    }

    /// What is said of an object with this coding.
    fn attributes(&self, content_encoding: Option<&'static str>) -> Attributes {
        let mut attributes = Attributes::new();
        let Some(labels) = &self.labels else { return attributes };
        attributes.insert(Attribute::ContentType, CONTENT_TYPE.into());
        if let Some(coding) = content_encoding {
            attributes.insert(Attribute::ContentEncoding, coding.into());
        }
        for (name, value) in &labels.metadata {
            let name = Attribute::Metadata(name.clone().into());
            attributes.insert(name, value.clone().into());
        }
        attributes
    }
}

/// Puts the objects of one stream, and tells about it.
#[derive(Debug, Clone)]
pub(crate) struct Deliverer {
    pub(crate) stream: String,
    /// Told where a destination has nobody of its own.
    pub(crate) observer: Observer,
}

impl Deliverer {
    /// Puts the objects of one buffer and counts them.
    pub(crate) async fn deliver(&self, shared: &Shared, ready: Ready) {
        if let Some(object) = &ready.prepared.object {
            self.deliver_object(shared, &ready, object).await;
        }
        if let Some(errors) = &ready.prepared.errors {
            self.deliver_errors(shared, &ready, errors).await;
        }
        shared.forget(&ready.logged).await;
        shared.settled(ready.partition.as_ref(), ready.bytes);
    }

    async fn deliver_object(&self, shared: &Shared, ready: &Ready, object: &PreparedObject) {
        let to = &ready.destination;
        let key = match &ready.keys {
            Some(fixed) => to.keys.with_extension(fixed.object_stem.clone(), object.extension),
            None => to.keys.object(
                ready.oldest,
                ready.object_id,
                ready.partition.as_ref(),
                object.extension,
            ),
        };
        let attributes = to.attributes(object.content_encoding);
        let put = Put { to, key: &key, payload: &object.payload, attributes };
        let (records, rows) = (object.records, object.rows);
        if let Err(error) = self.put(shared, put, to.retry).await {
            error!(stream = self.stream, key, records, error, "given up: these records are lost");
            shared.count(|stats| {
                stats.expired_records += records as u64;
                stats.buffered_records -= records as u64;
            });
            self.tell(to, &DeliveryEvent::Expired { key, records, error });
            return;
        }
        let bytes = object.payload.content_length();
        debug!(stream = self.stream, key, records, bytes, "object delivered");
        shared.count(|stats| {
            stats.delivered_rows += rows.unwrap_or(0) as u64;
            stats.delivered_objects += 1;
            stats.delivered_bytes += bytes as u64;
            stats.delivered_records += records as u64;
            if rows.is_some() {
                stats.converted_records += records as u64;
                stats.converted_bytes += object.source_bytes as u64;
            }
            stats.buffered_records -= records as u64;
        });
        let delivered = Delivered { key, records, rows, bytes, trigger: ready.trigger };
        self.tell(to, &DeliveryEvent::Delivered(delivered));
    }

    async fn deliver_errors(&self, shared: &Shared, ready: &Ready, errors: &PreparedErrors) {
        let to = &ready.destination;
        let key = match &ready.keys {
            Some(fixed) => fixed.error.clone(),
            None => to.keys.error_object(ready.oldest, ready.error_id, errors.kind),
        };
        let put = Put { to, key: &key, payload: &errors.payload, attributes: to.attributes(None) };
        // For ever: an error object blocks what comes after it.
        let for_ever = RetryPolicy { give_up_after: None, ..to.retry };
        let _ = self.put(shared, put, for_ever).await;
        let (records, bytes) = (errors.records, errors.payload.content_length());
        warn!(stream = self.stream, key, records, "records failed");
        shared.count(|stats| {
            stats.error_objects += 1;
            stats.failed_records += records as u64;
            if errors.kind == ErrorOutputType::FormatConversion {
                stats.unconverted_bytes += errors.source_bytes as u64;
            } else {
                stats.processing_failed_records += records as u64;
            }
            stats.buffered_records -= records as u64;
        });
        self.tell(to, &DeliveryEvent::ErrorsDelivered { key, records, bytes });
    }

    pub(crate) fn tell(&self, to: &Destination, event: &DeliveryEvent) {
        to.observer.as_ref().unwrap_or(&self.observer).tell(event);
    }

    /// Puts one object until the store takes it, or the policy gives up with what the store said
    /// last. The key is the same every time: an attempt that was stored although it failed is
    /// overwritten with the same bytes, not doubled.
    async fn put(&self, shared: &Shared, put: Put<'_>, retry: RetryPolicy) -> Result<(), String> {
        let (started, mut attempts) = (Instant::now(), 0);
        loop {
            let Err(why) = put.once().await else { break };
            attempts += 1;
            let error = describe(&why);
            shared.failing(&error);
            let Some(pause) = retry.pause_or_give_up(attempts, started.elapsed()) else {
                return Err(error);
            };
            let key = put.key;
            warn!(stream = self.stream, key, attempts, error, ?pause, "put failed, trying again");
            let key = key.to_owned();
            self.tell(put.to, &DeliveryEvent::Retrying { key, attempts, error, pause });
            tokio::time::sleep(pause).await;
        }
        shared.working();
        Ok(())
    }
}

/// An object on its way.
struct Put<'a> {
    to: &'a Destination,
    key: &'a str,
    payload: &'a PutPayload,
    attributes: Attributes,
}

impl Put<'_> {
    /// One attempt. A panic of the store is a failed attempt: the records are still here.
    async fn once(&self) -> object_store::Result<()> {
        let path = Path::parse(self.key)?;
        let attributes = self.attributes.clone();
        let options = PutOptions { attributes, ..PutOptions::default() };
        let put = self.to.store.put_opts(&path, self.payload.clone(), options);
        let panicked = || object_store::Error::Generic {
            store: "delivery",
            source: "the object store panicked".into(),
        };
        AssertUnwindSafe(put).catch_unwind().await.unwrap_or_else(|_| Err(panicked())).map(drop)
    }
}

/// The error and its causes in one line, without object_store's "Generic … error" in front of what
/// happened.
fn describe(error: &object_store::Error) -> String {
    with_causes(match error {
        object_store::Error::Generic { source, .. } => source.as_ref(),
        other => other,
    })
}
