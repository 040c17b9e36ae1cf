//! What a commit waits for.

use std::{fmt, str::FromStr, time::Duration};

/// What a commit waits for, and so what a committed frame survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Until the system has the bytes: they survive the death of the process, not a power cut.
    Process,
    /// Until the disk has them: they survive a power cut, not the loss of the disk.
    Sync,
    /// Until the system has them; the disk has them at most this much later, if somebody asks for
    /// it: see [`Segment::sync_due`](crate::Segment::sync_due). They survive the death of the
    /// process, and a power cut but for the last interval.
    Interval(Duration),
}

/// The text is none of `process`, `sync` and `interval=50ms`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of process, sync and interval=TIME, such as interval=50ms")]
pub struct DurabilityError(String);

impl FromStr for Durability {
    type Err = DurabilityError;

    fn from_str(text: &str) -> Result<Self, DurabilityError> {
        let wrong = || DurabilityError(text.to_owned());
        match text {
            "process" => Ok(Self::Process),
            "sync" => Ok(Self::Sync),
            _ => {
                let time = text.strip_prefix("interval=").ok_or_else(wrong)?;
                let (number, unit) = match time.strip_suffix("ms") {
                    Some(number) => (number, 1),
                    None => (time.strip_suffix('s').ok_or_else(wrong)?, 1000),
                };
                let millis = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
                let millis = millis.filter(|millis| (1..=3_600_000).contains(millis));
                millis.map(|ms| Self::Interval(Duration::from_millis(ms))).ok_or_else(wrong)
            }
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("process"),
            Self::Sync => f.write_str("sync"),
            Self::Interval(time) => write!(f, "interval={}ms", time.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back_and_nothing_else_is() {
        for text in ["process", "sync", "interval=50ms", "interval=2000ms"] {
            assert_eq!(text.parse::<Durability>().unwrap().to_string(), text);
        }
        assert_eq!("interval=2s".parse(), Ok(Durability::Interval(Duration::from_secs(2))));
        for text in ["", "Sync", "interval", "interval=0ms", "interval=5", "interval=2h", "memory"]
        {
            assert!(text.parse::<Durability>().unwrap_err().to_string().contains(text));
        }
    }
}
