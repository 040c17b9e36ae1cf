//! Objects into the store, again and again until they stand there.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, path::Path};
use tracing::{debug, warn};

use crate::{
    Delivered, DeliveryEvent, DeliveryStreamConfig, Observer, RecordFormat, RetryPolicy,
    key::KeyLayout,
    output::{PreparedErrors, PreparedObject},
    state::Shared,
    worker::Ready,
};

/// What holds for the objects of a buffer, fixed when the buffer opens.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) keys: KeyLayout,
    pub(crate) format: RecordFormat,
    pub(crate) retry: RetryPolicy,
}

impl Destination {
    pub(crate) fn new(config: &DeliveryStreamConfig, store: Arc<dyn ObjectStore>) -> Self {
        let keys = KeyLayout::new(config);
        Self { store, keys, format: config.format.clone(), retry: config.retry }
    }
}

/// Puts the objects of one stream, and tells about it.
#[derive(Debug)]
pub(crate) struct Deliverer {
    pub(crate) stream: String,
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
        shared.settled(ready.records, ready.bytes);
    }

    async fn deliver_object(&self, shared: &Shared, ready: &Ready, object: &PreparedObject) {
        let key = ready.destination.keys.object(ready.oldest, ready.object_id, object.extension);
        self.put(shared, &ready.destination, &key, &object.payload).await;
        let bytes = object.payload.content_length();
        let (records, rows) = (object.records, object.rows);
        debug!(stream = self.stream, key, records, bytes, "object delivered");
        shared.count(|stats| {
            stats.delivered_rows += rows.unwrap_or(0) as u64;
            stats.delivered_objects += 1;
            stats.delivered_bytes += bytes as u64;
            stats.delivered_records += records as u64;
            stats.buffered_records -= records as u64;
        });
        let delivered = Delivered { key, records, rows, bytes, trigger: ready.trigger };
        self.observer.tell(&DeliveryEvent::Delivered(delivered));
    }

    async fn deliver_errors(&self, shared: &Shared, ready: &Ready, errors: &PreparedErrors) {
        let key = ready.destination.keys.error_object(ready.oldest, ready.error_id);
        self.put(shared, &ready.destination, &key, &errors.payload).await;
        let (records, bytes) = (errors.records, errors.payload.content_length());
        warn!(stream = self.stream, key, records, "records did not convert");
        shared.count(|stats| {
            stats.error_objects += 1;
            stats.failed_records += records as u64;
            stats.buffered_records -= records as u64;
        });
        self.observer.tell(&DeliveryEvent::ErrorsDelivered { key, records, bytes });
    }

    /// Puts one object until the store takes it. The key is the same every time: an attempt that
    /// was stored although it failed is overwritten with the same bytes, not doubled.
    async fn put(&self, shared: &Shared, to: &Destination, key: &str, payload: &PutPayload) {
        let mut attempts = 0;
        loop {
            let Err(why) = put_once(to.store.as_ref(), key, payload).await else { break };
            attempts += 1;
            let pause = to.retry.pause(attempts);
            let error = describe(&why);
            warn!(stream = self.stream, key, attempts, error, ?pause, "put failed, trying again");
            shared.failing(&error);
            let key = key.to_owned();
            self.observer.tell(&DeliveryEvent::Retrying { key, attempts, error, pause });
            tokio::time::sleep(pause).await;
        }
        shared.working();
    }
}

/// One attempt. A panic of the store is a failed attempt: the records are still here.
async fn put_once(
    store: &dyn ObjectStore,
    key: &str,
    payload: &PutPayload,
) -> object_store::Result<()> {
    let path = Path::parse(key)?;
    let put = AssertUnwindSafe(store.put(&path, payload.clone())).catch_unwind();
    let panicked = || object_store::Error::Generic {
        store: "delivery",
        source: "the object store panicked".into(),
    };
    put.await.unwrap_or_else(|_| Err(panicked())).map(drop)
}

/// The error and its causes in one line, without what is said twice, and without object_store's
/// "Generic … error" in front of what happened.
fn describe(error: &object_store::Error) -> String {
    let first: &dyn std::error::Error = match error {
        object_store::Error::Generic { source, .. } => source.as_ref(),
        other => other,
    };
    let mut text = first.to_string();
    let mut cause = first.source();
    while let Some(why) = cause {
        let why_text = why.to_string();
        if !text.contains(&why_text) {
            text = format!("{text}: {why_text}");
        }
        cause = why.source();
    }
    text
}
