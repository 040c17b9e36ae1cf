//! Where the journals of streams are: a directory for each, by what the stream is and since when.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use firehose_delivery::Durability;
use sha2::{Digest, Sha256};

use crate::Error;

/// The directory of all journals of a kind of stream.
#[derive(Debug)]
pub(crate) struct Journals {
    folder: PathBuf,
    /// None: what is accepted is in memory.
    pub(crate) durability: Option<Durability>,
}

impl Journals {
    pub(crate) fn new(folder: PathBuf, durability: Option<Durability>) -> Self {
        Self { folder, durability }
    }

    /// The directory of a stream's journal. A stream that is created again under its name has
    /// another.
    pub(crate) fn of(&self, arn: &str, created: DateTime<Utc>) -> PathBuf {
        let identity = format!("{arn} {}", created.timestamp_micros());
        let digest = Sha256::digest(identity.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name)
    }

    /// Removes the journals of streams that are gone: what a deleted stream had is dropped, as AWS
    /// does it.
    ///
    /// # Errors
    ///
    /// A directory that cannot be read or removed, by name.
    pub(crate) fn remove_all_but(
        &self,
        kept: impl IntoIterator<Item = PathBuf>,
    ) -> Result<(), Error> {
        let kept: BTreeSet<PathBuf> = kept.into_iter().collect();
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::DataDirectory { path, source }
        };
        let entries = match fs::read_dir(&self.folder) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed(&self.folder))?,
        };
        for entry in entries {
            let path = entry.map_err(failed(&self.folder))?.path();
            if !kept.contains(&path) {
                fs::remove_dir_all(&path).map_err(failed(&path))?;
            }
        }
        Ok(())
    }
}
