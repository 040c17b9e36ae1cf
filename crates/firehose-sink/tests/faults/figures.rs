//! What a row counts, checks and prints.

use std::collections::{HashMap, HashSet};

use firehose_sink::{FaultCounts, MemorySink, Metrics, Record, Report};

use crate::record;

/// The figures of one seed.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) seed: u64,
    pub(crate) records: u64,
    /// Accepted records that are neither stored nor given back.
    pub(crate) lost: u64,
    /// Records that the store holds more than once, each time but the first.
    pub(crate) duplicates: u64,
    pub(crate) faults: FaultCounts,
    pub(crate) counted: u64,
    pub(crate) delivered: u64,
    pub(crate) undelivered: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) refused: u64,
    pub(crate) retried: u64,
    pub(crate) calls: u64,
    pub(crate) metrics: Metrics,
}

impl Figures {
    /// Counts what became of the records 0 to `records`, all of which were accepted.
    pub(crate) fn of(
        seed: u64,
        store: &MemorySink,
        faults: FaultCounts,
        report: &Report,
        metrics: Metrics,
        records: u64,
    ) -> Self {
        let mut stored: HashMap<Record, u64> = HashMap::new();
        for record in store.records() {
            *stored.entry(record).or_default() += 1;
        }
        let returned: HashSet<&Record> =
            report.undelivered.iter().map(|(record, _)| record).collect();
        let lost = (0..records).filter(|&n| {
            let record = record(n);
            !stored.contains_key(&record) && !returned.contains(&record)
        });
        Self {
            seed,
            records,
            lost: lost.count() as u64 - report.dead_lettered,
            duplicates: stored.values().map(|times| times - 1).sum(),
            faults,
            counted: report.maybe_duplicated,
            delivered: report.delivered,
            undelivered: report.undelivered.len() as u64,
            dead_lettered: report.dead_lettered,
            refused: report.refused,
            retried: report.retried,
            calls: report.calls,
            metrics,
        }
    }

    /// Nothing is lost, the account is right, and there are as many duplicates as ambiguous calls
    /// stored, and no more than were counted.
    pub(crate) fn check(&self) {
        assert_eq!(self.lost, 0, "{self:?}");
        let ended = self.delivered + self.undelivered + self.dead_lettered;
        assert_eq!(ended, self.records, "{self:?}");
        assert!(self.duplicates <= self.counted, "{self:?}");
        assert_eq!(self.metrics.stats.buffered_bytes, 0, "{self:?}");
        if ended == self.delivered {
            assert_eq!(self.duplicates, self.faults.stored_in_doubt, "{self:?}");
        }
    }
}

/// Checks the figures of all seeds of a row and prints their sums.
pub(crate) fn told(row: u32, fault: &str, figures: &[Figures]) {
    figures.iter().for_each(Figures::check);
    let sum = |of: fn(&Figures) -> u64| figures.iter().map(of).sum::<u64>();
    let (first, last) = (figures[0].seed, figures[figures.len() - 1].seed);
    eprintln!(
        "row {row:>2} | {fault} | seeds {first} to {last} | {} records, {} calls | lost {} | \
         duplicates {} (stored in doubt {}, counted {}) | {} refused, {} sent again",
        sum(|f| f.records),
        sum(|f| f.calls),
        sum(|f| f.lost),
        sum(|f| f.duplicates),
        sum(|f| f.faults.stored_in_doubt),
        sum(|f| f.counted),
        sum(|f| f.refused),
        sum(|f| f.retried),
    );
}
