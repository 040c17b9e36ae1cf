//! Seeded faults in front of any sink, to see how the code above it copes.
//!
//! Faults are drawn at random from a seed. To script them one by one, see
//! [`MemorySink`](crate::MemorySink).

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    FirehoseSink, Limits, Outcome, PutError, PutErrorKind, Record, Refusal, Stored, check_limits,
    split_mix::SplitMix64,
};

#[cfg(test)]
mod tests;

/// A sink that fails on purpose, at random but repeatably, and else does what the sink behind it
/// does.
///
/// For each call the faults are drawn in this order: latency, throttling, ambiguous failure,
/// refusals. The same seed draws the same faults for the same sequence of batch sizes; with several
/// calls in flight their order is up to the scheduler. Without settings it changes nothing.
///
/// ```
/// use firehose_sink::{FaultSink, MemorySink};
///
/// let stream = FaultSink::new(MemorySink::new("ratings"), 42)
///     .with_throttled_calls(0.15)
///     .with_ambiguous_calls(0.05)
///     .with_refused_records(0.3);
/// ```
pub struct FaultSink<S> {
    sink: S,
    throttled: f64,
    ambiguous: f64,
    refused: f64,
    latency: (Duration, Duration),
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
    /// Records that were stored by those: each becomes a duplicate when it is sent again.
    pub stored_in_doubt: u64,
    /// Records that were refused.
    pub refused_records: u64,
}

/// What was drawn for one call.
enum Fault {
    None,
    Throttle,
    /// Hand this many records on, then fail.
    Ambiguous(usize, PutErrorKind),
    /// Refuse the records marked.
    Refuse(Vec<bool>),
}

impl<S: FirehoseSink> FaultSink<S> {
    /// No faults yet, in front of `sink`.
    pub fn new(sink: S, seed: u64) -> Self {
        let state = State { random: SplitMix64::with_seed(seed), counts: FaultCounts::default() };
        let state = Mutex::new(state);
        let latency = (Duration::ZERO, Duration::ZERO);
        Self { sink, throttled: 0.0, ambiguous: 0.0, refused: 0.0, latency, state }
    }

    /// Share of calls, 0 to 1, that fail as a whole with [`PutErrorKind::Throttled`] and store
    /// nothing.
    #[must_use]
    pub fn with_throttled_calls(mut self, share: f64) -> Self {
        self.throttled = share;
        self
    }

    /// Share of calls, 0 to 1, that hand a part of the batch on, from none to all of it, and then
    /// fail with [`Stored::Maybe`]: a timeout, a broken connection or a 500, in turns at random.
    #[must_use]
    pub fn with_ambiguous_calls(mut self, share: f64) -> Self {
        self.ambiguous = share;
        self
    }

    /// Share of records, 0 to 1, that are refused with `Slow down.`
    #[must_use]
    pub fn with_refused_records(mut self, share: f64) -> Self {
        self.refused = share;
        self
    }

    /// Time that each call takes before anything happens, drawn evenly between the two. It follows
    /// tokio's clock, so a paused test does not wait.
    #[must_use]
    pub fn with_latency(mut self, least: Duration, most: Duration) -> Self {
        self.latency = (least, most.max(least));
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

    fn draw(&self, records: usize) -> (Duration, Fault) {
        let mut guard = self.lock();
        let State { random, counts } = &mut *guard;
        counts.calls += 1;
        let (least, most) = self.latency;
        let spread = u64::try_from((most - least).as_nanos()).unwrap_or(u64::MAX);
        let latency = least.saturating_add(Duration::from_nanos(random.up_to(spread)));
        let fault = if random.happens(self.throttled) {
            counts.throttled_calls += 1;
            Fault::Throttle
        } else if random.happens(self.ambiguous) {
            counts.ambiguous_calls += 1;
            let kept = random.up_to(records as u64);
            let kind = match random.up_to(2) {
                0 => PutErrorKind::Timeout,
                1 => PutErrorKind::Network,
                _ => PutErrorKind::Unavailable,
            };
            Fault::Ambiguous(usize::try_from(kept).unwrap_or(records), kind)
        } else if self.refused > 0.0 {
            let marks: Vec<bool> = (0..records).map(|_| random.happens(self.refused)).collect();
            counts.refused_records += marks.iter().filter(|&&refused| refused).count() as u64;
            Fault::Refuse(marks)
        } else {
            Fault::None
        };
        (latency, fault)
    }

    async fn ambiguous(&self, part: &[Record], kind: PutErrorKind) -> PutError {
        let kept = match self.sink.put_batch(part).await {
            Ok(outcomes) => outcomes.iter().filter(|outcome| outcome.is_accepted()).count(),
            Err(error) => return error,
        };
        self.lock().counts.stored_in_doubt += kept as u64;
        PutError::new(self.sink.stream(), kind, Stored::Maybe).with_detail("a fault, as asked for")
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
}

#[async_trait]
impl<S: FirehoseSink> FirehoseSink for FaultSink<S> {
    fn stream(&self) -> &str {
        self.sink.stream()
    }

    fn limits(&self) -> Limits {
        self.sink.limits()
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        check_limits(self.stream(), self.limits(), batch)?;
        if batch.is_empty() {
            return self.sink.put_batch(batch).await;
        }
        let (latency, fault) = self.draw(batch.len());
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match fault {
            Fault::None => self.sink.put_batch(batch).await,
            Fault::Throttle => {
                let stream: Arc<str> = self.sink.stream().into();
                let error = PutError::new(stream, PutErrorKind::Throttled, Stored::Nothing);
                Err(error.with_detail("a fault, as asked for"))
            }
            Fault::Ambiguous(kept, kind) => {
                let part = batch.get(..kept).unwrap_or(batch);
                Err(self.ambiguous(part, kind).await)
            }
            Fault::Refuse(marks) => self.refuse(batch, &marks).await,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for FaultSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultSink")
            .field("sink", &self.sink)
            .field("throttled", &self.throttled)
            .field("ambiguous", &self.ambiguous)
            .field("refused", &self.refused)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}
