//! The driver: decides when a batch goes out, and runs the calls.
//!
//! What a batch may hold is in `batch`, what its outcomes mean in `settle`, how long a pause is in
//! `retry`.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use tracing::debug;

use super::{
    batch::Batch,
    metrics::Cause,
    settle::Ending,
    shared::{Flight, Shared, State},
};
use crate::{Limits, Outcome, PutError, PutErrorKind, Record, Stored};

/// Runs until the producer is closed and everything is settled. Ending it ends the calls.
pub(super) async fn drive(shared: Arc<Shared>) {
    let mut calls = JoinSet::new();
    loop {
        while calls.try_join_next().is_some() {}
        match shared.next_step(Instant::now()) {
            Step::Call(number, records) => {
                calls.spawn(call(Arc::clone(&shared), number, records));
            }
            Step::Wait(None) => shared.work.notified().await,
            Step::Wait(Some(until)) => tokio::select! {
                () = shared.work.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            },
            Step::Done => return,
        }
    }
}

/// What the driver does next.
enum Step {
    /// Hand these records to the sink.
    Call(u64, Arc<Vec<Record>>),
    /// Wait for work, at most until then.
    Wait(Option<Instant>),
    /// Everything is settled and nothing more will come.
    Done,
}

impl Shared {
    fn next_step(&self, now: Instant) -> Step {
        let mut state = self.lock();
        if state.flights.len() >= state.window.limit() {
            return Step::Wait(None);
        }
        if state.queue.is_empty() {
            state.waiting_since = None;
        }
        if state.queue.is_empty() && !state.suspects.is_ready() {
            let done = state.closed && state.is_idle();
            return if done { Step::Done } else { Step::Wait(None) };
        }
        if let Some(pause) = state.backoff.pause(now) {
            return Step::Wait(Some(pause));
        }
        let (batch, cause) = match state.suspects.next() {
            Some(entries) => (Batch::of(entries.into_iter()), Cause::Suspect),
            None => match state.due(self, now) {
                Due::Now(cause) => (state.cut(&self.limits, now), cause),
                Due::At(moment) => return Step::Wait(moment),
            },
        };
        let (number, records) = state.launch(batch, cause, now);
        drop(state);
        debug!(stream = %self.stream, call = number, records = records.len(), "call starts");
        Step::Call(number, records)
    }
}

/// When the next batch goes out.
enum Due {
    Now(Cause),
    At(Option<Instant>),
}

impl State {
    /// Whether the head of the queue goes out without waiting for its linger: the batch is full,
    /// somebody flushes or drains, or it waited for its back-off already.
    fn due(&mut self, shared: &Shared, now: Instant) -> Due {
        let Some((number, sent_before)) = self.queue.head() else { return Due::At(None) };
        if self.queue.has_records(&shared.limits) {
            return Due::Now(Cause::Count);
        }
        if self.queue.fills(&shared.limits) {
            return Due::Now(Cause::Bytes);
        }
        if sent_before {
            return Due::Now(Cause::Retry);
        }
        if self.closed || number < self.flush_to {
            return Due::Now(Cause::Flush);
        }
        let since = *self.waiting_since.get_or_insert(now);
        match since.checked_add(shared.settings.linger) {
            Some(due) if due <= now => Due::Now(Cause::Linger),
            due => Due::At(due),
        }
    }

    fn cut(&mut self, limits: &Limits, now: Instant) -> Batch {
        let batch = self.queue.cut(limits);
        // What is left came after what was cut, so its linger begins about now.
        self.waiting_since = (!self.queue.is_empty()).then_some(now);
        batch
    }

    fn launch(&mut self, mut batch: Batch, cause: Cause, now: Instant) -> (u64, Arc<Vec<Record>>) {
        let suspect = cause == Cause::Suspect;
        for meta in &mut batch.metas {
            let count = meta.count();
            if suspect || meta.past.is_some() {
                self.stats.retried += count;
            }
            let doubt = meta.past.as_mut().map(|past| std::mem::take(&mut past.doubt));
            if doubt == Some(true) {
                self.stats.maybe_duplicated += count;
            }
        }
        self.stats.calls += 1;
        self.meters.call(cause, batch.records.len(), batch.bytes());
        let settled = self.settled.up_to();
        self.meters.ages.mark(self.stats.accepted, now, settled);
        self.next_flight += 1;
        let (number, records) = (self.next_flight, Arc::new(batch.records));
        let flight = Flight {
            number,
            sent: now,
            records: Arc::clone(&records),
            metas: batch.metas,
            suspect,
        };
        self.flights.push(flight);
        (number, records)
    }
}

/// One call to the sink. Whatever happens to it, its records are settled.
async fn call(shared: Arc<Shared>, number: u64, records: Arc<Vec<Record>>) {
    let mut landing = Landing { shared, number: Some(number) };
    // A panic is caught here for its words. `AssertUnwindSafe`: after a panic nothing of ours is
    // used that the sink could have left half done; whether the sink can go on is its own affair.
    let put = landing.shared.put(&records);
    let ending = match AssertUnwindSafe(put).catch_unwind().await {
        Ok(Ok(outcomes)) => Ending::Answered(outcomes),
        Ok(Err(error)) => Ending::Failed(Arc::new(error)),
        Err(panic) => Ending::Panicked(words(panic.as_ref())),
    };
    drop(records);
    landing.land(ending);
}

impl Shared {
    /// The call itself, ended when it takes too long.
    async fn put(&self, records: &[Record]) -> Result<Vec<Outcome>, PutError> {
        let Some(limit) = self.settings.call_timeout else {
            return self.sink.put_batch(records).await;
        };
        match timeout(limit, self.sink.put_batch(records)).await {
            Ok(answer) => answer,
            Err(_) => {
                let stream = Arc::clone(&self.stream);
                let error = PutError::new(stream, PutErrorKind::Timeout, Stored::Maybe);
                Err(error.with_detail(format!("the call took longer than {limit:?}")))
            }
        }
    }
}

/// What a panic said.
pub(super) fn words(panic: &(dyn Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words").into()
}

/// Settles a call's records also when its task is dropped half-way, as at the end of a runtime.
struct Landing {
    shared: Arc<Shared>,
    number: Option<u64>,
}

impl Landing {
    fn land(&mut self, ending: Ending) {
        if let Some(number) = self.number.take() {
            self.shared.settle(number, ending);
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.land(Ending::Stopped);
    }
}
