//! Any sequence of operations against a model: what is found after each reopening is what the
//! model says, frame by frame.
//!
//! proptest prints the sequence that fails, and keeps its seed beside this file.

use std::{collections::BTreeMap, path::Path};

use firehose_journal::{Disk, DiskFile, Durability, Error, Files, Journal, Segment, SegmentId};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Operation {
    Begin(Vec<u8>),
    Append(Vec<u8>),
    Commit,
    Seal,
    RemoveOldest,
    Reopen,
    /// Bytes that the disk says it has left, for a journal that reserves 100.
    Left(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        1 => bytes().prop_map(Operation::Begin),
        6 => bytes().prop_map(Operation::Append),
        4 => Just(Operation::Commit),
        1 => Just(Operation::Seal),
        1 => Just(Operation::RemoveOldest),
        1 => Just(Operation::Reopen),
        1 => prop_oneof![Just(u64::MAX), 0..600_u64].prop_map(Operation::Left),
    ]
}

/// What a segment holds for sure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model {
    header: Option<Vec<u8>>,
    frames: Vec<Vec<u8>>,
    sealed: bool,
}

/// The system's files, with as much left as the test says.
#[derive(Debug, Clone)]
struct Measured(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl Measured {
    fn set(&self, left: u64) {
        self.0.store(left, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Disk for Measured {
    type File = std::fs::File;
    type Lock = std::fs::File;

    fn lock(&self, path: &Path) -> std::io::Result<Option<std::fs::File>> {
        Files.lock(path)
    }
    fn create_directory(&self, path: &Path) -> std::io::Result<()> {
        Files.create_directory(path)
    }
    fn create(&self, path: &Path) -> std::io::Result<std::fs::File> {
        Files.create(path)
    }
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        Files.read(path)
    }
    fn list(&self, directory: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
        Files.list(directory)
    }
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        Files.rename(from, to)
    }
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        Files.remove(path)
    }
    fn sync_directory(&self, path: &Path) -> std::io::Result<()> {
        Files.sync_directory(path)
    }
    fn available(&self, _: &Path) -> std::io::Result<Option<u64>> {
        Ok(Some(self.0.load(std::sync::atomic::Ordering::Relaxed)))
    }
}

/// A journal, its open segment with what waits for a commit, and what the model says.
struct Run<'a> {
    directory: &'a Path,
    disk: Measured,
    journal: Option<Journal<Measured>>,
    open: Option<(Segment<Measured>, Model, Vec<Vec<u8>>)>,
    kept: BTreeMap<SegmentId, Model>,
}

impl<'a> Run<'a> {
    fn new(directory: &'a Path) -> Self {
        let disk = Measured(std::sync::Arc::default());
        disk.set(u64::MAX);
        let mut run = Self { directory, disk, journal: None, open: None, kept: BTreeMap::new() };
        run.reopen();
        run
    }

    fn journal(&self) -> &Journal<Measured> {
        self.journal.as_ref().expect("an open journal")
    }

    fn step(&mut self, operation: Operation) {
        match operation {
            Operation::Begin(header) => self.begin(header),
            Operation::Append(payload) => {
                if let Some((segment, _, waiting)) = &mut self.open {
                    segment.append(&payload).expect("an append is in memory");
                    waiting.push(payload);
                }
            }
            Operation::Commit => self.commit(),
            Operation::Seal => self.seal(),
            Operation::RemoveOldest => {
                let open = self.open.as_ref().map(|(segment, ..)| segment.id());
                let oldest = self.kept.keys().find(|id| Some(**id) != open).copied();
                if let Some(id) = oldest {
                    self.journal().remove(id).expect("a segment is removed");
                    self.kept.remove(&id);
                }
            }
            Operation::Reopen => self.reopen(),
            Operation::Left(bytes) => self.disk.set(bytes),
        }
    }

    fn begin(&mut self, header: Vec<u8>) {
        match self.journal().begin(&header) {
            Ok(segment) => {
                self.kept.insert(segment.id(), Model::default());
                let model = Model { header: Some(header), ..Model::default() };
                self.open = Some((segment, model, Vec::new()));
            }
            Err(why) => assert!(matches!(why, Error::Reserve { .. }), "{why}"),
        }
    }

    fn commit(&mut self) {
        let Some((mut segment, mut model, mut waiting)) = self.open.take() else { return };
        match segment.commit() {
            Ok(()) => {
                model.frames.append(&mut waiting);
                self.kept.insert(segment.id(), model.clone());
                self.open = Some((segment, model, waiting));
            }
            Err(why) => {
                assert!(matches!(why, Error::Reserve { .. }), "{why}");
                // Of a segment without a header nothing is left; another takes what comes.
                if !segment.is_poisoned() {
                    self.open = Some((segment, model, Vec::new()));
                }
            }
        }
    }

    fn seal(&mut self) {
        let Some((segment, mut model, mut waiting)) = self.open.take() else { return };
        let id = segment.id();
        match segment.seal() {
            Ok(_) => {
                model.frames.append(&mut waiting);
                model.sealed = true;
                self.kept.insert(id, model);
            }
            Err(why) => assert!(matches!(why, Error::Reserve { .. }), "{why}"),
        }
    }

    /// The process dies and another looks.
    fn reopen(&mut self) {
        self.open = None;
        self.journal = None;
        let journal = Journal::open_on(self.disk.clone(), self.directory, Durability::Sync);
        let journal = journal.expect("a journal").with_reserve(100);
        let ids: Vec<SegmentId> = journal.recovered().collect();
        assert_eq!(ids, self.kept.keys().copied().collect::<Vec<_>>());
        for id in ids {
            let found = journal.read(id).expect("a segment");
            assert_eq!(found.damage(), None);
            let found = Model {
                header: found.header().map(<[u8]>::to_vec),
                frames: found.frames().map(<[u8]>::to_vec).collect(),
                sealed: found.is_sealed(),
            };
            assert_eq!(Some(&found), self.kept.get(&id));
        }
        self.journal = Some(journal);
    }
}

proptest! {
    #[test]
    fn what_is_found_is_what_was_committed(
        operations in prop::collection::vec(operation(), 1..60)
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let mut run = Run::new(directory.path());
        for operation in operations {
            run.step(operation);
        }
        run.reopen();
    }
}

/// What is synced or not is no business of a live file; the trait is used as it is written.
#[test]
fn a_file_of_the_system_takes_bytes_at_its_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut file = Files.create(&directory.path().join("file")).expect("a file");
    DiskFile::write(&mut file, b"one ").expect("written");
    DiskFile::write(&mut file, b"two").expect("written");
    DiskFile::sync(&mut file).expect("synced");
    assert_eq!(Files.read(&directory.path().join("file")).expect("read"), b"one two");
    assert!(Files.available(directory.path()).expect("known").is_some_and(|bytes| bytes > 0));
}
