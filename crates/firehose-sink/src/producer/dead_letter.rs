//! Where records go that cannot be delivered: to a function, or to a file of JSON lines.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;

use super::Reason;
use crate::{Record, Stored};

#[cfg(test)]
mod tests;

/// A record that ended without being delivered, and all that is known of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Name of the stream it was meant for.
    pub stream: Arc<str>,
    /// The record.
    pub record: Record,
    /// Why it was not delivered.
    pub reason: Reason,
    /// How often it was sent.
    pub attempts: u32,
    /// Whether any of the tries may have stored it.
    pub stored: Stored,
}

/// Takes records that a [`Producer`](crate::Producer) gave up; set by
/// [`ProducerBuilder::dead_letters`](crate::ProducerBuilder::dead_letters).
///
/// It is called where the end of a call is settled, with no lock held, and what it does takes the
/// time of that task: a slow one slows the producer down. A record counts as under way until it
/// returns. Implemented for functions that take a [`DeadLetter`], and by [`DeadLetterFile`].
pub trait DeadLetters: Send + Sync + 'static {
    /// Takes the letters.
    ///
    /// # Errors
    ///
    /// When they could not be kept: then all of them end in the [`Report`](crate::Report) as
    /// undelivered, and a warning is logged. A panic counts as an error.
    fn bury(&self, letters: &[DeadLetter]) -> io::Result<()>;
}

impl<F> DeadLetters for F
where
    F: Fn(&DeadLetter) + Send + Sync + 'static,
{
    fn bury(&self, letters: &[DeadLetter]) -> io::Result<()> {
        letters.iter().for_each(self);
        Ok(())
    }
}

/// Adds dead letters to a file, one JSON document a line.
///
/// A line has `time` (seconds since 1970), `stream`, `reason`, `attempts`, `stored` (`nothing` or
/// `maybe`), `bytes`, with a partition key `partition_key`, and the data: as `data` when it is
/// text, else as `data_base64`.
///
/// On Unix a new file can be read by its owner only, for it holds the records themselves. It is
/// handed to the operating system line by line and not synced to the disk.
pub struct DeadLetterFile {
    file: Mutex<File>,
}

impl DeadLetterFile {
    /// Opens the file to add to it; makes it if there is none.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened; the error does not name the path.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: Mutex::new(options.open(path)?) })
    }
}

impl fmt::Debug for DeadLetterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetterFile").finish_non_exhaustive()
    }
}

impl DeadLetters for DeadLetterFile {
    fn bury(&self, letters: &[DeadLetter]) -> io::Result<()> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = time.map_or(0.0, |since| since.as_secs_f64());
        let mut text = Vec::new();
        for letter in letters {
            serde_json::to_writer(&mut text, &Line::of(letter, time))?;
            text.push(b'\n');
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text)
    }
}

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    time: f64,
    stream: &'a str,
    reason: String,
    attempts: u32,
    stored: &'static str,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
}

impl<'a> Line<'a> {
    fn of(letter: &'a DeadLetter, time: f64) -> Self {
        let DeadLetter { stream, record, reason, attempts, stored } = letter;
        let text = std::str::from_utf8(record.data()).ok();
        Self {
            time,
            stream,
            reason: reason.to_string(),
            attempts: *attempts,
            stored: match stored {
                Stored::Nothing => "nothing",
                Stored::Maybe => "maybe",
            },
            bytes: record.len(),
            partition_key: record.partition_key(),
            data: text,
            data_base64: text.is_none().then(|| BASE64_STANDARD.encode(record.data())),
        }
    }
}
