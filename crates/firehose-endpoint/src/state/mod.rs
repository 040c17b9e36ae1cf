//! What the endpoint knows: names to handles. Plain structs, no HTTP.

mod catalog;
mod data_streams;
mod delivery_streams;
mod journals;
mod kept;
mod scoped;

use std::{path::Path, sync::Arc};

use firehose_delivery::Durability;
use object_directory::Buckets;

#[cfg(test)]
pub(crate) use self::delivery_streams::Counted;
pub(crate) use self::{
    catalog::{Catalog, Database, Databases, Table, TableColumns, TableVersion},
    data_streams::{DataStreamRecord, DataStreams, LiveDataStream, stream_settings},
    delivery_streams::{
        Calls, DeliveryStreams, Encryption, FlushAnswer, Live, SourceRecord, StreamRecord,
        StreamStatus,
    },
    journals::Journals,
    kept::Kept,
    scoped::{Named, Scoped},
};
use crate::{Error, fault::Faults, settings::Settings};

/// Everything that the doors share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) data_streams: DataStreams,
    pub(crate) streams: DeliveryStreams,
    pub(crate) journals: Journals,
    pub(crate) buckets: Buckets,
    pub(crate) faults: Faults,
}

impl State {
    /// Reads back what is kept in `data_dir`. Streams take no records yet.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, by name.
    pub(crate) async fn open(settings: Settings, data_dir: &Path) -> Result<Self, Error> {
        let folder = data_dir.join(OWN_FOLDER);
        // An object has to be on the disk before the journal forgets its records.
        let fsync = matches!(settings.durability, Some(Durability::Sync | Durability::Interval(_)));
        let buckets = Buckets::new(data_dir).with_own_folder(OWN_FOLDER).with_fsync(fsync);
        buckets.remove_leftovers().await.map_err(Error::Buckets)?;
        Ok(Self {
            catalog: Arc::new(Catalog::open(&folder).await?),
            data_streams: DataStreams::open(&folder, &settings)?,
            streams: DeliveryStreams::open(&folder)?,
            journals: Journals::new(folder.join("journals"), settings.durability),
            buckets,
            faults: Faults::new(settings.faults.clone()),
            settings,
        })
    }

    /// Forgets streams, catalogue and buckets, and drops what is buffered.
    ///
    /// # Errors
    ///
    /// What could not be removed.
    pub(crate) async fn reset(&self) -> Result<(), Error> {
        self.streams.reset().await?;
        self.data_streams.reset().await?;
        self.catalog.reset().await?;
        self.buckets.clear().await.map_err(Error::Buckets)
    }
}

/// The endpoint's own files in the data directory; no bucket can have this name.
pub(crate) const OWN_FOLDER: &str = ".firehose-local";
