//! A directory of segments.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    Damage, Disk, Durability, Error, Files, RecoveredSegment, Segment, read, segment::Place,
};

const EXTENSION: &str = "segment";
const DAMAGED: &str = "damaged";

/// Which segment of a journal. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(u64);

impl SegmentId {
    /// Of bytes that are in no journal; a journal counts from 1.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn file_name(self) -> String {
        format!("{self}.{EXTENSION}")
    }

    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let number = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        let id = Self(number.parse().ok()?);
        (id.file_name() == name).then_some(id)
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}", self.0)
    }
}

/// A directory of segments, kept from other processes while it is open.
#[derive(Debug)]
pub struct Journal<D: Disk = Files> {
    disk: Arc<D>,
    directory: PathBuf,
    durability: Durability,
    reserve: u64,
    next: AtomicU64,
    recovered: Vec<SegmentId>,
    /// Segments that are not to be removed, and the names that they get instead.
    damaged: Mutex<BTreeMap<SegmentId, PathBuf>>,
    _lock: D::Lock,
}

impl Journal<Files> {
    /// Opens a journal; the directory is made if need be. What is in it from before is told by
    /// [`recovered`](Self::recovered) and stays until it is [removed](Self::remove).
    ///
    /// # Errors
    ///
    /// [`Error::InUse`], [`Error::Directory`].
    pub fn open(directory: impl Into<PathBuf>, durability: Durability) -> Result<Self, Error> {
        Self::open_on(Files, directory, durability)
    }
}

impl<D: Disk> Journal<D> {
    /// Opens a journal on another file system than the system's own.
    ///
    /// # Errors
    ///
    /// As [`Journal::open`].
    pub fn open_on(
        disk: D,
        directory: impl Into<PathBuf>,
        durability: Durability,
    ) -> Result<Self, Error> {
        let directory = directory.into();
        let failed = |source| Error::Directory { path: directory.clone(), source };
        create_durably(&disk, &directory).map_err(failed)?;
        let lock = disk.lock(&directory.join("lock")).map_err(failed)?;
        let lock = lock.ok_or_else(|| Error::InUse { path: directory.clone() })?;
        let files = disk.list(&directory).map_err(failed)?;
        let mut recovered: Vec<SegmentId> = files.iter().filter_map(|p| SegmentId::of(p)).collect();
        recovered.sort_unstable();
        // A fresh segment always: what is there may have a torn end, and is never written to again.
        // Set-aside files count, so that no name is given twice.
        let aside = files.iter().filter_map(|path| SegmentId::of(&path.with_extension(EXTENSION)));
        let next = recovered.iter().copied().chain(aside).max().map_or(1, |last| last.0 + 1);
        Ok(Self {
            disk: Arc::new(disk),
            directory,
            durability,
            reserve: 0,
            next: AtomicU64::new(next),
            recovered,
            damaged: Mutex::new(BTreeMap::new()),
            _lock: lock,
        })
    }

    /// Takes nothing in that would leave less than this many bytes on the disk, so that deliveries,
    /// which may need the same disk, can make room. Without it: none.
    #[must_use]
    pub fn with_reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What a commit waits for.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// The segments that were there when the journal was opened, oldest first.
    pub fn recovered(&self) -> impl Iterator<Item = SegmentId> + use<D> {
        self.recovered.clone().into_iter()
    }

    /// Begins a segment. Its header is committed with its first frames.
    ///
    /// # Errors
    ///
    /// [`Error::Write`], [`Error::TooLong`], [`Error::Reserve`].
    pub fn begin(&self, header: &[u8]) -> Result<Segment<D>, Error> {
        let id = SegmentId(self.next.fetch_add(1, Ordering::Relaxed));
        let place = Place {
            path: self.directory.join(id.file_name()),
            directory: self.directory.clone(),
            disk: Arc::clone(&self.disk),
            reserve: self.reserve,
        };
        Segment::begin(id, place, self.durability, header)
    }

    /// Reads a segment back whole.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]. Damage is no error: it is told by [`RecoveredSegment::damage`].
    pub fn read(&self, id: SegmentId) -> Result<RecoveredSegment, Error> {
        let path = self.path(id);
        let bytes = self.disk.read(&path);
        let bytes = bytes.map_err(|source| Error::Read { path: path.clone(), source })?;
        let scan = read::scan(&bytes);
        let damage = (scan.lost > 0).then(|| {
            let kept_as = path.with_extension(DAMAGED);
            self.damaged().insert(id, kept_as.clone());
            Damage { lost_frames: scan.lost, kept_as }
        });
        Ok(RecoveredSegment { id, bytes, scan, damage })
    }

    /// Forgets a segment: what was in it is delivered. One that was found damaged is kept aside
    /// instead, under the name that [`Damage::kept_as`] says.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]: the segment may be found again when the journal is opened next.
    pub fn remove(&self, id: SegmentId) -> Result<(), Error> {
        let path = self.path(id);
        let aside = self.damaged().remove(&id);
        let removed = match &aside {
            Some(aside) => self.disk.rename(&path, aside),
            None => self.disk.remove(&path),
        };
        let failed = |source| Error::Read { path: path.clone(), source };
        removed.map_err(failed)?;
        match self.durability {
            Durability::Process => Ok(()),
            Durability::Sync | Durability::Interval(_) => {
                self.disk.sync_directory(&self.directory).map_err(failed)
            }
        }
    }

    fn path(&self, id: SegmentId) -> PathBuf {
        self.directory.join(id.file_name())
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeMap<SegmentId, PathBuf>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a directory so that a power cut does not take it away again.
fn create_durably<D: Disk>(disk: &D, directory: &Path) -> std::io::Result<()> {
    let missing: Vec<&Path> =
        directory.ancestors().take_while(|path| disk.list(path).is_err()).collect();
    disk.create_directory(directory)?;
    for made in missing.iter().rev() {
        let parent = made.parent().filter(|parent| !parent.as_os_str().is_empty());
        disk.sync_directory(parent.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}
