//! A process that dies with records in its hands, and the one that comes after it.

use std::{error::Error, io::Write};

use firehose_journal::{Durability, Journal};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let mut out = std::io::stdout();

    let journal = Journal::open(directory.path(), Durability::Sync)?;
    let mut segment = journal.begin(b"ratings2022/01/08/06/one.parquet")?;
    for record in ["first", "second", "third"] {
        segment.append(record.as_bytes())?;
    }
    segment.commit()?;
    segment.append(b"never acknowledged")?;
    // What was appended and not committed goes with the process.
    drop((segment, journal));

    let journal = Journal::open(directory.path(), Durability::Sync)?;
    for id in journal.recovered() {
        let found = journal.read(id)?;
        let key = String::from_utf8_lossy(found.header().unwrap_or_default()).into_owned();
        let records: Vec<_> = found.frames().map(String::from_utf8_lossy).collect();
        writeln!(out, "to be delivered as {key}: {}", records.join(", "))?;
        journal.remove(id)?;
    }
    writeln!(out, "left over: {}", journal.directory().read_dir()?.count() - 1)?;
    Ok(())
}
