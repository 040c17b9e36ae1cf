//! Session windows: for each key, rows that follow each other closely.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;

use super::kept::Kept;
use super::panes::{Closed, NewRow};
use super::state::{GroupState, ValueColumn};

#[derive(Debug)]
pub(super) struct Sessions {
    gap: i64,
    by_key: HashMap<Box<[u8]>, Vec<u64>>,
    open: HashMap<u64, Session>,
    /// Each session's end when it was last looked at: it may have grown since, or be gone.
    ends: BinaryHeap<Reverse<(i64, u64)>>,
    next_id: u64,
    /// Sessions that have rows of the batch that is passing.
    touched: Vec<u64>,
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) key: Box<[u8]>,
    pub(super) start: i64,
    /// One gap after the last row.
    pub(super) end: i64,
    pub(super) state: GroupState,
    pub(super) kept: Kept,
    bytes: usize,
}

impl Sessions {
    pub(super) fn new(gap: i64) -> Self {
        Self {
            gap,
            by_key: HashMap::new(),
            open: HashMap::new(),
            ends: BinaryHeap::new(),
            next_id: 0,
            touched: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds a row; false if it is late: it continues no open session, and one of its own would be
    /// closed by `closed`.
    pub(super) fn add(
        &mut self,
        new: NewRow<'_>,
        columns: &[ValueColumn],
        keep: bool,
        closed: i64,
    ) -> bool {
        let (start, end) = (new.time, new.time + self.gap);
        let ids = self.by_key.get(new.key).map_or(&[][..], Vec::as_slice);
        let meets = |id: &&u64| {
            self.open.get(*id).is_some_and(|session| start < session.end && session.start < end)
        };
        let met: Vec<u64> = ids.iter().filter(meets).copied().collect();
        let id = match met.split_first() {
            Some((first, others)) => {
                others.iter().for_each(|other| self.join(*first, *other));
                *first
            }
            None if end <= closed => return false,
            None => self.begin(new, columns),
        };
        if let Some(session) = self.open.get_mut(&id) {
            (session.start, session.end) = (session.start.min(start), session.end.max(end));
            let grown = session.state.push(new.numbers, new.row);
            session.bytes += grown;
            self.bytes += grown;
            if keep {
                session.kept.note(new.row);
                self.touched.push(id);
            }
        }
        true
    }

    fn begin(&mut self, new: NewRow<'_>, columns: &[ValueColumn]) -> u64 {
        let state = GroupState::new(columns);
        self.restore(new.key.into(), (new.time, new.time + self.gap), state, Vec::new())
    }

    /// Puts back a session that [`iter`](Self::iter) gave.
    pub(super) fn restore(
        &mut self,
        key: Box<[u8]>,
        (start, end): (i64, i64),
        state: GroupState,
        batches: Vec<RecordBatch>,
    ) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let mut kept = Kept::default();
        let rows: usize = batches.into_iter().map(|batch| kept.add(batch)).sum();
        // The key stands twice, and the heap has an entry.
        let bytes = state.bytes(&key) + rows + key.len() + size_of::<Session>() + 96;
        self.bytes += bytes;
        self.by_key.entry(key.clone()).or_default().push(id);
        self.ends.push(Reverse((end, id)));
        self.open.insert(id, Session { key, start, end, state, kept, bytes });
        id
    }

    /// What a row brought together is one session.
    fn join(&mut self, first: u64, other: u64) {
        let Some(gone) = self.remove(other) else { return };
        let Some(session) = self.open.get_mut(&first) else { return };
        (session.start, session.end) = (session.start.min(gone.start), session.end.max(gone.end));
        session.state.merge(&gone.state);
        session.bytes += gone.kept.bytes;
        self.bytes += gone.kept.bytes;
        session.kept.absorb(gone.kept);
        self.touched.push(first);
    }

    fn remove(&mut self, id: u64) -> Option<Session> {
        let session = self.open.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(session.bytes);
        if let Some(ids) = self.by_key.get_mut(&session.key) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_key.remove(&session.key);
            }
        }
        Some(session)
    }

    /// Copies the rows that were noted of this batch.
    pub(super) fn settle(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for id in std::mem::take(&mut self.touched) {
            if let Some(session) = self.open.get_mut(&id) {
                let grown = session.kept.settle(batch)?;
                session.bytes += grown;
                self.bytes += grown;
            }
        }
        Ok(())
    }

    /// Not later than the next session ends.
    pub(super) fn next_end(&self) -> Option<i64> {
        self.ends.peek().map(|Reverse((end, _))| *end)
    }

    /// Closes the sessions that end by `until`: by end, start and key.
    pub(super) fn close(&mut self, until: i64) -> Vec<Closed> {
        let mut all = Vec::new();
        while let Some(Reverse((end, id))) = self.ends.peek().copied() {
            if end > until {
                break;
            }
            self.ends.pop();
            match self.open.get(&id).map(|session| session.end) {
                Some(grown) if grown > end => self.ends.push(Reverse((grown, id))),
                Some(_) => all.extend(self.remove(id)),
                None => {}
            }
        }
        all.sort_unstable_by(|a, b| (a.end, a.start, &a.key).cmp(&(b.end, b.start, &b.key)));
        let closed = |session: Session| Closed {
            start: session.start,
            end: session.end,
            groups: vec![(session.key, session.state)],
            kept: session.kept.batches,
        };
        all.into_iter().map(closed).collect()
    }

    pub(super) fn groups(&self) -> usize {
        self.open.len()
    }

    pub(super) fn kept_rows(&self) -> usize {
        self.open.values().map(|session| session.kept.rows).sum()
    }

    /// All open sessions, by end, start and key.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> {
        let mut all: Vec<&Session> = self.open.values().collect();
        all.sort_unstable_by(|a, b| (a.end, a.start, &a.key).cmp(&(b.end, b.start, &b.key)));
        all.into_iter()
    }
}
