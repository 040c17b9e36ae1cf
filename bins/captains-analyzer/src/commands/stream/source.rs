//! Where records come from.

use std::io::{self, BufRead};
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use chrono::Utc;
use s3_parquet_reader::{Checkpoint, MemoryCheckpoint, ParquetSet, Watch, WatchOptions};
use tokio::sync::mpsc;

use super::kinesis::{self, KinesisReader};
use super::shards::StreamRecord;
use crate::args::{Shared, StreamArgs, StreamSource};

/// The longest line of stdin.
const LINE_BYTES: usize = 16 << 20;
/// Batches of lines that may wait.
const WAITING: usize = 4;

/// What came.
#[derive(Debug, PartialEq)]
pub(super) enum Arrived {
    /// Records of JSON, perhaps none.
    Records(Vec<StreamRecord>),
    /// The rows of an object.
    Rows(Vec<RecordBatch>),
    /// Nothing more comes.
    End,
}

pub(super) enum Source {
    Kinesis(Box<KinesisReader>),
    Objects(Box<Objects>),
    Stdin(mpsc::Receiver<io::Result<Vec<StreamRecord>>>),
}

/// Objects as they arrive. What was read is kept by the query, so it is acknowledged at once, in
/// memory; the query's checkpoint holds the watch's.
pub(super) struct Objects {
    watch: Watch,
    seen: MemoryCheckpoint,
}

impl Source {
    /// Begins, or goes on from a position.
    pub(super) async fn open(
        shared: &Shared,
        args: &StreamArgs,
        position: Option<&[u8]>,
    ) -> anyhow::Result<Self> {
        match &args.source {
            StreamSource::Kinesis(stream) => {
                let config = kinesis::configuration(shared).await?;
                let mut reader = KinesisReader::new(&config, stream, args.start, args.every());
                if let Some(position) = position {
                    reader.resume(position)?;
                }
                Ok(Self::Kinesis(Box::new(reader)))
            }
            StreamSource::Objects(location) => {
                let set = ParquetSet::open(location, &shared.options()).await?;
                let seen = MemoryCheckpoint::default();
                if let Some(position) = position {
                    let kept = seen.save(Bytes::copy_from_slice(position)).await;
                    kept.map_err(|error| anyhow::anyhow!("{error}"))?;
                }
                let mut options = WatchOptions::default().with_poll_every(args.every());
                if let Some(idle) = args.idle_exit {
                    options = options.with_idle_for(idle);
                }
                let watch = set.watch(Arc::new(seen.clone()), options).await?;
                Ok(Self::Objects(Box::new(Objects { watch, seen })))
            }
            StreamSource::Stdin => Ok(Self::Stdin(stdin())),
        }
    }

    /// What comes next.
    pub(super) async fn next(&mut self) -> anyhow::Result<Arrived> {
        match self {
            Self::Kinesis(reader) => Ok(Arrived::Records(reader.next().await?)),
            Self::Objects(objects) => match objects.watch.next().await? {
                Some(arrived) => {
                    objects.watch.acknowledge([&arrived]).await?;
                    Ok(Arrived::Rows(arrived.into_batches()))
                }
                None => Ok(Arrived::End),
            },
            Self::Stdin(lines) => match lines.recv().await {
                Some(lines) => Ok(Arrived::Records(lines?)),
                None => Ok(Arrived::End),
            },
        }
    }

    /// Whether there is nothing more at the moment, as far as one can know.
    pub(super) fn is_caught_up(&self) -> bool {
        match self {
            Self::Kinesis(reader) => reader.is_caught_up(),
            Self::Objects(_) | Self::Stdin(_) => true,
        }
    }

    /// How far it was read; none for a source that cannot be read again.
    pub(super) async fn position(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        match self {
            Self::Kinesis(reader) => reader.position().map(Some),
            Self::Objects(objects) => {
                let seen = objects.seen.load().await.map_err(|error| anyhow::anyhow!("{error}"))?;
                Ok(seen.map(|seen| seen.to_vec()))
            }
            Self::Stdin(_) => Ok(None),
        }
    }
}

/// The lines of stdin, as they come; reading it blocks, so it has a thread of its own.
fn stdin() -> mpsc::Receiver<io::Result<Vec<StreamRecord>>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        let read = lines(io::stdin().lock(), |lines| sender.blocking_send(Ok(lines)).is_ok());
        if let Err(error) = read {
            // Nobody waits for it any more if this fails.
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

/// Passes lines as soon as they are there, until `pass` has had enough.
fn lines(
    mut input: impl BufRead,
    mut pass: impl FnMut(Vec<StreamRecord>) -> bool,
) -> io::Result<()> {
    let mut begun: Vec<u8> = Vec::new();
    loop {
        let read = input.fill_buf()?;
        let (length, is_end) = (read.len(), read.is_empty());
        begun.extend_from_slice(read);
        input.consume(length);
        // What was there before has no end of a line.
        let before = begun.len() - length;
        let new = begun.get(before..).unwrap_or_default();
        let whole = match new.iter().rposition(|byte| *byte == b'\n') {
            _ if is_end => begun.len(),
            Some(at) => before + at + 1,
            None if begun.len() > LINE_BYTES => return Err(too_long()),
            None => continue,
        };
        let rest = begun.split_off(whole);
        let text = Bytes::from(std::mem::replace(&mut begun, rest));
        let arrival = Utc::now().timestamp_millis();
        let filled = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let records: Vec<StreamRecord> =
            filled.map(|line| StreamRecord::new(text.slice_ref(line), arrival, "")).collect();
        if (!records.is_empty() && !pass(records)) || is_end {
            return Ok(());
        }
    }
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a line of stdin is longer than 16 MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_come() {
        let input = b"{\"a\":1}\n\n  \n{\"a\":22}\r\n{\"a\":3}";
        for capacity in [1, 3, 100] {
            let mut all = Vec::new();
            let reader = io::BufReader::with_capacity(capacity, &input[..]);
            lines(reader, |lines| {
                all.extend(lines.iter().map(|line| line.data.trim_ascii().to_vec()));
                true
            })
            .unwrap();
            assert_eq!(all, [&b"{\"a\":1}"[..], b"{\"a\":22}", b"{\"a\":3}"], "{capacity}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let endless = io::BufReader::new(io::repeat(b'a'));
        let error = lines(endless, |_| true).unwrap_err();
        assert!(error.to_string().contains("16 MiB"));
    }
}
