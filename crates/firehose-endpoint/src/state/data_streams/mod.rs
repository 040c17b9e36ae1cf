//! Data streams by name: what was asked for (kept in a file), the handle to each, and its log.

mod log;
mod record;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use firehose_journal::Durability;
use kinesis_stream::{DataStream, StreamSettings};

pub(crate) use self::{log::StreamLog, record::DataStreamRecord};
use super::{Journals, Scoped};
use crate::{Error, protocol::Caller, settings::Settings};

const HOUR: u64 = 60 * 60;

/// A stream that takes records.
#[derive(Debug)]
pub(crate) struct LiveDataStream {
    pub(crate) stream: DataStream,
    /// Tells it from another that had the name before.
    pub(crate) created: DateTime<Utc>,
    /// When CREATING ends.
    pub(crate) active_at: DateTime<Utc>,
    /// Keeps what is accepted; none: it is in memory.
    pub(crate) log: Option<Arc<StreamLog>>,
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
    journals: Journals,
    pub(crate) records: Scoped<DataStreamRecord>,
    live: RwLock<HashMap<Caller, HashMap<String, Arc<LiveDataStream>>>>,
}

impl DataStreams {
    /// Reads the streams back from their file in `folder`, and their records from their logs.
    ///
    /// # Errors
    ///
    /// The file or a log cannot be read.
    pub(crate) fn open(folder: &Path, settings: &Settings) -> Result<Self, Error> {
        let streams = Self {
            journals: Journals::new(folder.join("data-streams"), settings.durability),
            records: Scoped::open(folder, "data-streams.json")?,
            live: RwLock::default(),
        };
        let mut there = streams.records.all(settings.clock.now());
        there.retain(|record| record.gone_at.is_none());
        streams.journals.remove_all_but(there.iter().map(|record| streams.log_of(record)))?;
        for record in there {
            streams.reopen(&record, settings)?;
        }
        Ok(streams)
    }

    fn reopen(&self, record: &DataStreamRecord, settings: &Settings) -> Result<(), Error> {
        let now = settings.clock.now();
        let stream = DataStream::open(stream_settings(settings, record), &record.layout, now);
        let directory = self.log_of(record);
        let failed = |why: firehose_journal::Error| Error::Setting {
            setting: "data_dir",
            problem: format!("holds the data stream `{}`, but {why}", record.name),
        };
        let log = match self.journals.durability {
            None if !directory.is_dir() => None,
            durability => {
                let process = durability.unwrap_or(Durability::Process);
                let (log, records) = StreamLog::open(directory.clone(), process).map_err(failed)?;
                stream.restore(now, records);
                log.trim(record.horizon(now));
                Some(log)
            }
        };
        if self.journals.durability.is_none() && log.is_some() {
            // What was kept before is in memory now, as everything that comes.
            fs::remove_dir_all(&directory)
                .map_err(|source| Error::DataDirectory { path: directory, source })?;
        }
        self.attach(record, stream, log.filter(|_| self.journals.durability.is_some()));
        Ok(())
    }

    /// The log of a new stream, if streams have one.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub(crate) fn new_log(
        &self,
        record: &DataStreamRecord,
    ) -> Result<Option<Arc<StreamLog>>, firehose_journal::Error> {
        let Some(durability) = self.journals.durability else { return Ok(None) };
        StreamLog::open(self.log_of(record), durability).map(|(log, _)| Some(log))
    }

    fn log_of(&self, record: &DataStreamRecord) -> PathBuf {
        self.journals.of(&record.arn(), record.created)
    }

    /// The handle to a stream.
    pub(crate) fn live(&self, caller: &Caller, name: &str) -> Option<Arc<LiveDataStream>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.get(caller)?.get(name).map(Arc::clone)
    }

    /// From now on the stream takes records.
    pub(crate) fn attach(
        &self,
        record: &DataStreamRecord,
        stream: DataStream,
        log: Option<Arc<StreamLog>>,
    ) {
        let entry = Arc::new(LiveDataStream {
            stream,
            created: record.created,
            active_at: record.active_at,
            log,
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

    /// Removes the log of a stream that was deleted; what is left of it goes at the next start.
    pub(crate) fn remove_log(&self, record: &DataStreamRecord) {
        // Without a log there is nothing to remove.
        let _ = fs::remove_dir_all(self.log_of(record));
    }

    /// Forgets every stream with its records.
    ///
    /// # Errors
    ///
    /// The file cannot be written; then the streams stay.
    pub(crate) async fn reset(&self) -> Result<(), Error> {
        self.records.clear().await?;
        self.live.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.journals.remove_all_but([])
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
