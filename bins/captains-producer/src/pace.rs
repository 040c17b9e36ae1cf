//! How many records are due. Open loop: a slow target does not lower the rate that is asked for,
//! the records it held up are made as soon as it takes them.

use std::time::Duration;

use tokio::time::Instant;

use crate::Rate;

/// Records handed over at once: a full call.
const MOST_AT_ONCE: u64 = 500;
/// How often a slow rate is looked at, so that records do not come in lumps.
const TICK: Duration = Duration::from_millis(10);

/// Counts records against the clock.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: Rate,
    started: Instant,
    ends: Option<Instant>,
    made: u64,
    most: u64,
}

impl Pace {
    /// Starts now.
    pub(crate) fn new(rate: Rate, duration: Option<Duration>, most: u64) -> Self {
        let started = Instant::now();
        // A duration beyond the clock never ends.
        let ends = duration.and_then(|duration| started.checked_add(duration));
        Self { rate, started, ends, made: 0, most }
    }

    /// Waits until records are due and answers with how many; nothing when it is over.
    pub(crate) async fn next(&mut self) -> Option<usize> {
        loop {
            let now = Instant::now();
            if self.made >= self.most || self.ends.is_some_and(|ends| ends <= now) {
                return None;
            }
            let due = self.due(now);
            if due > 0 {
                self.made += due;
                return usize::try_from(due).ok();
            }
            let wake = now + self.until_next().max(TICK);
            tokio::time::sleep_until(self.ends.map_or(wake, |ends| ends.min(wake))).await;
        }
    }

    /// How far making records lags behind the rate: records that are due and not made, and since
    /// when. It is taken when records were just handed over, so that what the target holds up is
    /// seen.
    pub(crate) fn lag(&self) -> Lag {
        let elapsed = self.started.elapsed();
        let Some(due) = self.rate.due(elapsed) else { return Lag::default() };
        let due = whole(due).saturating_add(1).min(self.most);
        let records = due.saturating_sub(self.made);
        // A tick's worth is how records are made, and no lag.
        if records == 0 || self.ends.is_some_and(|ends| ends <= Instant::now()) {
            return Lag::default();
        }
        let time = self
            .rate
            .time_of(count(self.made))
            .map_or(Duration::ZERO, |at| elapsed.saturating_sub(at));
        if time <= 2 * TICK { Lag::default() } else { Lag { records, time } }
    }

    fn due(&self, now: Instant) -> u64 {
        let left = (self.most - self.made).min(MOST_AT_ONCE);
        match self.rate.due(now.duration_since(self.started)) {
            None => left,
            // The first record is due at once.
            Some(due) => whole(due).saturating_add(1).saturating_sub(self.made).min(left),
        }
    }

    fn until_next(&self) -> Duration {
        let at = self.rate.time_of(count(self.made)).unwrap_or(A_WHILE);
        at.saturating_sub(self.started.elapsed()).min(A_WHILE)
    }
}

/// How far making records lags behind the rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lag {
    /// Since when the oldest record is due that is not made.
    pub(crate) time: Duration,
    /// How many records are due and not made.
    pub(crate) records: u64,
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn count(records: u64) -> f64 {
    records as f64
}

/// The longest sleep: nothing is gained by a longer one, and no sum overflows.
const A_WHILE: Duration = Duration::from_secs(60);

fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is not negative, and the cast saturates"
    )]
    let whole = value as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn count(rate: Rate, duration: Option<Duration>, most: u64) -> (u64, u128) {
        let started = Instant::now();
        let mut pace = Pace::new(rate, duration, most);
        let mut made = 0;
        while let Some(due) = pace.next().await {
            made += due as u64;
        }
        (made, started.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept_and_ends_as_asked() {
        let second = Duration::from_secs(1);
        assert_eq!(count(Rate::Max, None, 1_234).await, (1_234, 0));
        let (made, millis) = count(Rate::PerSecond(100.0), None, 201).await;
        assert_eq!(made, 201);
        assert!((2_000..2_030).contains(&millis), "{millis}");
        let (made, millis) = count(Rate::PerSecond(1_000.0), Some(second * 3), u64::MAX).await;
        assert!((2_980..=3_001).contains(&made), "{made}");
        assert_eq!(millis, 3_000);
        let (made, _) = count(Rate::PerSecond(0.5), Some(second * 5), u64::MAX).await;
        assert_eq!(made, 3);
        let ramp = Rate::Ramp { from: 0.0, to: 100.0, over: second * 10 };
        let (made, _) = count(ramp, Some(second * 10), u64::MAX).await;
        assert!((495..=501).contains(&made), "{made}");
        let burst = Rate::Burst { rate: 50.0, lasts: second, every: second * 60 };
        let (made, millis) = count(burst, None, 101).await;
        assert_eq!(made, 101);
        assert!((60_900..61_100).contains(&millis), "{millis}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_held_up_is_made_up_for() {
        let mut pace = Pace::new(Rate::PerSecond(100.0), None, u64::MAX);
        pace.next().await;
        tokio::time::advance(Duration::from_secs(2)).await;
        let behind = pace.lag();
        assert_eq!((behind.records, behind.time), (200, Duration::from_millis(1_990)));
        assert_eq!(pace.next().await, Some(200));
        assert_eq!(pace.lag(), Lag::default());
    }
}
