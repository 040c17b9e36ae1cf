//! The sources of delivery streams that have one, and how far each has come.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use firehose_delivery::{Clock, DeliveryStream, KinesisSource, SourcePlaces, SourceStats};
use kinesis_stream::DataStream;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::StreamRecord;
use crate::{Error, protocol::Caller, state::Kept};

/// A Kinesis stream as source, as it was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceRecord {
    pub(crate) stream_arn: String,
    pub(crate) role_arn: String,
    /// From when on records are read.
    pub(crate) start: DateTime<Utc>,
    /// Where that is.
    pub(crate) places: SourcePlaces,
}

/// How far a source has come: everything before is delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Checkpoint {
    /// When the delivery stream was created: tells it from another that had the name before.
    created: DateTime<Utc>,
    places: SourcePlaces,
}

/// Scope (account and region) to name to checkpoint.
type Checkpoints = BTreeMap<String, BTreeMap<String, Checkpoint>>;

/// The sources that are being read.
#[derive(Debug)]
pub(crate) struct Sources {
    checkpoints: Arc<Kept<Checkpoints>>,
    running: RwLock<HashMap<(Caller, String), Arc<KinesisSource>>>,
}

impl Sources {
    /// Reads the checkpoints back from their file in `folder`.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let checkpoints = Arc::new(Kept::open(folder, "source-checkpoints.json")?);
        Ok(Self { checkpoints, running: RwLock::default() })
    }

    /// Reads `from` into `to` from now on: from the checkpoint, or from where the record says.
    pub(crate) fn start(
        &self,
        record: &StreamRecord,
        source: &SourceRecord,
        from: DataStream,
        to: DeliveryStream,
        clock: Clock,
    ) {
        let StreamRecord { caller, name, created, .. } = record;
        let (scope, created) = (caller.scope(), *created);
        let checkpoints = self.checkpoints.get();
        let kept = checkpoints.get(&scope).and_then(|streams| streams.get(name));
        let kept = kept.filter(|kept| kept.created == created).map(|kept| kept.places.clone());
        let places = kept.unwrap_or_else(|| source.places.clone());
        let keep = {
            let (checkpoints, name) = (Arc::clone(&self.checkpoints), name.clone());
            move |places| {
                let (checkpoints, name) = (Arc::clone(&checkpoints), name.clone());
                keep(checkpoints, scope.clone(), name, Checkpoint { created, places })
            }
        };
        let reader = record.arn();
        let running = KinesisSource::start(&reader, from, to, clock, places, keep);
        let key = (caller.clone(), name.clone());
        let mut all = self.running.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(key, Arc::new(running));
    }

    /// Ends the reading for a delivery stream, if it has a source.
    pub(super) fn stop(&self, caller: &Caller, name: &str) {
        let mut all = self.running.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = all.remove(&(caller.clone(), name.to_owned())) {
            source.stop();
        }
    }

    /// What came of reading for a delivery stream.
    pub(super) fn stats(&self, caller: &Caller, name: &str) -> Option<SourceStats> {
        let all = self.running.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&(caller.clone(), name.to_owned())).map(|source| source.stats())
    }

    /// Hands over what is in the data streams now, of one delivery stream or of all, until the
    /// deadline at most; whether everything was.
    pub(super) async fn catch_up(&self, name: Option<&str>, deadline: Instant) -> bool {
        let waits = self
            .named(name)
            .into_iter()
            .map(|source| async move { timeout_at(deadline, source.catch_up()).await.is_ok() });
        futures::future::join_all(waits).await.into_iter().all(|caught_up| caught_up)
    }

    /// Hands over what is in the data streams now and reads no further.
    pub(super) async fn finish(&self, deadline: Instant) {
        let waits = self.named(None).into_iter().map(|source| async move { source.finish().await });
        // What is not handed over then stays in its data stream.
        let _ = timeout_at(deadline, futures::future::join_all(waits)).await;
    }

    /// Waits until what was delivered is in the checkpoints, for a moment at most.
    pub(super) async fn ended(&self) {
        const MOMENT: Duration = Duration::from_secs(1);
        let waits = self.named(None).into_iter().map(|source| async move { source.ended().await });
        let _ = tokio::time::timeout(MOMENT, futures::future::join_all(waits)).await;
    }

    /// Ends all reading and forgets all checkpoints.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) async fn reset(&self) -> Result<(), Error> {
        let all =
            std::mem::take(&mut *self.running.write().unwrap_or_else(PoisonError::into_inner));
        all.values().for_each(|source| source.stop());
        self.checkpoints
            .change(|checkpoints| {
                checkpoints.clear();
                Ok::<_, Error>(())
            })
            .await
    }

    fn named(&self, name: Option<&str>) -> Vec<Arc<KinesisSource>> {
        let all = self.running.read().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|((_, of), _)| name.is_none_or(|name| name == of))
            .map(|(_, source)| Arc::clone(source))
            .collect()
    }
}

async fn keep(
    checkpoints: Arc<Kept<Checkpoints>>,
    scope: String,
    name: String,
    checkpoint: Checkpoint,
) {
    let put = |all: &mut Checkpoints| {
        all.entry(scope).or_default().insert(name.clone(), checkpoint);
        Ok::<_, Error>(())
    };
    if let Err(why) = checkpoints.change(put).await {
        // Nothing is lost: more is read again after a restart.
        tracing::warn!(stream = name, %why, "a source's checkpoint cannot be kept");
    }
}
