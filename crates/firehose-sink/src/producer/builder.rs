//! How a [`Producer`] is set up. What the settings do is decided elsewhere in this folder.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    DeadLetters, Drain, Producer, Retry,
    dispatch::drive,
    shared::{Settings, Shared},
};
use crate::{FirehoseSink, split_mix::SplitMix64};

/// Sets up a [`Producer`]; made by [`Producer::builder`].
///
/// Every setting has a default that suits a service which sends to AWS; a test rarely needs any.
pub struct ProducerBuilder {
    sink: Arc<dyn FirehoseSink>,
    settings: Settings,
    dead_letters: Option<Box<dyn DeadLetters>>,
    seed: Option<u64>,
}

impl ProducerBuilder {
    pub(super) fn new(sink: Arc<dyn FirehoseSink>) -> Self {
        let settings = Settings {
            linger: Duration::from_millis(200),
            buffer_bytes: 16 * 1024 * 1024,
            in_flight: 4,
            retry: Retry::default(),
            call_timeout: None,
            pack: None,
        };
        Self { sink, settings, dead_letters: None, seed: None }
    }

    /// How long a batch that is not full waits for more records. Default: 200 ms.
    ///
    /// Zero sends whatever is there as soon as a call may start.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = linger;
        self
    }

    /// How many bytes may be under way, from `send` to settlement. Default: 16 MiB.
    ///
    /// A record counts with its data, its partition key and 128 bytes for what the producer keeps
    /// beside it, so that the bound is one of memory and not of payload. A single record above the
    /// bound is taken when nothing else is under way.
    ///
    /// Records that ended undelivered are kept for the [`Report`](crate::Report) outside this
    /// bound, up to as many bytes again; then the producer takes no more, see
    /// [`SendError::Failed`](crate::SendError::Failed).
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.settings.buffer_bytes = bytes;
        self
    }

    /// How many calls to the sink may run at once at most, at least 1. Default: 4.
    ///
    /// A refusal, also one of a single record, halves the number for the moment; as many clean
    /// calls as it then is add one again.
    ///
    /// With 1, records reach the stream in the order they were sent, except those that were
    /// refused: they go again at the head of the queue, but after what was taken with them.
    #[must_use]
    pub fn in_flight(mut self, calls: usize) -> Self {
        self.settings.in_flight = calls.max(1);
        self
    }

    /// When refused records and failed calls are tried again, and when no more. Default:
    /// [`Retry::default`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.settings.retry = retry;
        self
    }

    /// Where records go that are given up, or that the stream refuses as invalid: a function, or a
    /// [`DeadLetterFile`](crate::DeadLetterFile). Default: nowhere, they end in the
    /// [`Report`](crate::Report).
    ///
    /// What the drain's deadline cuts off was not given up and always ends in the report.
    #[must_use]
    pub fn dead_letters(mut self, dead_letters: impl DeadLetters) -> Self {
        self.dead_letters = Some(Box::new(dead_letters));
        self
    }

    /// How long a call may take before it is dropped and counts as
    /// [`PutErrorKind::Timeout`](crate::PutErrorKind::Timeout). Default: as long as it likes, for
    /// the sinks of this crate that use a network have timeouts of their own, and the others may
    /// be slow for a good reason.
    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.call_timeout = Some(timeout);
        self
    }

    /// Puts several records into one record of the stream, up to this many bytes. Default: each
    /// record is one of its own.
    ///
    /// It is made for JSON documents to Firehose, which bills each record rounded up to
    /// [5 KiB](crate::Billing::STEP_BYTES) and takes documents apart that stand one after the other; nothing
    /// is put between them. Counters, receipts, the watermark and the report are still of the
    /// records that were sent; the [limits](crate::Limits) of a call, refusals and ids are of the packs. A record with a
    /// partition key, and one that is larger than a pack, stays alone. A pack is at most as large
    /// as the stream's largest record.
    #[must_use]
    pub fn pack(mut self, bytes: usize) -> Self {
        self.settings.pack = Some(bytes);
        self
    }

    /// Makes the jitter of the back-off repeatable. Default: random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the producer's task and gives the handle to send with and the one to end with.
    ///
    /// The sink's [`limits`](FirehoseSink::limits) are asked once, now.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, for it spawns a task. The runtime needs its time driver.
    #[must_use = "the drain is the only way to learn what was not delivered"]
    pub fn start(self) -> (Producer, Drain) {
        let random = self.seed.map_or_else(SplitMix64::from_entropy, SplitMix64::with_seed);
        let shared = Arc::new(Shared::new(self.sink, self.settings, self.dead_letters, random));
        let driver = tokio::spawn(drive(Arc::clone(&shared))).abort_handle();
        (Producer::new(Arc::clone(&shared)), Drain::new(shared, driver))
    }
}

impl fmt::Debug for ProducerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerBuilder")
            .field("stream", &self.sink.stream())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
