//! The orderly end: send what is left, and account for everything.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{task::AbortHandle, time::timeout};
use tracing::warn;

use super::{Reason, Report, shared::Shared};
use crate::Record;

/// Ends a [`Producer`](crate::Producer) and tells what became of its records.
///
/// Dropping it without [`finish`](Self::finish) ends nothing: the producer goes on, and what is
/// left is still sent while the runtime lives, but nobody learns what was not delivered. A warning
/// is logged with the number of records.
#[must_use = "without `finish` nobody learns what was not delivered"]
pub struct Drain {
    shared: Arc<Shared>,
    driver: AbortHandle,
    finished: bool,
}

impl Drain {
    pub(super) fn new(shared: Arc<Shared>, driver: AbortHandle) -> Self {
        Self { shared, driver, finished: false }
    }

    /// Closes the producer, sends what is left without waiting for the linger, and returns as soon
    /// as all is settled, at the latest at the deadline (from now), also when the sink hangs.
    ///
    /// At the deadline whatever is not settled ends as undelivered with
    /// [`Reason::Deadline`](crate::Reason::Deadline), and calls that still run are dropped. Senders
    /// that wait for room get their record back.
    ///
    /// A sink that blocks its thread instead of awaiting can hold this up when the runtime has no
    /// other thread.
    pub async fn finish(mut self, deadline: Duration) -> Report {
        self.shared.close();
        let idle = self.shared.wait_until(super::shared::State::is_idle);
        if timeout(deadline, idle).await.is_err() {
            let records = self.shared.abandon(|stored| Reason::Deadline { deadline, stored });
            let stream = &self.shared.stream;
            warn!(%stream, records, ?deadline, "the drain's deadline came first");
            // Whoever buries a dead letter is at it, and does not wait for the stream.
            self.shared.wait_until(|state| state.burying == 0).await;
        }
        self.driver.abort();
        self.finished = true;
        self.shared.report()
    }

    /// Takes the undelivered records collected so far. A producer that runs for weeks does this
    /// now and then, else they stay in memory until `finish`.
    ///
    /// [`Report::taken_early`] counts them.
    #[must_use = "these records were not delivered and are not kept elsewhere"]
    pub fn take_undelivered(&self) -> Vec<(Record, Reason)> {
        let mut state = self.shared.lock();
        state.undelivered_bytes = 0;
        let taken = std::mem::take(&mut state.undelivered);
        state.taken_early += taken.len() as u64;
        taken
    }
}

impl Shared {
    fn report(&self) -> Report {
        let mut state = self.lock();
        let stats = state.stats;
        Report {
            accepted: stats.accepted,
            delivered: stats.delivered,
            delivered_bytes: stats.delivered_bytes,
            undelivered: std::mem::take(&mut state.undelivered),
            dead_lettered: stats.dead_lettered,
            rejected: stats.rejected,
            taken_early: state.taken_early,
            refused: stats.refused,
            retried: stats.retried,
            maybe_duplicated: stats.maybe_duplicated,
            calls: stats.calls,
            failed_calls: stats.failed_calls,
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let stats = self.shared.stats();
        warn!(
            stream = %self.shared.stream,
            unsettled = stats.buffered_records,
            undelivered = stats.undelivered,
            "the drain was dropped without finish"
        );
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("stream", &self.shared.stream)
            .field("stats", &self.shared.stats())
            .finish_non_exhaustive()
    }
}
