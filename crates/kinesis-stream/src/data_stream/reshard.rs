//! Splitting, merging and scaling.

use chrono::{DateTime, Utc};

use super::{DataStream, State};
use crate::{Error, HashKey, HashKeyRange, ShardId};

impl DataStream {
    /// Splits an open shard in two; the second begins with `at`. Their names.
    ///
    /// # Errors
    ///
    /// [`Error::NoShard`], [`Error::Closed`], [`Error::NoSplitPoint`].
    pub fn split(
        &self,
        now: DateTime<Utc>,
        shard: ShardId,
        at: HashKey,
    ) -> Result<[ShardId; 2], Error> {
        let children = self.lock().split(now, shard, at)?;
        self.0.arrived.notify_waiters();
        Ok(children)
    }

    /// Merges two open shards that are neighbours. The name of the new one.
    ///
    /// # Errors
    ///
    /// [`Error::NoShard`], [`Error::Closed`], [`Error::NotAdjacent`].
    pub fn merge(
        &self,
        now: DateTime<Utc>,
        shard: ShardId,
        adjacent: ShardId,
    ) -> Result<ShardId, Error> {
        let child = self.lock().merge(now, shard, adjacent)?;
        self.0.arrived.notify_waiters();
        Ok(child)
    }

    /// Splits and merges until there are `count` open shards of the same size. Shards that are
    /// right already stay; some live only for the way.
    ///
    /// # Errors
    ///
    /// [`Error::NoShards`] for a count of 0.
    pub fn scale_to(&self, now: DateTime<Utc>, count: u32) -> Result<(), Error> {
        let wanted = HashKeyRange::even(count);
        if wanted.is_empty() {
            return Err(Error::NoShards);
        }
        let mut state = self.lock();
        for range in wanted {
            state.make(now, range)?;
        }
        drop(state);
        self.0.arrived.notify_waiters();
        Ok(())
    }
}

impl State {
    fn split(
        &mut self,
        now: DateTime<Utc>,
        id: ShardId,
        at: HashKey,
    ) -> Result<[ShardId; 2], Error> {
        let HashKeyRange { start, end } = self.open(id)?;
        // Neither side may be without hash keys; AWS wants the first above the start as well.
        if at <= start || at > end {
            return Err(Error::NoSplitPoint { hash_key: at, shard: id });
        }
        self.close(now, id);
        let first = self.add(HashKeyRange { start, end: HashKey(at.0 - 1) }, vec![id], now);
        let second = self.add(HashKeyRange { start: at, end }, vec![id], now);
        Ok([first, second])
    }

    fn merge(
        &mut self,
        now: DateTime<Utc>,
        id: ShardId,
        adjacent: ShardId,
    ) -> Result<ShardId, Error> {
        let (one, other) = (self.open(id)?, self.open(adjacent)?);
        if !one.is_followed_by(&other) && !other.is_followed_by(&one) {
            return Err(Error::NotAdjacent(id, adjacent));
        }
        self.close(now, id);
        self.close(now, adjacent);
        let start = one.start.min(other.start);
        let end = one.end.max(other.end);
        Ok(self.add(HashKeyRange { start, end }, vec![id, adjacent], now))
    }

    /// Makes one open shard have exactly this range. What lies before it is right already.
    fn make(&mut self, now: DateTime<Utc>, range: HashKeyRange) -> Result<(), Error> {
        let mut id = self.shard_at(range.start);
        if self.open(id)?.start < range.start {
            id = self.split(now, id, range.start)?[1];
        }
        loop {
            let found = self.open(id)?;
            if found.end == range.end {
                return Ok(());
            }
            if found.end > range.end {
                self.split(now, id, HashKey(range.end.0 + 1))?;
                return Ok(());
            }
            let next = HashKey(found.end.0 + 1);
            let mut neighbour = self.shard_at(next);
            if self.open(neighbour)?.end > range.end {
                neighbour = self.split(now, neighbour, HashKey(range.end.0 + 1))?[0];
            }
            id = self.merge(now, id, neighbour)?;
        }
    }

    /// The hash keys of an open shard.
    fn open(&self, id: ShardId) -> Result<HashKeyRange, Error> {
        let shard = self.shard(id)?;
        if shard.is_open() { Ok(shard.range) } else { Err(Error::Closed(id)) }
    }

    fn close(&mut self, now: DateTime<Utc>, id: ShardId) {
        if let Some(shard) = self.shards.get_mut(&id) {
            shard.closed = Some(now);
            self.open.remove(&shard.range.start);
        }
    }
}
