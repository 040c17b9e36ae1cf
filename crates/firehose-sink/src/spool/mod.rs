//! A spool on disk: what was accepted and is not settled survives the end of the process, also a
//! `kill -9` and, as far as the disk keeps what it says it has, a power cut.
//!
//! The sender appends records before it sends them, and tells the spool how far the
//! [watermark](crate::Producer::watermark) came. After a restart what is left over is sent first.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use firehose_sink::{MemorySink, Producer, Record, Spool};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?; let directory = folder.path();
//! let mut spool = Spool::open(directory)?;
//! let start = spool.settled();
//! let (producer, drain) = Producer::builder(Arc::new(MemorySink::new("ratings"))).start();
//! producer.send_all(spool.left_over()?).await?; // of a run that was killed
//! for n in 0..10 {
//!     let record = Record::json(&n)?;
//!     spool.append(std::slice::from_ref(&record))?; // on disk when this returns
//!     producer.send(record).await?;
//!     spool.settle(start + producer.watermark())?;
//! }
//! let report = drain.finish(Duration::from_secs(30)).await;
//! spool.settle(start + producer.watermark())?;
//! assert_eq!((report.delivered, spool.unsettled()), (10, 0));
//! # Ok(()) }
//! ```

mod frame;
mod segment;
mod settled;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use segment::{Active, Segment};
use settled::SettledFile;

use crate::Record;

/// A segment is closed when it has this many bytes: the disk holds at most one of them more than
/// what is not settled.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// Records on disk, in the order they were appended, until they are settled.
///
/// One process at a time may have it open. Dropping it closes it; what is not settled is there the
/// next time.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    segments: VecDeque<Segment>,
    active: Option<Active>,
    settled: SettledFile,
    /// Position of the next record.
    next: u64,
    torn_bytes: u64,
    /// A write failed, so nobody knows what the disk has.
    failed: bool,
    /// Held as long as the spool is open.
    _lock: File,
}

/// Why a spool cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// Another process has it open.
    #[error("the spool `{}` is in use by another process", directory.display())]
    Busy {
        /// The spool's directory.
        directory: PathBuf,
    },
    /// A file of it is damaged, and records behind the damage cannot be read.
    #[error(
        "the spool file `{}` is damaged at byte {offset}: move it away to go on without its records",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damage begins.
        offset: u64,
    },
    /// A write failed before, so that nobody knows what the disk has. Open the spool again.
    #[error("a write to the spool `{}` failed before: start again", directory.display())]
    Failed {
        /// The spool's directory.
        directory: PathBuf,
    },
    /// The file system refused something.
    #[error("failed to {what} `{}`", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl SpoolError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

impl Spool {
    /// Opens the spool in a directory, which is made if there is none, and reads what an earlier
    /// process left in it.
    ///
    /// A record that was being written when that process ended is cut off: its `append` had not
    /// returned, see [`torn_bytes`](Self::torn_bytes).
    ///
    /// # Errors
    ///
    /// [`SpoolError::Busy`] when another process has it open, [`SpoolError::Damaged`] when a file
    /// was changed by somebody else, [`SpoolError::Io`] otherwise.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, SpoolError> {
        let directory = directory.as_ref().to_owned();
        fs::create_dir_all(&directory).map_err(SpoolError::io("make the spool", &directory))?;
        let lock = lock(&directory)?;
        let mut settled = SettledFile::open(&directory)?;
        let (mut segments, torn_bytes) = segment::read_all(&directory)?;
        let first = segments.front().map(|segment| segment.first);
        let next = segments.back().map_or(settled.position(), Segment::end);
        // A position that was lost, or lags behind the segments that were deleted: what is there
        // is sent again, and nothing else can be.
        let position = settled.position().clamp(first.unwrap_or(next), next);
        if position != settled.position() {
            settled.write(position)?;
        }
        segments.retain(|segment| segment.records > 0);
        let (active, failed) = (None, false);
        let spool =
            Self { directory, segments, active, settled, next, torn_bytes, failed, _lock: lock };
        spool.delete_settled()
    }

    /// Position up to which everything is settled, counted over the whole life of the spool.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.settled.position()
    }

    /// How many records are not settled.
    #[must_use]
    pub fn unsettled(&self) -> u64 {
        self.next - self.settled()
    }

    /// Bytes that were cut off the end when the spool was opened: a record whose writing was cut
    /// short.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// The records that are not settled, in their order: at most what was under way in the
    /// producer before.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Damaged`] and [`SpoolError::Io`].
    pub fn left_over(&self) -> Result<Vec<Record>, SpoolError> {
        let mut records = Vec::new();
        let active = self.active.as_ref().map(|active| &active.segment);
        for segment in self.segments.iter().chain(active) {
            let skip = self.settled().saturating_sub(segment.first);
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            records.extend(segment.read()?.into_iter().skip(skip));
        }
        Ok(records)
    }

    /// Writes records behind the others. When it returns they are on the disk (`fdatasync`).
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`], after which the spool takes nothing more ([`SpoolError::Failed`]): what
    /// a failed write left on the disk nobody knows.
    pub fn append(&mut self, records: &[Record]) -> Result<(), SpoolError> {
        if self.failed {
            return Err(SpoolError::Failed { directory: self.directory.clone() });
        }
        if records.is_empty() {
            return Ok(());
        }
        let written = self.write(records);
        self.failed = written.is_err();
        written
    }

    /// Everything below this position is settled. Segments that are not needed any more are
    /// deleted. A position below an earlier one changes nothing.
    ///
    /// It is not synced: after a power cut some settled records may be sent again.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`].
    pub fn settle(&mut self, position: u64) -> Result<(), SpoolError> {
        let position = position.min(self.next);
        if position <= self.settled() {
            return Ok(());
        }
        self.settled.write(position)?;
        if position == self.next && self.active.as_ref().is_some_and(Active::is_full) {
            self.segments.extend(self.active.take().map(|active| active.segment));
        }
        self.delete()
    }

    fn write(&mut self, records: &[Record]) -> Result<(), SpoolError> {
        if self.active.as_ref().is_some_and(Active::is_full) {
            self.segments.extend(self.active.take().map(|active| active.segment));
        }
        let active = match &mut self.active {
            Some(active) => active,
            none => none.insert(Active::create(&self.directory, self.next)?),
        };
        active.append(records)?;
        self.next += records.len() as u64;
        Ok(())
    }

    fn delete_settled(mut self) -> Result<Self, SpoolError> {
        self.delete()?;
        Ok(self)
    }

    fn delete(&mut self) -> Result<(), SpoolError> {
        let settled = self.settled();
        while let Some(segment) = self.segments.pop_front_if(|segment| segment.end() <= settled) {
            segment.delete()?;
        }
        Ok(())
    }
}

/// Nobody else may have the spool open.
fn lock(directory: &Path) -> Result<File, SpoolError> {
    let path = directory.join("lock");
    let file = File::create(&path).map_err(SpoolError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::Busy { directory: directory.to_owned() }),
        Err(TryLockError::Error(error)) => Err(SpoolError::io("lock", &path)(error)),
    }
}
