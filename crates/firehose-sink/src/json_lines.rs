//! A sink that writes lines: to stdout, to a file, to any [`Write`].
//!
//! It does not look into the records; whoever wants JSON lines sends JSON without line breaks.

use std::{
    fmt, fs,
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    FirehoseSink, Limits, Outcome, PutError, PutErrorKind, Record, RecordId, Stored, check_limits,
};

#[cfg(test)]
mod tests;

/// Writes one record a line: its bytes, and a line feed unless it ends in one already.
///
/// A batch is put together in memory, written in one go and flushed; only then is it acknowledged.
/// The writing happens on a thread for blocking work (`tokio::task::spawn_blocking`), so that a
/// pipe nobody reads, or a slow disk, holds up no other task and no deadline. A call whose future
/// is dropped may still write. Calls write one after the other, in the order they came.
///
/// An I/O error is [`PutErrorKind::Other`] with [`Stored::Maybe`] and has the [`io::Error`] as its
/// source; [`PutError::io_kind`] tells a broken pipe. The line that such an error may have torn is
/// closed by a line feed before anything else is written.
///
/// "Flushed" means handed to the operating system, not synced to a disk.
pub struct JsonLinesSink {
    stream: Arc<str>,
    id_prefix: Arc<str>,
    limits: Limits,
    written: AtomicU64,
    lines: Arc<Mutex<Lines>>,
}

impl JsonLinesSink {
    /// A sink with this stream name over any writer. No buffering is needed.
    pub fn new(stream: impl Into<Arc<str>>, writer: impl Write + Send + 'static) -> Self {
        let stream = stream.into();
        let id_prefix = format!("{stream}-").into();
        let lines = Lines { writer: Box::new(writer), torn: false };
        let (limits, lines) = (Limits::FIREHOSE, Arc::new(Mutex::new(lines)));
        Self { stream, id_prefix, limits, written: AtomicU64::new(0), lines }
    }

    /// A sink over the standard output, named `stdout`.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new("stdout", io::stdout())
    }

    /// A sink over a new file, named by its path. A file that is there is emptied.
    ///
    /// # Errors
    ///
    /// When the file cannot be created; the error does not name the path.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        Ok(Self::new(path.to_string_lossy(), fs::File::create(path)?))
    }

    /// A sink that adds to a file, named by its path. The file is created if there is none.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened; the error does not name the path.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let file = fs::OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self::new(path.to_string_lossy(), file))
    }

    /// Sets what one call may hold. Default: [`Limits::FIREHOSE`], so that what can be written to
    /// a file can be sent to AWS as well.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    fn error(&self, detail: &str) -> PutError {
        let stream = Arc::clone(&self.stream);
        PutError::new(stream, PutErrorKind::Other, Stored::Maybe).with_detail(detail)
    }
}

#[async_trait]
impl FirehoseSink for JsonLinesSink {
    fn stream(&self) -> &str {
        &self.stream
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn put_batch(&self, batch: &[Record]) -> Result<Vec<Outcome>, PutError> {
        check_limits(&self.stream, self.limits, batch)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let text = in_lines(batch);
        let lines = Arc::clone(&self.lines).lock_owned().await;
        match tokio::task::spawn_blocking(move || write(lines, &text)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let detail = format!("cannot write {} records: {error}", batch.len());
                return Err(self.error(&detail).with_source(error));
            }
            Err(error) => return Err(self.error("the writer panicked").with_source(error)),
        }
        let first = self.written.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let id = |n: u64| RecordId::numbered(Arc::clone(&self.id_prefix), first + n + 1);
        Ok((0..batch.len() as u64).map(|n| Outcome::Accepted(id(n))).collect())
    }
}

impl fmt::Debug for JsonLinesSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLinesSink")
            .field("stream", &self.stream)
            .field("limits", &self.limits)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

/// The writer, and whether its last line may lack its end.
struct Lines {
    writer: Box<dyn Write + Send>,
    torn: bool,
}

/// Writes with the lock in hand, so that it stays taken when the caller's future is dropped.
fn write(mut lines: OwnedMutexGuard<Lines>, text: &[u8]) -> io::Result<()> {
    let lines = &mut *lines;
    let torn = std::mem::replace(&mut lines.torn, true);
    if torn {
        lines.writer.write_all(b"\n")?;
    }
    lines.writer.write_all(text)?;
    lines.writer.flush()?;
    lines.torn = false;
    Ok(())
}

fn in_lines(batch: &[Record]) -> Vec<u8> {
    let bytes: usize = batch.iter().map(|record| record.len() + 1).sum();
    let mut text = Vec::with_capacity(bytes);
    for record in batch {
        text.extend_from_slice(record.data());
        if !record.data().ends_with(b"\n") {
            text.push(b'\n');
        }
    }
    text
}
