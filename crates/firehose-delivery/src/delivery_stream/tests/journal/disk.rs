//! A disk in memory whose power can be cut at any operation.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firehose_journal::{Disk, DiskFile};

use super::super::conservation::Random;

/// The disk. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryDisk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    files: BTreeMap<PathBuf, Kept>,
    /// Removed, and back after a cut unless the directory was synced.
    removed: BTreeMap<PathBuf, Kept>,
    locks: BTreeSet<PathBuf>,
    /// Operations until the power goes; none: it stays.
    left: Option<u64>,
    /// Writes and syncs that fail from now on.
    faults: u32,
    /// Bytes that fit.
    capacity: Option<usize>,
    /// What it says it does and does not.
    pub(super) lazy: bool,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    bytes: Vec<u8>,
    durable: usize,
    named: bool,
}

impl MemoryDisk {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A disk that never syncs and says it did.
    pub(super) fn lazy() -> Self {
        let disk = Self::default();
        disk.content().lazy = true;
        disk
    }

    /// The power goes after this many operations.
    pub(super) fn cut_after(&self, operations: u64) {
        self.content().left = Some(operations);
    }

    pub(super) fn fail(&self, operations: u32) {
        self.content().faults = operations;
    }

    pub(super) fn set_capacity(&self, bytes: Option<usize>) {
        self.content().capacity = bytes;
    }

    /// What is there after the power was gone, and no fault any more.
    pub(super) fn power_up(&self, random: &mut Random) {
        let mut content = self.content();
        let removed = std::mem::take(&mut content.removed);
        for (path, kept) in removed {
            content.files.entry(path).or_insert(kept);
        }
        content.files.retain(|_, kept| kept.named);
        for kept in content.files.values_mut() {
            let torn = random.up_to((kept.bytes.len() - kept.durable) as u64 + 1);
            kept.bytes.truncate(kept.durable + torn);
            kept.durable = kept.bytes.len();
        }
        (content.left, content.faults, content.capacity) = (None, 0, None);
        content.locks.clear();
    }

    /// Names of the segments that are there.
    pub(super) fn segments(&self) -> Vec<PathBuf> {
        self.content().files.keys().cloned().collect()
    }
}

impl Content {
    /// Lets an operation through, unless the power is gone.
    fn operate(&mut self) -> io::Result<()> {
        match &mut self.left {
            Some(0) => Err(io::Error::other("no power")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn operate_faultily(&mut self) -> io::Result<()> {
        self.operate()?;
        if self.faults > 0 {
            self.faults -= 1;
            return Err(io::Error::other("an I/O error"));
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct MemoryFile {
    disk: MemoryDisk,
    path: PathBuf,
}

impl Disk for MemoryDisk {
    type File = MemoryFile;
    type Lock = Lock;

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let taken = self.content().locks.insert(path.to_owned());
        Ok(taken.then(|| Lock { disk: self.clone(), path: path.to_owned() }))
    }

    fn create_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<MemoryFile> {
        let mut content = self.content();
        content.operate()?;
        content.files.insert(path.to_owned(), Kept::default());
        Ok(MemoryFile { disk: self.clone(), path: path.to_owned() })
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let content = self.content();
        Ok(content.files.get(path).ok_or(io::ErrorKind::NotFound)?.bytes.clone())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let content = self.content();
        let inside = content.files.keys().filter(|path| path.parent() == Some(directory));
        Ok(inside.cloned().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut content = self.content();
        content.operate()?;
        let kept = content.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        content.files.insert(to.to_owned(), kept);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut content = self.content();
        content.operate()?;
        let kept = content.files.remove(path).ok_or(io::ErrorKind::NotFound)?;
        content.removed.insert(path.to_owned(), kept);
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut content = self.content();
        content.operate()?;
        if !content.lazy {
            content.removed.retain(|removed, _| removed.parent() != Some(path));
            let inside = content.files.iter_mut().filter(|(file, _)| file.parent() == Some(path));
            inside.for_each(|(_, kept)| kept.named = true);
        }
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut content = self.disk.content();
        let used: usize = content.files.values().map(|kept| kept.bytes.len()).sum();
        let fits = content.capacity.is_none_or(|capacity| used + bytes.len() <= capacity);
        let allowed = content.operate_faultily();
        let kept = content.files.entry(self.path.clone()).or_default();
        if allowed.is_err() || !fits {
            // Half of it is written, as disks do.
            kept.bytes.extend_from_slice(&bytes[..bytes.len() / 2]);
            return allowed.and(Err(io::ErrorKind::StorageFull.into()));
        }
        kept.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut content = self.disk.content();
        content.operate_faultily()?;
        if !content.lazy
            && let Some(kept) = content.files.get_mut(&self.path)
        {
            kept.durable = kept.bytes.len();
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct Lock {
    disk: MemoryDisk,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.disk.content().locks.remove(&self.path);
    }
}
