//! A segment that is being written.

use std::{mem, path::PathBuf, sync::Arc, time::Instant};

use crate::{
    Disk, DiskFile, Durability, Error, Files, SegmentId,
    frame::{self, Kind},
};

/// Where a segment is, and what it leaves there.
#[derive(Debug)]
pub(crate) struct Place<D> {
    pub(crate) path: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) disk: Arc<D>,
    /// Bytes that are to stay free.
    pub(crate) reserve: u64,
}

impl<D: Disk> Place<D> {
    /// Refuses `bytes` that would eat into the reserve. A disk that cannot say what it has left is
    /// asked by writing.
    fn check_room(&self, bytes: usize) -> Result<(), Error> {
        if self.reserve == 0 {
            return Ok(());
        }
        let Ok(Some(available)) = self.disk.available(&self.directory) else { return Ok(()) };
        if available >= self.reserve.saturating_add(bytes as u64) {
            return Ok(());
        }
        Err(Error::Reserve { path: self.path.clone(), available, reserve: self.reserve })
    }
}

/// A segment that is being written.
///
/// Not sealed and not removed, it is found by the next [`Journal::open`](crate::Journal::open).
#[derive(Debug)]
pub struct Segment<D: Disk = Files> {
    id: SegmentId,
    place: Place<D>,
    file: D::File,
    durability: Durability,
    /// Whole frames that the system does not have yet.
    pending: Vec<u8>,
    /// Number of the next frame.
    next: u64,
    /// Frames that the system has.
    written: u64,
    /// Frames that are on stable storage.
    durable: u64,
    /// When the first byte was written that is not on stable storage.
    unsynced_since: Option<Instant>,
    /// Whether the file's name is on stable storage.
    named: bool,
    poisoned: bool,
}

impl<D: Disk> Segment<D> {
    /// The longest payload of a frame: 64 MiB.
    pub const MAX_FRAME_BYTES: usize = frame::MAX_PAYLOAD_BYTES;

    pub(crate) fn begin(
        id: SegmentId,
        place: Place<D>,
        durability: Durability,
        header: &[u8],
    ) -> Result<Self, Error> {
        place.check_room(header.len())?;
        let failed = |source| Error::Write { path: place.path.clone(), source };
        let file = place.disk.create(&place.path).map_err(failed)?;
        let mut segment = Self {
            id,
            place,
            file,
            durability,
            pending: Vec::new(),
            next: 0,
            written: 0,
            durable: 0,
            unsynced_since: None,
            named: false,
            poisoned: false,
        };
        segment.push(Kind::Header, |out| out.extend_from_slice(header))?;
        Ok(segment)
    }

    /// Which segment this is.
    #[must_use]
    pub fn id(&self) -> SegmentId {
        self.id
    }

    /// Whether a write failed, so that this segment takes nothing more.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Adds a frame. It is in memory until [`commit`](Self::commit).
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::Poisoned`].
    pub fn append(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.append_with(|out| out.extend_from_slice(payload))
    }

    /// Adds a frame whose payload `write` appends to what it is given, without a copy in between.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        self.push(Kind::Data, write)
    }

    /// Waits until the frames appended so far are as safe as the journal's [`Durability`] says.
    ///
    /// # Errors
    ///
    /// [`Error::Write`]: frames since the last commit that succeeded may or may not be found
    /// again, and the segment takes nothing more; [`Error::Poisoned`] after that.
    /// [`Error::Reserve`]: these frames are forgotten, and the segment takes others.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.write_pending()?;
        match self.durability {
            Durability::Sync => self.sync(),
            Durability::Process | Durability::Interval(_) => Ok(()),
        }
    }

    /// With [`Durability::Interval`]: when what is written has to be [synced](Self::sync).
    #[must_use]
    pub fn sync_due(&self) -> Option<Instant> {
        match self.durability {
            Durability::Interval(interval) => self.unsynced_since?.checked_add(interval),
            Durability::Process | Durability::Sync => None,
        }
    }

    /// Waits until the frames committed so far are on stable storage, whatever the durability.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit).
    pub fn sync(&mut self) -> Result<(), Error> {
        self.write_pending()?;
        if self.unsynced_since.is_none() {
            return Ok(());
        }
        // A failed sync is never tried again: the system may have dropped the bytes and then
        // report success.
        self.file.sync().map_err(|source| self.poison(source))?;
        if !self.named {
            self.place
                .disk
                .sync_directory(&self.place.directory)
                .map_err(|source| self.poison(source))?;
            self.named = true;
        }
        self.unsynced_since = None;
        self.durable = self.next;
        Ok(())
    }

    /// Marks the end, so that nothing can be missing there unnoticed, and commits.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit); the segment can be read back and removed all the same.
    pub fn seal(mut self) -> Result<SegmentId, Error> {
        self.push(Kind::Seal, |_| ())?;
        self.commit()?;
        Ok(self.id)
    }

    fn push(&mut self, kind: Kind, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        if self.poisoned {
            return Err(Error::Poisoned { path: self.place.path.clone() });
        }
        let start = frame::begin(&mut self.pending);
        write(&mut self.pending);
        let bytes = self.pending.len().saturating_sub(start + frame::HEAD_BYTES);
        if bytes > frame::MAX_PAYLOAD_BYTES {
            self.pending.truncate(start);
            return Err(Error::TooLong { bytes, limit: frame::MAX_PAYLOAD_BYTES });
        }
        frame::finish(&mut self.pending, start, kind, self.next, self.durable);
        self.next += 1;
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), Error> {
        if self.poisoned {
            return Err(Error::Poisoned { path: self.place.path.clone() });
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut pending = mem::take(&mut self.pending);
        if let Err(full) = self.place.check_room(pending.len()) {
            // As if they had never been appended. A header goes first and cannot be missing.
            self.next = self.written;
            self.poisoned = self.written == 0;
            return Err(full);
        }
        self.file.write(&pending).map_err(|source| self.poison(source))?;
        self.unsynced_since.get_or_insert_with(Instant::now);
        self.written = self.next;
        pending.clear();
        self.pending = pending;
        Ok(())
    }

    fn poison(&mut self, source: std::io::Error) -> Error {
        self.poisoned = true;
        self.pending = Vec::new();
        Error::Write { path: self.place.path.clone(), source }
    }
}
