//! The backup of a stream: a second state, with tasks of its own, that takes the same batches.
//!
//! The lock of a stream is taken before that of its backup, never after it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use firehose_sink::Record;
use tokio::time::Instant;

use super::{Admission, Commit, Shared, State, Terms};
use crate::{
    Backup, Error,
    worker::{Launcher, OpenLog},
};

impl Terms {
    pub(crate) fn of_backup(backup: &Backup) -> Result<Self, Error> {
        Self::new(&backup.config, Arc::clone(&backup.store))
    }
}

impl Shared {
    /// The backup, once there is one.
    pub(crate) fn backup(&self) -> Option<Arc<Self>> {
        self.lock().backup.clone()
    }

    /// Backs up the records that are put from now on.
    pub(crate) fn back_up(&self, backup: Terms, log: Option<OpenLog>, launcher: &Launcher) {
        self.lock().back_up(backup, log, launcher);
    }

    /// Takes a batch as it came, whole or not at all; otherwise says what is to be done about it.
    pub(super) fn admit_raw(
        &self,
        now: Instant,
        arrival: DateTime<Utc>,
        batch: &[Record],
        bytes: usize,
    ) -> Result<Option<Commit>, Admission> {
        let mut state = self.lock();
        if !state.has_room(bytes) {
            return Err(self.make_room(&mut state, now, arrival));
        }
        let before = state.begin_batch();
        let opened = state.accept_all(now, arrival, batch);
        let commit = state.end_batch(&before, arrival);
        if opened {
            self.opened.notify_one();
        }
        Ok(commit)
    }
}

impl State {
    /// Changes the backup, or starts it.
    pub(super) fn back_up(&mut self, terms: Terms, log: Option<OpenLog>, launcher: &Launcher) {
        match &self.backup {
            Some(backup) => backup.update(terms, None, launcher),
            None => self.backup = Some(launcher.launch(terms, log)),
        }
    }
}
