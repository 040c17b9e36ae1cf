//! The spool of a run, if one was asked for: records are on disk before they are sent.

use firehose_sink::{Producer, Record, Spool, SpoolError};

use crate::Args;

/// A spool, or none.
pub(crate) struct Spooling {
    spool: Option<Spool>,
    /// Position in the spool of the producer's first record.
    base: u64,
}

impl Spooling {
    /// Opens it when the flags name one.
    pub(crate) fn open(args: &Args) -> Result<Self, SpoolError> {
        let spool = args.spool.as_ref().map(Spool::open).transpose()?;
        let base = spool.as_ref().map_or(0, Spool::settled);
        Ok(Self { spool, base })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.spool.is_some()
    }

    /// What an earlier run left.
    pub(crate) fn left_over(&self) -> Result<Vec<Record>, SpoolError> {
        self.spool.as_ref().map_or(Ok(Vec::new()), Spool::left_over)
    }

    /// Writes records down before they are sent.
    pub(crate) fn append(&mut self, records: &[Record]) -> Result<(), SpoolError> {
        self.spool.as_mut().map_or(Ok(()), |spool| spool.append(records))
    }

    /// Notes how far the producer came.
    pub(crate) fn settle(&mut self, producer: &Producer) -> Result<(), SpoolError> {
        let position = self.base + producer.watermark();
        self.spool.as_mut().map_or(Ok(()), |spool| spool.settle(position))
    }

    /// Records that stay for the next run.
    pub(crate) fn unsettled(&self) -> u64 {
        self.spool.as_ref().map_or(0, Spool::unsettled)
    }
}
