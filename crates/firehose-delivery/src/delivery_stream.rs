//! The handle to a delivery stream.

mod recovery;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use firehose_sink::{
    Limits, Outcome, PutError, PutErrorKind, Record, RecordId, Refusal, Stored, check_limits,
};
use object_store::ObjectStore;
use uuid::Uuid;

use self::recovery::{Opener, Which};
use crate::{
    Backup, Clock, DeliveryStreamConfig, Error, Journaling, Observer, StreamStats,
    lambda::Origins,
    state::{Admission, CloseOnDrop, Shared, Terms},
    worker::{Launcher, OpenLog},
};

/// A delivery stream in this process: records in, objects out.
///
/// Cheap to clone; clones are the same stream. When the last one is dropped the stream closes and
/// goes on delivering in the background; [`close`](Self::close) also waits for that, and is the
/// way to end a program.
///
/// A record is acknowledged once it is in the buffer, which is memory: it survives everything
/// but the end of the process. With [`Journaling`] it is acknowledged once it is in the journal,
/// too, and survives that.
#[derive(Debug, Clone)]
pub struct DeliveryStream {
    name: Arc<str>,
    id_prefix: Arc<str>,
    shared: Arc<Shared>,
    launcher: Arc<Launcher>,
    /// Opens the logs of its journal, if there is one.
    opener: Option<Arc<Opener>>,
    _close: Arc<CloseOnDrop>,
}

impl DeliveryStream {
    /// Opens a stream that delivers to `store` and reads the time of day from `clock`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the configuration breaks a rule. The store is not asked.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn open(
        config: DeliveryStreamConfig,
        store: Arc<dyn ObjectStore>,
        clock: Clock,
    ) -> Result<Self, Error> {
        Self::start(config, store, clock, Observer::silent(), None).await
    }

    /// Opens a stream that keeps what it accepts in a journal, and delivers first what is found
    /// there.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`Error::Journal`] and [`Error::JournalFormat`] when the journal
    /// cannot be opened or read back.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn open_journaled(
        config: DeliveryStreamConfig,
        store: Arc<dyn ObjectStore>,
        clock: Clock,
        journaling: Journaling,
    ) -> Result<Self, Error> {
        Self::start(config, store, clock, Observer::silent(), Some(journaling)).await
    }

    /// Opens a stream that also tells `observer` about each delivery.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn open_observed(
        config: DeliveryStreamConfig,
        store: Arc<dyn ObjectStore>,
        clock: Clock,
        observer: Observer,
    ) -> Result<Self, Error> {
        Self::start(config, store, clock, observer, None).await
    }

    async fn start(
        config: DeliveryStreamConfig,
        store: Arc<dyn ObjectStore>,
        clock: Clock,
        observer: Observer,
        journaling: Option<Journaling>,
    ) -> Result<Self, Error> {
        config.validate()?;
        let name: Arc<str> = config.name.as_str().into();
        let opener =
            journaling.map(|journaling| Arc::new(Opener { stream: Arc::clone(&name), journaling }));
        let launcher = Launcher::new(&name, clock, observer);
        let blocking_opener = opener.clone();
        // Reading a journal back takes its time.
        let opened = tokio::task::spawn_blocking(move || {
            open_terms(&config, store, blocking_opener.as_deref(), clock)
        });
        let (stream, backup) = match opened.await {
            Ok(opened) => opened?,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let shared = launcher.launch(stream.0, stream.1);
        if let Some((terms, log)) = backup {
            shared.back_up(terms, log, &launcher);
        }
        Ok(Self {
            name,
            id_prefix: format!("{:016x}", Uuid::new_v4().as_u64_pair().1).into(),
            _close: Arc::new(CloseOnDrop(Arc::clone(&shared))),
            shared,
            launcher: Arc::new(launcher),
            opener,
        })
    }

    /// Name of the stream.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts a batch into the buffer, whole or not at all.
    ///
    /// Waits while too much is undelivered and deliveries go through. While the store, or that of
    /// the backup, refuses them, and when the journal cannot keep the batch, every record is
    /// refused with `ServiceUnavailableException` instead.
    ///
    /// # Errors
    ///
    /// [`PutErrorKind::Invalid`] for a batch over [`Limits::FIREHOSE`], [`PutErrorKind::Closed`]
    /// after [`close`](Self::close). Nothing is stored then.
    pub async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        check_limits(&self.name, Limits::FIREHOSE, batch)?;
        self.take(batch, None).await
    }

    /// As [`put_batch`](Self::put_batch), for batches and records of any size: those of a source, which
    /// says where they came from.
    pub(crate) async fn take(
        &self,
        batch: &[Record],
        origins: Origins<'_>,
    ) -> Result<Vec<Outcome>, PutError> {
        loop {
            let mut room = std::pin::pin!(self.shared.room());
            // From here on no word of new room is missed.
            room.as_mut().enable();
            match self.shared.admit(batch, origins) {
                Admission::In(first, commits) => {
                    let kept = commits.kept().await;
                    return Ok(if kept {
                        self.accepted(first, batch.len())
                    } else {
                        refused(batch)
                    });
                }
                Admission::Refused => return Ok(refused(batch)),
                Admission::Closed => {
                    let kind = PutErrorKind::Closed;
                    return Err(PutError::new(Arc::clone(&self.name), kind, Stored::Nothing));
                }
                Admission::Full => room.await,
            }
        }
    }

    fn accepted(&self, first: u64, count: usize) -> Vec<Outcome> {
        (first..)
            .take(count)
            .map(|n| Outcome::Accepted(RecordId::numbered(Arc::clone(&self.id_prefix), n)))
            .collect()
    }

    /// Sends out what is buffered and waits until everything accepted so far is in the store.
    /// Waits for the backup, too, and for as long as the store refuses.
    pub async fn flush(&self) {
        self.shared.transformed().await;
        let ticket = self.shared.flush();
        let backup = self.shared.backup().map(|backup| (backup.flush(), backup));
        self.shared.wait_for(ticket).await;
        if let Some((ticket, backup)) = backup {
            backup.wait_for(ticket).await;
        }
    }

    /// Gives the stream another configuration and another store, which hold for every record that
    /// is put from now on; what is buffered goes out as it was accepted.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] when the configuration breaks a rule, names another stream, or leaves out
    /// the backup that the stream has; [`Error::Journal`] when the log of a new backup cannot be
    /// opened. Then nothing changes.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, when a backup is added.
    pub fn update(
        &self,
        config: &DeliveryStreamConfig,
        store: Arc<dyn ObjectStore>,
    ) -> Result<(), Error> {
        config.validate()?;
        if config.name != *self.name {
            let problem = format!("cannot become `{}`: a stream keeps its name", config.name);
            return Err(Error::config(&self.name, "DeliveryStreamName", problem));
        }
        if config.backup.is_none() && self.shared.backup().is_some() {
            let problem = "cannot be Disabled once it is Enabled";
            return Err(Error::config(&self.name, "S3BackupMode", problem));
        }
        let terms = Terms::new(config, store)?;
        let backup = match config.backup.as_deref() {
            None => None,
            Some(backup) => Some(self.backup_terms(backup)?),
        };
        self.shared.update(terms, backup, &self.launcher);
        Ok(())
    }

    /// The terms of a backup, and its log when it is new.
    fn backup_terms(&self, backup: &Backup) -> Result<(Terms, Option<OpenLog>), Error> {
        let terms = Terms::of_backup(backup)?;
        let log = match &self.opener {
            Some(opener) if self.shared.backup().is_none() => {
                let now = self.shared.clock.now();
                let Backup { config, store } = backup;
                Some(opener.open(Which::Backup, &terms, config, store, now)?)
            }
            _ => None,
        };
        Ok((terms, log))
    }

    /// Takes no more records and drops those that are not delivered yet, as
    /// `DeleteDeliveryStream` does; answers with how many were dropped, those of the backup counted
    /// in. An object that is being put may or may not appear.
    pub fn discard(&self) -> u64 {
        self.shared.discard()
    }

    /// Takes no more records, delivers what was accepted, and answers with the final counts.
    /// Waits for the backup, too, and for as long as the store refuses; [`close_within`](Self::close_within) does not.
    pub async fn close(&self) -> StreamStats {
        self.shared.close();
        // What is with a function is filed first; then the ticket is that of the last buffer.
        self.shared.transformed().await;
        let ticket = self.shared.close();
        self.shared.wait_for(ticket).await;
        if let Some(backup) = self.shared.backup() {
            // Closed with the stream: the ticket is that of its last buffer.
            backup.wait_for(backup.close()).await;
        }
        self.stats()
    }

    /// Takes no more records and waits until what was accepted is delivered, at most this long.
    ///
    /// # Errors
    ///
    /// [`Error::Undelivered`] with the count and what the store said last. The stream goes on
    /// trying while the process lives.
    pub async fn close_within(&self, deadline: Duration) -> Result<StreamStats, Error> {
        tokio::time::timeout(deadline, self.close()).await.map_err(|_| {
            let (stats, backup) = (self.stats(), self.backup_stats().unwrap_or_default());
            Error::Undelivered {
                stream: self.name.to_string(),
                records: stats.buffered_records + backup.buffered_records,
                bytes: stats.buffered_bytes + backup.buffered_bytes,
                last_error: self.last_error(),
            }
        })
    }

    /// What the store said when it last refused an object, or why the journal could not keep a
    /// batch, whichever came last; when there was neither, the same of the backup.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.shared.last_error().or_else(|| self.shared.backup()?.last_error())
    }

    /// When the oldest record arrived that is not delivered yet.
    #[must_use]
    pub fn oldest_undelivered(&self) -> Option<DateTime<Utc>> {
        self.shared.oldest_undelivered()
    }

    /// When the oldest record arrived that the backup does not hold yet.
    #[must_use]
    pub fn backup_oldest_undelivered(&self) -> Option<DateTime<Utc>> {
        self.shared.backup()?.oldest_undelivered()
    }

    /// The counters now, without those of the backup.
    #[must_use]
    pub fn stats(&self) -> StreamStats {
        self.shared.stats()
    }

    /// The counters of the backup now; none without a backup. Its records are all that were
    /// accepted since there is one.
    #[must_use]
    pub fn backup_stats(&self) -> Option<StreamStats> {
        self.shared.backup().map(|backup| backup.stats())
    }
}

/// Every record is to be put again later.
fn refused(batch: &[Record]) -> Vec<Outcome> {
    vec![Outcome::Refused(Refusal::slow_down()); batch.len()]
}

type Opened = (Terms, Option<OpenLog>);

/// What a stream, and its backup if it has one, start with. Blocks when there is a journal.
fn open_terms(
    config: &DeliveryStreamConfig,
    store: Arc<dyn ObjectStore>,
    opener: Option<&Opener>,
    clock: Clock,
) -> Result<(Opened, Option<Opened>), Error> {
    let now = clock.now();
    let stream = Terms::new(config, Arc::clone(&store))?;
    let open = |which, terms: &Terms, config: &_, store: &_| {
        opener.map(|opener| opener.open(which, terms, config, store, now)).transpose()
    };
    let log = open(Which::Stream, &stream, config, &store)?;
    let backup = match config.backup.as_deref() {
        None => None,
        Some(backup) => {
            let terms = Terms::of_backup(backup)?;
            let log = open(Which::Backup, &terms, &backup.config, &backup.store)?;
            Some((terms, log))
        }
    };
    Ok(((stream, log), backup))
}

#[cfg(test)]
mod tests;
