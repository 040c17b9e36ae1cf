//! What a read did: the numbers and the oddities, for the caller to print or to test.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::schema::Drift;

/// What was listed, read and left out, and where the schemas differed.
///
/// Its `Display` is several lines for people: one with the numbers, one for each object that was
/// left out, one for each difference between schemas.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Parquet objects that the listing gave, within the time range.
    pub listed: u64,
    /// Keys that were passed over: not `.parquet`, hidden (`_` or `.`), or outside the time range.
    pub ignored: u64,
    /// Objects whose rows (or footer) were read.
    pub read: u64,
    /// Objects that were left out, in key order.
    pub skipped: Vec<Skipped>,
    /// Bytes that were fetched.
    pub bytes: u64,
    /// Rows that were delivered or, by `count`, found in the footers.
    pub rows: u64,
    /// Where the objects' schemas differ, by column.
    pub drift: Vec<Drift>,
}

/// An object that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Key of the object.
    pub key: String,
    /// Its size in bytes, as listed.
    pub size: u64,
    /// Why, in a clause.
    pub reason: String,
}

impl Skipped {
    /// For readers that leave objects out by themselves, through
    /// [`ParquetSet::read_object`](crate::ParquetSet::read_object).
    pub fn new(key: impl Into<String>, size: u64, reason: impl Into<String>) -> Self {
        Self { key: key.into(), size, reason: reason.into() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listed, read, rows, bytes, ignored, .. } = self;
        let skipped = self.skipped.len();
        write!(f, "{listed} objects listed, {read} read, {skipped} skipped; ")?;
        write!(f, "{rows} rows, {bytes} bytes fetched")?;
        if *ignored > 0 {
            write!(f, "; {ignored} other keys passed over")?;
        }
        for Skipped { key, size, reason } in &self.skipped {
            write!(f, "\nskipped {key} ({size} bytes): {reason}")?;
        }
        for drift in &self.drift {
            write!(f, "\nschema: {drift}")?;
        }
        Ok(())
    }
}

/// What a call has read so far, while it runs: for a progress bar. From
/// [`ParquetSet::metered`](crate::ParquetSet::metered).
#[derive(Debug, Clone, Default)]
pub struct Meter(pub(crate) Ledger);

impl Meter {
    /// The numbers so far.
    pub fn report(&self) -> Report {
        self.0.report()
    }
}

/// The report while it is being written: the listing and the reading both add to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Report>>);

impl Ledger {
    /// Changes the report. A panic elsewhere does not make the numbers unreadable.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The report so far.
    pub(crate) fn report(&self) -> Report {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
