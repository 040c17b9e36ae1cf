//! What a data stream accepted, on the disk until its retention is over.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use bytes::{Buf, Bytes};
use chrono::{DateTime, Utc};
use firehose_journal::{Durability, Error, Journal, Segment, SegmentId};
use kinesis_stream::{HashKey, NewRecord, Placed, ShardId, Throttled};

/// A segment is sealed at this size, so that what is too old can go.
const SEGMENT_BYTES: usize = 32 << 20;
/// What tells these segments from others.
const HEADER: &[u8] = b"kinesis data stream 1";
/// Bytes of a record in a frame, besides its key and data.
const RECORD_BYTES: usize = 4 + 8 + 8 + 16 + 4 + 4;

/// A record as it comes back: shard, position, arrival.
pub(super) type Restored = (ShardId, u64, DateTime<Utc>, NewRecord);

/// The log of one stream.
#[derive(Debug)]
pub(crate) struct StreamLog {
    journal: Journal,
    writer: Mutex<Writer>,
    /// Held by the one who commits.
    commits: tokio::sync::Mutex<Commits>,
}

#[derive(Debug, Default)]
struct Writer {
    segment: Option<Segment>,
    bytes: usize,
    /// Batches so far.
    appended: u64,
    /// The newest arrival in the open segment, in milliseconds since 1970.
    newest: i64,
    /// Segments that are written to no more, oldest first, and the newest arrival in each.
    sealed: VecDeque<(SegmentId, i64)>,
}

#[derive(Debug, Default)]
struct Commits {
    committed: u64,
    /// Batches whose segment failed before they were committed: after the first, up to the second.
    failed: Vec<(u64, u64)>,
}

impl StreamLog {
    /// Opens the log in `directory`, and reads back what is in it.
    ///
    /// # Errors
    ///
    /// The directory or a segment cannot be read.
    pub(super) fn open(
        directory: PathBuf,
        durability: Durability,
    ) -> Result<(Arc<Self>, Vec<Restored>), Error> {
        let journal = Journal::open(directory, durability)?;
        let (mut writer, mut restored) = (Writer::default(), Vec::new());
        for id in journal.recovered() {
            let segment = journal.read(id)?;
            if let Some(damage) = segment.damage() {
                let kept_as = damage.kept_as.display();
                tracing::error!(%id, lost = damage.lost_frames, %kept_as, "a segment is damaged");
            }
            let before = restored.len();
            segment.frames().for_each(|frame| read(frame, &mut restored));
            let arrivals = restored.iter().skip(before).map(|(_, _, arrival, _)| arrival);
            let newest = arrivals.max().map_or(i64::MIN, DateTime::timestamp_millis);
            writer.sealed.push_back((id, newest));
        }
        let log = Arc::new(Self {
            journal,
            writer: Mutex::new(writer),
            commits: tokio::sync::Mutex::default(),
        });
        if let Durability::Interval(time) = durability {
            tokio::spawn(sync_now_and_then(Arc::downgrade(&log), time));
        }
        Ok((log, restored))
    }

    /// Writes down what was taken of a batch; what to wait for with [`commit`](Self::commit).
    ///
    /// # Errors
    ///
    /// A segment cannot be begun or written to.
    pub(crate) fn append(
        &self,
        now: DateTime<Utc>,
        records: &[NewRecord],
        outcomes: &[Result<Placed, Throttled>],
    ) -> Result<u64, Error> {
        let arrival = now.timestamp_millis();
        let taken = records.iter().zip(outcomes);
        let taken = taken.filter_map(|(record, outcome)| Some((record, outcome.as_ref().ok()?)));
        let mut writer = self.writer();
        let mut segment = match writer.segment.take() {
            Some(segment) if !segment.is_poisoned() => segment,
            _ => {
                writer.bytes = 0;
                self.journal.begin(HEADER)?
            }
        };
        let mut bytes = 0;
        let written = segment.append_with(|out| {
            let before = out.len();
            taken.for_each(|(record, placed)| write(out, arrival, record, placed));
            bytes = out.len() - before;
        });
        writer.segment = Some(segment);
        writer.appended += 1;
        writer.bytes += bytes;
        writer.newest = writer.newest.max(arrival);
        written.map(|()| writer.appended)
    }

    /// Waits until a batch is as safe as the durability says. Whoever waits meanwhile shares the
    /// commit. Segments whose records are all older than `horizon` go.
    ///
    /// # Errors
    ///
    /// The batch's segment cannot be written to: it may or may not be found again.
    pub(crate) async fn commit(
        self: &Arc<Self>,
        batch: u64,
        horizon: DateTime<Utc>,
    ) -> Result<(), String> {
        const FAILED: &str = "the records cannot be written to the disk";
        let mut commits = self.commits.lock().await;
        if commits.failed.iter().any(|(after, last)| *after < batch && batch <= *last) {
            return Err(FAILED.to_owned());
        }
        if commits.committed >= batch {
            return Ok(());
        }
        let log = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || log.commit_now(horizon)).await;
        match done.map_err(|why| why.to_string())? {
            (last, Ok(())) => {
                commits.committed = last;
                Ok(())
            }
            (last, Err(why)) => {
                let after = commits.committed;
                commits.failed.push((after, last));
                commits.committed = last;
                tracing::error!(error = &why as &dyn std::error::Error, "{FAILED}");
                Err(format!("{FAILED}: {why}"))
            }
        }
    }

    /// Commits all batches so far: the last of them, and how it went.
    fn commit_now(&self, horizon: DateTime<Utc>) -> (u64, Result<(), Error>) {
        let mut writer = self.writer();
        let last = writer.appended;
        let Some(mut segment) = writer.segment.take() else { return (last, Ok(())) };
        if let Err(why) = segment.commit() {
            return (last, Err(why));
        }
        if writer.bytes < SEGMENT_BYTES {
            writer.segment = Some(segment);
            return (last, Ok(()));
        }
        let newest = std::mem::replace(&mut writer.newest, i64::MIN);
        writer.bytes = 0;
        let sealed = segment.seal().map(|id| writer.sealed.push_back((id, newest)));
        drop(writer);
        self.trim(horizon);
        (last, sealed)
    }

    /// Forgets the segments whose records are all older than `horizon`.
    pub(super) fn trim(&self, horizon: DateTime<Utc>) {
        let horizon = horizon.timestamp_millis();
        let mut writer = self.writer();
        while let Some((id, _)) = writer.sealed.pop_front_if(|(_, newest)| *newest < horizon) {
            if let Err(why) = self.journal.remove(id) {
                // It is found again, too old, when the stream is opened next.
                tracing::warn!(%id, %why, "a segment that is over cannot be removed");
            }
        }
    }

    fn sync_if_due(&self) {
        let mut writer = self.writer();
        let Some(segment) = &mut writer.segment else { return };
        if segment.sync_due().is_some()
            && let Err(why) = segment.sync()
        {
            tracing::error!(error = &why as &dyn std::error::Error, "a log cannot be synced");
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A segment that a panic left half written is poisoned by itself.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sync_now_and_then(log: Weak<StreamLog>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        let Some(log) = log.upgrade() else { return };
        // A panic there was told by the runtime.
        let _ = tokio::task::spawn_blocking(move || log.sync_if_due()).await;
    }
}

fn write(out: &mut Vec<u8>, arrival: i64, record: &NewRecord, placed: &Placed) {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&placed.shard.0.to_be_bytes());
    out.extend_from_slice(&placed.position.to_be_bytes());
    out.extend_from_slice(&arrival.to_be_bytes());
    out.extend_from_slice(&record.hash_key().0.to_be_bytes());
    out.extend_from_slice(&length(record.key_bytes()));
    out.extend_from_slice(&length(record.bytes()));
    out.extend_from_slice(record.payload());
}

/// Reads a frame back. What is not of our making is left out.
fn read(frame: &[u8], out: &mut Vec<Restored>) {
    let mut left = Bytes::copy_from_slice(frame);
    while left.len() >= RECORD_BYTES {
        let (shard, position) = (ShardId(left.get_u32()), left.get_u64());
        let (arrival, hash_key) = (left.get_i64(), HashKey(left.get_u128()));
        let (key_bytes, bytes) = (left.get_u32() as usize, left.get_u32() as usize);
        if bytes > left.len() {
            return;
        }
        let record = NewRecord::from_payload(left.split_to(bytes), key_bytes);
        let arrival = DateTime::from_timestamp_millis(arrival);
        if let Some((record, arrival)) = record.zip(arrival) {
            out.push((shard, position, arrival, record.with_hash_key(hash_key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kinesis_stream::{DataStream, StreamSettings};

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_641_621_600, 0).unwrap()
    }

    async fn put(log: &Arc<StreamLog>, stream: &DataStream, text: &str) {
        let records = [NewRecord::new("k", text.as_bytes()).with_hash_key(HashKey(7))];
        let outcomes = stream.put(now(), &records);
        let batch = log.append(now(), &records, &outcomes).unwrap();
        log.commit(batch, now() - TimeDelta::hours(24)).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_committed_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let stream = DataStream::create(StreamSettings::default(), 2, now());
        for life in 0..3 {
            let (log, restored) =
                StreamLog::open(folder.path().into(), Durability::Process).unwrap();
            assert_eq!(restored.len(), life * 2);
            put(&log, &stream, "a").await;
            put(&log, &stream, "b").await;
        }
        let (_, restored) = StreamLog::open(folder.path().into(), Durability::Sync).unwrap();
        let (shard, position, arrival, record) = &restored[5];
        assert_eq!((*shard, *position, *arrival), (ShardId(0), 6, now()));
        assert_eq!(*record, NewRecord::new("k", b"b").with_hash_key(HashKey(7)));
    }

    #[tokio::test]
    async fn segments_go_when_their_records_are_too_old() {
        let folder = tempfile::tempdir().unwrap();
        let stream = DataStream::create(StreamSettings::default(), 1, now());
        let (log, _) = StreamLog::open(folder.path().into(), Durability::Process).unwrap();
        put(&log, &stream, "a").await;
        drop(log);
        let (log, restored) = StreamLog::open(folder.path().into(), Durability::Process).unwrap();
        log.trim(now());
        assert_eq!(restored.len(), 1);
        drop(log);
        let (log, restored) = StreamLog::open(folder.path().into(), Durability::Process).unwrap();
        log.trim(now() + TimeDelta::seconds(1));
        assert_eq!(restored.len(), 1);
        drop(log);
        let (_, restored) = StreamLog::open(folder.path().into(), Durability::Process).unwrap();
        assert_eq!(restored.len(), 0);
    }
}
