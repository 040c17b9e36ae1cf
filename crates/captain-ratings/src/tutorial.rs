//! The names that the tutorial gives its AWS resources. They are the defaults of every program
//! here, so that what one writes the next one finds.

/// S3 bucket that the delivery stream writes to.
pub const BUCKET: &str = "captains-rating";
/// What the keys in the bucket begin with; the date is joined on without a slash.
pub const PREFIX: &str = "ratings";
/// Firehose delivery stream.
pub const DELIVERY_STREAM: &str = "PUT-S3-qrZbv";
/// Kinesis data stream, for the path that has one in front of Firehose.
pub const DATA_STREAM: &str = "streaming-analytics-app";
/// Firehose delivery stream that reads the data stream.
pub const SOURCED_DELIVERY_STREAM: &str = "KDS-S3-qrZbv";
/// What the keys of its objects begin with.
pub const SOURCED_PREFIX: &str = "kinesis-ratings";
/// Glue database.
pub const DATABASE: &str = "captains";
/// Glue table, with the columns of [`COLUMNS`](crate::COLUMNS).
pub const TABLE: &str = "ratings";
/// AWS region.
pub const REGION: &str = "us-east-1";
