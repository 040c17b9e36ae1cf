//! How fast records are made: steady, rising, in bursts or in waves.

use std::{f64::consts::TAU, str::FromStr, time::Duration};

/// How fast records are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// As fast as they are taken.
    Max,
    /// This many in a second, more than 0 and at most a billion.
    PerSecond(f64),
    /// From one rate to another within a time, and on at the second.
    Ramp {
        /// Records a second at the start; 0 is allowed.
        from: f64,
        /// Records a second at the end.
        to: f64,
        /// How long it takes.
        over: Duration,
    },
    /// For a time at this rate at the start of each period, and else nothing.
    Burst {
        /// Records a second.
        rate: f64,
        /// How long a burst lasts.
        lasts: Duration,
        /// From the start of a burst to that of the next.
        every: Duration,
    },
    /// In waves around a rate.
    Sine {
        /// Records a second on average.
        mean: f64,
        /// At most this many more and less; not more than the mean.
        swing: f64,
        /// How long a wave is.
        period: Duration,
    },
}

impl Rate {
    /// This many in a second.
    #[must_use]
    pub fn per_second(records: f64) -> Self {
        Self::PerSecond(records)
    }

    /// How many records are due after this time, with fractions; nothing when as many are as can
    /// be taken.
    #[must_use]
    pub fn due(&self, after: Duration) -> Option<f64> {
        let t = after.as_secs_f64();
        Some(match *self {
            Self::Max => return None,
            Self::PerSecond(rate) => rate * t,
            Self::Ramp { from, to, over } => {
                let over = over.as_secs_f64();
                let rising = t.min(over);
                from * rising + (to - from) * rising * rising / (2.0 * over) + to * (t - rising)
            }
            Self::Burst { rate, lasts, every } => {
                let (lasts, every) = (lasts.as_secs_f64(), every.as_secs_f64());
                let whole = (t / every).floor();
                rate * (whole * lasts + (t - whole * every).min(lasts))
            }
            Self::Sine { mean, swing, period } => {
                let period = period.as_secs_f64();
                mean * t + swing * period / TAU * (1.0 - (TAU * t / period).cos())
            }
        })
    }

    /// When this many records are due, at the earliest; nothing when that never happens or at
    /// once.
    #[must_use]
    pub fn time_of(&self, records: f64) -> Option<Duration> {
        if let Self::PerSecond(rate) = self {
            return Duration::try_from_secs_f64(records / rate).ok();
        }
        // Never less is due later than earlier, so halving finds it.
        let (mut low, mut high) = (0.0, 1.0);
        while self.due(Duration::try_from_secs_f64(high).ok()?)? < records {
            low = high;
            high *= 2.0;
        }
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            match self.due(Duration::from_secs_f64(middle))? < records {
                true => low = middle,
                false => high = middle,
            }
        }
        Duration::try_from_secs_f64(high).ok()
    }

    /// Records a second in the long run, if there is such a number.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        match *self {
            Self::Max => None,
            Self::PerSecond(rate) | Self::Ramp { to: rate, .. } | Self::Sine { mean: rate, .. } => {
                Some(rate)
            }
            Self::Burst { rate, lasts, every } => {
                Some(rate * lasts.as_secs_f64() / every.as_secs_f64())
            }
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text == "max" {
            return Some(Self::Max);
        }
        if let Some(text) = text.strip_prefix("ramp:") {
            let (rates, over) = text.split_once(':')?;
            let (from, to) = rates.split_once("..")?;
            let from = if matches!(from, "0" | "0/s") { 0.0 } else { rate(from)? };
            return Some(Self::Ramp { from, to: rate(to)?, over: time(over)? });
        }
        if let Some(text) = text.strip_prefix("burst:") {
            let (peak, times) = text.split_once(':')?;
            let (lasts, every) = times.split_once('/')?;
            let (lasts, every) = (time(lasts)?, time(every)?);
            return (lasts <= every).then_some(Self::Burst { rate: rate(peak)?, lasts, every });
        }
        if let Some(text) = text.strip_prefix("sine:") {
            let (rates, period) = text.split_once(':')?;
            let (mean, swing) = rates.split_once("+-")?;
            let (mean, swing) = (rate(mean)?, rate(swing)?);
            return (swing <= mean).then_some(Self::Sine { mean, swing, period: time(period)? });
        }
        rate(text).map(Self::PerSecond)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| {
            format!(
                "`{text}` is not a rate; write 100/s, 6000/m, 0.5/s, max, ramp:10/s..1000/s:5m, \
                 burst:1000/s:1s/10s or sine:100/s+-50/s:1h"
            )
        })
    }
}

/// A steady rate, in records a second.
fn rate(text: &str) -> Option<f64> {
    let (count, unit) = text.split_once('/')?;
    let seconds = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let count = count.trim();
    let (count, thousands) = match count.strip_suffix('k') {
        Some(count) => (count, 1_000.0),
        None => (count, 1.0),
    };
    let per_second = count.parse::<f64>().ok()? * thousands / seconds;
    // Below that the pause between two records would be years.
    (per_second.is_finite() && (1e-6..=1e9).contains(&per_second)).then_some(per_second)
}

/// A time that something can last: from a millisecond to ten years.
fn time(text: &str) -> Option<Duration> {
    let time = humantime::parse_duration(text).ok()?;
    let range = Duration::from_millis(1)..=Duration::from_secs(315_360_000);
    range.contains(&time).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_with_their_unit() {
        let second = Duration::from_secs(1);
        let table = [
            ("max", Some(Rate::Max)),
            ("100/s", Some(Rate::PerSecond(100.0))),
            ("6000/m", Some(Rate::PerSecond(100.0))),
            ("0.5/s", Some(Rate::PerSecond(0.5))),
            ("2k/s", Some(Rate::PerSecond(2_000.0))),
            (
                "ramp:10/s..1k/s:5m",
                Some(Rate::Ramp { from: 10.0, to: 1_000.0, over: second * 300 }),
            ),
            ("ramp:0..100/s:1s", Some(Rate::Ramp { from: 0.0, to: 100.0, over: second })),
            (
                "burst:1k/s:1s/10s",
                Some(Rate::Burst { rate: 1_000.0, lasts: second, every: second * 10 }),
            ),
            (
                "sine:100/s+-50/s:1h",
                Some(Rate::Sine { mean: 100.0, swing: 50.0, period: second * 3_600 }),
            ),
            ("100", None),
            ("0/s", None),
            ("-1/s", None),
            ("inf/s", None),
            ("1/day", None),
            ("ramp:10/s:5m", None),
            ("ramp:10/s..20/s:0s", None),
            ("burst:10/s:2s/1s", None),
            ("sine:100/s+-101/s:1h", None),
            ("sine:100/s:1h", None),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Rate>().ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_due_is_the_area_under_the_rate() {
        let shapes = [
            "5/s",
            "ramp:0..100/s:10s",
            "ramp:90/s..3/s:7s",
            "burst:50/s:1s/4s",
            "sine:20/s+-20/s:6s",
        ];
        for text in shapes {
            let rate: Rate = text.parse().expect("a rate");
            let mut last = 0.0;
            for step in 1..=4_000 {
                let due = rate.due(Duration::from_millis(step * 10)).expect("a number");
                assert!(due >= last - 1e-9, "{text} never takes records back: {due} after {last}");
                assert!(due - last <= 100.0 * 0.01 + 1e-9, "{text} has no jumps");
                last = due;
            }
        }
        let due = |text: &str, seconds| {
            let rate: Rate = text.parse().expect("a rate");
            rate.due(Duration::from_secs(seconds)).expect("a number").round()
        };
        assert_eq!(due("ramp:0..100/s:10s", 10), 500.0);
        assert_eq!(due("ramp:0..100/s:10s", 12), 700.0);
        assert_eq!(due("burst:50/s:1s/4s", 40), 500.0);
        assert_eq!(due("burst:50/s:1s/4s", 41), 550.0);
        assert_eq!(due("sine:20/s+-20/s:6s", 60), 1_200.0);
    }

    #[test]
    fn the_time_of_a_record_is_when_it_is_due() {
        for text in ["5/s", "ramp:0..100/s:10s", "burst:50/s:1s/4s", "sine:20/s+-20/s:6s"] {
            let rate: Rate = text.parse().expect("a rate");
            for records in [1.0, 10.0, 333.0] {
                let time = rate.time_of(records).expect("some time");
                let due = rate.due(time).expect("a number");
                assert!((due - records).abs() < 1e-3, "{text}: {due} at the time of {records}");
            }
        }
        assert_eq!(Rate::Max.time_of(1.0), None);
    }
}
