//! New objects as they arrive, each once: across late ones, overwrites, and a process that dies.
//!
//! A watch lists, hands out what [`Seen`] does not know, and forgets nothing before it is
//! acknowledged and kept in the [`Checkpoint`]. What was handed out and not acknowledged comes
//! again after a restart: at least once, and exactly once for those who acknowledge in the same
//! step as they store.

mod checkpoint;
mod seen;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::time::Instant;

pub use checkpoint::{Checkpoint, FileCheckpoint, MemoryCheckpoint, ObjectCheckpoint};

use crate::error::Error;
use crate::list::{Lister, ObjectInfo, TimeRange};
use crate::provenance::Origin;
use crate::read::{Got, ObjectReader, ObjectRows, Want};
use crate::report::{Ledger, Report};
use crate::run::{Outcome, outcomes};
use crate::stream::{Shape, Target, shaped, target_for};
use seen::{Seen, same_version};

/// How a [`Watch`] looks for new objects.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Pause between two looks. Default: 10 seconds.
    pub poll_every: Duration,
    /// How long acknowledged objects are remembered one by one, counted back from the newest.
    /// Default: 48 hours, twice as long as Firehose tries to deliver. An object that arrives later
    /// in an old hour is still found if its time of writing is later, too, which only a copy that
    /// keeps old times contradicts. `Duration::MAX` remembers everything.
    pub look_back: Duration,
    /// Every so many looks everything below the prefix is listed, not only the remembered hours,
    /// for stragglers in older ones. Default: 30.
    pub sweep_every: u32,
    /// End when there is nothing new, instead of waiting. Default: no.
    pub until_idle: bool,
    /// End when a look and all looks within this time after it found nothing new. The time begins with
    /// the first such look, so a slow list or a slow object never counts. Default: never.
    pub idle_for: Option<Duration>,
    /// Where there is no state yet, take the objects that are there for dealt with. Default: no.
    pub only_new: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            poll_every: Duration::from_secs(10),
            look_back: Duration::from_hours(48),
            sweep_every: 30,
            until_idle: false,
            idle_for: None,
            only_new: false,
        }
    }
}

impl WatchOptions {
    /// Sets the pause between two looks.
    #[must_use]
    pub fn with_poll_every(mut self, pause: Duration) -> Self {
        self.poll_every = pause;
        self
    }

    /// Sets how long objects are remembered one by one.
    #[must_use]
    pub fn with_look_back(mut self, look_back: Duration) -> Self {
        self.look_back = look_back;
        self
    }

    /// Sets after how many looks everything is listed; 0 counts as 1.
    #[must_use]
    pub fn with_sweep_every(mut self, looks: u32) -> Self {
        self.sweep_every = looks.max(1);
        self
    }

    /// Ends the watch when there is nothing new.
    #[must_use]
    pub fn with_until_idle(mut self, until_idle: bool) -> Self {
        self.until_idle = until_idle;
        self
    }

    /// Ends the watch once nothing new has come for so long.
    #[must_use]
    pub fn with_idle_for(mut self, idle_for: Duration) -> Self {
        self.idle_for = Some(idle_for);
        self
    }

    /// Leaves out what is there when the first watch begins.
    #[must_use]
    pub fn with_only_new(mut self, only_new: bool) -> Self {
        self.only_new = only_new;
        self
    }
}

/// Why an object was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrival {
    /// Its key was not there before.
    New,
    /// The object of this key had other content when it was acknowledged.
    Replaced,
}

/// An object that has arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    object: ObjectInfo,
    arrival: Arrival,
    batches: Vec<RecordBatch>,
    skipped: Option<String>,
}

impl Arrived {
    /// The object in the version that was read.
    pub fn object(&self) -> &ObjectInfo {
        &self.object
    }

    /// Key of the object.
    pub fn key(&self) -> &str {
        &self.object.key
    }

    /// Whether the key is new or its content.
    pub fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// Its rows; all objects of a watch have one schema, as those of
    /// [`ParquetSet::stream`](crate::ParquetSet::stream) have.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The rows themselves.
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Why the object was left out, if it is damaged and
    /// [`OnBad::Skip`](crate::OnBad::Skip) says so. Acknowledged like others, it does not come
    /// again unless it is replaced.
    pub fn skipped(&self) -> Option<&str> {
        self.skipped.as_deref()
    }
}

/// Objects as they arrive, from [`ParquetSet::watch`](crate::ParquetSet::watch).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_parquet_reader::Error> {
/// # use std::sync::Arc;
/// # use object_store::memory::InMemory;
/// use s3_parquet_reader::{MemoryCheckpoint, ParquetSet, ReadOptions, WatchOptions};
///
/// let set = ParquetSet::new(Arc::new(InMemory::new()), "ratings", &ReadOptions::default());
/// let options = WatchOptions::default().with_until_idle(true);
/// let mut watch = set.watch(Arc::new(MemoryCheckpoint::default()), options).await?;
/// while let Some(arrived) = watch.next().await? {
///     println!("{}: {} rows", arrived.key(), arrived.num_rows());
///     watch.acknowledge([&arrived]).await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Watch {
    lister: Lister,
    prefix: String,
    range: Option<TimeRange>,
    reader: Arc<ObjectReader>,
    options: WatchOptions,
    checkpoint: Arc<dyn Checkpoint>,
    seen: Seen,
    /// What was handed out and is not acknowledged, by key.
    open: HashMap<String, ObjectInfo>,
    /// What the last look found and is not handed out, by key.
    waiting: HashMap<String, (ObjectInfo, Arrival)>,
    arriving: BoxStream<'static, Result<Outcome, Error>>,
    shape: Shape,
    target: Option<Target>,
    looks: u32,
    /// The next look must list everything: the hours do not stand right below the prefix.
    irregular: bool,
    next_look: Instant,
    /// When a look first found nothing new, if none has found anything since.
    idle_since: Option<Instant>,
}

/// What a [`Watch`] is made of.
pub(crate) struct Parts {
    pub(crate) lister: Lister,
    pub(crate) prefix: String,
    pub(crate) range: Option<TimeRange>,
    pub(crate) reader: Arc<ObjectReader>,
    pub(crate) shape: Shape,
}

impl Watch {
    pub(crate) async fn begin(
        parts: Parts,
        checkpoint: Arc<dyn Checkpoint>,
        options: WatchOptions,
    ) -> Result<Self, Error> {
        let Parts { lister, prefix, range, reader, shape } = parts;
        let failed = |reason: String| Error::Checkpoint {
            checkpoint: checkpoint.describe(),
            reason,
            source: None,
        };
        let state = checkpoint.load().await.map_err(|source| Error::Checkpoint {
            checkpoint: checkpoint.describe(),
            reason: "it cannot be read".to_owned(),
            source: Some(source),
        })?;
        let is_first = state.is_none();
        let seen = match state {
            Some(state) => Seen::decode(&state, &prefix).map_err(failed)?,
            None => Seen::new(&prefix),
        };
        let mut watch = Self {
            lister,
            prefix,
            range,
            reader,
            options,
            checkpoint,
            seen,
            open: HashMap::new(),
            waiting: HashMap::new(),
            arriving: stream::empty().boxed(),
            shape,
            target: None,
            looks: 0,
            irregular: false,
            next_look: Instant::now(),
            idle_since: None,
        };
        if is_first && watch.options.only_new {
            watch.take_for_granted().await?;
        }
        Ok(watch)
    }

    /// The next object; waits for one unless the watch ends when idle or was idle for as long as it
    /// may be, then `None`.
    ///
    /// Objects of one look come in key order. Dropping the future loses nothing, so it can stand
    /// in a `select!`.
    ///
    /// # Errors
    ///
    /// Those of [`ParquetSet::stream`](crate::ParquetSet::stream), and [`Error::Memory`] for a
    /// single object. An error does not end the watch: the next call looks again, and gives the
    /// objects again that were neither handed out nor acknowledged.
    pub async fn next(&mut self) -> Result<Option<Arrived>, Error> {
        loop {
            match self.arriving.try_next().await {
                Ok(Some(outcome)) => {
                    if let Some(arrived) = self.hand_out(outcome)? {
                        return Ok(Some(arrived));
                    }
                }
                Ok(None) if self.waiting.is_empty() => {
                    if self.looks > 0 && self.options.until_idle {
                        // One look after the last object, so that none came meanwhile.
                        return match self.look().await? {
                            0 => Ok(None),
                            _ => continue,
                        };
                    }
                    let end = self.idle_end();
                    let next = end.map_or(self.next_look, |end| end.min(self.next_look));
                    tokio::time::sleep_until(next).await;
                    // The look at the end shows that nothing came at the last moment.
                    if self.look().await? > 0 {
                        self.idle_since = None;
                    } else if end.is_some_and(|end| Instant::now() >= end) {
                        return Ok(None);
                    } else {
                        self.idle_since.get_or_insert_with(Instant::now);
                    }
                }
                Ok(None) => self.waiting.clear(),
                Err(error) => {
                    self.abandon();
                    return Err(error);
                }
            }
        }
    }

    /// Notes that the objects have been dealt with, and keeps that in the checkpoint. Each call
    /// writes the checkpoint once, so many objects in one call cost less than many calls.
    ///
    /// # Errors
    ///
    /// [`Error::Checkpoint`] when it is not certain that this is kept; the objects come again
    /// after a restart if it is not.
    pub async fn acknowledge<'a>(
        &mut self,
        arrived: impl IntoIterator<Item = &'a Arrived>,
    ) -> Result<(), Error> {
        for arrived in arrived {
            let object = &arrived.object;
            self.seen.acknowledge(object);
            if self.open.get(&object.key).is_some_and(|open| same_version(open, object)) {
                self.open.remove(&object.key);
            }
        }
        let waiting = self.waiting.values().map(|(object, _)| object);
        self.seen.forget(self.options.look_back, self.open.values().chain(waiting));
        self.keep().await
    }

    /// What was read and skipped since the watch began, and where schemas differ. `listed` counts
    /// the objects that were new.
    pub fn report(&self) -> Report {
        self.reader.ledger.report()
    }

    async fn keep(&mut self) -> Result<(), Error> {
        let state = Bytes::from(self.seen.encode());
        self.checkpoint.save(state).await.map_err(|source| Error::Checkpoint {
            checkpoint: self.checkpoint.describe(),
            reason: "it cannot be written".to_owned(),
            source: Some(source),
        })
    }

    async fn take_for_granted(&mut self) -> Result<(), Error> {
        for object in self.list().await? {
            self.seen.acknowledge(&object);
        }
        self.seen.forget(self.options.look_back, std::iter::empty());
        self.keep().await
    }

    /// When the watch ends if nothing new comes.
    fn idle_end(&self) -> Option<Instant> {
        self.idle_since?.checked_add(self.options.idle_for?)
    }

    /// Lists, and starts reading what is new; gives how many that are.
    async fn look(&mut self) -> Result<usize, Error> {
        self.next_look = Instant::now() + self.options.poll_every;
        let listed = self.list().await?;
        self.looks = self.looks.saturating_add(1);
        let mut new = Vec::new();
        for object in listed {
            let handed_out = self.open.get(&object.key);
            if handed_out.is_some_and(|open| same_version(open, &object)) {
                continue;
            }
            let arrival = match handed_out {
                Some(_) => Some(Arrival::Replaced),
                None => self.seen.arrival(&object),
            };
            if let Some(arrival) = arrival {
                self.waiting.insert(object.key.clone(), (object.clone(), arrival));
                new.push(Ok(object));
            }
        }
        let found = new.len();
        let count = u64::try_from(found).unwrap_or(u64::MAX);
        self.reader.ledger.note(|report| report.listed += count);
        tracing::debug!(new = found, remembered = self.seen.len(), "looked for new objects");
        self.arriving = outcomes(&self.reader, stream::iter(new).boxed(), Want::Each);
        Ok(found)
    }

    /// Everything, or what stands in the remembered hours and later.
    async fn list(&mut self) -> Result<Vec<ObjectInfo>, Error> {
        let sweeps = self.irregular || self.looks.is_multiple_of(self.options.sweep_every.max(1));
        let ledger = Ledger::default();
        let from = if sweeps { None } else { self.seen.first_hour() };
        let listed = match (self.range, from) {
            (None, Some(hour)) => self.lister.objects_from(&self.prefix, hour, &ledger),
            (range, _) => self.lister.objects(&self.prefix, range, &ledger),
        };
        let listed: Vec<ObjectInfo> = listed.try_collect().await?;
        if sweeps {
            let prefix = &self.prefix;
            self.irregular = !listed.iter().all(|object| object.hour_is_directly_below(prefix));
        }
        Ok(listed)
    }

    fn hand_out(&mut self, outcome: Outcome) -> Result<Option<Arrived>, Error> {
        let (object, batches, skipped) = match outcome {
            Outcome::Skipped(object, reason) => (object, Vec::new(), Some(reason)),
            Outcome::Vanished(object) => {
                self.waiting.remove(&object.key);
                return Ok(None);
            }
            Outcome::Read(done) => match done.got {
                Got::Rows(rows) => match self.shaped(&rows) {
                    Ok(batches) => (rows.object, batches, None),
                    Err(error) => {
                        self.abandon();
                        return Err(error);
                    }
                },
                Got::Footer(_) => return Ok(None),
            },
        };
        let waited = self.waiting.remove(&object.key);
        let arrival = waited.map_or(Arrival::New, |(_, arrival)| arrival);
        self.open.insert(object.key.clone(), object.clone());
        Ok(Some(Arrived { object, arrival, batches, skipped }))
    }

    fn shaped(&mut self, rows: &ObjectRows) -> Result<Vec<RecordBatch>, Error> {
        let ledger = &self.reader.ledger;
        let target = target_for(&mut self.target, &self.shape, rows, ledger)?;
        let mut batches = Vec::with_capacity(rows.batches.len());
        let mut first_row = 0;
        for decoded in &rows.batches {
            let origin = Origin { object: &rows.object, first_row, decoded };
            batches.push(shaped(&origin, &target)?);
            first_row += i64::try_from(decoded.num_rows()).unwrap_or(i64::MAX);
        }
        let count = u64::try_from(first_row).unwrap_or(0);
        ledger.note(|report| {
            report.read += 1;
            report.rows += count;
        });
        Ok(batches)
    }

    /// Drops what was found and not handed out; the next look finds it again.
    fn abandon(&mut self) {
        self.arriving = stream::empty().boxed();
        self.waiting.clear();
        self.looks = 0;
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("prefix", &self.prefix)
            .field("checkpoint", &self.checkpoint)
            .field("remembered", &self.seen.len())
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}
