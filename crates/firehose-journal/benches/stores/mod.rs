//! The journal and what could stand in its place, each committing a group of batches at once.

use std::{path::Path, time::Instant};

use firehose_journal::{Durability, Journal, Segment};
use redb::{Database, TableDefinition};
use rusqlite::Connection;

/// A segment goes at this size, as a buffer of Firehose does.
const SEGMENT_BYTES: usize = 64 << 20;

pub(crate) trait Store {
    /// Returns when all of these are committed.
    fn commit(&mut self, batches: &mut dyn Iterator<Item = &[u8]>);
}

/// A frame for each batch; a segment is removed when it is full, as if it were delivered.
pub(crate) struct JournalStore {
    journal: Journal,
    segment: Option<Segment>,
    bytes: usize,
}

impl JournalStore {
    pub(crate) fn new(directory: &Path, durability: Durability) -> Self {
        let journal = Journal::open(directory, durability).expect("a journal");
        Self { journal, segment: None, bytes: 0 }
    }
}

impl Store for JournalStore {
    fn commit(&mut self, batches: &mut dyn Iterator<Item = &[u8]>) {
        let begin = || self.journal.begin(b"header").expect("a segment");
        let segment = self.segment.get_or_insert_with(begin);
        for batch in batches {
            segment.append(batch).expect("an open segment");
            self.bytes += batch.len();
        }
        segment.commit().expect("room on the disk");
        if segment.sync_due().is_some_and(|due| due <= Instant::now()) {
            segment.sync().expect("a disk");
        }
        if self.bytes >= SEGMENT_BYTES
            && let Some(full) = self.segment.take()
        {
            self.bytes = 0;
            let id = full.seal().expect("room on the disk");
            self.journal.remove(id).expect("the segment");
        }
    }
}

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("batches");

/// A row for each batch; rows are removed in the same amounts as segments are.
pub(crate) struct RedbStore {
    database: Database,
    next: u64,
    bytes: usize,
}

impl RedbStore {
    pub(crate) fn new(directory: &Path) -> Self {
        let database = Database::create(directory.join("redb")).expect("a database");
        Self { database, next: 0, bytes: 0 }
    }
}

impl Store for RedbStore {
    fn commit(&mut self, batches: &mut dyn Iterator<Item = &[u8]>) {
        let write = self.database.begin_write().expect("a transaction");
        {
            let mut table = write.open_table(TABLE).expect("a table");
            for batch in batches {
                table.insert(self.next, batch).expect("a row");
                self.next += 1;
                self.bytes += batch.len();
            }
            if self.bytes >= SEGMENT_BYTES {
                table.retain(|_, _| false).expect("rows");
                self.bytes = 0;
            }
        }
        write.commit().expect("room on the disk");
    }
}

/// The same in SQLite.
pub(crate) struct SqliteStore {
    connection: Connection,
    bytes: usize,
}

impl SqliteStore {
    pub(crate) fn new(directory: &Path) -> Self {
        let connection = Connection::open(directory.join("sqlite")).expect("a database");
        connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        connection.pragma_update(None, "synchronous", "FULL").expect("FULL");
        let create = "CREATE TABLE batches (id INTEGER PRIMARY KEY, batch BLOB NOT NULL)";
        connection.execute(create, ()).expect("a table");
        Self { connection, bytes: 0 }
    }
}

impl Store for SqliteStore {
    fn commit(&mut self, batches: &mut dyn Iterator<Item = &[u8]>) {
        let transaction = self.connection.transaction().expect("a transaction");
        for batch in batches {
            let insert = "INSERT INTO batches (batch) VALUES (?1)";
            transaction
                .prepare_cached(insert)
                .and_then(|mut row| row.execute([batch]))
                .expect("a row");
            self.bytes += batch.len();
        }
        if self.bytes >= SEGMENT_BYTES {
            transaction.execute("DELETE FROM batches", ()).expect("rows");
            self.bytes = 0;
        }
        transaction.commit().expect("room on the disk");
    }
}
