//! What can go wrong around a delivery stream.

/// What a delivery stream can refuse or fail at. Every variant names the stream or the member.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A member of the configuration breaks a rule.
    #[error("delivery stream `{stream}`: {member} {problem}")]
    Config {
        /// Name of the delivery stream, as given.
        stream: String,
        /// The member at fault, such as `Prefix`.
        member: &'static str,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// A column of the table cannot be converted to.
    #[error("column `{column}`: {problem}")]
    Column {
        /// Name of the column.
        column: String,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// The stream's journal cannot be opened or read back.
    #[error("delivery stream `{stream}`: its journal cannot be used")]
    Journal {
        /// Name of the delivery stream.
        stream: String,
        /// What is wrong.
        source: firehose_journal::Error,
    },
    /// A file of the journal is not one that this version reads. Nothing of it is lost: move the
    /// file away to open the stream without it.
    #[error("delivery stream `{stream}`: `{}` cannot be read: {problem}", path.display())]
    JournalFormat {
        /// Name of the delivery stream.
        stream: String,
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The deadline passed before everything was delivered. What is undelivered stays with the
    /// stream, which goes on trying while the process lives.
    #[error(
        "delivery stream `{stream}`: {records} records ({bytes} bytes) are not delivered yet{}",
        last_error.as_ref().map(|why| format!("; last error: {why}")).unwrap_or_default()
    )]
    Undelivered {
        /// Name of the delivery stream.
        stream: String,
        /// Records accepted and not delivered; one that its backup lacks as well counts twice.
        records: u64,
        /// Their bytes, as received.
        bytes: u64,
        /// What the object store said last, if it refused anything.
        last_error: Option<String>,
    },
    /// The Parquet writer or Arrow failed on data that had been accepted.
    #[error("failed to write a Parquet object")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Arrow refused columns that the converter had built.
    #[error("failed to build a record batch")]
    Arrow(#[from] arrow::error::ArrowError),
}

/// An error with its causes in one line, without what is said twice.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        let why_text = why.to_string();
        if !text.contains(&why_text) {
            text = format!("{text}: {why_text}");
        }
        cause = why.source();
    }
    text
}

impl Error {
    /// What happened and why, in one line.
    #[must_use]
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }

    pub(crate) fn config(stream: &str, member: &'static str, problem: impl Into<String>) -> Self {
        Self::Config { stream: stream.to_owned(), member, problem: problem.into() }
    }

    pub(crate) fn column(column: &str, problem: impl Into<String>) -> Self {
        Self::Column { column: column.to_owned(), problem: problem.into() }
    }
}
