//! Data streams by name: what was asked for (kept in a file), and the handle to each.

mod record;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use kinesis_stream::{DataStream, StreamSettings};

pub(crate) use self::record::DataStreamRecord;
use super::Kept;
use crate::{Error, protocol::Caller, settings::Settings};

/// Scope (account and region) to name to stream.
type Records = BTreeMap<String, BTreeMap<String, DataStreamRecord>>;

const HOUR: u64 = 60 * 60;

/// A stream that takes records.
#[derive(Debug)]
pub(crate) struct LiveDataStream {
    pub(crate) stream: DataStream,
    /// Tells it from another that had the name before.
    pub(crate) created: DateTime<Utc>,
    /// When CREATING ends.
    pub(crate) active_at: DateTime<Utc>,
    max_record_kib: AtomicU32,
    /// Held from the check of a reshard to its effect, so that two do not cross.
    pub(crate) resharding: tokio::sync::Mutex<()>,
}

impl LiveDataStream {
    /// What a record may hold, key and data.
    pub(crate) fn max_record_bytes(&self) -> usize {
        self.max_record_kib.load(Ordering::Relaxed) as usize * 1024
    }
}

/// The data streams of every account and region.
#[derive(Debug)]
pub(crate) struct DataStreams {
    records: Kept<Records>,
    live: RwLock<HashMap<Caller, HashMap<String, Arc<LiveDataStream>>>>,
}

impl DataStreams {
    /// Reads the streams back from their file in `folder`, without their records.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn open(folder: &Path, settings: &Settings) -> Result<Self, Error> {
        let streams =
            Self { records: Kept::open(folder, "data-streams.json")?, live: RwLock::default() };
        let now = settings.clock.now();
        for record in streams.records.get().values().flat_map(BTreeMap::values) {
            if record.gone_at.is_none() {
                let stream =
                    DataStream::open(stream_settings(settings, record), &record.layout, now);
                streams.attach(record, stream);
            }
        }
        Ok(streams)
    }

    /// The caller's streams in order of their names.
    pub(crate) fn of(&self, caller: &Caller, now: DateTime<Utc>) -> Vec<DataStreamRecord> {
        let records = self.records.get();
        let streams = records.get(&caller.scope());
        let present = streams.into_iter().flat_map(BTreeMap::values);
        present.filter(|record| !record.is_gone(now)).cloned().collect()
    }

    /// One stream.
    pub(crate) fn find(
        &self,
        caller: &Caller,
        name: &str,
        now: DateTime<Utc>,
    ) -> Option<DataStreamRecord> {
        let records = self.records.get();
        let found = records.get(&caller.scope())?.get(name)?;
        (!found.is_gone(now)).then(|| found.clone())
    }

    /// Changes the caller's streams, and keeps the change.
    ///
    /// # Errors
    ///
    /// What `change` answers, and a file that cannot be written; then nothing is changed.
    pub(crate) async fn change<R, E: From<Error>>(
        &self,
        caller: &Caller,
        change: impl FnOnce(&mut BTreeMap<String, DataStreamRecord>) -> Result<R, E> + Send,
    ) -> Result<R, E> {
        let scope = caller.scope();
        self.records.change(|records| change(records.entry(scope).or_default())).await
    }

    /// The handle to a stream.
    pub(crate) fn live(&self, caller: &Caller, name: &str) -> Option<Arc<LiveDataStream>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.get(caller)?.get(name).map(Arc::clone)
    }

    /// From now on the stream takes records.
    pub(crate) fn attach(&self, record: &DataStreamRecord, stream: DataStream) {
        let entry = Arc::new(LiveDataStream {
            stream,
            created: record.created,
            active_at: record.active_at,
            max_record_kib: AtomicU32::new(record.max_record_kib),
            resharding: tokio::sync::Mutex::default(),
        });
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.entry(record.caller.clone()).or_default().insert(record.name.clone(), entry);
    }

    /// From now on the stream takes no records; those that it has go with its last reader.
    pub(crate) fn detach(&self, caller: &Caller, name: &str) -> Option<Arc<LiveDataStream>> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.get_mut(caller)?.remove(name)
    }

    /// Forgets every stream with its records.
    ///
    /// # Errors
    ///
    /// The file cannot be written; then the streams stay.
    pub(crate) async fn reset(&self) -> Result<(), Error> {
        self.records
            .change(|records| {
                records.clear();
                Ok::<_, Error>(())
            })
            .await?;
        self.live.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }
}

/// What the model is told of a stream.
pub(crate) fn stream_settings(settings: &Settings, record: &DataStreamRecord) -> StreamSettings {
    StreamSettings {
        retention: Duration::from_secs(u64::from(record.retention_hours) * HOUR),
        limits: settings.shard_limits,
        ..StreamSettings::default()
    }
}
