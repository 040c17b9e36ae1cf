//! What the handle and the tasks of a stream share.

mod admission;
mod backup;
mod filing;
mod journal;
mod transform;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use object_store::ObjectStore;
use tokio::{
    sync::{Notify, futures::Notified, mpsc, watch},
    time::Instant,
};

use crate::{
    BufferingHints, Clock, DeliveryStreamConfig, Error, PartitionKeys, StreamStats, Trigger,
    buffers::{Buffers, Filing},
    deliver::Destination,
    journal::Book,
    lambda::{RawStage, SealedRaw},
    worker::{Launcher, OpenLog, Sealed, Watch},
};

pub(crate) use self::admission::{Admission, Commit};

/// What holds for the records that are put from now on.
#[derive(Debug)]
pub(crate) struct Terms {
    destination: Destination,
    hints: BufferingHints,
    undelivered_limit: usize,
}

impl Terms {
    pub(crate) fn new(
        config: &DeliveryStreamConfig,
        store: Arc<dyn ObjectStore>,
    ) -> Result<Self, Error> {
        Ok(Self {
            destination: Destination::new(config, store)?,
            hints: config.buffering_hints(),
            undelivered_limit: config.undelivered_limit(),
        })
    }

    /// Where the records go that are put from now on.
    pub(crate) fn into_destination(self) -> Destination {
        self.destination
    }

    pub(crate) fn header(&self) -> Arc<[u8]> {
        Arc::clone(&self.destination.header)
    }
}

/// The state of one stream. The lock is held for copying records, never across an await.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    state: Mutex<State>,
    opened: Notify,
    /// One for the stream and its backup: a batch needs room in both.
    room: Arc<Notify>,
    /// Buffers sealed and settled so far; the second moves last.
    settled: watch::Sender<u64>,
    /// Raw buffers settled so far.
    transformed: watch::Sender<u64>,
    discarded: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    buffers: Buffers,
    /// Records on their way to a function; nothing without one.
    raw: RawStage,
    /// Nothing more is taken in; what is with a function is still to be filed.
    closing: bool,
    destination: Arc<Destination>,
    undelivered_limit: u64,
    /// Partitions with undelivered records: how many of their buffers are open or on their way.
    active: HashMap<PartitionKeys, u32>,
    stats: StreamStats,
    sealed: u64,
    /// Arrival of the oldest record of each buffer on its way, in order.
    on_their_way: VecDeque<DateTime<Utc>>,
    /// Gone once the stream is closed and its last buffer on its way.
    outgoing: Option<mpsc::UnboundedSender<Sealed>>,
    /// Sealed buffers that wait for their records to be committed.
    waiting: VecDeque<Sealed>,
    /// The stream takes nothing more.
    closed: bool,
    /// The journal, if there is one.
    book: Option<Book>,
    /// Whether its last commit failed.
    journal_fails: bool,
    /// What the store said, while it refuses.
    failing: Option<String>,
    last_error: Option<String>,
    /// Takes the records as they came.
    backup: Option<Arc<Shared>>,
}

impl Shared {
    pub(crate) fn new(
        Terms { destination, hints, undelivered_limit }: Terms,
        clock: Clock,
        room: Arc<Notify>,
        (outgoing, raw_outgoing): (mpsc::UnboundedSender<Sealed>, mpsc::UnboundedSender<SealedRaw>),
        book: Option<Book>,
    ) -> Self {
        let state = State {
            buffers: Buffers::new(hints),
            raw: RawStage::new(raw_outgoing),
            closing: false,
            destination: Arc::new(destination),
            undelivered_limit: undelivered_limit as u64,
            active: HashMap::new(),
            stats: StreamStats::default(),
            sealed: 0,
            on_their_way: VecDeque::new(),
            outgoing: Some(outgoing),
            waiting: VecDeque::new(),
            closed: false,
            book,
            journal_fails: false,
            failing: None,
            last_error: None,
            backup: None,
        };
        Self {
            clock,
            state: Mutex::new(state),
            opened: Notify::new(),
            room,
            settled: watch::Sender::new(0),
            transformed: watch::Sender::new(0),
            discarded: watch::Sender::new(false),
        }
    }

    /// Resolves when there may be room again. To be made before [`admit`](Self::admit) is asked.
    pub(crate) fn room(&self) -> Notified<'_> {
        self.room.notified()
    }

    /// Resolves when a buffer is opened.
    pub(crate) fn buffer_opened(&self) -> Notified<'_> {
        self.opened.notified()
    }

    /// Seals the buffer if it is due, and says what to wait for next.
    pub(crate) fn seal_if_old(&self) -> Watch {
        let mut state = self.lock();
        if state.closed {
            return Watch::Closed;
        }
        if state.raw.is_due(Instant::now()) {
            state.seal_raw();
        }
        for (filing, trigger) in state.buffers.due(Instant::now()) {
            let now = self.clock.now();
            state.seal(&filing, trigger, now);
        }
        let deadlines = [state.buffers.deadline(), state.raw.deadline()];
        deadlines.into_iter().flatten().min().map_or(Watch::Idle, Watch::Until)
    }

    /// Sends the open buffer on its way; answers with the ticket to wait for.
    pub(crate) fn flush(&self) -> u64 {
        let now = self.clock.now();
        let mut state = self.lock();
        state.seal_all(Trigger::Flush, now);
        state.sealed
    }

    /// Takes nothing more in, and sends the open buffer on its way.
    pub(crate) fn close(&self) -> u64 {
        let now = self.clock.now();
        let mut state = self.lock();
        // In one step: a batch that came in between would never go out.
        state.seal_raw();
        state.closing = true;
        state.end_if_filed(now);
        let ticket = state.sealed;
        let journal = state.book.as_ref().map(Book::wake);
        drop(state);
        if let Some(journal) = journal {
            journal.notify_one();
        }
        // The age watch has nothing left to do; whoever waits for room is told.
        self.opened.notify_one();
        self.room.notify_waiters();
        if let Some(backup) = self.backup() {
            backup.close();
        }
        ticket
    }

    /// From the next record on, another destination and other hints hold. What is buffered goes
    /// out as it was accepted.
    pub(crate) fn update(
        &self,
        terms: Terms,
        backup: Option<(Terms, Option<OpenLog>)>,
        launcher: &Launcher,
    ) {
        let Terms { destination, hints, undelivered_limit } = terms;
        let now = self.clock.now();
        let mut state = self.lock();
        if state.closing {
            return;
        }
        state.seal_raw();
        state.seal_all(Trigger::Update, now);
        if let Some(book) = &mut state.book {
            book.set_header(Arc::clone(&destination.header));
        }
        state.destination = Arc::new(destination);
        state.buffers.set_hints(hints);
        state.undelivered_limit = undelivered_limit as u64;
        if let Some((backup, log)) = backup {
            state.back_up(backup, log, launcher);
        }
        drop(state);
        self.room.notify_waiters();
    }

    /// Takes nothing more in and drops what is not delivered yet; answers with how many records.
    pub(crate) fn discard(&self) -> u64 {
        let mut state = self.lock();
        (state.closing, state.closed) = (true, true);
        state.outgoing = None;
        state.waiting.clear();
        if let Some(book) = &mut state.book {
            book.discard();
        }
        let dropped = std::mem::take(&mut state.stats.buffered_records);
        state.stats.discarded_records += dropped;
        state.stats.buffered_bytes = 0;
        state.buffers.clear();
        state.raw.clear();
        state.active.clear();
        state.stats.active_partitions = 0;
        state.on_their_way.clear();
        self.discarded.send_replace(true);
        drop(state);
        self.settled.send_replace(u64::MAX);
        self.transformed.send_replace(u64::MAX);
        self.opened.notify_one();
        self.room.notify_waiters();
        dropped + self.backup().map_or(0, |backup| backup.discard())
    }

    /// Resolves when what is undelivered is dropped.
    pub(crate) async fn discarded(&self) {
        // The sender lives in `self`, so that the wait cannot end in an error.
        let _ = self.discarded.subscribe().wait_for(|discarded| *discarded).await;
    }

    /// Arrival of the oldest record that is not delivered yet.
    pub(crate) fn oldest_undelivered(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        let on_their_way = state.on_their_way.iter().min().copied();
        let waiting = [on_their_way, state.buffers.oldest(), state.raw.oldest()];
        waiting.into_iter().flatten().min()
    }

    /// Waits until the buffers up to `ticket` are in the store.
    pub(crate) async fn wait_for(&self, ticket: u64) {
        // The sender lives in `self`, so that the wait cannot end in an error.
        let _ = self.settled.subscribe().wait_for(|settled| *settled >= ticket).await;
    }

    /// A buffer is in the store.
    pub(crate) fn settled(&self, partition: Option<&PartitionKeys>, bytes: usize) {
        let mut state = self.lock();
        if let Some(partition) = partition {
            state.forget(partition);
        }
        state.stats.buffered_bytes = state.stats.buffered_bytes.saturating_sub(bytes as u64);
        state.on_their_way.pop_front();
        drop(state);
        self.settled.send_modify(|settled| *settled = settled.saturating_add(1));
        self.room.notify_waiters();
    }

    /// The store refused an object.
    pub(crate) fn failing(&self, error: &str) {
        let mut state = self.lock();
        state.stats.put_retries += 1;
        state.failing = Some(error.to_owned());
        state.last_error = Some(error.to_owned());
        drop(state);
        self.room.notify_waiters();
    }

    /// The store took an object.
    pub(crate) fn working(&self) {
        self.lock().failing = None;
    }

    /// Counts a delivery, unless what was undelivered is counted as discarded already.
    pub(crate) fn count(&self, change: impl FnOnce(&mut StreamStats)) {
        let mut state = self.lock();
        if !*self.discarded.borrow() {
            change(&mut state.stats);
        }
    }

    pub(crate) fn stats(&self) -> StreamStats {
        self.lock().stats
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.lock().last_error.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code below the lock leaves the state half changed; a panic elsewhere must not take
        // the stream down.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count_accepted(&mut self, bytes: usize) {
        self.stats.accepted_records += 1;
        self.stats.accepted_bytes += bytes as u64;
    }

    fn count_buffered(&mut self, bytes: usize) {
        self.stats.buffered_records += 1;
        self.stats.buffered_bytes += bytes as u64;
    }

    /// A buffer of the partition is in the store.
    fn forget(&mut self, partition: &PartitionKeys) {
        if let Some(buffers) = self.active.get_mut(partition) {
            *buffers = buffers.saturating_sub(1);
            if *buffers == 0 {
                self.active.remove(partition);
            }
        }
        self.stats.active_partitions = self.active.len() as u64;
    }

    fn seal_all(&mut self, trigger: Trigger, now: DateTime<Utc>) {
        for filing in self.buffers.all() {
            self.seal(&filing, trigger, now);
        }
    }

    fn seal(&mut self, filing: &Filing, trigger: Trigger, now: DateTime<Utc>) {
        if self.closed {
            return;
        }
        let Some(contents) = self.buffers.take(filing) else { return };
        let Some(oldest) = contents.records.oldest() else { return };
        let first_number =
            self.stats.accepted_records.saturating_sub(contents.records.len() as u64);
        let sealed = Sealed {
            records: contents.records,
            oldest,
            sealed_at: now,
            first_number,
            numbers: contents.numbers,
            partition: match filing {
                Filing::Partition(keys) => Some(keys.clone()),
                _ => None,
            },
            failures: contents.failures,
            trigger,
            destination: Arc::clone(&self.destination),
            object_id: contents.object_id,
            error_id: contents.error_id,
            keys: None,
            schema_version: None,
            logged: contents.logged,
        };
        if sealed.partition.is_some() {
            self.stats.partition_bytes += sealed.records.bytes() as u64;
            self.stats.partition_time += (now - oldest).to_std().unwrap_or_default();
        }
        let alone = self.buffers.is_empty() && !self.raw.is_open();
        if let Some(book) = &mut self.book {
            book.sealed(alone);
        }
        self.send_off(sealed);
    }
}

/// Closes the stream when the last handle is dropped; what was accepted is still delivered.
#[derive(Debug)]
pub(crate) struct CloseOnDrop(pub(crate) Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}
