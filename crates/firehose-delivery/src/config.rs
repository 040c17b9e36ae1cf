//! What a delivery stream is told when it is opened, and which of it is refused.

use std::{sync::Arc, time::Duration};

use chrono_tz::Tz;

use crate::{
    Backup, Error, GlueTable, JsonConverter, JsonSerDe, LambdaProcessor, LogDecompression,
    Observer, ParquetOptions, RawCompression, SchemaSource, SubRecords, intake::Intake, prefix,
};

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

/// What the objects of a stream hold.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RecordFormat {
    /// The records as they came, joined without anything between them.
    Raw {
        /// What is done to the whole of it.
        compression: RawCompression,
    },
    /// JSON records as rows of Parquet.
    Parquet {
        /// Where the table is found whose columns the rows have.
        schema: Arc<dyn SchemaSource>,
        /// How the records are read.
        serde: JsonSerDe,
        /// How the objects are written.
        options: ParquetOptions,
    },
}

/// What is done to records before they are buffered: AWS's processors that need no one else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Processing {
    /// Unpacks records of CloudWatch Logs: `Decompression` and `CloudWatchLogProcessing`.
    pub decompression: Option<LogDecompression>,
    /// Takes records apart that hold several: `RecordDeAggregation`.
    pub sub_records: Option<SubRecords>,
    /// What is put behind each record: `AppendDelimiterToRecord`.
    pub delimiter: Option<Vec<u8>>,
}

/// How records are filed by what is in them: AWS's dynamic partitioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicPartitioning {
    /// jq query that answers with an object of partition keys: `MetadataExtractionQuery`. Without
    /// one they are those that a Lambda processor gives; with one they may be both's.
    pub query: Option<String>,
    /// The most partitions with undelivered records. AWS's quota is 500; records beyond it go to
    /// the error prefix.
    pub most_active: usize,
}

impl DynamicPartitioning {
    /// Partitions by this query, 500 at most.
    pub fn by_query(query: impl Into<String>) -> Self {
        Self { query: Some(query.into()), most_active: 500 }
    }

    /// Partitions by what the Lambda processor says of each record, 500 at most.
    #[must_use]
    pub fn by_function() -> Self {
        Self { query: None, most_active: 500 }
    }
}

/// What Firehose says of its objects beside their type and coding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ObjectLabels {
    /// Metadata of every object, by name.
    pub metadata: Vec<(String, String)>,
}

/// How an object that the store refused is put again.
///
/// The object of records that failed is put again for ever, whatever the policy says, and holds up
/// what comes after it, as AWS does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause.
    pub cap: Duration,
    /// How long an object is tried for; after that its records are lost and counted as expired.
    /// None, the default: for as long as the process lives, because nothing that was accepted is
    /// given up unasked. AWS's own time is [`AWS_GIVE_UP_AFTER`](Self::AWS_GIVE_UP_AFTER).
    pub give_up_after: Option<Duration>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(200),
            cap: Duration::from_secs(30),
            give_up_after: None,
        }
    }
}

impl RetryPolicy {
    /// How long Firehose tries an object for: 24 hours.
    ///
    /// Source: <https://docs.aws.amazon.com/firehose/latest/dev/retry.html>
    pub const AWS_GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

    /// The pause after failure number `failures` (from 1).
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.cap)
    }

    /// The pause after failure number `failures` of an object that has been tried for `tried`;
    /// none when that was long enough. The last attempt is made when the time is over.
    pub(crate) fn pause_or_give_up(&self, failures: u32, tried: Duration) -> Option<Duration> {
        let pause = self.pause(failures);
        match self.give_up_after {
            None => Some(pause),
            Some(limit) => {
                limit.checked_sub(tried).filter(|left| !left.is_zero()).map(|left| left.min(pause))
            }
        }
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
    pub(crate) time_zone: Tz,
    pub(crate) file_extension: Option<String>,
    pub(crate) hints: Option<BufferingHints>,
    pub(crate) format: RecordFormat,
    pub(crate) labels: Option<ObjectLabels>,
    pub(crate) processing: Processing,
    pub(crate) partitioning: Option<DynamicPartitioning>,
    pub(crate) lambda: Option<LambdaProcessor>,
    pub(crate) source_arn: Option<Arc<str>>,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_undelivered_bytes: Option<usize>,
    pub(crate) backup: Option<Box<Backup>>,
    pub(crate) observer: Option<Observer>,
    pub(crate) note: String,
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
            time_zone: Tz::UTC,
            file_extension: None,
            hints: None,
            format: RecordFormat::Raw { compression: RawCompression::Uncompressed },
            labels: None,
            processing: Processing::default(),
            partitioning: None,
            lambda: None,
            source_arn: None,
            retry: RetryPolicy::default(),
            max_undelivered_bytes: None,
            backup: None,
            observer: None,
            note: String::new(),
        }
    }

    /// Sets what keys begin with: text and expressions `!{timestamp:yyyy/MM}`,
    /// `!{firehose:random-string}`. To a prefix without expressions `yyyy/MM/dd/HH/` is joined on
    /// without a slash, as AWS does it: `ratings` gives `ratings2022/01/08/06/`, `ratings/` gives
    /// `ratings/2022/01/08/06/`.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets what the keys of error objects begin with; `!{firehose:error-output-type}` is the kind
    /// of error. To a prefix without expressions the kind and the date are joined on. Without it
    /// they begin as the others do; it is needed when the prefix has expressions.
    #[must_use]
    pub fn with_error_output_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.error_output_prefix = Some(prefix.into());
        self
    }

    /// Sets the time zone of the dates in keys, AWS's `CustomTimeZone`. Without it: UTC.
    #[must_use]
    pub fn in_time_zone(mut self, zone: Tz) -> Self {
        self.time_zone = zone;
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

    /// Delivers the records as they came, compressed so.
    #[must_use]
    pub fn compressed(mut self, compression: RawCompression) -> Self {
        self.format = RecordFormat::Raw { compression };
        self
    }

    /// Puts `Content-Type`, `Content-Encoding` and what `labels` holds on the objects, as Firehose
    /// does. Only for stores that keep attributes: plain directories of `object_store` refuse them.
    #[must_use]
    pub fn labelling_objects(mut self, labels: ObjectLabels) -> Self {
        self.labels = Some(labels);
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
        self.format = RecordFormat::Parquet { schema, serde: JsonSerDe::default(), options };
        self
    }

    /// Reads the records of a stream that converts as `serde` does. Without it: as the OpenX SerDe
    /// does with its defaults.
    #[must_use]
    pub fn reading_json_as(mut self, given: JsonSerDe) -> Self {
        if let RecordFormat::Parquet { serde, .. } = &mut self.format {
            *serde = given;
        }
        self
    }

    /// Does this to each record before it is buffered.
    #[must_use]
    pub fn processing(mut self, processing: Processing) -> Self {
        self.processing = processing;
        self
    }

    /// Sends records through a function: after they are taken apart, before they are filed.
    #[must_use]
    pub fn transformed_by(mut self, lambda: LambdaProcessor) -> Self {
        self.lambda = Some(lambda);
        self
    }

    /// Sets what events of a Lambda processor call the Kinesis data stream that is the source:
    /// their `sourceKinesisStreamArn`. What reads it is a [`KinesisSource`](crate::KinesisSource).
    #[must_use]
    pub fn sourced_from(mut self, kinesis_stream_arn: impl Into<Arc<str>>) -> Self {
        self.source_arn = Some(kinesis_stream_arn.into());
        self
    }

    /// Files records by what is in them, or by what a function says of them; the prefix says where,
    /// by `!{partitionKeyFromQuery:…}` and `!{partitionKeyFromLambda:…}`. Each partition has a
    /// buffer of its own.
    #[must_use]
    pub fn partitioned(mut self, partitioning: DynamicPartitioning) -> Self {
        self.partitioning = Some(partitioning);
        self
    }

    /// Sets the version that object names carry, from 1.
    #[must_use]
    pub fn at_version(mut self, version_id: u32) -> Self {
        self.version_id = version_id;
        self
    }

    /// Sets the pauses between attempts at an object that the store refused, and for how long it
    /// is tried.
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

    /// Keeps every record as it came, too. Once a stream has a backup it keeps it.
    #[must_use]
    pub fn backed_up_by(mut self, backup: Backup) -> Self {
        self.backup = Some(Box::new(backup));
        self
    }

    /// Tells this observer about deliveries, and not the one that the stream was opened with.
    #[must_use]
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets what a journal notes of the destination, so that it is
    /// [found again](crate::Journaling::finding_destinations_by) for what was accepted under this
    /// configuration. No use without a journal.
    #[must_use]
    pub fn noted_as(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
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
            RecordFormat::Raw { .. } => BufferingHints::RAW,
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
        let error_prefix = self.error_output_prefix.as_deref();
        let partitions = self.partitioning.as_ref().map(|by| prefix::Partitions {
            by_query: by.query.is_some(),
            by_function: self.lambda.is_some(),
        });
        prefix::check(&self.prefix, error_prefix, self.time_zone, partitions)
            .or_else(|(member, problem)| refuse(member, problem))?;
        Intake::new(&self.name, &self.processing, self.partitioning.as_ref())?;
        if let Some(problem) = self.lambda.as_ref().and_then(LambdaProcessor::problem) {
            return refuse("Lambda", problem.to_owned());
        }
        if self.processing.sub_records == Some(SubRecords::Delimited(Vec::new())) {
            return refuse("RecordDeAggregation", "must have a delimiter".to_owned());
        }
        if let Some(problem) = self.file_extension.as_deref().and_then(extension_problem) {
            return refuse("FileExtension", problem);
        }
        if self.buffering_hints().size_bytes == 0 {
            return refuse("BufferingHints", "must have a size of at least 1 byte".to_owned());
        }
        let compressed = !matches!(
            self.format,
            RecordFormat::Raw { compression: RawCompression::Uncompressed }
                | RecordFormat::Parquet { .. }
        );
        if compressed && self.buffering_hints().size_bytes > MOST_COMPRESSED {
            let problem = "must have a size below 4,000 MiB when objects are compressed";
            return refuse("BufferingHints", problem.to_owned());
        }
        if self.undelivered_limit() == 0 {
            return refuse("holding_at_most", "must allow at least 1 byte".to_owned());
        }
        if let RecordFormat::Parquet { serde, .. } = &self.format
            && let Err(Error::Config { member, problem, .. }) = JsonConverter::check(serde)
        {
            return refuse(member, problem);
        }
        if let RecordFormat::Parquet { options, .. } = &self.format
            && (options.block_size_bytes == 0 || options.page_size_bytes == 0)
        {
            let problem = "must have BlockSizeBytes and PageSizeBytes of at least 1";
            return refuse("ParquetSerDe", problem.to_owned());
        }
        self.backup.as_ref().map_or(Ok(()), |backup| backup.check(&self.name))
    }
}

/// The containers count their bytes in 32 bits; a last batch may come on top.
const MOST_COMPRESSED: usize = 4_000 * 1024 * 1024;

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

#[cfg(test)]
mod tests;
