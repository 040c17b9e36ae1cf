//! What is kept of named things, by account and region and by name.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};

use super::Kept;
use crate::{Error, protocol::Caller};

/// Something with a name that is deleted at some time.
pub(crate) trait Named:
    Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Whether its deletion is over.
    fn is_gone(&self, now: DateTime<Utc>) -> bool;
}

type Records<R> = BTreeMap<String, BTreeMap<String, R>>;

/// Records by scope (account and region) and name, in a file.
#[derive(Debug)]
pub(crate) struct Scoped<R>(Kept<Records<R>>);

impl<R: Named> Scoped<R> {
    /// Reads them back from the file `name` in `folder`.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn open(folder: &Path, name: &str) -> Result<Self, Error> {
        Ok(Self(Kept::open(folder, name)?))
    }

    /// Every one, whatever its account and region, that is not gone at `now`.
    pub(crate) fn all(&self, now: DateTime<Utc>) -> Vec<R> {
        let records = self.0.get();
        let present = records.values().flat_map(BTreeMap::values);
        present.filter(|record| !record.is_gone(now)).cloned().collect()
    }

    /// Those of the caller, in order of their names.
    pub(crate) fn of(&self, caller: &Caller, now: DateTime<Utc>) -> Vec<R> {
        let records = self.0.get();
        let present = records.get(&caller.scope()).into_iter().flat_map(BTreeMap::values);
        present.filter(|record| !record.is_gone(now)).cloned().collect()
    }

    /// One of them.
    pub(crate) fn find(&self, caller: &Caller, name: &str, now: DateTime<Utc>) -> Option<R> {
        let records = self.0.get();
        let found = records.get(&caller.scope())?.get(name)?;
        (!found.is_gone(now)).then(|| found.clone())
    }

    /// Changes those of the caller, and keeps the change.
    ///
    /// # Errors
    ///
    /// What `change` answers, and a file that cannot be written; then nothing is changed.
    pub(crate) async fn change<T, E: From<Error>>(
        &self,
        caller: &Caller,
        change: impl FnOnce(&mut BTreeMap<String, R>) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        let scope = caller.scope();
        self.0.change(|records| change(records.entry(scope).or_default())).await
    }

    /// Forgets all.
    ///
    /// # Errors
    ///
    /// The file cannot be written; then they stay.
    pub(super) async fn clear(&self) -> Result<(), Error> {
        self.0
            .change(|records| {
                records.clear();
                Ok(())
            })
            .await
    }
}
