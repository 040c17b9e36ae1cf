//! How long records stay, and for whom.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{DataStream, State};
use crate::{ShardId, shard::horizon};

/// Records that go at once when there are too many bytes.
const STEP: usize = 256;

impl DataStream {
    /// Keeps records from `positions` on, and all of shards that are not among them, for `reader`,
    /// though there be too many bytes: rather is a put refused. Retention goes on regardless.
    pub fn hold(&self, reader: &str, positions: HashMap<ShardId, u64>) {
        self.lock().holds.insert(reader.to_owned(), positions);
    }

    /// The reader is gone.
    pub fn release(&self, reader: &str) {
        self.lock().holds.remove(reader);
    }
}

impl State {
    /// Forgets what is older than the retention; looks once a second at most.
    pub(super) fn retain(&mut self, now: DateTime<Utc>) {
        let since = now - self.retained_at;
        if since >= TimeDelta::zero() && since < TimeDelta::seconds(1) {
            return;
        }
        self.retained_at = now;
        let horizon = horizon(now, self.settings.retention);
        let mut trimmed = 0;
        for shard in self.shards.values_mut() {
            trimmed += shard.trim_before(horizon);
        }
        self.bytes -= trimmed;
        self.shards.retain(|_, shard| {
            let over = shard.closed.is_some_and(|closed| closed < horizon);
            !(over && shard.len() == 0)
        });
    }

    /// Whether `bytes` more find room, once the oldest records made way for them.
    pub(super) fn make_room(&mut self, bytes: u64) -> bool {
        let most = self.settings.retained_bytes;
        while self.bytes + bytes > most {
            let held = |id: ShardId| {
                let positions = self.holds.values();
                positions.map(|held| held.get(&id).copied().unwrap_or(0)).min().unwrap_or(u64::MAX)
            };
            let oldest = self.shards.values().filter_map(|shard| {
                let (position, arrival) = shard.oldest()?;
                let held = held(shard.id);
                (position < held).then_some((arrival, shard.id, held))
            });
            let Some((_, id, held)) = oldest.min() else {
                // An empty stream takes any record.
                return self.bytes == 0;
            };
            let dropped = self.shards.get_mut(&id).map_or(0, |shard| shard.trim_oldest(STEP, held));
            self.bytes -= dropped;
            self.stats.dropped_bytes += dropped;
        }
        true
    }
}
