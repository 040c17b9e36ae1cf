//! What a data stream refuses.

use crate::{HashKey, SequenceNumber, ShardId};

/// What a data stream can refuse. Every variant names the shard or the number at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream has no such shard, or has it no more.
    #[error("shard {0} does not exist")]
    NoShard(ShardId),
    /// The shard was split or merged, and takes part in no other change.
    #[error("shard {0} is closed")]
    Closed(ShardId),
    /// The sequence number is not one of this shard.
    #[error("sequence number {sequence_number} did not come from {shard}")]
    ForeignSequenceNumber {
        /// The number as given.
        sequence_number: SequenceNumber,
        /// The shard that was asked for.
        shard: ShardId,
    },
    /// A split would leave one side without hash keys.
    #[error(
        "{hash_key} is no place to split {shard} at: it must be above the first and below the last \
         of its hash keys"
    )]
    NoSplitPoint {
        /// The hash key that the second half was to begin with.
        hash_key: HashKey,
        /// The shard to split.
        shard: ShardId,
    },
    /// Only neighbours can be merged.
    #[error("shards {0} and {1} are not adjacent")]
    NotAdjacent(ShardId, ShardId),
    /// A stream has at least one shard.
    #[error("a stream has at least one shard")]
    NoShards,
    /// The shard is over its limit of reads; the call can be made again.
    #[error("rate exceeded for shard {0}")]
    Throttled(ShardId),
}
