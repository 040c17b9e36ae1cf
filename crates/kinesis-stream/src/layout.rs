//! What has to be kept of a stream so that it can be opened again: its shards, not its records.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{HashKeyRange, ShardId, shard::Origin};

/// The shards of a stream, open and closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StreamLayout {
    pub(crate) next_index: u32,
    pub(crate) shards: Vec<ShardLayout>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardLayout {
    id: ShardId,
    range: HashKeyRange,
    parents: Vec<ShardId>,
    made: DateTime<Utc>,
    made_second: u64,
    closed: Option<DateTime<Utc>>,
}

impl From<Origin> for ShardLayout {
    fn from(origin: Origin) -> Self {
        let Origin { id, range, parents, made, made_second, closed } = origin;
        Self { id, range, parents, made, made_second, closed }
    }
}

impl From<ShardLayout> for Origin {
    fn from(layout: ShardLayout) -> Self {
        let ShardLayout { id, range, parents, made, made_second, closed } = layout;
        Self { id, range, parents, made, made_second, closed }
    }
}
