//! The handle that records are sent with, and the gate they pass: size, room, open or closed.

use std::{fmt, sync::Arc};

use tokio::{
    sync::{SemaphorePermit, TryAcquireError},
    task::coop::consume_budget,
    time::Instant,
};

use super::{
    ProducerBuilder, Reason, Receipt, SendAllError, SendError, Stats,
    answers::Ticket,
    batch::{Entry, Meta},
    shared::{Shared, State},
};
use crate::{FirehoseSink, Record};

/// At most this many records, and about this many bytes, are admitted by `send_all` at once: enough
/// to spread the price of the lock, few enough that the other senders get their turn.
const CHUNK_RECORDS: usize = 512;
const CHUNK_BYTES: usize = 256 * 1024;

/// Sends records to a sink in batches, and again when they are refused.
///
/// Made by [`Producer::builder`], together with a [`Drain`](crate::Drain). Cloning is cheap, and
/// the clones share one buffer with one bound. When the last clone is dropped, the rest is sent
/// without waiting for the linger.
///
/// What it promises:
///
/// - every accepted record ends as delivered or as undelivered, never in silence;
/// - a record is delivered only when the stream said so for that record;
/// - only refused records are sent again, unless a call failed as a whole: then all of its
///   records, and [`Stats::maybe_duplicated`] counts those it may have stored;
/// - a call that is refused as invalid is halved until the record to blame is alone, so that it
///   takes none of its neighbours with it; that one is not sent again;
/// - a stream that refuses, be it one record, gets fewer calls at once, and more again while it
///   takes everything;
/// - memory is bounded by bytes, [`ProducerBuilder::buffer_bytes`].
///
/// It holds no record on disk: what is not settled when the process is killed is lost, unless the
/// sender keeps it in a [`Spool`](crate::Spool).
#[derive(Clone)]
pub struct Producer {
    handle: Arc<Handle>,
}

/// What all clones have in common; dropped with the last of them.
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Producer {
    /// Sets up a producer over `sink`.
    #[must_use]
    pub fn builder(sink: Arc<dyn FirehoseSink>) -> ProducerBuilder {
        ProducerBuilder::new(sink)
    }

    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { handle: Arc::new(Handle { shared }) }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    /// Accepts a record, waiting for room when the buffer is full. Those who wait are served in
    /// the order they came.
    ///
    /// A future that is dropped before it resolved has not accepted the record.
    ///
    /// # Errors
    ///
    /// [`SendError`], always with the record: it is too large, the producer is closed, or too much
    /// ended undelivered.
    pub fn send(&self, record: Record) -> impl Future<Output = Result<(), SendError>> + Send {
        self.admit(record, State::issue_none)
    }

    /// Like [`send`](Self::send), and gives a receipt that tells what became of the record.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_tracked(
        &self,
        record: Record,
    ) -> impl Future<Output = Result<Receipt, SendError>> + Send {
        self.admit(record, State::issue_receipt)
    }

    /// Accepts a record if there is room for it now.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`SendError::Full`].
    pub fn try_send(&self, record: Record) -> Result<(), SendError> {
        let shared = self.shared();
        if !shared.fits(&record) {
            return Err(shared.too_large(record));
        }
        match shared.room.try_acquire_many(shared.permits(&record)) {
            Ok(room) => shared.enqueue(record, room, State::issue_none),
            Err(TryAcquireError::Closed) => Err(shared.closed(record)),
            Err(TryAcquireError::NoPermits) => Err(SendError::Full {
                stream: Arc::clone(&shared.stream),
                buffer_bytes: shared.settings.buffer_bytes,
                record,
            }),
        }
    }

    /// Accepts all records, in chunks: the cheapest way when there are many.
    ///
    /// Gives the number of records. Waits for room like [`send`](Self::send). When the future is
    /// dropped while it waits, the chunk that it waits with is dropped too: some hundred records
    /// were taken from the iterator and not accepted.
    ///
    /// # Errors
    ///
    /// [`SendAllError`] at the first record that is not taken; it tells how many were accepted and
    /// gives back what was taken from the iterator. Pass `iter.by_ref()` to go on with the rest.
    pub async fn send_all<I>(&self, records: I) -> Result<u64, SendAllError>
    where
        I: IntoIterator<Item = Record> + Send,
        I::IntoIter: Send,
    {
        let shared = self.shared();
        let mut records = records.into_iter();
        let mut accepted = 0;
        let mut chunk = Chunk::default();
        loop {
            let stop = chunk.fill(&mut records, shared);
            if chunk.records.is_empty() {
                return match stop {
                    Some(error) => Err(SendAllError { accepted, error, rest: Vec::new() }),
                    None => Ok(accepted),
                };
            }
            match shared.admit_chunk(&mut chunk).await {
                Ok(records) => accepted += records,
                Err(shut) => return Err(chunk.give_back(accepted, (shut, shared), stop)),
            }
            if let Some(error) = stop {
                return Err(SendAllError { accepted, error, rest: Vec::new() });
            }
        }
    }

    /// The counters now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared().stats()
    }

    /// Why the latest record ended undelivered, if any did since
    /// [`Drain::take_undelivered`](crate::Drain::take_undelivered). A program that sends for long
    /// looks here now and then, and stops early when nobody reads its pipe or the stream is gone.
    #[must_use]
    pub fn latest_failure(&self) -> Option<Reason> {
        self.shared().lock().undelivered.last().map(|(_, reason)| reason.clone())
    }

    async fn admit<R>(
        &self,
        record: Record,
        issue: impl FnOnce(&mut State) -> (Option<Ticket>, R),
    ) -> Result<R, SendError> {
        // A loop of sends that never waits would starve the driver on a single-threaded runtime.
        // It comes first, so that a future dropped here has accepted nothing.
        consume_budget().await;
        let shared = self.shared();
        if !shared.fits(&record) {
            return Err(shared.too_large(record));
        }
        let permits = shared.permits(&record);
        let room = match shared.room.try_acquire_many(permits) {
            Ok(room) => room,
            Err(_) => match shared.room.acquire_many(permits).await {
                Ok(room) => room,
                Err(_) => return Err(shared.closed(record)),
            },
        };
        shared.enqueue(record, room, issue)
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("stream", &self.shared().stream)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Why the gate is shut.
enum Shut {
    Closed,
    Failed(Reason),
}

impl Shared {
    fn fits(&self, record: &Record) -> bool {
        record.len() <= self.limits.record_bytes
    }

    fn too_large(&self, record: Record) -> SendError {
        self.lock().stats.rejected += 1;
        let (size, limit) = (record.len(), self.limits.record_bytes);
        SendError::TooLarge { stream: Arc::clone(&self.stream), size, limit, record }
    }

    fn closed(&self, record: Record) -> SendError {
        self.refusal(Shut::Closed, record)
    }

    fn refusal(&self, shut: Shut, record: Record) -> SendError {
        let stream = Arc::clone(&self.stream);
        match shut {
            Shut::Closed => SendError::Closed { stream, record },
            Shut::Failed(reason) => SendError::Failed { stream, reason, record },
        }
    }

    fn permits(&self, record: &Record) -> u32 {
        u32::try_from(self.cost(record)).unwrap_or(u32::MAX)
    }

    /// The last step: from here on the producer answers for the record.
    fn enqueue<R>(
        &self,
        record: Record,
        room: SemaphorePermit<'_>,
        issue: impl FnOnce(&mut State) -> (Option<Ticket>, R),
    ) -> Result<R, SendError> {
        let mut state = self.lock();
        if let Some(shut) = state.shut(self) {
            drop(state);
            return Err(self.refusal(shut, record));
        }
        let (ticket, receipt) = issue(&mut state);
        let wake = state.push(self, [(record, ticket)], room.num_permits());
        drop(state);
        room.forget();
        if wake {
            self.work.notify_one();
        }
        Ok(receipt)
    }

    /// Accepts a whole chunk or nothing of it.
    async fn admit_chunk(&self, chunk: &mut Chunk) -> Result<u64, Shut> {
        consume_budget().await;
        let permits = u32::try_from(chunk.cost).unwrap_or(u32::MAX);
        let room = self.room.acquire_many(permits).await.map_err(|_| Shut::Closed)?;
        let mut state = self.lock();
        if let Some(shut) = state.shut(self) {
            return Err(shut);
        }
        let records = chunk.records.len() as u64;
        let entries = chunk.records.drain(..).map(|record| (record, None));
        let wake = state.push(self, entries, chunk.cost);
        drop(state);
        chunk.cost = 0;
        room.forget();
        if wake {
            self.work.notify_one();
        }
        Ok(records)
    }
}

impl State {
    #[inline]
    fn issue_receipt(&mut self) -> (Option<Ticket>, Receipt) {
        let (ticket, receipt) = self.receipts.issue();
        (Some(ticket), receipt)
    }

    fn issue_none(&mut self) -> (Option<Ticket>, ()) {
        (None, ())
    }

    fn shut(&self, shared: &Shared) -> Option<Shut> {
        if self.closed {
            return Some(Shut::Closed);
        }
        if self.undelivered_bytes < shared.settings.buffer_bytes {
            return None;
        }
        self.undelivered.last().map(|(_, reason)| Shut::Failed(reason.clone()))
    }

    /// Puts records at the end of the queue. Gives whether the driver has to look: when a linger
    /// begins, and when a batch is full. In between it would find nothing to do.
    fn push(
        &mut self,
        shared: &Shared,
        records: impl IntoIterator<Item = (Record, Option<Ticket>)>,
        cost: usize,
    ) -> bool {
        let was_empty = self.queue.is_empty();
        let was_full = self.queue.fills(&shared.limits);
        let first = self.stats.accepted;
        let mut pushed = 0;
        for (record, ticket) in records {
            let number = first + pushed;
            let entry =
                Entry { record, meta: Meta { ticket, number, past: None, documents: None } };
            match shared.settings.pack {
                None => self.queue.push(entry),
                Some(most) => {
                    let cost = shared.cost(&entry.record);
                    self.queue.pack(entry, most, cost);
                }
            }
            pushed += 1;
        }
        self.stats.accepted += pushed;
        self.stats.buffered_records += pushed;
        self.stats.buffered_bytes += cost;
        if was_empty {
            self.meters.ages.mark(first, Instant::now(), self.settled.up_to());
        }
        was_empty || (!was_full && self.queue.fills(&shared.limits))
    }
}

/// Records on their way through `send_all`.
#[derive(Default)]
struct Chunk {
    records: Vec<Record>,
    cost: usize,
    /// A record that was taken from the iterator and did not fit any more.
    carry: Option<Record>,
}

impl Chunk {
    /// Takes the next records. Gives the error of the one that cannot be sent, if it met one.
    fn fill(&mut self, from: &mut impl Iterator<Item = Record>, to: &Shared) -> Option<SendError> {
        let most = to.settings.buffer_bytes.min(CHUNK_BYTES);
        while self.records.len() < CHUNK_RECORDS {
            let record = self.carry.take().or_else(|| from.next())?;
            if !to.fits(&record) {
                return Some(to.too_large(record));
            }
            let cost = to.cost(&record);
            if !self.records.is_empty() && self.cost + cost > most {
                self.carry = Some(record);
                return None;
            }
            self.cost += cost;
            self.records.push(record);
        }
        None
    }

    /// The error for a chunk that was not accepted: its first record, and the rest.
    fn give_back(
        &mut self,
        accepted: u64,
        (shut, shared): (Shut, &Shared),
        stop: Option<SendError>,
    ) -> SendAllError {
        let mut rest = self.records.drain(..);
        let first = rest.next().unwrap_or_else(|| Record::new(bytes::Bytes::new()));
        let error = shared.refusal(shut, first);
        let behind = stop.map(SendError::into_record).or_else(|| self.carry.take());
        SendAllError { accepted, error, rest: rest.chain(behind).collect() }
    }
}
