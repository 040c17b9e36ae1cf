//! A simulated disk that loses what was not synced when its power is cut, and saboteurs of it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use firehose_journal::{Disk, DiskFile};
use turmoil_fs::shim::std::fs;

/// What this disk does not do although it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// It does everything.
    None,
    /// A file's bytes are not synced.
    NoSync,
    /// A directory's names are not synced.
    NoDirectorySync,
}

/// The simulated disk of the thread that it is used on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimulatedDisk(pub(crate) Sabotage);

/// A file on it.
#[derive(Debug)]
pub(crate) struct SimulatedFile(fs::File, Sabotage);

impl Disk for SimulatedDisk {
    type File = SimulatedFile;
    type Lock = ();

    fn lock(&self, _: &Path) -> io::Result<Option<()>> {
        Ok(Some(()))
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn create(&self, path: &Path) -> io::Result<SimulatedFile> {
        let file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(SimulatedFile(file, self.0))
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
        if self.0 == Sabotage::NoDirectorySync { Ok(()) } else { fs::sync_dir(path) }
    }
}

impl DiskFile for SimulatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.1 == Sabotage::NoSync { Ok(()) } else { self.0.sync_data() }
    }
}
