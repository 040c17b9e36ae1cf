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
/// Glue database.
pub const DATABASE: &str = "captains";
/// Glue table, with the columns of [`COLUMNS`](crate::COLUMNS).
pub const TABLE: &str = "ratings";
/// AWS region.
pub const REGION: &str = "us-east-1";
