//! The faults that a [`MemorySink`](super::MemorySink) was told to have.

use crate::{PutErrorKind, Record, Stored};

type Predicate = Box<dyn FnMut(&Record) -> bool + Send>;

/// What happens to the next calls and records.
#[derive(Default)]
pub(super) struct Script {
    failure: Option<Failure>,
    refuse_next: usize,
    refuse_if: Option<Predicate>,
}

struct Failure {
    /// How many calls still fail; nothing for all.
    calls: Option<usize>,
    kind: PutErrorKind,
    stored: Stored,
}

/// What happens to one record.
pub(super) enum Verdict {
    Take,
    Refuse,
}

impl Script {
    pub(super) fn fail(&mut self, calls: Option<usize>, kind: PutErrorKind, stored: Stored) {
        self.failure = Some(Failure { calls, kind, stored });
    }

    pub(super) fn refuse_next(&mut self, records: usize) {
        self.refuse_next = self.refuse_next.saturating_add(records);
    }

    pub(super) fn refuse_if(&mut self, predicate: Predicate) {
        self.refuse_if = Some(predicate);
    }

    /// Whether the call at hand fails, and how.
    pub(super) fn fails(&mut self) -> Option<(PutErrorKind, Stored)> {
        let failure = self.failure.as_mut()?;
        if let Some(calls) = &mut failure.calls {
            if *calls == 0 {
                self.failure = None;
                return None;
            }
            *calls -= 1;
        }
        Some((failure.kind, failure.stored))
    }

    pub(super) fn judge(&mut self, record: &Record) -> Verdict {
        if self.refuse_next > 0 {
            self.refuse_next -= 1;
            return Verdict::Refuse;
        }
        match self.refuse_if.as_mut().is_some_and(|refuses| refuses(record)) {
            true => Verdict::Refuse,
            false => Verdict::Take,
        }
    }
}
