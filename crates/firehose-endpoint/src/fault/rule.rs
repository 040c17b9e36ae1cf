//! One rule: what is written and what it means.

use std::{fmt, str::FromStr, time::Duration};

use super::operation;
use crate::protocol::Service;

/// The longest delay; more than any client waits.
const MAX_DELAY: Duration = Duration::from_secs(3600);

/// A fault to inject, as `operation:effect` with `every=N` and `times=N` behind it, separated by
/// commas.
///
/// The operation is a name such as `PutRecordBatch`, `GetObject` or `PutRecords`, or `*` for all;
/// Kinesis's PutRecord is `Kinesis.PutRecord`. Effects:
///
/// | effect | what happens |
/// |---|---|
/// | `refuse=K/N` | K of N entries of PutRecordBatch or PutRecords are refused as the service does it, in an answer with status 200 |
/// | `throttle` | the request is refused as the service does it when it is asked too often |
/// | `slowdown` | S3 only: 503 SlowDown |
/// | `status=CODE` | the request is refused with this HTTP status, 400 to 599 |
/// | `delay=TIME` | the request is done and its answer comes later: `200ms`, `2s`, `1m` |
/// | `cut=BYTES` | the request is done, and its answer's body ends after so many bytes |
///
/// `every=N` hits each Nth request only, `times=N` hits N requests and then no more.
///
/// ```
/// use firehose_endpoint::FaultRule;
///
/// let rule: FaultRule = "PutRecordBatch:refuse=3/10,every=2".parse()?;
/// assert_eq!(rule.to_string(), "PutRecordBatch:refuse=3/10,every=2");
/// assert!("PutRecordBatch:explode".parse::<FaultRule>().is_err());
/// # Ok::<(), firehose_endpoint::FaultRuleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    /// None: every operation.
    operation: Option<(Service, &'static str)>,
    pub(super) effect: Effect,
    /// Each so-manieth request is hit; at least 1.
    pub(super) every: u64,
    pub(super) times: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Refuse {
        refused: u64,
        /// At least 1 and at least `refused`.
        of: u64,
    },
    Throttle,
    SlowDown,
    Status(u16),
    Delay(Duration),
    Cut(u64),
}

/// A rule that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the fault rule `{rule}`: {problem}")]
pub struct FaultRuleError {
    rule: String,
    problem: String,
}

impl FaultRule {
    pub(super) fn is_for(&self, service: Service, operation: &str) -> bool {
        if self.effect == Effect::SlowDown && service != Service::S3 {
            return false;
        }
        self.operation.is_none_or(|(of, name)| of == service && operation::bare(name) == operation)
    }

    pub(super) fn refuses_entries(&self) -> bool {
        matches!(self.effect, Effect::Refuse { .. })
    }

    /// Whether the rule is about entries of this operation's batches.
    pub(super) fn is_for_batches_of(&self, operation: &str) -> bool {
        self.operation.is_none_or(|(_, name)| name == operation)
    }

    fn read(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(':').ok_or(
            "it has the form operation:effect, with every=N and times=N behind it, such as \
             PutRecord:throttle,every=3",
        )?;
        let operation = match name.trim() {
            "*" => None,
            name => Some(operation::find(name).ok_or_else(|| {
                format!("`{name}` is no operation; allowed are * and {}", operation::names())
            })?),
        };
        let mut parts = rest.split(',').map(str::trim);
        let effect = Effect::read(parts.next().unwrap_or_default())?;
        effect.check(operation)?;
        let mut rule = Self { operation, effect, every: 1, times: None };
        for part in parts {
            match part.split_once('=') {
                Some(("every", count)) => rule.every = read_count(part, count)?,
                Some(("times", count)) => rule.times = Some(read_count(part, count)?),
                _ => return Err(format!("`{part}` is neither every=N nor times=N")),
            }
        }
        Ok(rule)
    }
}

impl Effect {
    fn read(text: &str) -> Result<Self, String> {
        let number = |value: &str| value.parse().map_err(|_| format!("`{value}` is no number"));
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        match (name, value) {
            ("throttle", None) => Ok(Self::Throttle),
            ("slowdown", None) => Ok(Self::SlowDown),
            ("delay", Some(time)) => read_duration(time).map(Self::Delay),
            ("cut", Some(bytes)) => number(bytes).map(Self::Cut),
            ("status", Some(status)) => match status.parse() {
                Ok(status @ 400..=599) => Ok(Self::Status(status)),
                _ => Err(format!("`{status}` is no status from 400 to 599")),
            },
            ("refuse", Some(share)) => {
                let counts = share.split_once('/').ok_or("refuse has the form refuse=K/N")?;
                let (refused, of) = (number(counts.0)?, number(counts.1)?);
                if !(1..=of).contains(&refused) || of > 1_000_000 {
                    return Err("refuse=K/N needs 1 <= K <= N <= 1000000".to_owned());
                }
                Ok(Self::Refuse { refused, of })
            }
            _ => Err(format!(
                "`{text}` is no effect; allowed are refuse=K/N, throttle, slowdown, status=CODE, \
                 delay=TIME and cut=BYTES"
            )),
        }
    }

    /// Whether the effect is one that the operation can have.
    fn check(self, operation: Option<(Service, &str)>) -> Result<(), String> {
        match (self, operation) {
            (Self::Refuse { .. }, Some((_, "PutRecordBatch" | "PutRecords")) | None) => Ok(()),
            (Self::Refuse { .. }, _) => {
                Err("refuse is for PutRecordBatch and PutRecords: no other operation has entries"
                    .to_owned())
            }
            (Self::SlowDown, Some((service, _))) if service != Service::S3 => {
                Err("slowdown is for operations of S3; others have throttle".to_owned())
            }
            _ => Ok(()),
        }
    }
}

fn read_count(part: &str, count: &str) -> Result<u64, String> {
    count.parse().ok().filter(|&count| count > 0).ok_or_else(|| format!("`{part}` needs N >= 1"))
}

/// A whole number of `ms`, `s` or `m`.
fn read_duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(millis))
        .filter(|&time| millis > 0 && Duration::from_millis(time) <= MAX_DELAY)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is no time of at most 60m, such as 200ms, 2s or 1m"))
}

impl FromStr for FaultRule {
    type Err = FaultRuleError;

    fn from_str(text: &str) -> Result<Self, FaultRuleError> {
        Self::read(text.trim())
            .map_err(|problem| FaultRuleError { rule: text.trim().to_owned(), problem })
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.operation.map_or("*", |(_, name)| name), self.effect)?;
        if self.every > 1 {
            write!(f, ",every={}", self.every)?;
        }
        self.times.map_or(Ok(()), |times| write!(f, ",times={times}"))
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse { refused, of } => write!(f, "refuse={refused}/{of}"),
            Self::Throttle => f.write_str("throttle"),
            Self::SlowDown => f.write_str("slowdown"),
            Self::Status(status) => write!(f, "status={status}"),
            Self::Delay(time) if time.subsec_millis() > 0 => {
                write!(f, "delay={}ms", time.as_millis())
            }
            Self::Delay(time) => write!(f, "delay={}s", time.as_secs()),
            Self::Cut(bytes) => write!(f, "cut={bytes}"),
        }
    }
}
