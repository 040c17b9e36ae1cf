//! Flush: to know when everything is settled that was accepted before some moment.
//!
//! Records settle out of order, so a count of settled records would not do; the account in
//! `watermark` knows up to which number all are.

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
        let accepted = {
            let mut state = shared.lock();
            state.flush_to = state.stats.accepted;
            state.stats.accepted
        };
        shared.work.notify_one();
        shared.wait_until(|state| state.settled.up_to() >= accepted).await;
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
