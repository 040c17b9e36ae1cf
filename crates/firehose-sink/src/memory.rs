//! A sink in memory, for tests: it keeps what it got and refuses what it is told to.
//!
//! Faults here are scripted, one by one. For random ones, in front of any sink, see
//! [`FaultSink`](crate::FaultSink).

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::watch;

use self::script::{Script, Verdict};
use crate::{
    FirehoseSink, Limits, Outcome, PutError, PutErrorKind, Record, RecordId, Refusal, Stored,
    check_limits,
};

mod script;
#[cfg(test)]
mod tests;

/// Keeps records in memory, in the order they arrived.
///
/// Clones share what they keep: give one to the code under test and look into the other. Without
/// a script it takes everything within its limits, which are [`Limits::FIREHOSE`] unless set.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use firehose_sink::{MemorySink, Producer, Record};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = MemorySink::new("ratings");
/// sink.refuse_next(1);
/// let (producer, drain) = Producer::builder(Arc::new(sink.clone())).start();
/// producer.send(Record::json(&["a record"])?).await?;
/// let report = drain.finish(Duration::from_secs(5)).await;
/// assert_eq!((report.delivered, report.retried, sink.len()), (1, 1, 1));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MemorySink {
    shared: Arc<Shared>,
    limits: Limits,
}

struct Shared {
    stream: Arc<str>,
    id_prefix: Arc<str>,
    state: Mutex<State>,
    /// Whether calls hang. Those that do wait for it to change.
    hangs: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    records: Vec<Record>,
    stored: u64,
    batches: Vec<usize>,
    script: Script,
}

impl MemorySink {
    /// An empty sink with this stream name.
    pub fn new(stream: impl Into<Arc<str>>) -> Self {
        let stream = stream.into();
        let id_prefix = format!("{stream}-").into();
        let (state, hangs) = (Mutex::default(), watch::Sender::new(false));
        let shared = Arc::new(Shared { stream, id_prefix, state, hangs });
        Self { shared, limits: Limits::FIREHOSE }
    }

    /// Sets what one call may hold, for example one record, to see batches split.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The records it holds, in order of arrival.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.lock().records.clone()
    }

    /// Takes the records out, in order of arrival.
    #[must_use]
    pub fn take(&self) -> Vec<Record> {
        std::mem::take(&mut self.lock().records)
    }

    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().records.len()
    }

    /// Whether it holds no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().records.is_empty()
    }

    /// How many calls were made, failed ones and empty ones too.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lock().batches.len()
    }

    /// How many records each call brought, in the order of the calls.
    #[must_use]
    pub fn batch_sizes(&self) -> Vec<usize> {
        self.lock().batches.clone()
    }

    /// Lets the next `calls` calls fail as a whole.
    ///
    /// With [`Stored::Maybe`] the batch is kept all the same, as a service does whose answer got
    /// lost: whoever sends it again makes duplicates, and a test sees them.
    pub fn fail_next(&self, calls: usize, kind: PutErrorKind, stored: Stored) {
        self.lock().script.fail(Some(calls), kind, stored);
    }

    /// Lets all calls fail as a whole until [`heal`](Self::heal); otherwise like
    /// [`fail_next`](Self::fail_next).
    pub fn fail_always(&self, kind: PutErrorKind, stored: Stored) {
        self.lock().script.fail(None, kind, stored);
    }

    /// Refuses the next `records` records, each once, with `Slow down.`
    pub fn refuse_next(&self, records: usize) {
        self.lock().script.refuse_next(records);
    }

    /// Refuses every `n`th record from now on, counted over all calls, until
    /// [`heal`](Self::heal). 1 refuses all, 0 none.
    pub fn refuse_every(&self, n: u64) {
        let mut seen = 0_u64;
        self.refuse_if(move |_| {
            seen += 1;
            n > 0 && seen.is_multiple_of(n)
        });
    }

    /// Refuses this share of records, 0 to 1, until [`heal`](Self::heal). The same seed refuses
    /// the same records, as long as they come in the same order.
    pub fn refuse_share(&self, share: f64, seed: u64) {
        let mut random = crate::split_mix::SplitMix64::with_seed(seed);
        self.refuse_if(move |_| random.happens(share));
    }

    /// Refuses the records that `predicate` picks, until [`heal`](Self::heal).
    ///
    /// The predicate runs under the sink's lock and must not call the sink.
    pub fn refuse_if(&self, predicate: impl FnMut(&Record) -> bool + Send + 'static) {
        self.lock().script.refuse_if(Box::new(predicate));
    }

    /// Lets every call hang, storing nothing, until [`heal`](Self::heal): a stream that does not
    /// answer.
    pub fn hang(&self) {
        self.shared.hangs.send_replace(true);
    }

    /// Ends every scripted fault. Calls that hang go on.
    pub fn heal(&self) {
        self.lock().script = Script::default();
        self.shared.hangs.send_replace(false);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A predicate that panics poisons nothing that matters: records are kept after it.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some((kind, stored)) = state.script.fails() {
            if stored == Stored::Maybe {
                state.records.extend_from_slice(batch);
                state.stored += batch.len() as u64;
            }
            let error = PutError::new(Arc::clone(&self.shared.stream), kind, stored);
            return Err(error.with_detail("as scripted"));
        }
        let verdicts: Vec<Verdict> =
            batch.iter().map(|record| state.script.judge(record)).collect();
        let outcomes = batch.iter().zip(verdicts).map(|(record, verdict)| match verdict {
            Verdict::Refuse => Outcome::Refused(Refusal::slow_down()),
            Verdict::Take => {
                state.records.push(record.clone());
                state.stored += 1;
                Outcome::Accepted(RecordId::numbered(
                    Arc::clone(&self.shared.id_prefix),
                    state.stored,
                ))
            }
        });
        Ok(outcomes.collect())
    }
}

impl fmt::Debug for MemorySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySink")
            .field("stream", &self.shared.stream)
            .field("limits", &self.limits)
            .field("records", &self.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl FirehoseSink for MemorySink {
    fn stream(&self) -> &str {
        &self.shared.stream
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        self.lock().batches.push(batch.len());
        check_limits(self.stream(), self.limits, batch)?;
        // The sender lives in `self`, so the wait only ends with a change.
        let _ = self.shared.hangs.subscribe().wait_for(|hangs| !hangs).await;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.answer(batch)
    }
}
