//! Seeded faults in front of any sink, to see how the code above it copes.
//!
//! Faults are drawn at random from a seed. To script them one by one, see
//! [`MemorySink`](crate::MemorySink).

use std::{
    fmt,
    future::pending,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    FirehoseSink, Health, Limits, Outcome, PutError, PutErrorKind, Record, RecordId, Refusal,
    Stored, check_limits, split_mix::SplitMix64,
};

mod draw;
#[cfg(test)]
mod tests;

pub use draw::StoredPart;
use draw::{Fault, Faults};

/// A sink that fails on purpose, at random but repeatably, and else does what the sink behind it
/// does.
///
/// For each call it is looked up whether an outage lasts and whether a record is poison; then
/// faults are drawn in this order: latency, throttling, ambiguous failure, hanging, panic,
/// miscounted answer, refusals. The same seed draws the same faults for the same sequence of batch
/// sizes; with several calls in flight their order is up to the scheduler. Without settings it
/// changes nothing.
///
/// ```
/// use firehose_sink::{FaultSink, MemorySink};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let stream = FaultSink::new(MemorySink::new("ratings"), 42)
///     .with_throttled_calls(0.15)
///     .with_ambiguous_calls(0.05)
///     .with_refused_records(0.3);
/// # }
/// ```
pub struct FaultSink<S> {
    sink: S,
    faults: Faults,
    state: Mutex<State>,
}

struct State {
    random: SplitMix64,
    counts: FaultCounts,
}

/// The faults that a [`FaultSink`] made so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultCounts {
    /// Calls, those without a fault too.
    pub calls: u64,
    /// Calls that were throttled as a whole.
    pub throttled_calls: u64,
    /// Calls that stored a part and then failed.
    pub ambiguous_calls: u64,
    /// Calls that stored a part and then never answered.
    pub hanging_calls: u64,
    /// Calls that stored a part and then panicked.
    pub panicking_calls: u64,
    /// Calls that stored everything and answered with too few or too many outcomes.
    pub miscounted_calls: u64,
    /// Calls that failed for a record that is poison.
    pub invalid_calls: u64,
    /// Calls that fell into an outage.
    pub outage_calls: u64,
    /// Records that were stored by calls which did not say so: each becomes a duplicate when it is
    /// sent again.
    pub stored_in_doubt: u64,
    /// Records that were refused.
    pub refused_records: u64,
}

impl<S: FirehoseSink> FaultSink<S> {
    /// No faults yet, in front of `sink`. The time of [outages](Self::with_outage) begins now.
    pub fn new(sink: S, seed: u64) -> Self {
        let state = State { random: SplitMix64::with_seed(seed), counts: FaultCounts::default() };
        Self { sink, faults: Faults::new(), state: Mutex::new(state) }
    }

    /// Share of calls, 0 to 1, that fail as a whole with [`PutErrorKind::Throttled`] and store
    /// nothing.
    #[must_use]
    pub fn with_throttled_calls(mut self, share: f64) -> Self {
        self.faults.throttled = share;
        self
    }

    /// Share of calls, 0 to 1, that hand a part of the batch on and then fail with
    /// [`Stored::Maybe`]: a timeout, a broken connection or a 500, in turns at random.
    #[must_use]
    pub fn with_ambiguous_calls(mut self, share: f64) -> Self {
        self.faults.ambiguous = share;
        self
    }

    /// How much calls hand on that fail in an ambiguous way, hang or panic. Default: any part.
    #[must_use]
    pub fn with_stored_part(mut self, part: StoredPart) -> Self {
        self.faults.part = part;
        self
    }

    /// Share of calls, 0 to 1, that hand a part of the batch on and then never answer.
    #[must_use]
    pub fn with_hanging_calls(mut self, share: f64) -> Self {
        self.faults.hanging = share;
        self
    }

    /// Share of calls, 0 to 1, that hand a part of the batch on and then panic.
    #[must_use]
    pub fn with_panicking_calls(mut self, share: f64) -> Self {
        self.faults.panicking = share;
        self
    }

    /// Share of calls, 0 to 1, that hand all of the batch on and then answer with one outcome less
    /// or more than there are records.
    #[must_use]
    pub fn with_miscounted_answers(mut self, share: f64) -> Self {
        self.faults.miscounted = share;
        self
    }

    /// Share of records, 0 to 1, that are refused with `Slow down.`
    #[must_use]
    pub fn with_refused_records(mut self, share: f64) -> Self {
        self.faults.refused = share;
        self
    }

    /// Records for which the whole call fails with [`PutErrorKind::Invalid`] and stores nothing.
    #[must_use]
    pub fn with_poison(mut self, poison: impl Fn(&Record) -> bool + Send + Sync + 'static) -> Self {
        self.faults.poison = Some(Arc::new(poison));
        self
    }

    /// A time, counted from [`new`](Self::new) on tokio's clock, in which every call fails with
    /// this kind and stores nothing. May be called several times.
    #[must_use]
    pub fn with_outage(mut self, when: Range<Duration>, kind: PutErrorKind) -> Self {
        self.faults.outages.push((when, kind));
        self
    }

    /// Time that each call takes before anything happens, drawn evenly between the two. It follows
    /// tokio's clock, so a paused test does not wait.
    #[must_use]
    pub fn with_latency(mut self, least: Duration, most: Duration) -> Self {
        self.faults.latency = (least, most.max(least));
        self
    }

    /// The sink behind.
    pub fn inner(&self) -> &S {
        &self.sink
    }

    /// The faults made so far.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.lock().counts
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self, batch: &[Record]) -> (Duration, Fault) {
        let mut guard = self.lock();
        let State { random, counts } = &mut *guard;
        let latency = self.faults.latency(random);
        (latency, self.faults.draw(batch, random, counts))
    }

    fn error(&self, kind: PutErrorKind, stored: Stored) -> PutError {
        PutError::new(self.sink.stream(), kind, stored).with_detail("a fault, as asked for")
    }

    /// Hands a part of the batch on, and tells nobody.
    async fn store(&self, batch: &[Record], part: usize) -> Result<Vec<Outcome>, PutError> {
        let outcomes = self.sink.put_batch(batch.get(..part).unwrap_or(batch)).await?;
        let kept = outcomes.iter().filter(|outcome| outcome.is_accepted()).count();
        self.lock().counts.stored_in_doubt += kept as u64;
        Ok(outcomes)
    }

    async fn refuse(&self, batch: &[Record], marks: &[bool]) -> Result<Vec<Outcome>, PutError> {
        let passed: Vec<Record> = batch
            .iter()
            .zip(marks)
            .filter(|&(_, &refused)| !refused)
            .map(|(record, _)| record.clone())
            .collect();
        let mut outcomes = self.sink.put_batch(&passed).await?.into_iter();
        let merged = marks.iter().map_while(|&refused| match refused {
            true => Some(Outcome::Refused(Refusal::slow_down())),
            false => outcomes.next(),
        });
        // Too few outcomes from the sink behind stay too few: whoever calls checks that.
        Ok(merged.collect())
    }

    async fn miscount(&self, batch: &[Record], more: bool) -> Result<Vec<Outcome>, PutError> {
        let mut outcomes = self.store(batch, batch.len()).await?;
        match more {
            true => outcomes.push(Outcome::Accepted(RecordId::new("one too many"))),
            false => drop(outcomes.pop()),
        }
        Ok(outcomes)
    }
}

#[async_trait]
impl<S: FirehoseSink> FirehoseSink for FaultSink<S> {
    fn stream(&self) -> &str {
        self.sink.stream()
    }

    fn limits(&self) -> Limits {
        self.sink.limits()
    }

    async fn check(&self) -> Result<Option<Health>, PutError> {
        self.sink.check().await
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        check_limits(self.stream(), self.limits(), batch)?;
        if batch.is_empty() {
            return self.sink.put_batch(batch).await;
        }
        let (latency, fault) = self.draw(batch);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match fault {
            Fault::None => self.sink.put_batch(batch).await,
            Fault::Fail(kind) => Err(self.error(kind, Stored::Nothing)),
            Fault::Ambiguous(part, kind) => {
                self.store(batch, part).await?;
                Err(self.error(kind, Stored::Maybe))
            }
            Fault::Hang(part) => {
                self.store(batch, part).await?;
                pending().await
            }
            Fault::Panic(part) => {
                self.store(batch, part).await?;
                // Without the panic hook: what was asked for need not be told on stderr.
                std::panic::resume_unwind(Box::new("a fault, as asked for"))
            }
            Fault::Miscount { more } => self.miscount(batch, more).await,
            Fault::Refuse(marks) => self.refuse(batch, &marks).await,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for FaultSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultSink")
            .field("sink", &self.sink)
            .field("throttled", &self.faults.throttled)
            .field("ambiguous", &self.faults.ambiguous)
            .field("refused", &self.faults.refused)
            .field("latency", &self.faults.latency)
            .finish_non_exhaustive()
    }
}
