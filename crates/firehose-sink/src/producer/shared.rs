//! What the handles, the driver and the calls of one producer share.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

use super::{
    DeadLetters, Reason, Retry, Stats,
    batch::{Meta, Queue},
    metrics::Meters,
    pack::DOCUMENT_OVERHEAD_BYTES,
    receipt::Receipts,
    retry::Backoff,
    suspects::Suspects,
    watermark::Settled,
    window::Window,
};
use crate::{FirehoseSink, Limits, Record, split_mix::SplitMix64};

/// What a record costs beside its data and its key: its place in the queue, the headers of its
/// allocations, and the room that growing containers keep free.
const OVERHEAD_BYTES: usize = 128;

/// The builder's choices.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) linger: Duration,
    pub(super) buffer_bytes: usize,
    pub(super) in_flight: usize,
    pub(super) retry: Retry,
    pub(super) call_timeout: Option<Duration>,
    /// The size of a pack, when records are packed.
    pub(super) pack: Option<usize>,
}

/// One producer: constants, the mutex, and the three ways to wait.
pub(super) struct Shared {
    pub(super) sink: Arc<dyn FirehoseSink>,
    pub(super) stream: Arc<str>,
    /// The sink's limits, made whole: at least one record, and no record larger than a call.
    pub(super) limits: Limits,
    pub(super) settings: Settings,
    pub(super) dead_letters: Option<Box<dyn DeadLetters>>,
    /// Bytes that may still be admitted; senders wait here, first come, first served.
    pub(super) room: Semaphore,
    /// Wakes the driver.
    pub(super) work: Notify,
    /// Wakes flush and drain after a settlement.
    pub(super) settled: Notify,
    state: Mutex<State>,
    #[cfg(feature = "metrics")]
    pub(super) exporter: super::export::Exporter,
}

/// Everything that changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) suspects: Suspects,
    pub(super) flights: Vec<Flight>,
    pub(super) next_flight: u64,
    /// Since when the head of the queue waits for its batch to fill.
    pub(super) waiting_since: Option<Instant>,
    pub(super) backoff: Backoff,
    pub(super) window: Window,
    pub(super) settled: Settled,
    /// Records with a lower number wait for no linger.
    pub(super) flush_to: u64,
    pub(super) receipts: Receipts,
    pub(super) stats: Stats,
    pub(super) meters: Meters,
    /// Records that the dead letters are taking just now.
    pub(super) burying: usize,
    pub(super) undelivered: Vec<(Record, Reason)>,
    pub(super) undelivered_bytes: usize,
    /// The lowest number of those.
    pub(super) first_undelivered: Option<u64>,
    pub(super) taken_early: u64,
    pub(super) closed: bool,
}

/// A batch in a call. It stays here until it is settled, so that a drain can take it from a call
/// that never answers.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) sent: Instant,
    pub(super) records: Arc<Vec<Record>>,
    pub(super) metas: Vec<Meta>,
    /// Whether it is one in search of a bad record.
    pub(super) suspect: bool,
}

impl Shared {
    pub(super) fn new(
        sink: Arc<dyn FirehoseSink>,
        mut settings: Settings,
        dead_letters: Option<Box<dyn DeadLetters>>,
        random: SplitMix64,
    ) -> Self {
        settings.buffer_bytes = settings.buffer_bytes.clamp(1, Semaphore::MAX_PERMITS);
        let asked = sink.limits();
        let limits = Limits {
            records: asked.records.max(1),
            bytes: asked.bytes,
            record_bytes: asked.record_bytes.min(asked.bytes),
        };
        settings.pack = settings.pack.map(|most| most.min(limits.record_bytes));
        Self {
            stream: sink.stream().into(),
            limits,
            room: Semaphore::new(settings.buffer_bytes),
            work: Notify::new(),
            settled: Notify::new(),
            state: Mutex::new(State::new(random, settings.in_flight)),
            settings,
            dead_letters,
            #[cfg(feature = "metrics")]
            exporter: super::export::Exporter::new(sink.stream()),
            sink,
        }
    }

    /// The state. A panic while it was held cannot have been ours; going on beats poisoning every
    /// handle.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a record counts against `buffer_bytes`. The same record costs the same at every
    /// moment, for what was taken must be given back. One that costs more than there is takes all.
    pub(super) fn cost(&self, record: &Record) -> usize {
        let key = record.partition_key().map_or(0, str::len);
        // A small one is not alone in its pack and needs no place of its own in the queue.
        let packed = self.settings.pack.is_some_and(|most| key == 0 && record.len() <= most / 4);
        let overhead = if packed { DOCUMENT_OVERHEAD_BYTES } else { OVERHEAD_BYTES };
        let cost = record.len().saturating_add(key).saturating_add(overhead);
        cost.min(self.settings.buffer_bytes).min(u32::MAX as usize)
    }

    /// Takes no more records: waiting senders get theirs back, and the driver hurries.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.work.notify_one();
    }

    /// The counters now.
    pub(super) fn stats(&self) -> Stats {
        let state = self.lock();
        Stats { in_flight: state.flights.len(), ..state.stats }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("stream", &self.stream)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl State {
    fn new(random: SplitMix64, in_flight: usize) -> Self {
        Self {
            queue: Queue::default(),
            suspects: Suspects::default(),
            flights: Vec::new(),
            next_flight: 0,
            waiting_since: None,
            backoff: Backoff::new(random),
            window: Window::new(in_flight),
            settled: Settled::default(),
            flush_to: 0,
            receipts: Receipts::new(),
            stats: Stats::default(),
            meters: Meters::new(),
            burying: 0,
            undelivered: Vec::new(),
            undelivered_bytes: 0,
            first_undelivered: None,
            taken_early: 0,
            closed: false,
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.flights.is_empty()
            && self.suspects.is_empty()
            && self.burying == 0
    }

    /// Up to which number all records are delivered or with the dead letters.
    pub(super) fn watermark(&self) -> u64 {
        let settled = self.settled.up_to();
        self.first_undelivered.map_or(settled, |first| first.min(settled))
    }
}
