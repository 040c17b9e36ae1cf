//! Receipts: what became of one record, told to whoever sent it.
//!
//! A channel per record would cost an allocation each and a lock for each answer. Receipts come
//! in groups instead: one allocation serves 128 of them, the answers of a call are handed over as a
//! whole, and reading one takes no lock. The records in the queue bear only a number. A receipt
//! that is kept for long keeps its group, with the answers in it.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{
    Reason, Undelivered,
    answers::{Answers, GROUP, Group, Ticket, Told, place},
};
use crate::{Outcome, RecordId, Stored};

/// What the receipt of a delivered record says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// The id that the stream gave.
    pub id: RecordId,
    /// How often the record was sent, 1 when it went well at once.
    pub attempts: u32,
}

/// Resolves when its record is settled; given by
/// [`Producer::send_tracked`](crate::Producer::send_tracked).
///
/// Dropping it is fine: the record is delivered all the same. Once it has resolved, polling it
/// again gives the same answer.
#[must_use = "a receipt that nobody awaits tells nothing; use `send` instead"]
pub struct Receipt {
    group: Arc<Group>,
    slot: usize,
}

impl Future for Receipt {
    type Output = Result<Delivered, Undelivered>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.group.delivered(self.slot) {
            Some(delivered) => Poll::Ready(Ok(delivered)),
            None => self.group.poll(self.slot, cx.waker()),
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}

/// The producer's ends of all receipts.
#[derive(Debug)]
pub(super) struct Receipts {
    /// Groups with receipts that are not resolved, in the order of their numbers, and those
    /// between them.
    open: VecDeque<Open>,
    /// Number of the first of them.
    first: u64,
    next: Ticket,
    /// The group of the latest ticket; before the first one, a group that no receipt has.
    latest: Arc<Group>,
}

#[derive(Debug)]
struct Open {
    group: Arc<Group>,
    unresolved: usize,
}

impl Receipts {
    pub(super) fn new() -> Self {
        Self { open: VecDeque::new(), first: 0, next: Ticket::MIN, latest: Arc::default() }
    }

    #[inline]
    pub(super) fn issue(&mut self) -> (Ticket, Receipt) {
        let ticket = self.next;
        self.next = ticket.saturating_add(1);
        let (_, slot) = place(ticket);
        if slot == 0 {
            self.begin_group();
        }
        (ticket, Receipt { group: Arc::clone(&self.latest), slot })
    }

    #[cold]
    fn begin_group(&mut self) {
        self.latest = Arc::default();
        self.open.push_back(Open { group: Arc::clone(&self.latest), unresolved: GROUP });
    }

    /// Resolves receipts by the outcomes of a call. The wakers are to be woken when no lock is
    /// held any more.
    pub(super) fn resolve(&mut self, answers: Answers, outcomes: &Arc<Vec<Outcome>>) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for (number, told) in answers.by_group(outcomes) {
            let index = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
            let Some(open) = self.open.get_mut(index) else { continue };
            open.unresolved = open.unresolved.saturating_sub(told.count());
            wakers.extend(open.group.tell(told));
        }
        while self.open.front().is_some_and(|open| open.unresolved == 0) {
            self.open.pop_front();
            self.first += 1;
        }
        wakers
    }
}

impl Drop for Receipts {
    /// Whatever way a record vanished, its receipt resolves.
    fn drop(&mut self) {
        let stopped = Undelivered { reason: Reason::Stopped, attempts: 0, stored: Stored::Maybe };
        self.latest = Arc::default();
        let mut wakers = Vec::new();
        for Open { group, .. } in self.open.drain(..) {
            // Nobody holds a receipt of it, and nobody can get one any more.
            if Arc::strong_count(&group) == 1 {
                continue;
            }
            for slot in (0..GROUP).filter(|&slot| !group.is_answered(slot)).collect::<Vec<_>>() {
                wakers.extend(group.tell(Told::Undelivered(slot, stopped.clone())));
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}
