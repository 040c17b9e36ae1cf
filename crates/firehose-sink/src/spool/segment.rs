//! A file of frames. Its name says the position of its first record.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{SEGMENT_BYTES, SpoolError, frame};
use crate::Record;

/// A segment on disk.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    /// Position of its first record.
    pub(super) first: u64,
    pub(super) records: u64,
}

impl Segment {
    /// The position behind its last record.
    pub(super) fn end(&self) -> u64 {
        self.first + self.records
    }

    /// Its records.
    pub(super) fn read(&self) -> Result<Vec<Record>, SpoolError> {
        let (records, whole, length) = scan(&self.path)?;
        let count = usize::try_from(self.records).unwrap_or(usize::MAX);
        if records.len() < count {
            return Err(SpoolError::Damaged { path: self.path.clone(), offset: whole.min(length) });
        }
        Ok(records)
    }

    pub(super) fn delete(self) -> Result<(), SpoolError> {
        fs::remove_file(&self.path).map_err(SpoolError::io("delete", &self.path))
    }
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) segment: Segment,
    file: File,
    bytes: u64,
}

impl Active {
    /// A new one, and its name on the disk.
    pub(super) fn create(directory: &Path, first: u64) -> Result<Self, SpoolError> {
        let path = directory.join(format!("{first:020}.spool"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // It holds the records themselves.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(SpoolError::io("make", &path))?;
        sync_directory(directory).map_err(SpoolError::io("sync", directory))?;
        Ok(Self { segment: Segment { path, first, records: 0 }, file, bytes: 0 })
    }

    pub(super) fn append(&mut self, records: &[Record]) -> Result<(), SpoolError> {
        let path = &self.segment.path;
        let mut frames = Vec::new();
        for record in records {
            if !frame::fits(record) {
                let error = io::Error::other("a record is too large for the spool");
                return Err(SpoolError::io("write to", path)(error));
            }
            frame::write(record, &mut frames);
        }
        self.file.write_all(&frames).map_err(SpoolError::io("write to", path))?;
        self.file.sync_data().map_err(SpoolError::io("sync", path))?;
        self.bytes += frames.len() as u64;
        self.segment.records += records.len() as u64;
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= SEGMENT_BYTES
    }
}

/// The segments of a directory, in their order, and how many bytes were torn off the last one.
pub(super) fn read_all(directory: &Path) -> Result<(VecDeque<Segment>, u64), SpoolError> {
    let mut found = Vec::new();
    let entries = fs::read_dir(directory).map_err(SpoolError::io("list", directory))?;
    for entry in entries {
        let path = entry.map_err(SpoolError::io("list", directory))?.path();
        if path.extension().is_none_or(|extension| extension != "spool") {
            continue;
        }
        let first = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        found.extend(first.map(|first: u64| (first, path)));
    }
    found.sort();
    let (mut segments, mut torn_bytes) = (VecDeque::new(), 0);
    let count = found.len();
    for (index, (first, path)) in found.into_iter().enumerate() {
        let (records, whole, length) = scan(&path)?;
        let expected: Option<u64> = segments.back().map(Segment::end);
        if expected.is_some_and(|expected| expected != first) {
            return Err(SpoolError::Damaged { path, offset: 0 });
        }
        if whole < length && index + 1 < count {
            return Err(SpoolError::Damaged { path, offset: whole });
        }
        if whole < length {
            torn_bytes = length - whole;
            cut(&path, whole).map_err(SpoolError::io("cut", &path))?;
        }
        let segment = Segment { path, first, records: records.len() as u64 };
        // One that was made and never written to would stand in the way of the next.
        match segment.records {
            0 => segment.delete()?,
            _ => segments.push_back(segment),
        }
    }
    Ok((segments, torn_bytes))
}

/// The whole records of a file, the bytes they take, and the bytes of the file.
fn scan(path: &Path) -> Result<(Vec<Record>, u64, u64), SpoolError> {
    let data = Bytes::from(fs::read(path).map_err(SpoolError::io("read", path))?);
    let (mut records, mut at) = (Vec::new(), 0);
    while let Some((record, bytes)) = frame::read(&data.slice(at..)) {
        records.push(record);
        at += bytes;
    }
    Ok((records, at as u64, data.len() as u64))
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

/// A new name is on the disk only when its directory is.
fn sync_directory(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}
