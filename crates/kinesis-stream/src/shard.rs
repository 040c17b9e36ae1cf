//! One shard: a part of the hash keys, and the records that fell into it.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Error, HashKeyRange, NewRecord, SequenceNumber, ShardId, ShardLimits, Start, StreamRecord,
    limits::Allowance, sequence::Parts,
};

/// The position of a closed shard's end: above that of any record.
const END: u64 = u64::MAX >> 1;
/// Bits of a position that count the records of one second. A stream that is opened again goes on
/// from the second, so that no number is given twice though the records are gone.
const COUNTER_BITS: u32 = 24;

#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) id: ShardId,
    pub(crate) range: HashKeyRange,
    pub(crate) parents: Vec<ShardId>,
    pub(crate) made: DateTime<Utc>,
    /// No two shards of a line of parents and children have the same, so that numbers rise along
    /// the line.
    pub(crate) made_second: u64,
    pub(crate) closed: Option<DateTime<Utc>>,
    /// The position of the next record.
    next: u64,
    records: VecDeque<Stored>,
    bytes: u64,
    rates: Option<Rates>,
}

/// 48 bytes, and the payload.
#[derive(Debug)]
struct Stored {
    payload: Bytes,
    position: u64,
    /// Milliseconds since 1970; never below that of the record before.
    arrival: i64,
    key_bytes: u16,
}

#[derive(Debug)]
struct Rates {
    put_records: Allowance,
    put_bytes: Allowance,
    reads: Allowance,
    read_bytes: Allowance,
}

/// What is known of a shard to make it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) id: ShardId,
    pub(crate) range: HashKeyRange,
    pub(crate) parents: Vec<ShardId>,
    pub(crate) made: DateTime<Utc>,
    pub(crate) made_second: u64,
    pub(crate) closed: Option<DateTime<Utc>>,
}

impl Shard {
    pub(crate) fn new(origin: Origin, limits: Option<ShardLimits>, now: DateTime<Utc>) -> Self {
        let Origin { id, range, parents, made, made_second, closed } = origin;
        let age = second(now).saturating_sub(second(made));
        Self {
            id,
            range,
            parents,
            made,
            made_second,
            closed,
            next: (age << COUNTER_BITS).saturating_add(1).min(END - 1),
            records: VecDeque::new(),
            bytes: 0,
            rates: limits.map(|limits| Rates::new(limits, now)),
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin {
            id: self.id,
            range: self.range,
            parents: self.parents.clone(),
            made: self.made,
            made_second: self.made_second,
            closed: self.closed,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Takes a record, unless the shard is over its limit.
    pub(crate) fn put(&mut self, now: DateTime<Utc>, record: &NewRecord) -> Option<SequenceNumber> {
        if let Some(rates) = &mut self.rates
            && !rates.let_in(now, record.bytes())
        {
            return None;
        }
        let position = self.next;
        self.store(position, now.timestamp_millis(), record);
        Some(self.number(position, now))
    }

    /// Takes a record back that was in the shard before.
    pub(crate) fn store(&mut self, position: u64, arrival: i64, record: &NewRecord) {
        let earliest = self.records.back().map_or(i64::MIN, |last| last.arrival);
        self.next = self.next.max(position.saturating_add(1));
        self.bytes += record.bytes() as u64;
        self.records.push_back(Stored {
            payload: record.payload().clone(),
            position,
            arrival: arrival.max(earliest),
            // A key has 256 characters at most.
            key_bytes: u16::try_from(record.key_bytes()).unwrap_or(u16::MAX),
        });
    }

    /// Where to read from.
    pub(crate) fn position(&self, start: Start) -> Result<u64, Error> {
        let own = |sequence_number: SequenceNumber| {
            let foreign = Error::ForeignSequenceNumber { sequence_number, shard: self.id };
            let parts = sequence_number.parts().ok_or(foreign.clone())?;
            let ours = parts.shard == self.id.0 && parts.shard_made == self.made_second;
            if ours { Ok(parts.position) } else { Err(foreign) }
        };
        match start {
            Start::TrimHorizon => Ok(0),
            Start::Latest => Ok(self.next),
            Start::AtSequenceNumber(number) => own(number),
            Start::AfterSequenceNumber(number) => Ok(own(number)?.saturating_add(1)),
            Start::AtTimestamp(time) => {
                let time = time.timestamp_millis();
                let index = self.records.partition_point(|record| record.arrival < time);
                Ok(self.records.get(index).map_or(self.next, |record| record.position))
            }
        }
    }

    /// Records from `from` on, at most so many and so many bytes, though at least one; and where
    /// to go on.
    pub(crate) fn read(&self, from: u64, most: usize, bytes: usize) -> (Vec<StreamRecord>, u64) {
        let first = self.records.partition_point(|record| record.position < from);
        let mut room = bytes;
        let mut found = Vec::with_capacity(most.min(self.records.len() - first));
        for record in self.records.range(first..).take(most) {
            if record.payload.len() > room && !found.is_empty() {
                break;
            }
            room = room.saturating_sub(record.payload.len());
            found.push(self.told(record));
        }
        let next = found.last().map_or(from, |last| last.position + 1);
        (found, next)
    }

    /// Arrival of the first record from `from` on.
    pub(crate) fn arrival_at(&self, from: u64) -> Option<DateTime<Utc>> {
        let first = self.records.partition_point(|record| record.position < from);
        self.records.get(first).map(|record| time(record.arrival))
    }

    /// Whether a reader at `from` has read all that there ever will be.
    pub(crate) fn is_read(&self, from: u64) -> bool {
        !self.is_open() && self.records.back().is_none_or(|last| last.position < from)
    }

    /// Lets a read in, if the shard is within its limits.
    pub(crate) fn may_read(&mut self, now: DateTime<Utc>) -> bool {
        self.rates.as_mut().is_none_or(|rates| rates.let_out(now))
    }

    pub(crate) fn count_read(&mut self, bytes: usize) {
        if let Some(rates) = &mut self.rates {
            rates.read_bytes.take(bytes);
        }
    }

    /// Forgets the records that came before `horizon`; their bytes.
    pub(crate) fn trim_before(&mut self, horizon: DateTime<Utc>) -> u64 {
        let horizon = horizon.timestamp_millis();
        self.trim_while(usize::MAX, |record| record.arrival < horizon)
    }

    /// Forgets up to `most` of the oldest records before `held`; their bytes.
    pub(crate) fn trim_oldest(&mut self, most: usize, held: u64) -> u64 {
        self.trim_while(most, |record| record.position < held)
    }

    fn trim_while(&mut self, most: usize, old: impl Fn(&Stored) -> bool) -> u64 {
        let mut trimmed = 0;
        for _ in 0..most {
            let Some(first) = self.records.pop_front_if(|record| old(record)) else { break };
            trimmed += first.payload.len() as u64;
        }
        self.bytes -= trimmed;
        trimmed
    }

    /// Position and arrival of the oldest record.
    pub(crate) fn oldest(&self) -> Option<(u64, i64)> {
        self.records.front().map(|record| (record.position, record.arrival))
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The position of the next record.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Before any record.
    pub(crate) fn starting_number(&self) -> SequenceNumber {
        self.number(0, self.made)
    }

    /// After any record, once it is closed.
    pub(crate) fn ending_number(&self) -> Option<SequenceNumber> {
        self.closed.map(|closed| self.number(END, closed))
    }

    fn told(&self, record: &Stored) -> StreamRecord {
        let arrival = time(record.arrival);
        StreamRecord {
            payload: record.payload.clone(),
            key_bytes: usize::from(record.key_bytes),
            position: record.position,
            sequence_number: self.number(record.position, arrival),
            arrival,
        }
    }

    fn number(&self, position: u64, written: DateTime<Utc>) -> SequenceNumber {
        SequenceNumber::new(Parts {
            shard_made: self.made_second,
            shard: self.id.0,
            position,
            written: second(written),
        })
    }
}

impl Rates {
    fn new(limits: ShardLimits, now: DateTime<Utc>) -> Self {
        Self {
            put_records: Allowance::new(limits.put_records, now),
            put_bytes: Allowance::new(limits.put_bytes, now),
            reads: Allowance::new(limits.reads, now),
            read_bytes: Allowance::new(limits.read_bytes, now),
        }
    }

    fn let_in(&mut self, now: DateTime<Utc>, bytes: usize) -> bool {
        let free = self.put_records.has_any(now) && self.put_bytes.has_any(now);
        if free {
            self.put_records.take(1);
            self.put_bytes.take(bytes);
        }
        free
    }

    fn let_out(&mut self, now: DateTime<Utc>) -> bool {
        let free = self.reads.has_any(now) && self.read_bytes.has_any(now);
        if free {
            self.reads.take(1);
        }
        free
    }
}

/// Since 1970; 0 before.
pub(crate) fn second(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0)
}

fn time(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

/// `retention` before `now`.
pub(crate) fn horizon(now: DateTime<Utc>, retention: Duration) -> DateTime<Utc> {
    let retention = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX);
    now.checked_sub_signed(retention).unwrap_or(DateTime::<Utc>::MIN_UTC)
}
