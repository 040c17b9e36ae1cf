//! Where receipts read their answers: written once for a whole call, read without a lock.
//!
//! What the sink said is kept as it came, and the receipts of delivered records are told only
//! where in it their answer stands: a run of receipts at once, not each for itself. What a group
//! is told forms a list that only grows. A receipt whose record is settled finds its answer by
//! looking; only one that is polled before takes the lock of its group, to leave its waker there.

use std::{
    mem,
    num::NonZeroU64,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Poll, Waker},
};

use super::{Delivered, Undelivered};
use crate::{Outcome, RecordId};

/// How many receipts share an allocation.
pub(super) const GROUP: usize = 128;

/// What a record in the queue knows of its receipt.
pub(super) type Ticket = NonZeroU64;

/// What a receipt says.
pub(super) type Answer = Result<Delivered, Undelivered>;

/// The number of a ticket's group, and the slot in it.
#[inline]
pub(super) fn place(ticket: Ticket) -> (u64, usize) {
    let index = ticket.get() - 1;
    (index / GROUP as u64, usize::try_from(index % GROUP as u64).unwrap_or_default())
}

/// What 128 receipts read.
#[derive(Debug, Default)]
pub(super) struct Group {
    first: Link,
    /// The receipts that were polled before their answer came, each once.
    waiting: Mutex<Vec<(usize, Waker)>>,
}

type Link = OnceLock<Box<Page>>;

/// What a group was told at once.
#[derive(Debug)]
struct Page {
    told: Told,
    next: Link,
}

/// Answers for slots of one group.
#[derive(Debug)]
pub(super) enum Told {
    /// Those that were delivered, by the outcomes of their call.
    Delivered { slots: Range<usize>, outcomes: Outcomes },
    /// One that was not.
    Undelivered(usize, Undelivered),
}

/// A part of what the sink answered to a call.
#[derive(Debug, Clone)]
pub(super) struct Outcomes {
    call: Arc<Vec<Outcome>>,
    from: usize,
    /// 1, or 0 when all are for the same: documents in one pack.
    step: usize,
    attempts: u32,
}

impl Told {
    /// How many receipts are answered by it.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Delivered { slots, .. } => slots.len(),
            Self::Undelivered(..) => 1,
        }
    }

    /// The answer for this slot, if it is one of these.
    #[inline]
    fn find(&self, slot: usize) -> Option<Found<'_>> {
        match self {
            Self::Delivered { slots, outcomes: Outcomes { call, from, step, attempts } } => {
                if !slots.contains(&slot) {
                    return None;
                }
                match call.get(from + step * (slot - slots.start)) {
                    Some(Outcome::Accepted(id)) => Some(Found::Delivered(id, *attempts)),
                    // Only delivered records are told of in this way.
                    _ => None,
                }
            }
            Self::Undelivered(only, undelivered) => {
                (*only == slot).then_some(Found::Undelivered(undelivered))
            }
        }
    }
}

/// An answer where it stands.
#[derive(Debug)]
enum Found<'a> {
    Delivered(&'a RecordId, u32),
    Undelivered(&'a Undelivered),
}

impl Found<'_> {
    fn answer(&self) -> Answer {
        match *self {
            Self::Delivered(id, attempts) => Ok(Delivered { id: id.clone(), attempts }),
            Self::Undelivered(undelivered) => Err(undelivered.clone()),
        }
    }
}

impl Group {
    /// The answer for this slot, if it is here.
    fn find(&self, slot: usize) -> Option<Found<'_>> {
        let mut link = &self.first;
        while let Some(page) = link.get() {
            if let Some(found) = page.told.find(slot) {
                return Some(found);
            }
            link = &page.next;
        }
        None
    }

    pub(super) fn is_answered(&self, slot: usize) -> bool {
        self.find(slot).is_some()
    }

    /// The answer for this slot if it was delivered with the first of its group, as most are: a
    /// look at three places in memory.
    #[inline]
    pub(super) fn delivered(&self, slot: usize) -> Option<Delivered> {
        match self.first.get()?.told.find(slot)? {
            Found::Delivered(id, attempts) => Some(Delivered { id: id.clone(), attempts }),
            Found::Undelivered(_) => None,
        }
    }

    /// The answer for this slot, or a place for the waker until it comes.
    #[inline(never)]
    pub(super) fn poll(&self, slot: usize, waker: &Waker) -> Poll<Answer> {
        if let Some(found) = self.find(slot) {
            return Poll::Ready(found.answer());
        }
        let waker = waker.clone();
        let mut waiting = self.waiting();
        // Whoever writes an answer looks for wakers afterwards: it came before the lock and is
        // seen here, or its writer waits for the lock and sees the waker.
        if let Some(found) = self.find(slot) {
            return Poll::Ready(found.answer());
        }
        let old = match waiting.iter_mut().find(|(waits, _)| *waits == slot) {
            Some((_, place)) => Some(mem::replace(place, waker)),
            None => {
                waiting.push((slot, waker));
                None
            }
        };
        // After the lock: dropping a waker may run code of other people.
        drop(waiting);
        drop(old);
        Poll::Pending
    }

    /// Adds answers for slots that have none, and gives the wakers of those who waited. One call
    /// at a time: the producer's own lock sees to that.
    pub(super) fn tell(&self, told: Told) -> Vec<Waker> {
        let mut page = Box::new(Page { told, next: Link::new() });
        let mut link = &self.first;
        loop {
            match link.get() {
                Some(taken) => link = &taken.next,
                None => match link.set(page) {
                    Ok(()) => break,
                    Err(back) => page = back,
                },
            }
        }
        let mut waiting = self.waiting();
        if waiting.is_empty() {
            return Vec::new();
        }
        let answered = waiting.extract_if(.., |(slot, _)| self.is_answered(*slot));
        answered.map(|(_, waker)| waker).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(usize, Waker)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers of one settlement as they are found, record by record.
#[derive(Debug, Default)]
pub(super) struct Answers {
    delivered: Vec<Run>,
    undelivered: Vec<(Ticket, Undelivered)>,
}

/// Tickets one after the other, and where the outcomes of their records stand.
#[derive(Debug)]
struct Run {
    tickets: Range<u64>,
    from: usize,
    step: usize,
    attempts: u32,
}

impl Answers {
    /// A record was delivered by the outcome at `index`; `alone` when no other was by the same.
    #[inline]
    pub(super) fn delivered(&mut self, ticket: Ticket, index: usize, attempts: u32, alone: bool) {
        let (ticket, step) = (ticket.get(), usize::from(alone));
        if let Some(run) = self.delivered.last_mut()
            && run.tickets.end == ticket
            && (run.step, run.attempts) == (step, attempts)
            && run.index_at_end() == index
        {
            run.tickets.end += 1;
        } else {
            self.delivered.push(Run { tickets: ticket..ticket + 1, from: index, step, attempts });
        }
    }

    pub(super) fn undelivered(&mut self, ticket: Ticket, undelivered: Undelivered) {
        self.undelivered.push((ticket, undelivered));
    }

    /// What each group is to be told, with its number. `outcomes` are those of the call.
    pub(super) fn by_group(
        self,
        outcomes: &Arc<Vec<Outcome>>,
    ) -> impl Iterator<Item = (u64, Told)> {
        let delivered = self.delivered.into_iter().flat_map(|run| run.by_group(outcomes));
        let undelivered = self.undelivered.into_iter().map(|(ticket, undelivered)| {
            let (group, slot) = place(ticket);
            (group, Told::Undelivered(slot, undelivered))
        });
        delivered.chain(undelivered)
    }
}

impl Run {
    #[inline]
    fn index_at_end(&self) -> usize {
        self.index_of(self.tickets.end)
    }

    #[inline]
    fn index_of(&self, ticket: u64) -> usize {
        let before = usize::try_from(ticket - self.tickets.start).unwrap_or(usize::MAX);
        self.from + self.step * before
    }

    fn by_group(self, call: &Arc<Vec<Outcome>>) -> impl Iterator<Item = (u64, Told)> {
        let mut next = self.tickets.start;
        std::iter::from_fn(move || {
            let ticket = Ticket::new(next).filter(|ticket| ticket.get() < self.tickets.end)?;
            let (group, slot) = place(ticket);
            let end = self.tickets.end.min(next + (GROUP - slot) as u64);
            let slots = slot..slot + usize::try_from(end - next).unwrap_or_default();
            let from = self.index_of(next);
            let (step, attempts) = (self.step, self.attempts);
            next = end;
            let outcomes = Outcomes { call: Arc::clone(call), from, step, attempts };
            Some((group, Told::Delivered { slots, outcomes }))
        })
    }
}
