//! Names of shards.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of a shard: `shardId-` and its index in twelve digits. Indexes rise with each shard
/// that is made and are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(pub u32);

/// The text is not the name of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a shard is named `shardId-` and its index in twelve digits")]
pub struct ParseShardIdError;

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

impl FromStr for ShardId {
    type Err = ParseShardIdError;

    fn from_str(text: &str) -> Result<Self, ParseShardIdError> {
        let digits = text.strip_prefix("shardId-").ok_or(ParseShardIdError)?;
        if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseShardIdError);
        }
        digits.parse().map(Self).map_err(|_| ParseShardIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printed_and_read() {
        assert_eq!(ShardId(7).to_string(), "shardId-000000000007");
        for (text, id) in [
            ("shardId-000000000007", Some(7)),
            ("shardId-004294967295", Some(u32::MAX)),
            ("shardId-004294967296", None),
            ("shardId-7", None),
            ("shard-000000000007", None),
            ("shardId-00000000000x", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), id.map(ShardId), "{text}");
        }
    }
}
