//! Where a stream keeps what it has accepted.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use firehose_journal::{Disk, Durability, Files, Journal};
use object_store::ObjectStore;

use super::writer::{Log, Writer};
use crate::{DeliveryStreamConfig, Error};

type Open = dyn Fn(&Path, Durability, Option<u64>) -> Result<Box<dyn Log>, firehose_journal::Error>
    + Send
    + Sync;

/// A stream's configuration and store.
pub type Place = (DeliveryStreamConfig, Arc<dyn ObjectStore>);

type Find = dyn Fn(&str) -> Result<Place, Error> + Send + Sync;

/// Where a stream keeps the records that it has accepted until their objects stand in the store.
///
/// A record is acknowledged when it is as safe as the [`Durability`] says. What is found in the
/// directory when the stream is opened is delivered first, under the keys that it was accepted
/// for, so that an object that was put already is overwritten, not doubled.
///
/// ```
/// use std::sync::Arc;
/// use firehose_delivery::{Clock, DeliveryStream, DeliveryStreamConfig, Durability, Journaling};
/// use object_store::memory::InMemory;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path();
/// let journaling = Journaling::new(directory, Durability::Sync);
/// let config = DeliveryStreamConfig::new("PUT-S3-qrZbv");
/// let store = Arc::new(InMemory::new());
/// let stream = DeliveryStream::open_journaled(config, store, Clock::system(), journaling).await?;
/// stream.put_batch(&["kept".into()]).await?; // on the disk now
/// # stream.close().await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Journaling {
    directory: PathBuf,
    durability: Durability,
    reserve: Option<u64>,
    only_recovers: bool,
    open: Arc<Open>,
    find: Option<Arc<Find>>,
}

impl Journaling {
    /// A journal in this directory, which belongs to the stream alone and is made if need be.
    pub fn new(directory: impl Into<PathBuf>, durability: Durability) -> Self {
        Self::on_disk(Files, directory, durability)
    }

    /// A journal on another file system than the system's own: a simulated one, or one with
    /// faults.
    pub fn on_disk<D: Disk + Clone>(
        disk: D,
        directory: impl Into<PathBuf>,
        durability: Durability,
    ) -> Self {
        let open = move |directory: &Path, durability, reserve: Option<u64>| {
            let journal = Journal::open_on(disk.clone(), directory, durability)?;
            let reserve = reserve.unwrap_or_else(|| usual_reserve(&disk, directory));
            Ok(Box::new(Writer::new(journal.with_reserve(reserve))) as Box<dyn Log>)
        };
        Self {
            directory: directory.into(),
            durability,
            reserve: None,
            only_recovers: false,
            open: Arc::new(open),
            find: None,
        }
    }

    /// Sets how many bytes stay free on the journal's disk: puts are refused instead, so that
    /// deliveries can go on. Without it: 64 MiB, or an eighth of what is free when the stream is
    /// opened if that is less.
    #[must_use]
    pub fn reserving(mut self, bytes: u64) -> Self {
        self.reserve = Some(bytes);
        self
    }

    /// Delivers what is found in the journal, and keeps what is put from now on in memory alone.
    #[must_use]
    pub fn only_recovering(mut self) -> Self {
        self.only_recovers = true;
        self
    }

    /// Sets how the destination is found that records were accepted for, by the
    /// [note](DeliveryStreamConfig::noted_as) of the configuration that held then. Without it they
    /// go where the stream is opened to deliver to.
    #[must_use]
    pub fn finding_destinations_by(
        mut self,
        find: impl Fn(&str) -> Result<Place, Error> + Send + Sync + 'static,
    ) -> Self {
        self.find = Some(Arc::new(find));
        self
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What an acknowledged record survives.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Whether nothing is to be written.
    pub(crate) fn only_recovers(&self) -> bool {
        self.only_recovers
    }

    /// Opens one of the stream's logs.
    pub(crate) fn open(&self, name: &str) -> Result<Box<dyn Log>, firehose_journal::Error> {
        (self.open)(&self.directory.join(name), self.durability, self.reserve)
    }

    /// The destination of records that were accepted under `note`.
    pub(crate) fn find(&self, note: &str) -> Option<Result<Place, Error>> {
        self.find.as_ref().map(|find| find(note))
    }
}

impl fmt::Debug for Journaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journaling")
            .field("directory", &self.directory)
            .field("durability", &self.durability)
            .field("reserve", &self.reserve)
            .field("only_recovers", &self.only_recovers)
            .finish_non_exhaustive()
    }
}

/// What is left free unless somebody says otherwise.
fn usual_reserve<D: Disk>(disk: &D, directory: &Path) -> u64 {
    const MOST: u64 = 64 << 20;
    match disk.available(directory) {
        Ok(Some(available)) => MOST.min(available / 8),
        _ => 0,
    }
}
