//! When to try again: the settings, and the back-off that follows them.
//!
//! What is tried again is decided in `settle`; this file only knows time.

use std::time::Duration;

use tokio::time::Instant;

use crate::split_mix::SplitMix64;

/// When refused records and failed calls are tried again.
///
/// The pause before a try is drawn evenly between nothing and a bound (full jitter); the bound
/// starts at `first`, doubles with each failure and ends at `cap`. One accepted record brings it
/// back to `first`. The pause holds for the whole stream: fresh records wait as well.
///
/// A stream that does not exist, and one that the credentials do not open, is asked again as well,
/// for somebody may make it or renew them: slowly, half of `cap` to `cap` apart, with a warning in
/// the log each time. A call that the stream refuses as invalid is never repeated as it is: see
/// [`Producer`](crate::Producer).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Bound of the first pause.
    pub first: Duration,
    /// Bound of the longest pause.
    pub cap: Duration,
    /// When a record is given up.
    pub stop: Stop,
}

impl Default for Retry {
    /// 100 ms, 10 s, and giving up after two hours: longer than most outages, shorter than a
    /// person's night.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            cap: Duration::from_secs(10),
            stop: Stop::After(Duration::from_secs(2 * 60 * 60)),
        }
    }
}

/// When a record that keeps failing is given up and becomes undelivered.
///
/// It is asked after a failed try, so that every record is tried at least once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// When its first try is this long ago.
    After(Duration),
    /// When it was tried this many times; 0 counts as 1.
    Attempts(u32),
    /// Never: only the deadline of the drain ends it.
    Never,
}

impl Stop {
    /// Whether a record that failed just now is given up.
    pub(super) fn is_reached(self, attempts: u32, since: Instant, now: Instant) -> bool {
        match self {
            Self::After(limit) => now.saturating_duration_since(since) >= limit,
            Self::Attempts(limit) => attempts >= limit,
            Self::Never => false,
        }
    }
}

/// The pause of one stream.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    raised: Option<Instant>,
    until: Option<Instant>,
    random: SplitMix64,
}

impl Backoff {
    pub(super) fn new(random: SplitMix64) -> Self {
        Self { failures: 0, raised: None, until: None, random }
    }

    /// Something was accepted: the next failure starts at the first pause again.
    pub(super) fn progress(&mut self) {
        self.failures = 0;
    }

    /// A call that went out at `sent` failed or was refused in part. Gives the failures in a row.
    ///
    /// Calls that were under way together fail together; they are one failure and not several,
    /// else four calls in flight would raise the pause sixteen-fold at once.
    pub(super) fn failed(&mut self, retry: &Retry, sent: Instant, now: Instant) -> u32 {
        if self.failures > 0 && self.raised.is_some_and(|raised| sent <= raised) {
            return self.failures;
        }
        self.failures = self.failures.saturating_add(1);
        self.raised = Some(now);
        let doubled = retry.first.saturating_mul(1_u32 << (self.failures - 1).min(20));
        let bound = u64::try_from(doubled.min(retry.cap).as_nanos()).unwrap_or(u64::MAX);
        let pause = Duration::from_nanos(self.random.up_to(bound).max(1));
        self.until = self.until.max(now.checked_add(pause));
        self.failures
    }

    /// As [`failed`](Self::failed), for a fault that time alone does not heal: the pause is a long
    /// one from the start, between half of the cap and all of it.
    pub(super) fn failed_for_long(&mut self, retry: &Retry, sent: Instant, now: Instant) -> u32 {
        if self.failures > 0 && self.raised.is_some_and(|raised| sent <= raised) {
            return self.failures;
        }
        self.failures = self.failures.saturating_add(1);
        self.raised = Some(now);
        let half = u64::try_from(retry.cap.as_nanos() / 2).unwrap_or(u64::MAX / 2);
        let pause = Duration::from_nanos(half.saturating_add(self.random.up_to(half)).max(1));
        self.until = self.until.max(now.checked_add(pause));
        self.failures
    }

    /// The end of the pause, if it lies ahead.
    pub(super) fn pause(&mut self, now: Instant) -> Option<Instant> {
        self.until = self.until.filter(|&until| until > now);
        self.until
    }
}
