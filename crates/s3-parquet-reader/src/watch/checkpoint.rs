//! Where a watch keeps what was acknowledged: a file, an object, or memory.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::Cause;

/// Keeps the state of a [`Watch`](crate::Watch) between one run and the next.
///
/// Implementations promise: `save` replaces the state whole or not at all, and once it has
/// returned, `load` gives that state, also in another process. One watch at a time uses a
/// checkpoint; two would undo each other's progress.
#[async_trait]
pub trait Checkpoint: fmt::Debug + Send + Sync + 'static {
    /// What it is, for messages: a path or a key.
    fn describe(&self) -> String;

    /// The state that was saved last; `None` before the first time.
    ///
    /// # Errors
    ///
    /// When there may be a state that cannot be had.
    async fn load(&self) -> Result<Option<Bytes>, Cause>;

    /// Replaces the state.
    ///
    /// # Errors
    ///
    /// When it is not certain that the new state is kept.
    async fn save(&self, state: Bytes) -> Result<(), Cause>;
}

/// A checkpoint for as long as the process lives. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryCheckpoint(Arc<Mutex<Option<Bytes>>>);

#[async_trait]
impl Checkpoint for MemoryCheckpoint {
    fn describe(&self) -> String {
        "in memory".to_owned()
    }

    async fn load(&self) -> Result<Option<Bytes>, Cause> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn save(&self, state: Bytes) -> Result<(), Cause> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        Ok(())
    }
}

/// A checkpoint in a file, which is replaced by renaming and survives a power cut.
#[derive(Debug, Clone)]
pub struct FileCheckpoint {
    path: PathBuf,
}

impl FileCheckpoint {
    /// The file need not exist, its directory must.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl Checkpoint for FileCheckpoint {
    fn describe(&self) -> String {
        self.path.display().to_string()
    }

    async fn load(&self) -> Result<Option<Bytes>, Cause> {
        let path = self.path.clone();
        let state = tokio::task::spawn_blocking(move || match std::fs::read(path) {
            Ok(state) => Ok(Some(Bytes::from(state))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        Ok(state.await??)
    }

    async fn save(&self, state: Bytes) -> Result<(), Cause> {
        let path = self.path.clone();
        Ok(tokio::task::spawn_blocking(move || replace(&path, &state)).await??)
    }
}

/// Writes beside the file, then renames, so that there is always one whole state.
fn replace(path: &FilePath, state: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(state)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    // The rename is kept once the directory is; only Unix can be asked for that.
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        let directory = if directory == FilePath::new("") { FilePath::new(".") } else { directory };
        std::fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// A checkpoint in an object of any store. Keep it out of the prefix that is watched, or give it a
/// name that does not end in `.parquet`.
#[derive(Debug, Clone)]
pub struct ObjectCheckpoint {
    store: Arc<dyn ObjectStore>,
    key: String,
}

impl ObjectCheckpoint {
    /// The object need not exist.
    pub fn new(store: Arc<dyn ObjectStore>, key: impl Into<String>) -> Self {
        Self { store, key: key.into() }
    }
}

#[async_trait]
impl Checkpoint for ObjectCheckpoint {
    fn describe(&self) -> String {
        format!("{}: {}", self.store, self.key)
    }

    async fn load(&self) -> Result<Option<Bytes>, Cause> {
        match self.store.get(&Path::parse(&self.key)?).await {
            Ok(answer) => Ok(Some(answer.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn save(&self, state: Bytes) -> Result<(), Cause> {
        self.store.put(&Path::parse(&self.key)?, state.into()).await?;
        Ok(())
    }
}
