//! The counters of a delivery stream.

use std::time::Duration;

/// What became of the records of a stream so far.
///
/// At every moment `accepted_records + split_records + recovered_records = delivered_records +
/// failed_records + dropped_records + buffered_records + discarded_records + expired_records`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StreamStats {
    /// Records that were acknowledged.
    pub accepted_records: u64,
    /// Their bytes, as received.
    pub accepted_bytes: u64,
    /// Records that de-aggregation made of others, beyond the first of each.
    pub split_records: u64,
    /// Records that were found in the journal when the stream was opened: accepted in an earlier
    /// life of it, and not delivered then.
    pub recovered_records: u64,
    /// Records that were refused because the journal could not keep them.
    pub journal_refused_records: u64,
    /// Records acknowledged and not in the store yet: in a buffer, with a function, or on their way.
    pub buffered_records: u64,
    /// Their bytes, as received or as a function made them.
    pub buffered_bytes: u64,
    /// Records that stand in objects under the prefix.
    pub delivered_records: u64,
    /// Rows they became, when they were converted.
    pub delivered_rows: u64,
    /// Objects under the prefix.
    pub delivered_objects: u64,
    /// Bytes of these objects.
    pub delivered_bytes: u64,
    /// Of the delivered records, those that were converted.
    pub converted_records: u64,
    /// Their bytes, before the conversion.
    pub converted_bytes: u64,
    /// Bytes of the records that did not convert.
    pub unconverted_bytes: u64,
    /// Records that were turned away or did not convert, and stand in error objects.
    pub failed_records: u64,
    /// Of these, the records that a function, a query or the limit of partitions turned away.
    pub processing_failed_records: u64,
    /// Records that a function dropped on purpose.
    pub dropped_records: u64,
    /// Records that a function answered `Ok` for.
    pub transformed_records: u64,
    /// Their bytes, as the function was given them.
    pub transformed_bytes: u64,
    /// Calls of a function.
    pub invocations: u64,
    /// Of these, the calls that failed.
    pub failed_invocations: u64,
    /// How long all calls took together.
    pub invocation_time: Duration,
    /// Records that were turned away because there were too many active partitions.
    pub partition_limit_records: u64,
    /// Queries for partition keys.
    pub queries: u64,
    /// How long all queries took together.
    pub query_time: Duration,
    /// Bytes of the partitions' buffers that went out.
    pub partition_bytes: u64,
    /// How long these buffers were open, together.
    pub partition_time: Duration,
    /// Partitions with undelivered records, now.
    pub active_partitions: u64,
    /// Error objects.
    pub error_objects: u64,
    /// Records that were dropped undelivered because the stream was deleted.
    pub discarded_records: u64,
    /// Records that were lost because the store refused their object for too long.
    pub expired_records: u64,
    /// Puts that the store refused and that were tried again.
    pub put_retries: u64,
}
