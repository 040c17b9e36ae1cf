//! Receipts: what became of one record, told to whoever sent it.
//!
//! A channel per record would cost an allocation each and a lock for each answer. Receipts come
//! in groups instead: one allocation serves 64 of them, and the answers of a batch take one lock
//! for each group. The records in the queue bear only a number. A receipt that is kept for long
//! keeps its group.

use std::{
    array,
    collections::VecDeque,
    fmt,
    future::Future,
    mem,
    num::NonZeroU64,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{Reason, Undelivered};
use crate::{RecordId, Stored};

/// How many receipts share an allocation.
const GROUP: usize = 64;

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
/// again never resolves.
#[must_use = "a receipt that nobody awaits tells nothing; use `send` instead"]
pub struct Receipt {
    group: Arc<Group>,
    slot: usize,
}

impl Future for Receipt {
    type Output = Result<Delivered, Undelivered>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Wakers are dropped after the lock: dropping one may run code of other people.
        let (answer, _old) = self.group.poll(self.slot, cx.waker());
        answer.map_err(|undelivered| *undelivered)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}

/// What a record in the queue knows of its receipt.
pub(super) type Ticket = NonZeroU64;

/// An answer on its way to a receipt. The rare case is boxed, so that the other one moves less.
pub(super) type Answer = Result<Delivered, Box<Undelivered>>;

/// The producer's ends of all receipts.
#[derive(Debug)]
pub(super) struct Receipts {
    /// Groups with receipts that are not resolved, in the order of their numbers, and those
    /// between them.
    open: VecDeque<Open>,
    /// Number of the first of them.
    first: u64,
    next: Ticket,
}

#[derive(Debug)]
struct Open {
    group: Arc<Group>,
    unresolved: usize,
}

impl Receipts {
    pub(super) fn new() -> Self {
        Self { open: VecDeque::new(), first: 0, next: Ticket::MIN }
    }

    pub(super) fn issue(&mut self) -> (Ticket, Receipt) {
        let ticket = self.next;
        self.next = ticket.saturating_add(1);
        let (number, slot) = place(ticket);
        // Groups leave at the front only when all of their receipts are resolved, so the one of a
        // fresh ticket is either at the back or yet to be made.
        let group = match self.open.back() {
            Some(open) if number < self.first + self.open.len() as u64 => Arc::clone(&open.group),
            _ => {
                let group = Arc::new(Group::new());
                self.open.push_back(Open { group: Arc::clone(&group), unresolved: GROUP });
                group
            }
        };
        (ticket, Receipt { group, slot })
    }

    /// Resolves receipts. The wakers are to be woken when no lock is held any more.
    pub(super) fn resolve(&mut self, answers: Vec<(Ticket, Answer)>) -> Vec<Waker> {
        let mut wakers = Vec::new();
        let mut answers = answers.into_iter().peekable();
        while let Some(&(ticket, _)) = answers.peek() {
            let (number, _) = place(ticket);
            let index = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
            let Some(open) = self.open.get_mut(index) else { break };
            let mut slots = open.group.lock();
            while let Some((ticket, answer)) =
                answers.next_if(|&(ticket, _)| place(ticket).0 == number)
            {
                wakers.extend(slots.get_mut(place(ticket).1).and_then(|slot| slot.answer(answer)));
                open.unresolved = open.unresolved.saturating_sub(1);
            }
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
        for Open { group, .. } in self.open.drain(..) {
            let stopped =
                || Undelivered { reason: Reason::Stopped, attempts: 0, stored: Stored::Maybe };
            let open = |slot: &&mut Slot| matches!(slot, Slot::Open | Slot::Awaited(_));
            let mut slots = group.lock();
            let answered =
                slots.iter_mut().filter(open).map(|slot| slot.answer(Err(Box::new(stopped()))));
            let wakers: Vec<Waker> = answered.flatten().collect();
            drop(slots);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

/// The number of a ticket's group, and the slot in it.
fn place(ticket: Ticket) -> (u64, usize) {
    let index = ticket.get() - 1;
    (index / GROUP as u64, usize::try_from(index % GROUP as u64).unwrap_or_default())
}

/// 64 answers, some of them still to come.
#[derive(Debug)]
struct Group(Mutex<Slots>);

type Slots = [Slot; GROUP];

#[derive(Debug)]
enum Slot {
    Open,
    Awaited(Waker),
    Answered(Answer),
    Told,
}

impl Slot {
    fn answer(&mut self, answer: Answer) -> Option<Waker> {
        match mem::replace(self, Self::Answered(answer)) {
            Self::Awaited(waker) => Some(waker),
            _ => None,
        }
    }
}

impl Group {
    fn new() -> Self {
        Self(Mutex::new(array::from_fn(|_| Slot::Open)))
    }

    /// The answer, and the waker that another one replaces.
    fn poll(&self, slot: usize, waker: &Waker) -> (Poll<Answer>, Option<Waker>) {
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(slot) else { return (Poll::Pending, None) };
        match mem::replace(slot, Slot::Told) {
            Slot::Answered(answer) => (Poll::Ready(answer), None),
            Slot::Told => (Poll::Pending, None),
            Slot::Open => {
                *slot = Slot::Awaited(waker.clone());
                (Poll::Pending, None)
            }
            Slot::Awaited(old) => {
                *slot = Slot::Awaited(waker.clone());
                (Poll::Pending, Some(old))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
