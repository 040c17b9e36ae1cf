//! Four clients hand over batches of 500 tutorial records and wait until each is committed; one
//! writer commits whatever waits, for all of them. The same with redb and with SQLite, as people
//! would use them for this.

mod stores;

use std::{
    hint::black_box,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firehose_journal::{Durability, Journal};
use stores::{JournalStore, RedbStore, SqliteStore, Store};

const CLIENTS: usize = 4;
const BATCH: usize = 500;
/// As the tutorial's record in JSON.
const RECORD_BYTES: usize = 108;
/// Batches that one commit takes at the most.
const MOST: usize = 256;

type Put = (Vec<u8>, mpsc::SyncSender<()>);

/// Has `batches` committed, by four clients that wait for each of theirs.
fn run(store: &mut dyn Store, batches: u64) -> Duration {
    let (queue, puts) = mpsc::sync_channel::<Put>(CLIENTS);
    let began = Instant::now();
    thread::scope(|scope| {
        for client in 0..CLIENTS as u64 {
            let queue = queue.clone();
            let own = batches / CLIENTS as u64 + u64::from(client < batches % CLIENTS as u64);
            scope.spawn(move || {
                let (done, committed) = mpsc::sync_channel(1);
                for _ in 0..own {
                    let batch = vec![b'r'; BATCH * RECORD_BYTES];
                    queue.send((batch, done.clone())).expect("the writer lives");
                    committed.recv().expect("the writer answers");
                }
            });
        }
        drop(queue);
        while let Ok(first) = puts.recv() {
            let mut group = vec![first];
            group.extend(puts.try_iter().take(MOST - 1));
            store.commit(&mut group.iter().map(|(batch, _)| batch.as_slice()));
            group.into_iter().for_each(|(_, done)| done.send(()).expect("the client waits"));
        }
    });
    began.elapsed()
}

fn commits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("commit");
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    group.measurement_time(Duration::from_secs(5));
    type Make = fn(&std::path::Path) -> Box<dyn Store>;
    let table: [(&str, Make); 5] = [
        ("journal, sync", |d| Box::new(JournalStore::new(d, Durability::Sync))),
        ("journal, interval", |d| {
            Box::new(JournalStore::new(d, Durability::Interval(Duration::from_millis(50))))
        }),
        ("journal, process", |d| Box::new(JournalStore::new(d, Durability::Process))),
        ("redb, immediate", |d| Box::new(RedbStore::new(d))),
        ("SQLite, WAL and FULL", |d| Box::new(SqliteStore::new(d))),
    ];
    for (name, make) in table {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = make(directory.path());
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|batches| run(&mut *store, batches));
        });
    }
    group.finish();
}

/// Reads a segment of 64 MiB back, checksums and all.
fn recovery(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = Journal::open(directory.path(), Durability::Process).expect("a journal");
    let mut segment = journal.begin(b"header").expect("a segment");
    let batch = vec![b'r'; BATCH * RECORD_BYTES];
    let frames = (64 << 20) / batch.len();
    for _ in 0..frames {
        segment.append(&batch).expect("an open segment");
    }
    let id = segment.seal().expect("room on the disk");
    let mut group = criterion.benchmark_group("recovery");
    group.throughput(Throughput::Bytes((frames * batch.len()) as u64)).sample_size(20);
    group.bench_function("journal", |bencher| {
        bencher.iter(|| {
            let found = journal.read(id).expect("the segment");
            assert_eq!(black_box(&found).frames().count(), frames);
        });
    });
    group.finish();
}

criterion_group!(benches, commits, recovery);
criterion_main!(benches);
