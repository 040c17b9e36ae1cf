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

    fn due(&self, now: Instant) -> u64 {
        let left = (self.most - self.made).min(MOST_AT_ONCE);
        match self.rate {
            Rate::Max => left,
            Rate::PerSecond(rate) => {
                let elapsed = now.duration_since(self.started).as_secs_f64();
                // The first record is due at once.
                let due = whole(elapsed * rate).saturating_add(1);
                due.saturating_sub(self.made).min(left)
            }
        }
    }

    fn until_next(&self) -> Duration {
        match self.rate {
            Rate::Max => Duration::ZERO,
            Rate::PerSecond(rate) => {
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
                let at = Duration::try_from_secs_f64(self.made as f64 / rate);
                at.unwrap_or(Duration::MAX).saturating_sub(self.started.elapsed()).min(A_WHILE)
            }
        }
    }
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
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_held_up_is_made_up_for() {
        let mut pace = Pace::new(Rate::PerSecond(100.0), None, u64::MAX);
        pace.next().await;
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(pace.next().await, Some(200));
    }
}
