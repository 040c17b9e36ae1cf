//! Shard iterators: a place in a shard as a text that means nothing to its holder.

use std::{fmt, str::FromStr};

use base64_simd::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest, Md5};

use crate::ShardId;

/// A place to read from. It is good for five minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardIterator {
    /// Name of the stream.
    pub stream: String,
    /// When the stream was created: tells it from another that had the name before.
    pub created: DateTime<Utc>,
    /// The shard.
    pub shard: ShardId,
    /// The place in it.
    pub position: u64,
    /// When the iterator was given.
    pub given: DateTime<Utc>,
}

/// The text is not an iterator that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an iterator that was given out")]
pub struct ParseIteratorError;

/// How long an iterator is good for.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>
const LIFE: TimeDelta = TimeDelta::minutes(5);
const CHECK_BYTES: usize = 8;
const NUMBERS: usize = 8 + 8 + 4 + 8;

impl ShardIterator {
    /// Whether its five minutes are over.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now - self.given > LIFE
    }
}

impl fmt::Display for ShardIterator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(CHECK_BYTES + NUMBERS + self.stream.len());
        bytes.extend_from_slice(&[0; CHECK_BYTES]);
        bytes.extend_from_slice(&self.created.timestamp_millis().to_be_bytes());
        bytes.extend_from_slice(&self.given.timestamp_millis().to_be_bytes());
        bytes.extend_from_slice(&self.shard.0.to_be_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        bytes.extend_from_slice(self.stream.as_bytes());
        let check = check(&bytes[CHECK_BYTES..]);
        bytes[..CHECK_BYTES].copy_from_slice(&check);
        f.write_str(&STANDARD.encode_to_string(&bytes))
    }
}

impl FromStr for ShardIterator {
    type Err = ParseIteratorError;

    fn from_str(text: &str) -> Result<Self, ParseIteratorError> {
        let bytes = STANDARD.decode_to_vec(text).map_err(|_| ParseIteratorError)?;
        let (sum, rest) = bytes.split_first_chunk::<CHECK_BYTES>().ok_or(ParseIteratorError)?;
        if *sum != check(rest) {
            return Err(ParseIteratorError);
        }
        read(rest).ok_or(ParseIteratorError)
    }
}

fn read(bytes: &[u8]) -> Option<ShardIterator> {
    let (created, bytes) = bytes.split_first_chunk()?;
    let (given, bytes) = bytes.split_first_chunk()?;
    let (shard, bytes) = bytes.split_first_chunk()?;
    let (position, stream) = bytes.split_first_chunk()?;
    Some(ShardIterator {
        stream: String::from_utf8(stream.to_vec()).ok()?,
        created: DateTime::from_timestamp_millis(i64::from_be_bytes(*created))?,
        shard: ShardId(u32::from_be_bytes(*shard)),
        position: u64::from_be_bytes(*position),
        given: DateTime::from_timestamp_millis(i64::from_be_bytes(*given))?,
    })
}

/// Tells texts that were given out from others; it is no secret.
fn check(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let sum: [u8; 16] = Md5::digest(bytes).into();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&sum[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterators_are_read_back_and_changed_texts_are_not() {
        let at = DateTime::from_timestamp_millis(1_641_621_600_123).unwrap();
        let stream = "x".repeat(128);
        let given =
            ShardIterator { stream, created: at, shard: ShardId(7), position: 9, given: at };
        let text = given.to_string();
        assert!(text.len() <= 512);
        assert_eq!(text.parse(), Ok(given.clone()));
        let changed = text.replacen(['A', 'B', 'C', 'D'], "Z", 1);
        for wrong in ["", "AAAA", "not base64!", &text[..text.len() - 4], &changed] {
            assert_eq!(wrong.parse::<ShardIterator>(), Err(ParseIteratorError), "{wrong}");
        }
        assert!(!given.is_expired(at + TimeDelta::minutes(5)));
        assert!(given.is_expired(at + TimeDelta::milliseconds(300_001)));
    }
}
