//! What a stream is doing, for the control routes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use firehose_delivery::{DeliveryStream, SourceStats, StreamStats};

use super::{Counted, DeliveryStreams, StreamRecord};
use crate::protocol::Caller;

/// One stream at one moment.
#[derive(Debug, Clone)]
pub(crate) struct StreamStatus {
    pub(crate) caller: Caller,
    pub(crate) name: String,
    /// `CREATING`, `ACTIVE` or `DELETING`.
    pub(crate) status: &'static str,
    pub(crate) version_id: String,
    pub(crate) stats: StreamStats,
    /// Of the backup; all zero without one.
    pub(crate) backup_stats: StreamStats,
    /// Of the source; all zero without one.
    pub(crate) source_stats: SourceStats,
    /// What it was called with.
    pub(crate) counted: Counted,
    /// What the store said when it last refused an object.
    pub(crate) last_error: Option<String>,
    /// Age of the oldest record that is not delivered.
    pub(crate) oldest_age: Option<Duration>,
    /// The same of the backup.
    pub(crate) backup_oldest_age: Option<Duration>,
}

/// What came of a flush.
#[derive(Debug, Clone)]
pub(crate) struct FlushAnswer {
    pub(crate) name: String,
    /// Whether everything is in the store.
    pub(crate) delivered: bool,
    pub(crate) stats: StreamStats,
    pub(crate) last_error: Option<String>,
}

impl FlushAnswer {
    pub(super) fn of(stream: &DeliveryStream, delivered: bool) -> Self {
        Self {
            name: stream.name().to_owned(),
            delivered,
            stats: stream.stats(),
            last_error: stream.last_error(),
        }
    }
}

impl DeliveryStreams {
    /// Every stream of every account and region, in order.
    pub(crate) fn status(&self, now: DateTime<Utc>) -> Vec<StreamStatus> {
        self.records.all(now).iter().map(|record| self.status_of(record, now)).collect()
    }

    fn status_of(&self, record: &StreamRecord, now: DateTime<Utc>) -> StreamStatus {
        let live = self.live(&record.caller, &record.name);
        let counted = live.as_ref().map(|live| live.counters.read()).unwrap_or_default();
        let stream = live.as_ref().map(|live| &live.stream);
        let age = |oldest: DateTime<Utc>| (now - oldest).to_std().ok();
        StreamStatus {
            caller: record.caller.clone(),
            name: record.name.clone(),
            status: record.status(now),
            version_id: record.version.to_string(),
            stats: stream.map(DeliveryStream::stats).unwrap_or_default(),
            backup_stats: stream.and_then(DeliveryStream::backup_stats).unwrap_or_default(),
            source_stats: self.sources.stats(&record.caller, &record.name).unwrap_or_default(),
            counted,
            last_error: stream.and_then(DeliveryStream::last_error),
            oldest_age: stream.and_then(DeliveryStream::oldest_undelivered).and_then(age),
            backup_oldest_age: stream
                .and_then(DeliveryStream::backup_oldest_undelivered)
                .and_then(age),
        }
    }
}
