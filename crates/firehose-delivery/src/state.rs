//! What the handle and the tasks of a stream share.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use firehose_sink::Record;
use tokio::{
    sync::{Notify, futures::Notified, mpsc, watch},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    BufferingHints, Clock, RecordBuffer, StreamStats, Trigger,
    deliver::Destination,
    worker::{Sealed, Watch},
};

/// The state of one stream. The lock is held for copying records, never across an await.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    state: Mutex<State>,
    opened: Notify,
    room: Notify,
    /// Buffers sealed and settled so far; the second moves last.
    settled: watch::Sender<u64>,
    discarded: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    buffer: RecordBuffer,
    destination: Arc<Destination>,
    undelivered_limit: u64,
    ids: Option<(Uuid, Uuid)>,
    stats: StreamStats,
    sealed: u64,
    /// Arrival of the oldest record of each buffer on its way, in order.
    on_their_way: VecDeque<DateTime<Utc>>,
    /// Gone once the stream is closed.
    outgoing: Option<mpsc::UnboundedSender<Sealed>>,
    /// What the store said, while it refuses.
    failing: Option<String>,
    last_error: Option<String>,
}

/// Whether a batch was let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is in the buffer; the first record has this number.
    In(u64),
    /// Too much is undelivered, and deliveries are going through: worth waiting.
    Full,
    /// Too much is undelivered, and the store refuses.
    Refused,
    Closed,
}

impl Shared {
    pub(crate) fn new(
        buffer: RecordBuffer,
        destination: Destination,
        clock: Clock,
        undelivered_limit: usize,
        outgoing: mpsc::UnboundedSender<Sealed>,
    ) -> Self {
        let state = State {
            buffer,
            destination: Arc::new(destination),
            undelivered_limit: undelivered_limit as u64,
            ids: None,
            stats: StreamStats::default(),
            sealed: 0,
            on_their_way: VecDeque::new(),
            outgoing: Some(outgoing),
            failing: None,
            last_error: None,
        };
        Self {
            clock,
            state: Mutex::new(state),
            opened: Notify::new(),
            room: Notify::new(),
            settled: watch::Sender::new(0),
            discarded: watch::Sender::new(false),
        }
    }

    /// Lets a batch in whole, or not at all.
    pub(crate) fn admit(&self, batch: &[Record]) -> Admission {
        let (now, arrival) = (Instant::now(), self.clock.now());
        let mut state = self.lock();
        if state.outgoing.is_none() {
            return Admission::Closed;
        }
        let bytes: usize = batch.iter().map(Record::len).sum();
        let undelivered = state.stats.buffered_bytes;
        // A batch larger than the limit would never get in: an empty stream takes any.
        if undelivered > 0 && undelivered + bytes as u64 > state.undelivered_limit {
            return self.make_room(&mut state, now, arrival);
        }
        let first = state.stats.accepted_records;
        for record in batch {
            let idle = state.buffer.is_empty();
            let trigger = state.accept(now, arrival, record);
            if idle {
                self.opened.notify_one();
            }
            if let Some(trigger) = trigger {
                state.seal(trigger, arrival);
            }
        }
        Admission::In(first)
    }

    /// What becomes of a batch for which there is no room. Records that wait in the open buffer
    /// go out early when nothing else can make room: Firehose, too, moves its hints under load.
    fn make_room(&self, state: &mut State, now: Instant, arrival: DateTime<Utc>) -> Admission {
        if state.failing.is_some() {
            return Admission::Refused;
        }
        let on_its_way = state.stats.buffered_bytes > state.buffer.records().bytes() as u64;
        if !on_its_way {
            let trigger = state.buffer.due(now).unwrap_or(Trigger::Size);
            state.seal(trigger, arrival);
        }
        Admission::Full
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
        if state.outgoing.is_none() {
            return Watch::Closed;
        }
        if let Some(trigger) = state.buffer.due(Instant::now()) {
            let now = self.clock.now();
            state.seal(trigger, now);
        }
        state.buffer.deadline().map_or(Watch::Idle, Watch::Until)
    }

    /// Sends the open buffer on its way; answers with the ticket to wait for.
    pub(crate) fn flush(&self) -> u64 {
        let now = self.clock.now();
        let mut state = self.lock();
        state.seal(Trigger::Flush, now);
        state.sealed
    }

    /// Takes nothing more in, and sends the open buffer on its way.
    pub(crate) fn close(&self) -> u64 {
        let ticket = self.flush();
        self.lock().outgoing = None;
        // The age watch has nothing left to do; whoever waits for room is told.
        self.opened.notify_one();
        self.room.notify_waiters();
        ticket
    }

    /// From the next record on, another destination and other hints hold. What is buffered goes
    /// out as it was accepted.
    pub(crate) fn update(
        &self,
        destination: Destination,
        hints: BufferingHints,
        undelivered_limit: usize,
    ) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.seal(Trigger::Update, now);
        state.destination = Arc::new(destination);
        state.buffer.set_hints(hints);
        state.undelivered_limit = undelivered_limit as u64;
        drop(state);
        self.room.notify_waiters();
    }

    /// Takes nothing more in and drops what is not delivered yet; answers with how many records.
    pub(crate) fn discard(&self) -> u64 {
        let mut state = self.lock();
        state.outgoing = None;
        let dropped = std::mem::take(&mut state.stats.buffered_records);
        state.stats.discarded_records += dropped;
        state.stats.buffered_bytes = 0;
        drop(state.buffer.take());
        state.on_their_way.clear();
        self.discarded.send_replace(true);
        drop(state);
        self.settled.send_replace(u64::MAX);
        self.opened.notify_one();
        self.room.notify_waiters();
        dropped
    }

    /// Resolves when what is undelivered is dropped.
    pub(crate) async fn discarded(&self) {
        // The sender lives in `self`, so that the wait cannot end in an error.
        let _ = self.discarded.subscribe().wait_for(|discarded| *discarded).await;
    }

    /// Arrival of the oldest record that is not delivered yet.
    pub(crate) fn oldest_undelivered(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        state.on_their_way.front().copied().or_else(|| state.buffer.records().oldest())
    }

    /// Waits until the buffers up to `ticket` are in the store.
    pub(crate) async fn wait_for(&self, ticket: u64) {
        // The sender lives in `self`, so that the wait cannot end in an error.
        let _ = self.settled.subscribe().wait_for(|settled| *settled >= ticket).await;
    }

    /// A buffer is in the store.
    pub(crate) fn settled(&self, records: usize, bytes: usize) {
        let mut state = self.lock();
        debug_assert!(records > 0);
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
    fn accept(&mut self, now: Instant, arrival: DateTime<Utc>, record: &Record) -> Option<Trigger> {
        self.ids.get_or_insert_with(|| (Uuid::new_v4(), Uuid::new_v4()));
        let bytes = record.len() as u64;
        self.stats.accepted_records += 1;
        self.stats.accepted_bytes += bytes;
        self.stats.buffered_records += 1;
        self.stats.buffered_bytes += bytes;
        self.buffer.push(now, arrival, record.data())
    }

    fn seal(&mut self, trigger: Trigger, now: DateTime<Utc>) {
        let Some(outgoing) = &self.outgoing else { return };
        let records = self.buffer.take();
        let Some(oldest) = records.oldest() else { return };
        let (object_id, error_id) =
            self.ids.take().unwrap_or_else(|| (Uuid::new_v4(), Uuid::new_v4()));
        let first_number = self.stats.accepted_records - records.len() as u64;
        let sealed = Sealed {
            records,
            oldest,
            sealed_at: now,
            first_number,
            trigger,
            destination: Arc::clone(&self.destination),
            object_id,
            error_id,
        };
        self.sealed += 1;
        self.on_their_way.push_back(oldest);
        // The receiver lives as long as the runtime does; after that nothing is delivered.
        let _ = outgoing.send(sealed);
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
