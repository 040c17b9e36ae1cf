//! A record, and how many of them one call may hold.

use std::{fmt, sync::Arc};

use bytes::Bytes;

/// What one call to a stream may hold, counted on the data itself, before base64.
///
/// The sums that AWS applies are of decoded data: four records of 1 MB each pass a 4 MiB call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Records in one call.
    pub records: usize,
    /// Bytes of data (and, for Kinesis, partition keys) in one call.
    pub bytes: usize,
    /// Bytes of data in one record.
    pub record_bytes: usize,
}

impl Limits {
    /// `PutRecordBatch`: 500 records, 4 MiB, 1,000 KiB a record.
    ///
    /// Source: <https://docs.aws.amazon.com/firehose/latest/dev/limits.html>
    pub const FIREHOSE: Self =
        Self { records: 500, bytes: 4 * 1024 * 1024, record_bytes: 1_000 * 1024 };

    /// `PutRecords` of Kinesis Data Streams, as every stream takes it: 500 records, 5 MiB,
    /// 1 MiB a record.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
    pub const KINESIS: Self =
        Self { records: 500, bytes: 5 * 1024 * 1024, record_bytes: 1024 * 1024 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::FIREHOSE
    }
}

/// One record: bytes, and for Kinesis a partition key.
///
/// Cloning is cheap: the data is shared. `Debug` shows the size and never the contents, so that a
/// record cannot leak into a log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Record {
    data: Bytes,
    partition_key: Option<Arc<str>>,
}

impl Record {
    /// A record of these bytes. Nothing is added to them, no newline either.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self { data: data.into(), partition_key: None }
    }

    /// A record that holds `value` as one compact JSON document, without a newline.
    ///
    /// # Errors
    ///
    /// When `value` cannot be written as JSON, for example a map whose keys are not strings.
    pub fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_vec(value).map(Self::new)
    }

    /// Sets the key that decides the shard of a Kinesis data stream; Firehose has no such thing
    /// and sinks to Firehose ignore it.
    #[must_use]
    pub fn with_partition_key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.partition_key = Some(key.into());
        self
    }

    /// The bytes.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// The bytes, without the rest.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        self.data
    }

    /// The partition key, if one was set.
    #[must_use]
    pub fn partition_key(&self) -> Option<&str> {
        self.partition_key.as_deref()
    }

    /// Size of the data in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no data at all. AWS takes an empty record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("bytes", &self.data.len())
            .field("keyed", &self.partition_key.is_some())
            .finish()
    }
}

impl<T: Into<Bytes>> From<T> for Record {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}
