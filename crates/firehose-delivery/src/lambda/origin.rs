//! Where a record came from that was read from a Kinesis data stream: `kinesisRecordMetadata`.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>; the members are
//! those of `KinesisFirehoseRecordMetadata` in <https://github.com/aws/aws-lambda-go>, `events/firehose.go`.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use kinesis_stream::{SequenceNumber, ShardId};

/// Says where each record of a batch came from, for those that go to a function.
pub(crate) type Origins<'a> = Option<&'a (dyn Fn(usize) -> Option<Origin> + Sync)>;

/// The place of a record in its data stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) shard: ShardId,
    pub(crate) partition_key: String,
    pub(crate) sequence_number: SequenceNumber,
    /// Its place in an aggregated record; 0 for one that stands for itself.
    pub(crate) subsequence_number: u64,
    pub(crate) arrival: DateTime<Utc>,
}

/// What it takes beside the partition key, at most: names, a shard's 20 digits, 56 of a sequence number,
/// two numbers of 20.
const BYTES: usize = 280;

impl Origin {
    /// What it takes in an event, at most: any character of the key may be six as JSON.
    pub(super) fn bytes(&self) -> usize {
        BYTES + self.partition_key.len() * 6
    }

    /// What it takes in memory.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.partition_key.len()
    }

    /// Writes the member with a comma behind it.
    pub(super) fn write(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            r#""kinesisRecordMetadata":{{"sequenceNumber":"{}","subsequenceNumber":{},"partitionKey":{},"shardId":"{}","approximateArrivalTimestamp":{}}},"#,
            self.sequence_number,
            self.subsequence_number,
            serde_json::Value::from(self.partition_key.as_str()),
            self.shard,
            self.arrival.timestamp_millis(),
        );
    }
}
