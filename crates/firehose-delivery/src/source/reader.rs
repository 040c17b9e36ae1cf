//! The task of a source.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use firehose_sink::{Outcome, Record};
use kinesis_stream::{DataStream, ReadLimits, ReadPage, ShardId, StreamRecord, deaggregate};
use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use super::{Keep, Order, Shared, SourcePlaces};
use crate::{
    Clock, DeliveryStream,
    lambda::{Origin, Origins},
};

/// What is read of a shard before it is the next one's turn.
const PAGE: ReadLimits = ReadLimits { records: 2_000, bytes: 4 << 20 };
/// How often places are looked at while something is undelivered, and kept at most.
const KEEP_EVERY: Duration = Duration::from_millis(250);
/// Pause after a refusal by the delivery stream, whose store fails.
const PAUSE: Duration = Duration::from_secs(1);
/// Reads that are this close together share a mark.
const MARK_EVERY: TimeDelta = TimeDelta::milliseconds(100);

pub(super) struct Reader {
    name: String,
    from: DataStream,
    to: DeliveryStream,
    clock: Clock,
    /// How far it has read.
    places: SourcePlaces,
    /// What was read and is not known to be delivered, oldest first.
    marks: VecDeque<Mark>,
    /// Places to keep: everything before them is delivered.
    to_keep: Option<SourcePlaces>,
    kept_at: Instant,
    keep: Keep,
    orders: watch::Receiver<Order>,
    shared: Arc<Shared>,
}

/// Everything before these places arrived at the delivery stream between two times.
struct Mark {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    places: SourcePlaces,
}

/// The source was stopped, or the delivery stream closed.
struct Ended;

impl Reader {
    pub(super) fn new(
        name: &str,
        from: DataStream,
        to: DeliveryStream,
        clock: Clock,
        places: SourcePlaces,
        keep: Keep,
        shared: Arc<Shared>,
    ) -> Self {
        let orders = shared.order.subscribe();
        Self {
            name: name.to_owned(),
            from,
            to,
            clock,
            places,
            marks: VecDeque::new(),
            to_keep: None,
            kept_at: Instant::now(),
            keep,
            orders,
            shared,
        }
    }

    /// Reads until the end.
    pub(super) async fn run(mut self) {
        // An end in the middle of it keeps no places: what was read is read again.
        if self.read_on().await.is_err() {
            info!(stream = self.to.name(), source = self.name, "source ended");
        }
        self.shared.done.send_modify(|done| done.stop = true);
    }

    async fn read_on(&mut self) -> Result<(), Ended> {
        loop {
            let order = *self.orders.borrow_and_update();
            if order.stop {
                return Err(Ended);
            }
            let stream = self.from.clone();
            let mut arrived = std::pin::pin!(stream.arrived());
            // From here on no put is missed.
            arrived.as_mut().enable();
            if order.finish && self.shared.done.borrow().finish {
                return self.keep_the_rest().await;
            }
            let any = self.pass().await?;
            self.keep_delivered().await;
            if any {
                continue;
            }
            // Everything that was there when the order came is handed over.
            self.shared.done.send_replace(order);
            let waiting = !self.marks.is_empty() || self.to_keep.is_some();
            tokio::select! {
                () = arrived => {}
                _ = self.orders.changed() => {}
                () = tokio::time::sleep(KEEP_EVERY), if waiting => {}
            }
        }
    }

    /// Keeps the places of what is delivered until all of it is.
    async fn keep_the_rest(&mut self) -> Result<(), Ended> {
        while !self.marks.is_empty() || self.to_keep.is_some() {
            self.keep_delivered().await;
            tokio::select! {
                () = tokio::time::sleep(KEEP_EVERY) => {}
                _ = self.orders.changed() => {}
            }
            if self.orders.borrow_and_update().stop {
                return Err(Ended);
            }
        }
        Ok(())
    }

    /// Reads a page of each shard whose turn it is; whether any held something.
    async fn pass(&mut self) -> Result<bool, Ended> {
        let now = self.clock.now();
        let shards = self.from.shards(now);
        let there: HashSet<ShardId> = shards.iter().map(|shard| shard.id).collect();
        self.places.retain(|shard| there.contains(&shard));
        let mut any = false;
        for shard in &shards {
            let Some(from) = self.places.of(shard.id) else { continue };
            // What came before the split or merge comes first.
            let unread =
                |parent: &ShardId| there.contains(parent) && self.places.of(*parent).is_some();
            if shard.parents.iter().any(unread) {
                continue;
            }
            // A shard that went meanwhile is not there the next time.
            let Ok(page) = self.from.read(now, shard.id, from, PAGE) else { continue };
            any |= !page.records.is_empty() || page.next.is_none();
            self.hand_over(shard.id, page).await?;
        }
        let behind = self.from.behind(now, &self.places.held());
        let behind =
            behind.map_or(0, |behind| u64::try_from(behind.as_millis()).unwrap_or(u64::MAX));
        self.shared.behind.store(behind, Relaxed);
        Ok(any)
    }

    async fn hand_over(&mut self, shard: ShardId, page: ReadPage) -> Result<(), Ended> {
        let begun = self.clock.now();
        let (records, places) = user_records(&page.records);
        if !records.is_empty() {
            let origin = |index: usize| origin(shard, &page.records, places.get(index)?);
            self.put(&records, Some(&origin)).await?;
        }
        self.places.set(shard, page.next);
        let bytes: usize = page.records.iter().map(|record| record.data().len()).sum();
        self.shared.read_records.fetch_add(page.records.len() as u64, Relaxed);
        self.shared.read_bytes.fetch_add(bytes as u64, Relaxed);
        self.mark(begun);
        Ok(())
    }

    /// Puts records until they are taken.
    async fn put(&mut self, records: &[Record], origins: Origins<'_>) -> Result<(), Ended> {
        loop {
            let stopped = self.orders.wait_for(|order| order.stop);
            let outcomes = tokio::select! {
                outcomes = self.to.take(records, origins) => outcomes.map_err(|_| Ended)?,
                _ = stopped => return Err(Ended),
            };
            // A batch is taken whole or not at all.
            if outcomes.first().is_none_or(Outcome::is_accepted) {
                return Ok(());
            }
            warn!(stream = self.to.name(), "the delivery stream takes nothing; the source waits");
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn mark(&mut self, begun: DateTime<Utc>) {
        let to = self.clock.now();
        match self.marks.back_mut() {
            Some(last) if begun - last.from < MARK_EVERY => {
                last.to = last.to.max(to);
                last.places = self.places.clone();
            }
            _ => self.marks.push_back(Mark { from: begun, to, places: self.places.clone() }),
        }
    }

    /// Keeps the places up to which everything is delivered.
    async fn keep_delivered(&mut self) {
        let oldest = [self.to.oldest_undelivered(), self.to.backup_oldest_undelivered()];
        let oldest = oldest.into_iter().flatten().min();
        while let Some(mark) = self.marks.front()
            && oldest.is_none_or(|oldest| mark.to < oldest)
        {
            self.to_keep = self.marks.pop_front().map(|mark| mark.places);
        }
        if self.to_keep.is_some() && self.kept_at.elapsed() >= KEEP_EVERY {
            if let Some(places) = self.to_keep.take() {
                self.from.hold(&self.name, places.held());
                (self.keep)(places).await;
            }
            self.kept_at = Instant::now();
        }
    }
}

/// The place of a user record in a page.
struct Place {
    index: usize,
    /// In an aggregated record, and with its own key there.
    part: Option<(u64, String)>,
}

/// What records of the data stream are to the delivery stream: themselves, or the records in them.
fn user_records(page: &[StreamRecord]) -> (Vec<Record>, Vec<Place>) {
    let mut records = Vec::with_capacity(page.len());
    let mut places = Vec::with_capacity(page.len());
    for (index, record) in page.iter().enumerate() {
        let data: Bytes = record.data();
        match deaggregate(&data) {
            Some(all) => {
                for (part, record) in (0..).zip(all) {
                    places.push(Place { index, part: Some((part, record.partition_key)) });
                    records.push(Record::new(record.data));
                }
            }
            None => {
                places.push(Place { index, part: None });
                records.push(Record::new(data));
            }
        }
    }
    (records, places)
}

/// Where the user record at this place came from.
fn origin(shard: ShardId, page: &[StreamRecord], place: &Place) -> Option<Origin> {
    let record = page.get(place.index)?;
    let (subsequence_number, partition_key) = match &place.part {
        Some((part, key)) => (*part, key.clone()),
        None => (0, record.partition_key().to_owned()),
    };
    Some(Origin {
        shard,
        partition_key,
        sequence_number: record.sequence_number(),
        subsequence_number,
        arrival: record.arrival(),
    })
}
