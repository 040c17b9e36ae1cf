//! State that survives a restart: one JSON file for each kind, replaced whole.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// A value in memory and in a file. Readers see the last value that is in the file.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    path: PathBuf,
    value: RwLock<Arc<T>>,
    /// Held by the one who changes the value.
    changing: tokio::sync::Mutex<()>,
}

impl<T: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static> Kept<T> {
    /// Reads `name` in `folder` back; a file that is not there is the default.
    ///
    /// # Errors
    ///
    /// [`Error::DataDirectory`] or [`Error::Damaged`], naming the file.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Self, Error> {
        let path = folder.join(name);
        let value = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|source| Error::Damaged { path: path.clone(), source })?,
            Err(why) if why.kind() == io::ErrorKind::NotFound => T::default(),
            Err(source) => return Err(Error::DataDirectory { path, source }),
        };
        Ok(Self {
            path,
            value: RwLock::new(Arc::new(value)),
            changing: tokio::sync::Mutex::new(()),
        })
    }

    /// The value now.
    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a copy, writes it, and shows it to readers only then. A `change` that refuses, and
    /// a file that cannot be written, leave everything as it was.
    ///
    /// # Errors
    ///
    /// What `change` answers, or [`Error::DataDirectory`] by way of `E`.
    pub(crate) async fn change<R, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let _alone = self.changing.lock().await;
        let mut next = T::clone(&self.get());
        let answer = change(&mut next)?;
        let text = serde_json::to_vec_pretty(&next)
            .map_err(|source| Error::Damaged { path: self.path.clone(), source })?;
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || replace(&path, &text)).await;
        written
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map_err(|source| Error::DataDirectory { path: self.path.clone(), source })?;
        *self.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(answer)
    }
}

/// Replaces a file whole: after a crash it holds the old text or the new one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_changed_is_read_back_and_a_refusal_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::<Vec<u32>>::open(folder.path(), "numbers.json").unwrap();
        kept.change(|numbers| {
            numbers.push(7);
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
        let refused = kept
            .change(|numbers| {
                numbers.push(8);
                Err::<(), _>(Error::Setting { setting: "x", problem: "no".to_owned() })
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(*kept.get(), [7]);
        let again = Kept::<Vec<u32>>::open(folder.path(), "numbers.json").unwrap();
        assert_eq!(*again.get(), [7]);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("numbers.json"), "[1,").unwrap();
        let error = Kept::<Vec<u32>>::open(folder.path(), "numbers.json").unwrap_err();
        assert!(error.to_string().contains("numbers.json"), "{error}");
    }
}
