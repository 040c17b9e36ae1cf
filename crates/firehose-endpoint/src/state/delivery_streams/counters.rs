//! How often a stream was called, with how much, and how long it took: the API group of Firehose's
//! metrics.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html>

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts of one stream since the process began.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    put_record: CallCounter,
    put_record_bytes: AtomicU64,
    put_record_batch: CallCounter,
    put_record_batch_records: AtomicU64,
    put_record_batch_bytes: AtomicU64,
    describe: CallCounter,
    update: CallCounter,
    throttled_records: AtomicU64,
}

#[derive(Debug, Default)]
struct CallCounter {
    requests: AtomicU64,
    nanos: AtomicU64,
}

impl CallCounter {
    fn add(&self, took: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    fn read(&self) -> Calls {
        Calls {
            requests: self.requests.load(Ordering::Relaxed),
            time: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        }
    }
}

impl Counters {
    pub(crate) fn put_record(&self, bytes: usize, took: Duration) {
        self.put_record.add(took);
        self.put_record_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn put_record_batch(&self, records: usize, bytes: usize, took: Duration) {
        self.put_record_batch.add(took);
        self.put_record_batch_records.fetch_add(records as u64, Ordering::Relaxed);
        self.put_record_batch_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn describe(&self, took: Duration) {
        self.describe.add(took);
    }

    pub(crate) fn update(&self, took: Duration) {
        self.update.add(took);
    }

    pub(crate) fn throttled(&self, records: usize) {
        self.throttled_records.fetch_add(records as u64, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            put_record: self.put_record.read(),
            put_record_bytes: read(&self.put_record_bytes),
            put_record_batch: self.put_record_batch.read(),
            put_record_batch_records: read(&self.put_record_batch_records),
            put_record_batch_bytes: read(&self.put_record_batch_bytes),
            describe: self.describe.read(),
            update: self.update.read(),
            throttled_records: read(&self.throttled_records),
        }
    }
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counted {
    pub(crate) put_record: Calls,
    pub(crate) put_record_bytes: u64,
    pub(crate) put_record_batch: Calls,
    pub(crate) put_record_batch_records: u64,
    pub(crate) put_record_batch_bytes: u64,
    pub(crate) describe: Calls,
    pub(crate) update: Calls,
    pub(crate) throttled_records: u64,
}

/// Calls that were answered, and how long they took together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Calls {
    pub(crate) requests: u64,
    pub(crate) time: Duration,
}
