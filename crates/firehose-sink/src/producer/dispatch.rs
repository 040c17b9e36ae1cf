//! The driver: decides when a batch goes out, and runs the calls.
//!
//! What a batch may hold is in `batch`, what its outcomes mean in `settle`, how long a pause is in
//! `retry`.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use tokio::{task::JoinSet, time::Instant};
use tracing::debug;

use super::{
    batch::{Batch, Meta},
    settle::Ending,
    shared::{Flight, Shared, State},
};
use crate::Record;

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
        if state.flights.len() >= self.settings.in_flight {
            return Step::Wait(None);
        }
        if state.queue.is_empty() {
            state.waiting_since = None;
            let done = state.closed && state.flights.is_empty();
            return if done { Step::Done } else { Step::Wait(None) };
        }
        if let Some(pause) = state.backoff.pause(now) {
            return Step::Wait(Some(pause));
        }
        if !state.is_due(self) {
            let since = *state.waiting_since.get_or_insert(now);
            match since.checked_add(self.settings.linger) {
                Some(due) if due <= now => {}
                due => return Step::Wait(due),
            }
        }
        let batch = state.queue.cut(&self.limits);
        // What is left came after what was cut, so its linger begins about now.
        state.waiting_since = (!state.queue.is_empty()).then_some(now);
        let (number, records) = state.launch(batch, now);
        drop(state);
        debug!(stream = %self.stream, call = number, records = records.len(), "call starts");
        Step::Call(number, records)
    }
}

impl State {
    /// Whether the head of the queue goes out without waiting for its linger: the batch is full,
    /// somebody flushes or drains, or it waited for its back-off already.
    fn is_due(&self, shared: &Shared) -> bool {
        let Some(head) = self.queue.head() else { return false };
        self.queue.fills(&shared.limits)
            || self.closed
            || head.meta.epoch < self.epochs.current()
            || head.meta.past.is_some()
    }

    fn launch(&mut self, mut batch: Batch, now: Instant) -> (u64, Arc<Vec<Record>>) {
        for past in batch.metas.iter_mut().filter_map(|Meta { past, .. }| past.as_mut()) {
            self.stats.retried += 1;
            self.stats.maybe_duplicated += u64::from(std::mem::take(&mut past.doubt));
        }
        self.stats.calls += 1;
        self.next_flight += 1;
        let (number, records) = (self.next_flight, Arc::new(batch.records));
        let flight =
            Flight { number, sent: now, records: Arc::clone(&records), metas: batch.metas };
        self.flights.push(flight);
        (number, records)
    }
}

/// One call to the sink. Whatever happens to it, its records are settled.
async fn call(shared: Arc<Shared>, number: u64, records: Arc<Vec<Record>>) {
    let mut landing = Landing { shared, number: Some(number) };
    // A panic is caught here for its words. `AssertUnwindSafe`: after a panic nothing of ours is
    // used that the sink could have left half done; whether the sink can go on is its own affair.
    let put = async { landing.shared.sink.put_batch(&records).await };
    let ending = match AssertUnwindSafe(put).catch_unwind().await {
        Ok(Ok(outcomes)) => Ending::Answered(outcomes),
        Ok(Err(error)) => Ending::Failed(Arc::new(error)),
        Err(panic) => Ending::Panicked(words(panic.as_ref())),
    };
    drop(records);
    landing.land(ending);
}

fn words(panic: &(dyn Any + Send)) -> Arc<str> {
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
