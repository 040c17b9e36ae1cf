//! What the handle and the tasks of a stream share.

mod backup;
mod journal;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use firehose_sink::Record;
use object_store::ObjectStore;
use tokio::{
    sync::{Notify, futures::Notified, mpsc, oneshot, watch},
    time::Instant,
};

use crate::{
    BufferingHints, Clock, DeliveryStreamConfig, Error, PartitionKeys, ProcessingFailure,
    StreamStats, Trigger,
    buffers::{Buffers, Filing, Incoming, Journal},
    deliver::Destination,
    intake::Item,
    journal::{Book, Counted, frame::Header},
    worker::{Launcher, OpenLog, Sealed, Watch},
};

/// What holds for the records that are put from now on.
#[derive(Debug)]
pub(crate) struct Terms {
    destination: Destination,
    hints: BufferingHints,
    undelivered_limit: usize,
    /// What segments of the journal begin with.
    header: Arc<[u8]>,
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
            header: Header::new(&config.name, &config.note).to_bytes().into(),
        })
    }

    /// Where the records go that are put from now on.
    pub(crate) fn into_destination(self) -> Destination {
        self.destination
    }

    pub(crate) fn header(&self) -> Arc<[u8]> {
        Arc::clone(&self.header)
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
    discarded: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    buffers: Buffers,
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

/// Segments of the journal that slow buffers may keep, beyond twice what may be undelivered.
const MOST_PINNED: u64 = 128 << 20;

/// Tells whether a batch is kept.
pub(crate) type Commit = oneshot::Receiver<bool>;

/// What a batch waits for before it is acknowledged: its journals, if there are any.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    stream: Option<Commit>,
    backup: Option<Commit>,
}

impl Commits {
    /// Whether the batch is kept, once that is known.
    pub(crate) async fn kept(self) -> bool {
        let mut kept = true;
        for commit in self.stream.into_iter().chain(self.backup) {
            // The writer goes without an answer when the stream is discarded.
            kept &= commit.await.unwrap_or(false);
        }
        kept
    }
}

/// Whether a batch was let in.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It is in the buffer; the first record has this number.
    In(u64, Commits),
    /// Too much is undelivered, and deliveries are going through: worth waiting.
    Full,
    /// Too much is undelivered, and the store refuses.
    Refused,
    Closed,
}

impl Shared {
    pub(crate) fn new(
        Terms { destination, hints, undelivered_limit, .. }: Terms,
        clock: Clock,
        room: Arc<Notify>,
        outgoing: mpsc::UnboundedSender<Sealed>,
        book: Option<Book>,
    ) -> Self {
        let state = State {
            buffers: Buffers::new(hints),
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
            discarded: watch::Sender::new(false),
        }
    }

    /// Lets a batch in whole, or not at all.
    pub(crate) fn admit(&self, batch: &[Record]) -> Admission {
        loop {
            let destination = Arc::clone(&self.lock().destination);
            // Queries take their time: nobody waits for the lock meanwhile.
            let processed: Option<Vec<Vec<Item<'_>>>> = destination
                .intake
                .as_ref()
                .map(|intake| batch.iter().map(|record| intake.process(record.data())).collect());
            let (now, arrival) = (Instant::now(), self.clock.now());
            let mut state = self.lock();
            if state.closed {
                return Admission::Closed;
            }
            if !Arc::ptr_eq(&state.destination, &destination) {
                // An update came in between; what it says holds.
                continue;
            }
            let bytes: usize = batch.iter().map(Record::len).sum();
            if !state.has_room(bytes) {
                return self.make_room(&mut state, now, arrival);
            }
            let mut commits = Commits::default();
            if let Some(backup) = &state.backup {
                match backup.admit_raw(now, arrival, batch, bytes) {
                    Ok(commit) => commits.backup = commit,
                    Err(why) => return why,
                }
            }
            let first = state.stats.accepted_records;
            let before = state.begin_batch();
            let opened = match processed {
                None => state.accept_all(now, arrival, batch),
                Some(items) => state.accept_items(now, arrival, batch, items),
            };
            commits.stream = state.end_batch(&before, arrival);
            if opened {
                self.opened.notify_one();
            }
            return Admission::In(first, commits);
        }
    }

    /// What becomes of a batch for which there is no room. Records that wait in the open buffer
    /// go out early when nothing else can make room: Firehose, too, moves its hints under load.
    fn make_room(&self, state: &mut State, now: Instant, arrival: DateTime<Utc>) -> Admission {
        if state.failing.is_some() {
            return Admission::Refused;
        }
        let on_its_way = state.stats.buffered_bytes > state.buffers.bytes() as u64;
        if !on_its_way {
            let due = state.buffers.due(now).first().map(|(_, trigger)| *trigger);
            state.seal_all(due.unwrap_or(Trigger::Size), arrival);
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
        if state.closed {
            return Watch::Closed;
        }
        for (filing, trigger) in state.buffers.due(Instant::now()) {
            let now = self.clock.now();
            state.seal(&filing, trigger, now);
        }
        state.buffers.deadline().map_or(Watch::Idle, Watch::Until)
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
        state.seal_all(Trigger::Flush, now);
        state.closed = true;
        state.release();
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
        let Terms { destination, hints, undelivered_limit, header } = terms;
        let now = self.clock.now();
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.seal_all(Trigger::Update, now);
        if let Some(book) = &mut state.book {
            book.set_header(header);
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
        state.closed = true;
        state.outgoing = None;
        state.waiting.clear();
        if let Some(book) = &mut state.book {
            book.discard();
        }
        let dropped = std::mem::take(&mut state.stats.buffered_records);
        state.stats.discarded_records += dropped;
        state.stats.buffered_bytes = 0;
        state.buffers.clear();
        state.active.clear();
        state.stats.active_partitions = 0;
        state.on_their_way.clear();
        self.discarded.send_replace(true);
        drop(state);
        self.settled.send_replace(u64::MAX);
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
        // Those of partitions go out by their own age: the first on its way need not be the oldest.
        state.on_their_way.iter().copied().chain(state.buffers.oldest()).min()
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
    /// Whether a batch of this size may come in. One larger than the limit would never get in: an
    /// empty stream takes any.
    fn has_room(&self, bytes: usize) -> bool {
        let undelivered = self.stats.buffered_bytes;
        undelivered == 0 || undelivered + bytes as u64 <= self.undelivered_limit
    }

    /// Puts records in that belong together; whether a buffer was opened.
    fn accept_all(&mut self, now: Instant, arrival: DateTime<Utc>, batch: &[Record]) -> bool {
        let mut any_opened = false;
        for record in batch {
            let number = self.stats.accepted_records;
            self.count_accepted(record.len());
            self.count_buffered(record.len());
            let incoming = Incoming { now, arrival, number, data: record.data(), failure: None };
            let journal = Self::journal(&mut self.book, &self.destination);
            let (opened, trigger) = self.buffers.push(incoming, journal);
            any_opened |= opened;
            if let Some(trigger) = trigger {
                self.seal(&Filing::Whole, trigger, arrival);
            }
        }
        any_opened
    }

    /// Puts in what the processors made of a batch; whether a buffer was opened.
    fn accept_items(
        &mut self,
        now: Instant,
        arrival: DateTime<Utc>,
        batch: &[Record],
        processed: Vec<Vec<Item<'_>>>,
    ) -> bool {
        let mut any_opened = false;
        for (record, items) in batch.iter().zip(processed) {
            let number = self.stats.accepted_records;
            self.count_accepted(record.len());
            self.stats.split_records += (items.len() as u64).saturating_sub(1);
            for Item { data, place } in items {
                self.count_buffered(data.len());
                let (filing, failure) = self.place(place, arrival);
                let incoming = Incoming { now, arrival, number, data: &data, failure };
                let journal = Self::journal(&mut self.book, &self.destination);
                let (opened, trigger) = self.buffers.push_filed(&filing, incoming, journal);
                any_opened |= opened;
                if let (true, Filing::Partition(keys)) = (opened, &filing) {
                    *self.active.entry(keys.clone()).or_default() += 1;
                    self.stats.active_partitions = self.active.len() as u64;
                }
                if let Some(trigger) = trigger {
                    self.seal(&filing, trigger, arrival);
                }
            }
        }
        any_opened
    }

    /// Where a record is filed, and why it failed if it did.
    fn place(
        &mut self,
        place: Result<Option<PartitionKeys>, Arc<ProcessingFailure>>,
        arrival: DateTime<Utc>,
    ) -> (Filing, Option<Arc<ProcessingFailure>>) {
        let keys = match place {
            Ok(None) => return (Filing::Whole, None),
            Ok(Some(keys)) => keys,
            Err(why) => return (Filing::Failed, Some(why)),
        };
        if self.active.contains_key(&keys) {
            return (Filing::Partition(keys), None);
        }
        let most = self.destination.intake.as_ref().map_or(0, |intake| intake.most_partitions);
        let failure = if self.active.len() >= most {
            self.stats.partition_limit_records += 1;
            ProcessingFailure::partition_limit(most)
        } else {
            match self.destination.keys.partition_problem(arrival, &keys) {
                None => return (Filing::Partition(keys), None),
                Some(problem) => ProcessingFailure::bad_prefix(&problem),
            }
        };
        (Filing::Failed, Some(Arc::new(failure)))
    }

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

    /// The journal for a record on its way into a buffer.
    fn journal<'a>(
        book: &'a mut Option<Book>,
        destination: &'a Arc<Destination>,
    ) -> Option<Journal<'a>> {
        let book = book.as_mut().filter(|book| book.writes);
        book.map(|book| Journal { book, destination })
    }

    /// The counters before a batch comes in.
    fn begin_batch(&mut self) -> StreamStats {
        if let Some(book) = self.book.as_mut().filter(|book| book.writes) {
            book.begin_batch();
        }
        self.stats
    }

    /// A batch came in: what to wait for before it is acknowledged.
    fn end_batch(&mut self, before: &StreamStats, now: DateTime<Utc>) -> Option<Commit> {
        let book = self.book.as_mut().filter(|book| book.writes)?;
        let commit = book.end_batch(Counted {
            records: self.stats.accepted_records - before.accepted_records,
            bytes: self.stats.accepted_bytes - before.accepted_bytes,
            split: self.stats.split_records - before.split_records,
            partition_limit: self.stats.partition_limit_records - before.partition_limit_records,
        });
        // One slow buffer keeps a whole segment: when such segments pile up, all go out.
        if book.bytes() > self.undelivered_limit.saturating_mul(2).saturating_add(MOST_PINNED) {
            self.seal_all(Trigger::Size, now);
        }
        Some(commit)
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
        let alone = self.buffers.is_empty();
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
