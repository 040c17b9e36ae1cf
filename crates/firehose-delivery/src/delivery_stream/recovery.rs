//! Opening the logs of a stream, and finding out where the records in them go.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use object_store::ObjectStore;

use crate::{
    DeliveryStreamConfig, Error, Journaling, Trigger,
    buffers::Filing,
    deliver::Destination,
    journal::{
        Book, Logged, Op,
        recovery::{self, Found, FoundBuffer},
    },
    lambda::SealedRaw,
    state::Terms,
    worker::{OpenLog, Recovered, Sealed},
};

/// Which of a stream's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Stream,
    Backup,
}

impl Which {
    /// The log's directory in that of the stream's journal.
    fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Backup => "backup",
        }
    }
}

/// What a stream's logs are opened with.
#[derive(Debug, Clone)]
pub(super) struct Opener {
    pub(super) stream: Arc<str>,
    pub(super) journaling: Journaling,
}

impl Opener {
    /// Opens one log and finds the destinations of what is in it. Blocks.
    ///
    /// # Errors
    ///
    /// A log that cannot be opened or read; a destination that cannot be found any more.
    pub(super) fn open(
        &self,
        which: Which,
        terms: &Terms,
        config: &DeliveryStreamConfig,
        store: &Arc<dyn ObjectStore>,
        now: DateTime<Utc>,
    ) -> Result<OpenLog, Error> {
        let recovery::Opened { mut log, found } =
            recovery::open(&self.stream, &self.journaling, which.name())?;
        let Found { buffers, empty, marks, damage, next_segment, next_buffer } = found;
        for damage in damage {
            tracing::error!(
                stream = &*self.stream,
                lost_frames = damage.lost_frames,
                kept_as = %damage.kept_as.display(),
                "the journal is damaged: records that were acknowledged are missing"
            );
        }
        // What holds nothing undelivered goes at once.
        log.run(vec![Op::Forget(empty)]).map_err(|source| self.failed(source))?;
        let mut book = Book::new(terms.header(), next_segment, next_buffer);
        book.writes = !self.journaling.only_recovers();
        let mut records = 0;
        let mut destinations = Destinations { opener: self, which, known: HashMap::new() };
        let mut recovered = Recovered::default();
        for buffer in buffers {
            book.found(&buffer.segments, buffer.records.bytes() as u64);
            let destination = destinations.find(&buffer.note, config, store)?;
            records += buffer.records.len();
            match buffer.head.raw {
                true => recovered.raw.push(raw(buffer, destination)),
                false => recovered.sealed.push(sealed(buffer, destination, now)),
            }
        }
        book.found_marks(&marks);
        if records > 0 {
            tracing::info!(stream = &*self.stream, records, "found in the journal");
        }
        Ok(OpenLog { log, book, recovered })
    }

    fn failed(&self, source: firehose_journal::Error) -> Error {
        Error::Journal { stream: self.stream.to_string(), source }
    }
}

/// Destinations by the notes of the configurations that held when records were accepted.
struct Destinations<'a> {
    opener: &'a Opener,
    which: Which,
    known: HashMap<String, Arc<Destination>>,
}

impl Destinations<'_> {
    fn find(
        &mut self,
        note: &str,
        config: &DeliveryStreamConfig,
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Arc<Destination>, Error> {
        if let Some(known) = self.known.get(note) {
            return Ok(Arc::clone(known));
        }
        let found = match self.opener.journaling.find(note) {
            Some(found) => self.chosen(found?)?,
            None => Terms::new(config, Arc::clone(store))?,
        };
        let destination = Arc::new(found.into_destination());
        self.known.insert(note.to_owned(), Arc::clone(&destination));
        Ok(destination)
    }

    fn chosen(
        &self,
        (config, store): (DeliveryStreamConfig, Arc<dyn ObjectStore>),
    ) -> Result<Terms, Error> {
        match (self.which, &config.backup) {
            (Which::Backup, Some(backup)) => Terms::of_backup(backup),
            _ => Terms::new(&config, store),
        }
    }
}

fn raw(found: FoundBuffer, destination: Arc<Destination>) -> SealedRaw {
    SealedRaw {
        // A stream with a source keeps no journal: it reads again.
        origins: Vec::new(),
        id: found.head.object_id,
        records: found.records,
        numbers: found.numbers,
        oldest: found.oldest,
        destination,
        logged: Logged::recovered(found.head.number, found.segments),
    }
}

fn sealed(found: FoundBuffer, destination: Arc<Destination>, now: DateTime<Utc>) -> Sealed {
    let keys = found.keys();
    let partition = match found.filing() {
        Filing::Partition(keys) => Some(keys),
        Filing::Whole | Filing::Failed(_) => None,
    };
    Sealed {
        oldest: found.oldest,
        sealed_at: now,
        first_number: found.numbers.first().copied().unwrap_or(0),
        numbers: found.numbers,
        partition,
        failures: found.failures,
        trigger: Trigger::Recovery,
        destination,
        object_id: found.head.object_id,
        error_id: found.head.error_id,
        keys,
        schema_version: found.head.schema_version,
        logged: Logged::recovered(found.head.number, found.segments),
        records: found.records,
    }
}
