//! Delivery streams by name: what was asked for (kept in a file), and the engine's handle to each.

mod counters;
mod record;
mod sources;
mod status;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicBool},
    time::Duration,
};

use chrono::{DateTime, Utc};
use firehose_delivery::DeliveryStream;
use tokio::time::Instant;

pub(crate) use self::{
    counters::{Calls, Counted, Counters},
    record::{Encryption, StreamRecord},
    sources::{SourceRecord, Sources},
    status::{FlushAnswer, StreamStatus},
};
use super::Scoped;
use crate::{Error, protocol::Caller};

/// A stream that takes records.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) stream: DeliveryStream,
    /// When CREATING ends.
    pub(crate) active_at: DateTime<Utc>,
    /// Whether answers say that records are encrypted.
    pub(crate) encrypted: AtomicBool,
    /// Whether records come from a source, and puts are refused.
    pub(crate) has_source: bool,
    pub(crate) counters: Counters,
}

/// The delivery streams of every account and region.
#[derive(Debug)]
pub(crate) struct DeliveryStreams {
    pub(crate) records: Scoped<StreamRecord>,
    live: RwLock<HashMap<Caller, HashMap<String, Arc<Live>>>>,
    /// Held from the check of an update to its effect, so that two do not cross.
    pub(crate) updating: tokio::sync::Mutex<()>,
    pub(crate) sources: Sources,
}

impl DeliveryStreams {
    /// Reads the streams back from their file in `folder`. None takes records yet: see
    /// [`attach`](Self::attach).
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        Ok(Self {
            records: Scoped::open(folder, "delivery-streams.json")?,
            live: RwLock::default(),
            updating: tokio::sync::Mutex::default(),
            sources: Sources::open(folder)?,
        })
    }

    /// The engine's handle to a stream, for a put.
    pub(crate) fn live(&self, caller: &Caller, name: &str) -> Option<Arc<Live>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.get(caller)?.get(name).map(Arc::clone)
    }

    /// From now on the stream takes records.
    pub(crate) fn attach(&self, record: &StreamRecord, stream: DeliveryStream) {
        let entry = Arc::new(Live {
            stream,
            active_at: record.active_at,
            encrypted: AtomicBool::new(record.encryption.enabled),
            has_source: record.source.is_some(),
            counters: Counters::default(),
        });
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.entry(record.caller.clone()).or_default().insert(record.name.clone(), entry);
    }

    /// From now on the stream takes no records.
    pub(crate) fn detach(&self, caller: &Caller, name: &str) -> Option<Arc<Live>> {
        self.sources.stop(caller, name);
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.get_mut(caller)?.remove(name)
    }

    /// Every stream that takes records.
    pub(crate) fn all_live(&self) -> Vec<(Caller, Arc<Live>)> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = live
            .iter()
            .flat_map(|(caller, streams)| {
                streams.values().map(|stream| (caller.clone(), Arc::clone(stream)))
            })
            .collect();
        all.sort_by(|(a, x), (b, y)| (a, x.stream.name()).cmp(&(b, y.stream.name())));
        all
    }

    /// Delivers what is buffered, of one stream or of all, and says what came of it.
    pub(crate) async fn flush(&self, name: Option<&str>, within: Duration) -> Vec<FlushAnswer> {
        let deadline = deadline(within);
        let caught_up = self.sources.catch_up(name, deadline).await;
        let chosen = self.all_live().into_iter().map(|(_, live)| live);
        let chosen = chosen.filter(|live| name.is_none_or(|name| live.stream.name() == name));
        let flushes = chosen.map(|live| async move {
            let delivered = tokio::time::timeout_at(deadline, live.stream.flush()).await.is_ok();
            let all = delivered && (caught_up || !live.has_source);
            FlushAnswer::of(&live.stream, all)
        });
        futures::future::join_all(flushes).await
    }

    /// What became of each stream's records so far.
    pub(crate) fn answers(&self) -> Vec<FlushAnswer> {
        let answer = |live: Arc<Live>| {
            let backup = live.stream.backup_stats().unwrap_or_default();
            let delivered = live.stream.stats().buffered_records + backup.buffered_records == 0;
            FlushAnswer::of(&live.stream, delivered)
        };
        self.all_live().into_iter().map(|(_, live)| answer(live)).collect()
    }

    /// Takes no more records anywhere and delivers what is buffered, for at most `within`.
    pub(crate) async fn close(&self, within: Duration) -> Vec<FlushAnswer> {
        let deadline = deadline(within);
        self.sources.finish(deadline).await;
        let closes = self.all_live().into_iter().map(|(_, live)| async move {
            let left = deadline.saturating_duration_since(Instant::now());
            let delivered = live.stream.close_within(left).await.is_ok();
            FlushAnswer::of(&live.stream, delivered)
        });
        let answers = futures::future::join_all(closes).await;
        self.sources.ended().await;
        answers
    }

    /// Forgets every stream and drops what is buffered.
    ///
    /// # Errors
    ///
    /// The file cannot be written; then the streams stay.
    pub(crate) async fn reset(&self) -> Result<(), Error> {
        self.records.clear().await?;
        self.sources.reset().await?;
        let live = std::mem::take(&mut *self.live.write().unwrap_or_else(PoisonError::into_inner));
        for stream in live.values().flat_map(HashMap::values) {
            stream.stream.discard();
        }
        Ok(())
    }
}

/// `within` from now; very far away where that has no end.
fn deadline(within: Duration) -> Instant {
    const VERY_LONG: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    Instant::now() + within.min(VERY_LONG)
}
