//! The few things that a journal asks of a file system, so that tests can put a simulated one in
//! its place.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A file system, as far as a journal needs one.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// A file that is being written.
    type File: DiskFile;
    /// Keeps others out for as long as it lives.
    type Lock: fmt::Debug + Send + Sync;

    /// Takes a lock by the file of this name; `None` when somebody else has it.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;

    /// Makes a directory and those above it; one that is there already stays.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes a file that is not there yet.
    ///
    /// # Errors
    ///
    /// What the system says; a file of that name.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Reads a file whole.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files of a directory, in any order.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;

    /// Gives a file another name.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Waits until the names of a directory's files are on stable storage: a file whose data is
    /// there and whose name is not is lost all the same.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Bytes that may still be written to the file system of a directory; `None` where that is not
    /// known. Asked before each commit of a journal that keeps a reserve.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn available(&self, directory: &Path) -> io::Result<Option<u64>> {
        let _ = directory;
        Ok(None)
    }
}

/// A file that is being written.
pub trait DiskFile: fmt::Debug + Send + 'static {
    /// Writes all of these bytes at the end.
    ///
    /// # Errors
    ///
    /// What the system says; then some of them may be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits until what was written is on stable storage.
    ///
    /// # Errors
    ///
    /// What the system says; then what is there is not known.
    fn sync(&mut self) -> io::Result<()>;
}

/// The system's own files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Disk for Files {
    type File = File;
    type Lock = File;

    fn lock(&self, path: &Path) -> io::Result<Option<File>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(why)) => Err(why),
        }
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        // Elsewhere a directory cannot be opened as a file, and its entries are written through.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    #[cfg(unix)]
    fn available(&self, directory: &Path) -> io::Result<Option<u64>> {
        let found = rustix::fs::statvfs(directory)?;
        Ok(Some(found.f_bavail.saturating_mul(found.f_frsize)))
    }
}

impl DiskFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
