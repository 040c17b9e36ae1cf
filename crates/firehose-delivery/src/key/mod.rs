//! Object keys as Firehose writes them. Pure.
//!
//! ```text
//! <prefix>yyyy/MM/dd/HH/<stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<uuid><extension>
//! ```
//!
//! One instant serves the whole key: the arrival of the oldest record in the object, in the
//! stream's time zone. A prefix with expressions says itself where the date goes; to one without,
//! the date is joined on, without a slash between them.
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html>

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    DeliveryStreamConfig, Error, PartitionKeys,
    prefix::{self, Facts, Prefix},
};

/// What Firehose calls the kinds of error in the keys of error objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) enum ErrorOutputType {
    /// Records that did not convert.
    FormatConversion,
    /// Records of CloudWatch Logs that could not be unpacked.
    Decompression,
    /// Records that a processor, a query or the limit of partitions turned away.
    Processing,
}

impl ErrorOutputType {
    /// The text of `!{firehose:error-output-type}`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Decompression => "decompression-failed",
            Self::FormatConversion => "format-conversion-failed",
            Self::Processing => "processing-failed",
        }
    }
}

/// The parts of a key that belong to the stream.
#[derive(Debug, Clone)]
pub(crate) struct KeyLayout {
    prefix: Prefix,
    /// None: errors go beside the data.
    error_prefix: Option<Prefix>,
    zone: Tz,
    stem: String,
    extension: Option<String>,
}

impl KeyLayout {
    /// The layout of a stream.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a prefix that does not read; a configuration that is valid has none.
    pub(crate) fn new(config: &DeliveryStreamConfig) -> Result<Self, Error> {
        let read = |member, text: &str| {
            Prefix::parse(text).map_err(|problem| Error::config(&config.name, member, problem))
        };
        let error_prefix = config.error_output_prefix.as_deref();
        Ok(Self {
            prefix: read("Prefix", &config.prefix)?,
            error_prefix: error_prefix.map(|text| read("ErrorOutputPrefix", text)).transpose()?,
            zone: config.time_zone,
            stem: format!("{}-{}", config.name, config.version_id),
            extension: config.file_extension.clone(),
        })
    }

    /// The prefix of an object, expressions evaluated and the date joined on where it belongs.
    fn object_prefix(
        &self,
        arrival: DateTime<Utc>,
        id: Uuid,
        partition: Option<&PartitionKeys>,
    ) -> String {
        let facts = Facts { arrival, zone: self.zone, id, error_type: None, partition };
        let mut prefix = self.prefix.evaluate(facts);
        if !self.prefix.has_expressions() {
            prefix.push_str(&self.folder(arrival));
        }
        prefix
    }

    /// Why a partition cannot have objects, if it cannot: what its values make of the prefix is no
    /// key that the stores keep, or too long.
    pub(crate) fn partition_problem(
        &self,
        arrival: DateTime<Utc>,
        partition: &PartitionKeys,
    ) -> Option<String> {
        for (source, key) in self.prefix.partition_keys() {
            if partition.get(source, key).is_none() {
                return Some(format!("lacks the key `{key}`"));
            }
        }
        prefix::evaluated_problem(&self.object_prefix(arrival, Uuid::nil(), Some(partition)))
    }

    /// Key of an object whose oldest record arrived at `arrival`. A `FileExtension` of the stream
    /// replaces the format's `extension`.
    pub(crate) fn object(
        &self,
        arrival: DateTime<Utc>,
        id: Uuid,
        partition: Option<&PartitionKeys>,
        extension: &str,
    ) -> String {
        self.with_extension(self.object_stem(arrival, id, partition), extension)
    }

    /// The same without the extension.
    pub(crate) fn object_stem(
        &self,
        arrival: DateTime<Utc>,
        id: Uuid,
        partition: Option<&PartitionKeys>,
    ) -> String {
        let mut stem = self.object_prefix(arrival, id, partition);
        stem.push_str(&self.name(arrival, id));
        stem
    }

    /// A stem with the extension of the format, or the stream's own.
    pub(crate) fn with_extension(&self, mut stem: String, extension: &str) -> String {
        stem.push_str(self.extension.as_deref().unwrap_or(extension));
        stem
    }

    /// Key of the error object beside it. It has no extension.
    pub(crate) fn error_object(
        &self,
        arrival: DateTime<Utc>,
        id: Uuid,
        kind: ErrorOutputType,
    ) -> String {
        let kind = kind.as_str();
        let facts = Facts { arrival, zone: self.zone, id, error_type: Some(kind), partition: None };
        let prefix = self.error_prefix.as_ref().unwrap_or(&self.prefix);
        let mut key = prefix.evaluate(facts);
        if !prefix.has_expressions() {
            key = format!("{key}{kind}/{}", self.folder(arrival));
        }
        format!("{key}{}", self.name(arrival, id))
    }

    fn folder(&self, arrival: DateTime<Utc>) -> String {
        arrival.with_timezone(&self.zone).format("%Y/%m/%d/%H/").to_string()
    }

    fn name(&self, arrival: DateTime<Utc>, id: Uuid) -> String {
        let time = arrival.with_timezone(&self.zone).format("%Y-%m-%d-%H-%M-%S");
        format!("{}-{time}-{id}", self.stem)
    }
}

#[cfg(test)]
mod tests;
