//! How far a source is in each shard.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use kinesis_stream::{DataStream, ShardId, Start};
use serde::{Deserialize, Serialize};

/// How far a source is in each shard. A shard that is not in it is read from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourcePlaces(BTreeMap<ShardId, u64>);

/// The place after a closed shard's last record.
const END: u64 = u64::MAX;

impl SourcePlaces {
    /// After the newest record of each shard: what comes from now on is read.
    #[must_use]
    pub fn latest(stream: &DataStream, now: DateTime<Utc>) -> Self {
        let place = |shard: kinesis_stream::ShardDescription| {
            let open = shard.closed.is_none();
            let latest = stream.position(shard.id, Start::Latest).ok().filter(|_| open);
            (shard.id, latest.unwrap_or(END))
        };
        Self(stream.shards(now).into_iter().map(place).collect())
    }

    /// The same places, but none beyond the newest record: a stream that was opened again without
    /// its records, by a clock that went back, may give a position twice.
    pub(super) fn within(mut self, stream: &DataStream) -> Self {
        for (shard, place) in &mut self.0 {
            if *place < END
                && let Ok(latest) = stream.position(*shard, Start::Latest)
            {
                *place = latest.min(*place);
            }
        }
        self
    }

    /// Where to go on in a shard; none when it is read to its end.
    pub(super) fn of(&self, shard: ShardId) -> Option<u64> {
        Some(self.0.get(&shard).copied().unwrap_or(0)).filter(|place| *place < END)
    }

    pub(super) fn set(&mut self, shard: ShardId, place: Option<u64>) {
        self.0.insert(shard, place.unwrap_or(END));
    }

    /// Forgets the shards that are no more.
    pub(super) fn retain(&mut self, there: impl Fn(ShardId) -> bool) {
        self.0.retain(|shard, _| there(*shard));
    }

    /// The first position of each shard that is still needed.
    pub(super) fn held(&self) -> HashMap<ShardId, u64> {
        self.0.iter().map(|(shard, place)| (*shard, *place)).collect()
    }
}
