//! The quotas of Firehose that no member constraint states.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/limits.html>

/// Bytes of data in one PutRecordBatch: 4 MiB, before base64.
pub(super) const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Delivery streams in one account and region.
pub(super) const STREAMS: usize = 5_000;
/// Tags on one stream.
pub(super) const TAGS: usize = 50;
/// How long AWS tries a partition for when a request does not say.
pub(super) const PARTITION_RETRY_SECONDS: u64 = 300;
/// The least `SizeInMBs` of a stream that converts.
pub(super) const CONVERSION_SIZE_MIB: u64 = 64;
