//! Object keys as Firehose writes them. Pure.
//!
//! ```text
//! <prefix>yyyy/MM/dd/HH/<stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<uuid><extension>
//! ```
//!
//! One instant serves the whole key: the arrival of the oldest record in the object, in UTC.
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html>

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::DeliveryStreamConfig;

/// What Firehose calls the kind of error in the keys of error objects.
const CONVERSION_FAILED: &str = "format-conversion-failed";

/// The parts of a key that belong to the stream.
#[derive(Debug, Clone)]
pub(crate) struct KeyLayout {
    prefix: String,
    error_prefix: String,
    stem: String,
    extension: Option<String>,
}

impl KeyLayout {
    pub(crate) fn new(config: &DeliveryStreamConfig) -> Self {
        let error_prefix = config.error_output_prefix.as_ref().unwrap_or(&config.prefix);
        Self {
            prefix: config.prefix.clone(),
            error_prefix: format!("{error_prefix}{CONVERSION_FAILED}/"),
            stem: format!("{}-{}", config.name, config.version_id),
            extension: config.file_extension.clone(),
        }
    }

    /// Key of an object whose oldest record arrived at `arrival`. A `FileExtension` of the stream
    /// replaces the format's `extension`.
    pub(crate) fn object(&self, arrival: DateTime<Utc>, id: Uuid, extension: &str) -> String {
        let extension = self.extension.as_deref().unwrap_or(extension);
        format!("{}{extension}", self.key(&self.prefix, arrival, id))
    }

    /// Key of the error object beside it. It has no extension.
    pub(crate) fn error_object(&self, arrival: DateTime<Utc>, id: Uuid) -> String {
        self.key(&self.error_prefix, arrival, id)
    }

    fn key(&self, prefix: &str, arrival: DateTime<Utc>, id: Uuid) -> String {
        let folder = arrival.format("%Y/%m/%d/%H/");
        let time = arrival.format("%Y-%m-%d-%H-%M-%S");
        format!("{prefix}{folder}{}-{time}-{id}", self.stem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_joined_as_firehose_joins_them() {
        let id = Uuid::from_u128(0x1f6d_0c0e_7b0a_4a53_9a33_6f1f_3b6a_d1de);
        let arrival = DateTime::parse_from_rfc3339("2022-01-08T06:04:19.999Z").unwrap().to_utc();
        let name = "PUT-S3-qrZbv-1-2022-01-08-06-04-19-1f6d0c0e-7b0a-4a53-9a33-6f1f3b6ad1de";
        let stream = || DeliveryStreamConfig::new("PUT-S3-qrZbv");
        let table = [
            (stream(), "", "format-conversion-failed/"),
            (stream().with_prefix("ratings"), "ratings", "ratingsformat-conversion-failed/"),
            (stream().with_prefix("ratings/"), "ratings/", "ratings/format-conversion-failed/"),
            (
                stream().with_prefix("ratings").with_error_output_prefix("failed/"),
                "ratings",
                "failed/format-conversion-failed/",
            ),
        ];
        for (config, prefix, error_prefix) in table {
            let layout = KeyLayout::new(&config);
            assert_eq!(
                layout.object(arrival, id, ".parquet"),
                format!("{prefix}2022/01/08/06/{name}.parquet")
            );
            assert_eq!(
                layout.error_object(arrival, id),
                format!("{error_prefix}2022/01/08/06/{name}")
            );
        }
    }

    #[test]
    fn a_file_extension_replaces_the_formats_own_and_not_that_of_error_objects() {
        let layout = KeyLayout::new(&DeliveryStreamConfig::new("s").with_file_extension(".pq"));
        assert!(layout.object(DateTime::UNIX_EPOCH, Uuid::nil(), ".parquet").ends_with("0.pq"));
        assert!(layout.error_object(DateTime::UNIX_EPOCH, Uuid::nil()).ends_with('0'));
    }

    #[test]
    fn the_version_is_part_of_the_name() {
        let layout = KeyLayout::new(&DeliveryStreamConfig::new("s").at_version(12));
        let key = layout.object(DateTime::UNIX_EPOCH, Uuid::nil(), "");
        assert_eq!(key, format!("1970/01/01/00/s-12-1970-01-01-00-00-00-{}", Uuid::nil()));
    }
}
