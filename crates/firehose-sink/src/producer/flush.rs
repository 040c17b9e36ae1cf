//! Flush: to know when everything is settled that was accepted before some moment.
//!
//! Records settle out of order, so a count of settled records would not do. Each flush closes an
//! epoch, each record bears the epoch it was accepted in, and an epoch ends when all of its
//! records are settled and so are those of the epochs before.

use std::collections::VecDeque;

use super::{Producer, shared::Shared};

impl Producer {
    /// Waits until every record accepted before this call is settled: delivered, or ended as
    /// undelivered. Records sent meanwhile, by clones of the producer, are not waited for.
    ///
    /// It does not wait for the linger. It does wait through back-off, so while the stream is down
    /// it takes as long as [`Retry::stop`](crate::Retry::stop) lets it. Dropping the future is
    /// harmless.
    pub async fn flush(&self) {
        let shared = self.shared();
        let Some(epoch) = shared.lock().epochs.close_current() else { return };
        shared.work.notify_one();
        shared.wait_until(|state| state.epochs.is_over(epoch)).await;
    }
}

impl Shared {
    /// Waits until `is_so` holds; it is asked again after each settlement.
    pub(super) async fn wait_until(&self, is_so: impl Fn(&super::shared::State) -> bool + Send) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // Enabled before the question, so that a settlement in between is not missed.
            settled.as_mut().enable();
            if is_so(&self.lock()) {
                return;
            }
            settled.await;
        }
    }
}

/// How many records of each epoch are not settled yet.
#[derive(Debug)]
pub(super) struct Epochs {
    first: u64,
    unsettled: VecDeque<u64>,
}

impl Epochs {
    pub(super) fn new() -> Self {
        Self { first: 0, unsettled: VecDeque::from([0]) }
    }

    /// The epoch that fresh records belong to.
    pub(super) fn current(&self) -> u64 {
        self.first + (self.unsettled.len() as u64).saturating_sub(1)
    }

    /// Counts fresh records into the current epoch.
    pub(super) fn admit(&mut self, records: u64) {
        if let Some(current) = self.unsettled.back_mut() {
            *current += records;
        }
    }

    /// Counts one record of `epoch` as settled.
    pub(super) fn settle(&mut self, epoch: u64) {
        let index = usize::try_from(epoch.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(unsettled) = self.unsettled.get_mut(index) {
            *unsettled = unsettled.saturating_sub(1);
        }
        while self.unsettled.len() > 1 && self.unsettled.front() == Some(&0) {
            self.unsettled.pop_front();
            self.first += 1;
        }
    }

    /// Closes the current epoch and names the one to wait for; nothing when all is settled.
    pub(super) fn close_current(&mut self) -> Option<u64> {
        let current = self.current();
        if self.unsettled.back() != Some(&0) {
            self.unsettled.push_back(0);
            return Some(current);
        }
        // Nothing was accepted since the last flush: wait for the same as that one, if at all.
        (self.unsettled.len() > 1).then(|| current - 1)
    }

    /// Whether `epoch`, a closed one, and those before it are settled.
    pub(super) fn is_over(&self, epoch: u64) -> bool {
        self.first > epoch
    }
}
