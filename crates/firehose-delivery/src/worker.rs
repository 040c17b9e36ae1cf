//! The tasks of a stream: one watches the age of the buffer, one delivers what is sealed. A third
//! calls the function of a Lambda processor (`lambda`).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use crate::{
    BufferedRecords, Clock, Observer, PartitionKeys, ProcessingFailure, Trigger,
    deliver::{Deliverer, Destination},
    journal::{self, Book, Log, Logged},
    lambda::{SealedRaw, transform_until_discarded},
    output::{self, Prepared},
    state::{Shared, Terms},
};

/// Starts a stream, and the backup of a stream, with the tasks of each.
#[derive(Debug)]
pub(crate) struct Launcher {
    stream: String,
    clock: Clock,
    /// Tells of new room, for the stream and its backup alike.
    room: Arc<Notify>,
    observer: Observer,
}

impl Launcher {
    pub(crate) fn new(stream: &str, clock: Clock, observer: Observer) -> Self {
        Self { stream: stream.to_owned(), clock, room: Arc::default(), observer }
    }

    /// Starts one, with its log if it has a journal.
    pub(crate) fn launch(&self, terms: Terms, log: Option<OpenLog>) -> Arc<Shared> {
        let (outgoing, sealed) = mpsc::unbounded_channel();
        let (raw_outgoing, raw) = mpsc::unbounded_channel();
        let room = Arc::clone(&self.room);
        let (log, recovered) = log.map_or((None, Recovered::default()), |open| {
            (Some((open.log, open.book)), open.recovered)
        });
        let (log, book) = log.unzip();
        let wake = book.as_ref().map(Book::wake);
        let channels = (outgoing, raw_outgoing);
        let shared = Arc::new(Shared::new(terms, self.clock, room, channels, book));
        shared.take_up(recovered);
        if let (Some(log), Some(wake)) = (log, wake) {
            tokio::spawn(journal::write_until_closed(Arc::clone(&shared), wake, log));
        }
        let (stream, observer) = (self.stream.clone(), self.observer.clone());
        let deliverer = Deliverer { stream, observer };
        tokio::spawn(watch_age(Arc::clone(&shared)));
        tokio::spawn(transform_until_discarded(Arc::clone(&shared), deliverer.clone(), raw));
        tokio::spawn(deliver_until_discarded(Arc::clone(&shared), deliverer, sealed));
        shared
    }
}

/// A buffer that has gone out and is on its way to the store.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) records: BufferedRecords,
    /// Arrival of the oldest record: the instant in the object's key.
    pub(crate) oldest: DateTime<Utc>,
    pub(crate) sealed_at: DateTime<Utc>,
    /// Number of the first record in the stream, when they are in a row.
    pub(crate) first_number: u64,
    /// Numbers of the records, when they are not.
    pub(crate) numbers: Vec<u64>,
    /// The partition that the records belong to.
    pub(crate) partition: Option<PartitionKeys>,
    /// Why the records were turned away, one for each; none when they were not.
    pub(crate) failures: Vec<Arc<ProcessingFailure>>,
    pub(crate) trigger: Trigger,
    pub(crate) destination: Arc<Destination>,
    /// Fixed when the buffer opened, so that an object put twice is one object.
    pub(crate) object_id: Uuid,
    pub(crate) error_id: Uuid,
    /// The keys that were written down when the buffer was opened, in an earlier life.
    pub(crate) keys: Option<FixedKeys>,
    /// The version of the table then.
    pub(crate) schema_version: Option<String>,
    pub(crate) logged: Logged,
}

/// Keys that are settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FixedKeys {
    /// That of the object, without its extension.
    pub(crate) object_stem: String,
    pub(crate) error: String,
}

/// A log that is open, and the buffers that were found in it.
#[derive(Debug)]
pub(crate) struct OpenLog {
    pub(crate) log: Box<dyn Log>,
    pub(crate) book: Book,
    pub(crate) recovered: Recovered,
}

/// Buffers that were found in a journal.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// On their way to a function.
    pub(crate) raw: Vec<SealedRaw>,
    pub(crate) sealed: Vec<Sealed>,
}

impl Sealed {
    /// Drops the records behind the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.records.truncate(count);
        self.numbers.truncate(count);
        self.failures.truncate(count);
    }

    /// The number of a record in the stream.
    pub(crate) fn number(&self, index: usize) -> u64 {
        self.numbers.get(index).copied().unwrap_or(self.first_number + index as u64)
    }
}

/// Buffers that are converted at the same time; they are put one after the other, in order.
const CONVERSIONS: usize = 2;

/// Seals the buffer when its oldest record reaches the interval. Ends when the stream closes.
async fn watch_age(shared: Arc<Shared>) {
    loop {
        let opened = shared.buffer_opened();
        match shared.seal_if_old() {
            Watch::Closed => return,
            Watch::Idle => opened.await,
            // The word of the next buffer, or of the end, also ends the sleep: a buffer that goes
            // out by size leaves a deadline behind that no longer means anything.
            Watch::Until(deadline) => {
                let _ = tokio::time::timeout_at(deadline, opened).await;
            }
        }
    }
}

/// What the age watch waits for.
pub(crate) enum Watch {
    Closed,
    Idle,
    Until(tokio::time::Instant),
}

/// Delivers sealed buffers until the stream is closed and the last one is in the store, or until
/// what is left is discarded.
async fn deliver_until_discarded(
    shared: Arc<Shared>,
    deliverer: Deliverer,
    sealed: mpsc::UnboundedReceiver<Sealed>,
) {
    tokio::select! {
        // What is discarded already is not even begun.
        biased;
        () = shared.discarded() => {}
        () = deliver_all(&shared, deliverer, sealed) => {}
    }
}

async fn deliver_all(
    shared: &Shared,
    deliverer: Deliverer,
    sealed: mpsc::UnboundedReceiver<Sealed>,
) {
    let incoming = futures::stream::unfold(sealed, |mut sealed| async {
        sealed.recv().await.map(|next| (next, sealed))
    });
    let mut prepared = std::pin::pin!(incoming.map(prepare).buffered(CONVERSIONS));
    while let Some(ready) = prepared.next().await {
        deliverer.deliver(shared, ready).await;
    }
}

/// A buffer with its objects made and its records let go.
pub(crate) struct Ready {
    pub(crate) prepared: Prepared,
    pub(crate) destination: Arc<Destination>,
    pub(crate) partition: Option<PartitionKeys>,
    pub(crate) trigger: Trigger,
    pub(crate) oldest: DateTime<Utc>,
    pub(crate) object_id: Uuid,
    pub(crate) error_id: Uuid,
    pub(crate) keys: Option<FixedKeys>,
    pub(crate) bytes: usize,
    pub(crate) logged: Logged,
}

async fn prepare(mut sealed: Sealed) -> Ready {
    let logged = std::mem::take(&mut sealed.logged);
    let sealed = Arc::new(sealed);
    let for_task = Arc::clone(&sealed);
    let task = tokio::task::spawn_blocking(move || {
        if for_task.records.is_empty() {
            return Prepared { object: None, errors: None };
        }
        output::prepare(&for_task.destination.format, &for_task)
    });
    let prepared = match task.await {
        Ok(prepared) => prepared,
        // A defect below us must not cost anybody their records: they go to the error object.
        Err(_) => output::after_panic(&sealed.destination.format, &sealed),
    };
    Ready {
        prepared,
        destination: Arc::clone(&sealed.destination),
        partition: sealed.partition.clone(),
        trigger: sealed.trigger,
        oldest: sealed.oldest,
        object_id: sealed.object_id,
        error_id: sealed.error_id,
        keys: sealed.keys.clone(),
        bytes: sealed.records.bytes(),
        logged,
    }
}
