//! A data stream: its shards, and what may be done with them.

mod reshard;
mod restore;
mod retain;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, futures::Notified};

use crate::{
    Error, HashKey, HashKeyRange, NewRecord, SequenceNumber, ShardId, ShardLimits, StreamRecord,
    shard::Shard,
};

/// How a stream is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamSettings {
    /// How long a record is kept. Default: 24 hours.
    pub retention: Duration,
    /// Bytes of records that are kept at most, keys included; then the oldest go early. Default:
    /// 1 GiB.
    pub retained_bytes: u64,
    /// What a shard takes and gives in a second; none: whatever comes. Default: [`ShardLimits::AWS`].
    pub limits: Option<ShardLimits>,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(24 * 60 * 60),
            retained_bytes: 1 << 30,
            limits: Some(ShardLimits::AWS),
        }
    }
}

/// A data stream. Cheap to clone; clones are the same stream.
#[derive(Debug, Clone)]
pub struct DataStream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug)]
struct State {
    settings: StreamSettings,
    /// In order of their ids.
    shards: BTreeMap<ShardId, Shard>,
    /// Open shards by the first hash key.
    open: BTreeMap<HashKey, ShardId>,
    next_index: u32,
    bytes: u64,
    /// When old records were last looked for.
    retained_at: DateTime<Utc>,
    stats: StreamStats,
    /// Who must not miss anything: the first position in each shard that it has not done with.
    holds: HashMap<String, HashMap<ShardId, u64>>,
}

/// Where a record was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The shard.
    pub shard: ShardId,
    /// The place in the shard.
    pub position: u64,
    /// The record's number.
    pub sequence_number: SequenceNumber,
}

/// The shard takes no more at the moment; the record can be put again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled(pub ShardId);

/// Where to begin reading a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that is kept.
    TrimHorizon,
    /// After the newest record of now.
    Latest,
    /// At this record.
    AtSequenceNumber(SequenceNumber),
    /// After this record.
    AfterSequenceNumber(SequenceNumber),
    /// At the first record that came in at this time or later.
    AtTimestamp(DateTime<Utc>),
}

/// What one read may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Records.
    pub records: usize,
    /// Bytes, keys included; a record that is larger is read alone.
    pub bytes: usize,
}

impl Default for ReadLimits {
    /// AWS's: 10,000 records and 10 MiB.
    fn default() -> Self {
        Self { records: 10_000, bytes: 10 << 20 }
    }
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPage {
    /// Records in order.
    pub records: Vec<StreamRecord>,
    /// Where to go on; none at the end of a closed shard.
    pub next: Option<u64>,
    /// How long ago the next record came in; zero when there is none.
    pub behind: Duration,
    /// Where to go on at the end of a closed shard.
    pub children: Vec<ShardDescription>,
}

/// What can be told of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardDescription {
    /// Its name.
    pub id: ShardId,
    /// The shard it was split from, or the first of the two it was merged from; then the second.
    pub parents: Vec<ShardId>,
    /// Its hash keys.
    pub hash_keys: HashKeyRange,
    /// Before any of its records.
    pub starting_sequence_number: SequenceNumber,
    /// After any of its records, once it is closed.
    pub ending_sequence_number: Option<SequenceNumber>,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// When it was split or merged.
    pub closed: Option<DateTime<Utc>>,
}

/// What became of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamStats {
    /// Records taken.
    pub put_records: u64,
    /// Their bytes, keys included.
    pub put_bytes: u64,
    /// Records that a shard's limits turned away.
    pub throttled_records: u64,
    /// Records read; one that is read twice counts twice.
    pub read_records: u64,
    /// Records kept now.
    pub retained_records: u64,
    /// Their bytes, keys included.
    pub retained_bytes: u64,
    /// Bytes of records that had to go before their retention was over.
    pub dropped_bytes: u64,
}

impl DataStream {
    /// Puts records in, each for itself: the answers are in the order of the records.
    #[must_use]
    pub fn put(&self, now: DateTime<Utc>, records: &[NewRecord]) -> Vec<Result<Placed, Throttled>> {
        let mut state = self.lock();
        state.retain(now);
        let outcomes: Vec<_> = records.iter().map(|record| state.put(now, record)).collect();
        drop(state);
        if outcomes.iter().any(Result::is_ok) {
            self.0.arrived.notify_waiters();
        }
        outcomes
    }

    /// Where to read from. A time or a sequence number before the oldest record means that.
    ///
    /// # Errors
    ///
    /// [`Error::NoShard`]; [`Error::ForeignSequenceNumber`] for a number of another shard.
    pub fn position(&self, shard: ShardId, start: Start) -> Result<u64, Error> {
        self.lock().shard(shard)?.position(start)
    }

    /// Reads on from a position, whatever the shard's limits.
    ///
    /// # Errors
    ///
    /// [`Error::NoShard`], also for a closed shard whose retention is over.
    pub fn read(
        &self,
        now: DateTime<Utc>,
        shard: ShardId,
        from: u64,
        limits: ReadLimits,
    ) -> Result<ReadPage, Error> {
        let mut state = self.lock();
        state.retain(now);
        state.read(now, shard, from, limits)
    }

    /// Reads on from a position within the shard's limits.
    ///
    /// # Errors
    ///
    /// [`Error::Throttled`] for one call too many, and as [`read`](Self::read).
    pub fn read_within_limits(
        &self,
        now: DateTime<Utc>,
        shard: ShardId,
        from: u64,
        limits: ReadLimits,
    ) -> Result<ReadPage, Error> {
        let mut state = self.lock();
        state.retain(now);
        if !state.shard_mut(shard)?.may_read(now) {
            return Err(Error::Throttled(shard));
        }
        let page = state.read(now, shard, from, limits)?;
        let bytes = page.records.iter().map(StreamRecord::bytes).sum();
        state.shard_mut(shard)?.count_read(bytes);
        Ok(page)
    }

    /// Resolves at the next put or reshard. To be made before a read that may find nothing.
    pub fn arrived(&self) -> Notified<'_> {
        self.0.arrived.notified()
    }

    /// All shards, closed ones while their retention lasts, in order of their names.
    #[must_use]
    pub fn shards(&self, now: DateTime<Utc>) -> Vec<ShardDescription> {
        let mut state = self.lock();
        state.retain(now);
        state.shards.values().map(described).collect()
    }

    /// Number of open shards.
    #[must_use]
    pub fn open_shards(&self) -> usize {
        self.lock().open.len()
    }

    /// The open shard that a hash key falls into.
    #[must_use]
    pub fn shard_of(&self, key: HashKey) -> ShardId {
        self.lock().shard_at(key)
    }

    /// How long a record is kept.
    #[must_use]
    pub fn retention(&self) -> Duration {
        self.lock().settings.retention
    }

    /// Keeps records for so long from now on. What is older goes at once.
    pub fn set_retention(&self, now: DateTime<Utc>, retention: Duration) {
        let mut state = self.lock();
        state.settings.retention = retention;
        state.retained_at = DateTime::<Utc>::MIN_UTC;
        state.retain(now);
    }

    /// What became of the records so far.
    #[must_use]
    pub fn stats(&self) -> StreamStats {
        let state = self.lock();
        StreamStats {
            retained_records: state.shards.values().map(|shard| shard.len() as u64).sum(),
            retained_bytes: state.bytes,
            ..state.stats
        }
    }

    /// How long ago the oldest record came in that this reader has not done with; none when it has
    /// done with all.
    #[must_use]
    pub fn behind(
        &self,
        now: DateTime<Utc>,
        positions: &HashMap<ShardId, u64>,
    ) -> Option<Duration> {
        let state = self.lock();
        let unread = |shard: &Shard| {
            let from = positions.get(&shard.id).copied().unwrap_or(0);
            shard.arrival_at(from)
        };
        let oldest = state.shards.values().filter_map(unread).min()?;
        (now - oldest).to_std().ok()
    }

    fn new(state: State) -> Self {
        Self(Arc::new(Inner { state: Mutex::new(state), arrived: Notify::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code below the lock leaves the state half changed.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, now: DateTime<Utc>, record: &NewRecord) -> Result<Placed, Throttled> {
        let id = self.shard_at(record.hash_key());
        let bytes = record.bytes() as u64;
        let room = self.make_room(bytes);
        let taken = match self.shards.get_mut(&id) {
            Some(shard) if room => {
                let position = shard.next();
                shard.put(now, record).map(|number| (position, number))
            }
            _ => None,
        };
        let Some((position, sequence_number)) = taken else {
            self.stats.throttled_records += 1;
            return Err(Throttled(id));
        };
        self.bytes += bytes;
        self.stats.put_records += 1;
        self.stats.put_bytes += bytes;
        Ok(Placed { shard: id, position, sequence_number })
    }

    fn read(
        &mut self,
        now: DateTime<Utc>,
        id: ShardId,
        from: u64,
        limits: ReadLimits,
    ) -> Result<ReadPage, Error> {
        let shard = self.shard(id)?;
        let (records, next) = shard.read(from, limits.records, limits.bytes);
        let behind = shard.arrival_at(next).and_then(|arrival| (now - arrival).to_std().ok());
        let over = shard.is_read(next);
        let children = if over { self.children(id) } else { Vec::new() };
        self.stats.read_records += records.len() as u64;
        Ok(ReadPage {
            records,
            next: (!over).then_some(next),
            behind: behind.unwrap_or_default(),
            children,
        })
    }

    fn children(&self, of: ShardId) -> Vec<ShardDescription> {
        let children = self.shards.values().filter(|shard| shard.parents.contains(&of));
        children.map(described).collect()
    }

    /// The open shard for a hash key; open shards cover all of them.
    fn shard_at(&self, key: HashKey) -> ShardId {
        self.open.range(..=key).next_back().map_or(ShardId(0), |(_, id)| *id)
    }

    fn shard(&self, id: ShardId) -> Result<&Shard, Error> {
        self.shards.get(&id).ok_or(Error::NoShard(id))
    }

    fn shard_mut(&mut self, id: ShardId) -> Result<&mut Shard, Error> {
        self.shards.get_mut(&id).ok_or(Error::NoShard(id))
    }
}

fn described(shard: &Shard) -> ShardDescription {
    ShardDescription {
        id: shard.id,
        parents: shard.parents.clone(),
        hash_keys: shard.range,
        starting_sequence_number: shard.starting_number(),
        ending_sequence_number: shard.ending_number(),
        made: shard.made,
        closed: shard.closed,
    }
}
