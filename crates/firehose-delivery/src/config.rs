//! What a delivery stream is told when it is opened, and which of it is refused.

use std::{sync::Arc, time::Duration};

use crate::{Error, GlueTable, SchemaSource};

/// When a buffer goes out: at the first of the two.
///
/// AWS gives the size in MiB and wants at least 64 of them when records are converted; the engine
/// takes any size, so that a test or a demo need not wait for 64 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferingHints {
    /// Bytes of records, as received, at which a buffer goes out. A record is never split, so an
    /// object may hold a little more. At least 1.
    pub size_bytes: usize,
    /// Age of the oldest record at which a buffer goes out. Zero: as soon as possible.
    pub interval: Duration,
}

impl BufferingHints {
    /// AWS's default without conversion: 5 MiB or 300 s.
    pub const RAW: Self = Self { size_bytes: 5 * 1024 * 1024, interval: Duration::from_secs(300) };
    /// AWS's default with conversion: 128 MiB or 300 s.
    pub const CONVERTED: Self =
        Self { size_bytes: 128 * 1024 * 1024, interval: Duration::from_secs(300) };
}

/// Codec of the pages inside a Parquet object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParquetCompression {
    /// Snappy, AWS's default.
    #[default]
    Snappy,
    /// GZIP: smaller, and several times slower.
    Gzip,
    /// No compression.
    Uncompressed,
}

/// Which columns get a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dictionaries {
    /// The columns whose values repeat, judged on the first rows of each object. A dictionary of
    /// unique values costs time and space and saves nothing.
    #[default]
    WhereValuesRepeat,
    /// Every column.
    Always,
    /// None.
    Never,
}

/// How Parquet objects are written: the members of AWS's `ParquetSerDe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParquetOptions {
    /// Codec of the pages.
    pub compression: ParquetCompression,
    /// Encoded bytes at which a row group ends. AWS's default is 256 MiB.
    pub block_size_bytes: usize,
    /// Bytes at which a page ends. AWS's default is 1 MiB.
    pub page_size_bytes: usize,
    /// Which columns get a dictionary.
    pub dictionaries: Dictionaries,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self {
            compression: ParquetCompression::Snappy,
            block_size_bytes: 256 * 1024 * 1024,
            page_size_bytes: 1024 * 1024,
            dictionaries: Dictionaries::WhereValuesRepeat,
        }
    }
}

/// What the objects of a stream hold.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RecordFormat {
    /// The records as they came, joined without anything between them.
    Raw,
    /// JSON records as rows of Parquet.
    Parquet {
        /// Where the table is found whose columns the rows have.
        schema: Arc<dyn SchemaSource>,
        /// How the objects are written.
        options: ParquetOptions,
    },
}

/// How long to wait before an object that the store refused is put again.
///
/// There is no end to the attempts: what was accepted is kept until it is delivered or the
/// process ends. AWS gives up after 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), cap: Duration::from_secs(30) }
    }
}

impl RetryPolicy {
    /// The pause after failure number `failures` (from 1).
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.cap)
    }
}

/// A delivery stream, as it is opened.
///
/// ```
/// use firehose_delivery::{DeliveryStreamConfig, GlueTable};
///
/// let table = GlueTable::new("captains", "ratings", [("user", "string"), ("rating", "int")])?;
/// let config = DeliveryStreamConfig::new("PUT-S3-qrZbv")
///     .with_prefix("ratings")
///     .converting_to(table)
///     .buffering(1024 * 1024, std::time::Duration::from_secs(60));
/// # Ok::<(), firehose_delivery::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeliveryStreamConfig {
    pub(crate) name: String,
    pub(crate) version_id: u32,
    pub(crate) prefix: String,
    pub(crate) error_output_prefix: Option<String>,
    pub(crate) file_extension: Option<String>,
    pub(crate) hints: Option<BufferingHints>,
    pub(crate) format: RecordFormat,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_undelivered_bytes: Option<usize>,
}

impl DeliveryStreamConfig {
    /// A stream of this name with AWS's defaults: raw records under `yyyy/MM/dd/HH/`, 5 MiB or
    /// 300 s (128 MiB with conversion), version 1.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version_id: 1,
            prefix: String::new(),
            error_output_prefix: None,
            file_extension: None,
            hints: None,
            format: RecordFormat::Raw,
            retry: RetryPolicy::default(),
            max_undelivered_bytes: None,
        }
    }

    /// Sets what keys begin with. `yyyy/MM/dd/HH/` is joined on without a slash, as AWS does it:
    /// `ratings` gives `ratings2022/01/08/06/`, `ratings/` gives `ratings/2022/01/08/06/`.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets what the keys of error objects begin with; the kind of error and the date are joined
    /// on. Without it they begin as the others do.
    #[must_use]
    pub fn with_error_output_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.error_output_prefix = Some(prefix.into());
        self
    }

    /// Sets what keys end with, instead of the extension of the format: AWS's `FileExtension`.
    /// Error objects have none.
    #[must_use]
    pub fn with_file_extension(mut self, extension: impl Into<String>) -> Self {
        self.file_extension = Some(extension.into());
        self
    }

    /// Sets when a buffer goes out: at `size_bytes` of records or at the age of `interval`.
    #[must_use]
    pub fn buffering(mut self, size_bytes: usize, interval: Duration) -> Self {
        self.hints = Some(BufferingHints { size_bytes, interval });
        self
    }

    /// Converts JSON records to Parquet rows of `table`, written with AWS's defaults.
    #[must_use]
    pub fn converting_to(self, table: GlueTable) -> Self {
        self.converting_with(table, ParquetOptions::default())
    }

    /// Converts JSON records to Parquet rows of `table`, written with these options.
    #[must_use]
    pub fn converting_with(self, table: GlueTable, options: ParquetOptions) -> Self {
        self.converting_by(Arc::new(table), options)
    }

    /// Converts JSON records to Parquet rows of the table that `schema` knows when a buffer is
    /// converted: each buffer may have other columns than the one before.
    #[must_use]
    pub fn converting_by(mut self, schema: Arc<dyn SchemaSource>, options: ParquetOptions) -> Self {
        self.format = RecordFormat::Parquet { schema, options };
        self
    }

    /// Sets the version that object names carry, from 1.
    #[must_use]
    pub fn at_version(mut self, version_id: u32) -> Self {
        self.version_id = version_id;
        self
    }

    /// Sets the pauses between attempts at an object that the store refused.
    #[must_use]
    pub fn retrying(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how many bytes of records may wait, in the buffer and on their way to the store,
    /// before puts wait or are refused. Without it: four buffers and 16 MiB.
    #[must_use]
    pub fn holding_at_most(mut self, bytes: usize) -> Self {
        self.max_undelivered_bytes = Some(bytes);
        self
    }

    /// Name of the stream.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When a buffer goes out.
    #[must_use]
    pub fn buffering_hints(&self) -> BufferingHints {
        self.hints.unwrap_or(match self.format {
            RecordFormat::Raw => BufferingHints::RAW,
            RecordFormat::Parquet { .. } => BufferingHints::CONVERTED,
        })
    }

    pub(crate) fn undelivered_limit(&self) -> usize {
        const SLACK: usize = 16 * 1024 * 1024;
        let hint = self.buffering_hints().size_bytes;
        self.max_undelivered_bytes.unwrap_or_else(|| hint.saturating_mul(4).saturating_add(SLACK))
    }

    /// Checks every rule that the engine has.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the member, for the first rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        let refuse = |member, problem: String| Err(Error::config(&self.name, member, problem));
        // AWS: 1..64 of [a-zA-Z0-9_.-]+ (CreateDeliveryStream).
        let named = (1..=64).contains(&self.name.len())
            && self.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if !named {
            return refuse(
                "DeliveryStreamName",
                "must have 1 to 64 characters out of a-z, A-Z, 0-9, `_`, `.` and `-`".to_owned(),
            );
        }
        let prefixes = [
            ("Prefix", Some(self.prefix.as_str())),
            ("ErrorOutputPrefix", self.error_output_prefix.as_deref()),
        ];
        for (member, prefix) in prefixes {
            if let Some(problem) = prefix.and_then(prefix_problem) {
                return refuse(member, problem);
            }
        }
        if let Some(problem) = self.file_extension.as_deref().and_then(extension_problem) {
            return refuse("FileExtension", problem);
        }
        if self.buffering_hints().size_bytes == 0 {
            return refuse("BufferingHints", "must have a size of at least 1 byte".to_owned());
        }
        if self.undelivered_limit() == 0 {
            return refuse("holding_at_most", "must allow at least 1 byte".to_owned());
        }
        if let RecordFormat::Parquet { options, .. } = &self.format
            && (options.block_size_bytes == 0 || options.page_size_bytes == 0)
        {
            let problem = "must have BlockSizeBytes and PageSizeBytes of at least 1";
            return refuse("ParquetSerDe", problem.to_owned());
        }
        Ok(())
    }
}

/// AWS: a dot and one or more of `0-9a-z!-_.*'()`, 128 characters at most.
fn extension_problem(extension: &str) -> Option<String> {
    let known = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase() || b"!-_.*'()".contains(&b);
    let rest = extension.strip_prefix('.').unwrap_or_default();
    let fine = !rest.is_empty() && extension.len() <= 128 && rest.bytes().all(known);
    (!fine).then(|| {
        format!(
            "`{}` must be a dot and then 1 to 127 of 0-9, a-z and !-_.*'()",
            extension.escape_debug()
        )
    })
}

fn prefix_problem(prefix: &str) -> Option<String> {
    if prefix.len() > 1024 {
        return Some(format!("has {} characters, at most 1024 are allowed", prefix.len()));
    }
    if prefix.contains("!{") {
        return Some(format!(
            "`{prefix}` has an expression `!{{…}}`; expressions are not supported yet, use a \
             plain prefix"
        ));
    }
    // S3 takes such keys; the object stores that deliver here do not.
    let bad_segment = prefix.split('/').rev().skip(1).any(|segment| segment.is_empty());
    let dots = prefix.split('/').any(|segment| segment == "." || segment == "..");
    let control = prefix.chars().any(char::is_control);
    (bad_segment || dots || control).then(|| {
        format!(
            "`{}` must not begin with a slash, hold `//`, `.` or `..` as a folder, or control \
             characters",
            prefix.escape_debug()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_kept_is_refused_by_name() {
        let stream = || DeliveryStreamConfig::new("s");
        let table = [
            (DeliveryStreamConfig::new(""), "DeliveryStreamName"),
            (DeliveryStreamConfig::new("a b"), "DeliveryStreamName"),
            (DeliveryStreamConfig::new("a".repeat(65)), "DeliveryStreamName"),
            (stream().with_prefix("!{timestamp:yyyy}/"), "expressions are not supported yet"),
            (stream().with_prefix("/ratings"), "Prefix `/ratings`"),
            (stream().with_prefix("a//b"), "Prefix"),
            (stream().with_prefix("../up/"), "Prefix"),
            (stream().with_prefix("x".repeat(1025)), "1025 characters"),
            (stream().with_error_output_prefix("/bad"), "ErrorOutputPrefix"),
            (stream().with_file_extension("txt"), "FileExtension `txt`"),
            (stream().with_file_extension("./up"), "FileExtension"),
            (stream().buffering(0, Duration::ZERO), "BufferingHints"),
            (stream().holding_at_most(0), "holding_at_most"),
        ];
        for (config, expected) in table {
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_aws_takes_is_taken() {
        for prefix in ["", "ratings", "ratings/", "a/b-c/d_e.", "übung ", "key=value/"] {
            DeliveryStreamConfig::new("PUT-S3-qrZbv").with_prefix(prefix).validate().unwrap();
        }
    }

    #[test]
    fn pauses_double_up_to_the_cap() {
        let retry = RetryPolicy { first: Duration::from_millis(100), cap: Duration::from_secs(1) };
        let pauses: Vec<_> = (1..=6).map(|n| retry.pause(n).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(retry.pause(u32::MAX), retry.cap);
    }
}
