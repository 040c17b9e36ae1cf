//! Making a stream, and opening one again.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::{DataStream, State, StreamSettings, StreamStats};
use crate::{
    HashKeyRange, NewRecord, ShardId, StreamLayout,
    shard::{Origin, Shard, second},
};

impl DataStream {
    /// A new stream of this many shards (at least one) of the same size.
    #[must_use]
    pub fn create(settings: StreamSettings, shards: u32, now: DateTime<Utc>) -> Self {
        let mut state = State::empty(settings);
        for range in HashKeyRange::even(shards.max(1)) {
            state.add(range, Vec::new(), now);
        }
        Self::new(state)
    }

    /// The stream of this layout, without its records: see [`restore`](Self::restore).
    #[must_use]
    pub fn open(settings: StreamSettings, layout: &StreamLayout, now: DateTime<Utc>) -> Self {
        let mut state = State::empty(settings);
        state.next_index = layout.next_index;
        for shard in &layout.shards {
            let shard = Shard::new(Origin::from(shard.clone()), settings.limits, now);
            if shard.is_open() {
                state.open.insert(shard.range.start, shard.id);
            }
            state.shards.insert(shard.id, shard);
        }
        Self::new(state)
    }

    /// What [`open`](Self::open) needs to know: it changes with each reshard.
    #[must_use]
    pub fn layout(&self) -> StreamLayout {
        let state = self.lock();
        let shards = state.shards.values().map(|shard| shard.origin().into()).collect();
        StreamLayout { next_index: state.next_index, shards }
    }

    /// Takes records back that were in the stream before it was opened again: shard, position and
    /// arrival of each, in any order. To be called before anything else. Records of shards that
    /// are no more are left out; those of shards that the layout does not know yet, which were made
    /// just before an end, go where their hash keys belong now.
    pub fn restore(
        &self,
        now: DateTime<Utc>,
        records: impl IntoIterator<Item = (ShardId, u64, DateTime<Utc>, NewRecord)>,
    ) {
        let mut by_shard: HashMap<ShardId, Vec<_>> = HashMap::new();
        for (shard, position, arrival, record) in records {
            by_shard.entry(shard).or_default().push((position, arrival, record));
        }
        let mut state = self.lock();
        let newest = by_shard.keys().max().map_or(0, |id| id.0.saturating_add(1));
        let mut unknown = Vec::new();
        for (id, mut records) in by_shard {
            records.sort_by_key(|(position, ..)| *position);
            records.dedup_by_key(|(position, ..)| *position);
            if id.0 >= state.next_index {
                unknown.extend(records);
                continue;
            }
            let Some(shard) = state.shards.get_mut(&id) else { continue };
            let mut bytes = 0;
            for (position, arrival, record) in &records {
                shard.store(*position, arrival.timestamp_millis(), record);
                bytes += record.bytes() as u64;
            }
            state.bytes += bytes;
        }
        unknown.sort_by_key(|(_, arrival, _)| *arrival);
        for (_, arrival, record) in &unknown {
            let id = state.shard_at(record.hash_key());
            let Some(shard) = state.shards.get_mut(&id) else { continue };
            shard.store(shard.next(), arrival.timestamp_millis(), record);
            state.bytes += record.bytes() as u64;
        }
        // No name is given twice.
        state.next_index = state.next_index.max(newest);
        state.retained_at = DateTime::<Utc>::MIN_UTC;
        state.retain(now);
    }
}

impl State {
    fn empty(settings: StreamSettings) -> Self {
        Self {
            settings,
            shards: BTreeMap::new(),
            open: BTreeMap::new(),
            next_index: 0,
            bytes: 0,
            retained_at: DateTime::<Utc>::MIN_UTC,
            stats: StreamStats::default(),
            holds: HashMap::new(),
        }
    }

    /// Makes an open shard.
    pub(super) fn add(
        &mut self,
        range: HashKeyRange,
        parents: Vec<ShardId>,
        now: DateTime<Utc>,
    ) -> ShardId {
        let id = ShardId(self.next_index);
        self.next_index += 1;
        let parent_seconds =
            parents.iter().filter_map(|parent| Some(self.shards.get(parent)?.made_second + 1));
        let made_second = parent_seconds.max().unwrap_or(0).max(second(now));
        let origin = Origin { id, range, parents, made: now, made_second, closed: None };
        self.open.insert(range.start, id);
        self.shards.insert(id, Shard::new(origin, self.settings.limits, now));
        id
    }
}
