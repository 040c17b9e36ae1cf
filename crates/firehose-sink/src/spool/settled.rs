//! The position up to which everything is settled: twelve bytes, written over and over.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::SpoolError;

/// A position and its checksum. One that cannot be read counts as 0: what is still there is sent
/// again then, and nothing is lost.
#[derive(Debug)]
pub(super) struct SettledFile {
    path: PathBuf,
    file: File,
    position: u64,
}

impl SettledFile {
    pub(super) fn open(directory: &Path) -> Result<Self, SpoolError> {
        let path = directory.join("settled");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(SpoolError::io("open", &path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(SpoolError::io("read", &path))?;
        let position = read(&bytes).unwrap_or_default();
        Ok(Self { path, file, position })
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn write(&mut self, position: u64) -> Result<(), SpoolError> {
        let number = position.to_le_bytes();
        let mut bytes = number.to_vec();
        bytes.extend_from_slice(&crc32fast::hash(&number).to_le_bytes());
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(&bytes));
        written.map_err(SpoolError::io("write to", &self.path))?;
        self.position = position;
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Option<u64> {
    let (number, checksum) = bytes.split_first_chunk::<8>()?;
    let checksum = u32::from_le_bytes(*checksum.first_chunk()?);
    (crc32fast::hash(number) == checksum).then(|| u64::from_le_bytes(*number))
}
