//! Tumbling and hopping windows, made of panes.
//!
//! A pane is the longest span of which each window takes all or nothing, so a row is kept once,
//! however many windows overlap. A window is put together when it closes.

use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;

use super::kept::Kept;
use super::state::{GroupState, Numbers, ValueColumn};

/// A window whose time is over.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) start: i64,
    pub(super) end: i64,
    /// By key, in ascending order.
    pub(super) groups: Vec<(Box<[u8]>, GroupState)>,
    pub(super) kept: Vec<RecordBatch>,
}

/// Whether the windows of a row still take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// All do.
    Open,
    /// Some are closed.
    PartlyLate,
    /// All are closed.
    Late,
}

/// A row on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewRow<'a> {
    pub(super) time: i64,
    pub(super) key: &'a [u8],
    pub(super) numbers: &'a [Numbers],
    pub(super) row: usize,
}

#[derive(Debug)]
pub(super) struct Panes {
    length: i64,
    hop: i64,
    pane: i64,
    open: BTreeMap<i64, Pane>,
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Pane {
    pub(super) groups: HashMap<Box<[u8]>, GroupState>,
    pub(super) kept: Kept,
    bytes: usize,
}

impl Panes {
    pub(super) fn new(length: i64, hop: i64, pane: i64) -> Self {
        Self { length, hop, pane, open: BTreeMap::new(), bytes: 0 }
    }

    /// Where a row of this time belongs when all windows that end by `closed` are closed.
    pub(super) fn place(&self, time: i64, closed: i64) -> Place {
        let last = self.end(time.div_euclid(self.hop));
        let first = self.end(self.first_with(time));
        match () {
            () if last <= closed => Place::Late,
            () if first <= closed => Place::PartlyLate,
            () => Place::Open,
        }
    }

    /// Adds a row that is not late.
    pub(super) fn add(&mut self, new: NewRow<'_>, columns: &[ValueColumn], keep: bool) {
        let pane = self.open.entry(new.time.div_euclid(self.pane)).or_default();
        let mut grown = 0;
        let state = match pane.groups.get_mut(new.key) {
            Some(state) => state,
            None => {
                let state = GroupState::new(columns);
                grown += state.bytes(new.key);
                pane.groups.entry(new.key.into()).or_insert(state)
            }
        };
        grown += state.push(new.numbers, new.row);
        if keep {
            pane.kept.note(new.row);
        }
        pane.bytes += grown;
        self.bytes += grown;
    }

    /// Copies the rows that were noted of this batch.
    pub(super) fn settle(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for pane in self.open.values_mut() {
            let grown = pane.kept.settle(batch)?;
            pane.bytes += grown;
            self.bytes += grown;
        }
        Ok(())
    }

    /// When the next window with rows ends.
    pub(super) fn next_end(&self, closed: i64) -> Option<i64> {
        Some(self.end(self.next(closed)?))
    }

    /// Closes windows in order of time until the next one would end after `until`.
    pub(super) fn close(&mut self, mut closed: i64, until: i64) -> Vec<Closed> {
        let mut all = Vec::new();
        while let Some(window) = self.next(closed) {
            let end = self.end(window);
            if end > until {
                break;
            }
            closed = end;
            all.push(self.close_one(window * self.hop, end));
        }
        all
    }

    fn close_one(&mut self, start: i64, end: i64) -> Closed {
        let mut groups: HashMap<Box<[u8]>, GroupState> = HashMap::new();
        let mut kept = Vec::new();
        // Panes before the next window's start are in no other window that is to come.
        let gone = (start + self.hop).div_euclid(self.pane);
        let rest = self.open.split_off(&gone);
        let leaving = std::mem::replace(&mut self.open, rest);
        for pane in leaving.into_values() {
            self.bytes = self.bytes.saturating_sub(pane.bytes);
            kept.extend(pane.kept.batches);
            if groups.is_empty() {
                groups = pane.groups;
                continue;
            }
            for (key, state) in pane.groups {
                merge(&mut groups, &key, &state);
            }
        }
        let last = end.div_euclid(self.pane).max(gone);
        for (_, pane) in self.open.range(gone..last) {
            kept.extend(pane.kept.batches.iter().cloned());
            pane.groups.iter().for_each(|(key, state)| merge(&mut groups, key, state));
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Closed { start, end, groups, kept }
    }

    /// The first window with rows that does not end by `closed`.
    fn next(&self, closed: i64) -> Option<i64> {
        let (pane, _) = self.open.first_key_value()?;
        let first = self.first_with(pane * self.pane);
        // Far before any time there is, nothing is closed.
        let first_open = closed.saturating_sub(self.length).div_euclid(self.hop) + 1;
        Some(first.max(first_open))
    }

    /// The first window that a time lies in.
    fn first_with(&self, time: i64) -> i64 {
        (time - self.length).div_euclid(self.hop) + 1
    }

    fn end(&self, window: i64) -> i64 {
        window.saturating_mul(self.hop).saturating_add(self.length)
    }

    pub(super) fn groups(&self) -> usize {
        self.open.values().map(|pane| pane.groups.len()).sum()
    }

    pub(super) fn kept_rows(&self) -> usize {
        self.open.values().map(|pane| pane.kept.rows).sum()
    }

    /// Each pane with its start.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &Pane)> {
        self.open.iter().map(|(at, pane)| (at * self.pane, pane))
    }

    /// Puts back what [`iter`](Self::iter) gave.
    pub(super) fn restore(
        &mut self,
        start: i64,
        groups: Vec<(Box<[u8]>, GroupState)>,
        kept: Vec<RecordBatch>,
    ) {
        let pane = self.open.entry(start.div_euclid(self.pane)).or_default();
        let mut grown: usize = groups.iter().map(|(key, state)| state.bytes(key)).sum();
        pane.groups.extend(groups);
        grown += kept.into_iter().map(|batch| pane.kept.add(batch)).sum::<usize>();
        pane.bytes += grown;
        self.bytes += grown;
    }
}

fn merge(groups: &mut HashMap<Box<[u8]>, GroupState>, key: &[u8], state: &GroupState) {
    match groups.get_mut(key) {
        Some(mine) => mine.merge(state),
        None => _ = groups.insert(key.into(), state.clone()),
    }
}
