//! How often a stream was called, and with how much: the API group of Firehose's metrics.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html>

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one stream since the process began.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    put_record_requests: AtomicU64,
    put_record_bytes: AtomicU64,
    put_record_batch_requests: AtomicU64,
    put_record_batch_records: AtomicU64,
    put_record_batch_bytes: AtomicU64,
    throttled_records: AtomicU64,
}

impl Counters {
    pub(crate) fn put_record(&self, bytes: usize) {
        self.put_record_requests.fetch_add(1, Ordering::Relaxed);
        self.put_record_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn put_record_batch(&self, records: usize, bytes: usize) {
        self.put_record_batch_requests.fetch_add(1, Ordering::Relaxed);
        self.put_record_batch_records.fetch_add(records as u64, Ordering::Relaxed);
        self.put_record_batch_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn throttled(&self, records: usize) {
        self.throttled_records.fetch_add(records as u64, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            put_record_requests: read(&self.put_record_requests),
            put_record_bytes: read(&self.put_record_bytes),
            put_record_batch_requests: read(&self.put_record_batch_requests),
            put_record_batch_records: read(&self.put_record_batch_records),
            put_record_batch_bytes: read(&self.put_record_batch_bytes),
            throttled_records: read(&self.throttled_records),
        }
    }
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counted {
    pub(crate) put_record_requests: u64,
    pub(crate) put_record_bytes: u64,
    pub(crate) put_record_batch_requests: u64,
    pub(crate) put_record_batch_records: u64,
    pub(crate) put_record_batch_bytes: u64,
    pub(crate) throttled_records: u64,
}
