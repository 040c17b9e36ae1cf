//! What the end of a call means for each of its records: delivered, again, or over.
//!
//! Everything here happens under the lock except what may run other people's code: waking a task,
//! logging, and dropping a record's bytes wait until the lock is free.

use std::{sync::Arc, task::Waker};

use tokio::time::Instant;
use tracing::{debug, warn};

use super::{
    Delivered, Reason, Undelivered,
    batch::{Batch, Entry, Meta, Past},
    receipt::{Answer, Ticket},
    shared::{Flight, Shared, State},
};
use crate::{Outcome, PutError, PutErrorKind, Record, Stored};

/// How a call ended.
pub(super) enum Ending {
    /// With outcomes; whether as many as records is still to be seen.
    Answered(Vec<Outcome>),
    /// As a whole.
    Failed(Arc<PutError>),
    /// The sink panicked.
    Panicked(Arc<str>),
    /// Its task was dropped.
    Stopped,
}

impl Shared {
    /// Settles the records of call `number`. Does nothing when the drain took them meanwhile.
    pub(super) fn settle(&self, number: u64, ending: Ending) {
        let mut state = self.lock();
        let Some(index) = state.flights.iter().position(|flight| flight.number == number) else {
            return;
        };
        let Flight { records, metas, sent, .. } = state.flights.swap_remove(index);
        let mut settlement = Settlement::new(self, &mut state, &records, sent);
        settlement.end(metas, self.checked(ending, records.len()));
        let after = settlement.finish();
        drop(state);
        self.release(after);
        drop(records);
    }

    /// Ends everything under way as undelivered, and says how many records that were.
    pub(super) fn abandon(&self, reason: impl Fn(Stored) -> Reason) -> usize {
        let mut state = self.lock();
        let flights = std::mem::take(&mut state.flights);
        let Batch { records, metas } = state.queue.take_all();
        let sent = Instant::now();
        let queued = Flight { number: 0, sent, records: Arc::new(records), metas };
        let parts = flights.into_iter().map(|flight| (flight, Stored::Maybe, 1));
        let mut ended = Vec::new();
        for (flight, stored, tries) in parts.chain([(queued, Stored::Nothing, 0)]) {
            let Flight { records, metas, .. } = flight;
            let mut settlement = Settlement::new(self, &mut state, &records, sent);
            settlement.all_over(metas, &reason(stored), tries);
            ended.push((settlement.finish(), records));
        }
        drop(state);
        let count = ended.iter().map(|(_, records)| records.len()).sum();
        ended.into_iter().for_each(|(after, _)| self.release(after));
        count
    }

    /// A sink that breaks its promise of one outcome for each record cannot be believed at all.
    fn checked(&self, ending: Ending, records: usize) -> Ending {
        match ending {
            Ending::Answered(outcomes) if outcomes.len() != records => {
                let detail =
                    format!("the sink gave {} outcomes for {records} records", outcomes.len());
                let stream = Arc::clone(&self.stream);
                let error = PutError::new(stream, PutErrorKind::Other, Stored::Maybe);
                Ending::Failed(Arc::new(error.with_detail(detail)))
            }
            ending => ending,
        }
    }

    fn release(&self, after: After) {
        self.room.add_permits(after.room);
        self.work.notify_one();
        self.settled.notify_waiters();
        after.wakers.into_iter().for_each(Waker::wake);
        if let Some(note) = after.note {
            note.log(&self.stream);
        }
    }
}

/// What is left to do when the lock is free.
struct After {
    room: usize,
    wakers: Vec<Waker>,
    note: Option<Note>,
}

/// What goes into the log. Whoever listens to the log may well send it through a producer.
enum Note {
    Refused { records: usize, refused: usize, failures: u32 },
    Failed { records: usize, error: Arc<PutError>, failures: Option<u32> },
    Panicked { records: usize, words: Arc<str> },
}

impl Note {
    fn log(&self, stream: &str) {
        match self {
            Self::Refused { records, refused, failures } => {
                debug!(stream, records, refused, failures, "records refused");
            }
            Self::Failed { records, error, failures: Some(1) } => {
                warn!(stream, records, %error, "call failed, trying again");
            }
            Self::Failed { records, error, failures: Some(failures) } => {
                debug!(stream, records, failures, %error, "call failed again");
            }
            Self::Failed { records, error, failures: None } => {
                warn!(stream, records, %error, "records undelivered");
            }
            Self::Panicked { records, words } => {
                warn!(stream, records, %words, "the sink panicked");
            }
        }
    }
}

/// One call's settlement, with the lock held.
struct Settlement<'a> {
    shared: &'a Shared,
    state: &'a mut State,
    records: &'a [Record],
    sent: Instant,
    now: Instant,
    again: Vec<Entry>,
    answers: Vec<(Ticket, Answer)>,
    room: usize,
    note: Option<Note>,
}

impl<'a> Settlement<'a> {
    fn new(shared: &'a Shared, state: &'a mut State, records: &'a [Record], sent: Instant) -> Self {
        let (now, again, answers) = (Instant::now(), Vec::new(), Vec::new());
        Self { shared, state, records, sent, now, again, answers, room: 0, note: None }
    }

    fn end(&mut self, metas: Vec<Meta>, ending: Ending) {
        match ending {
            Ending::Answered(outcomes) => self.answered(metas, outcomes),
            Ending::Failed(error) => self.failed(metas, error),
            Ending::Panicked(words) => {
                self.note =
                    Some(Note::Panicked { records: metas.len(), words: Arc::clone(&words) });
                self.all_over(metas, &Reason::Panicked(words), 1);
            }
            Ending::Stopped => self.all_over(metas, &Reason::Stopped, 1),
        }
    }

    fn answered(&mut self, metas: Vec<Meta>, outcomes: Vec<Outcome>) {
        let (records, mut refused) = (metas.len(), 0);
        for ((record, meta), outcome) in self.records.iter().zip(metas).zip(outcomes) {
            match outcome {
                Outcome::Accepted(id) => self.delivered(record, meta, id),
                Outcome::Refused(refusal) => {
                    refused += 1;
                    self.again_or_over(record, meta, Stored::Nothing, Reason::Refused(refusal));
                }
            }
        }
        self.state.stats.refused += refused as u64;
        if refused < records {
            self.state.backoff.progress();
        }
        if refused > 0 {
            let failures = self.pause();
            self.note = Some(Note::Refused { records, refused, failures });
        }
    }

    fn failed(&mut self, metas: Vec<Meta>, error: Arc<PutError>) {
        self.state.stats.failed_calls += 1;
        let (records, reason) = (metas.len(), Reason::Failed(Arc::clone(&error)));
        let failures = if error.kind().is_transient() {
            for (record, meta) in self.records.iter().zip(metas) {
                self.again_or_over(record, meta, error.stored(), reason.clone());
            }
            Some(self.pause())
        } else {
            self.all_over(metas, &reason, 1);
            None
        };
        self.note = Some(Note::Failed { records, error, failures });
    }

    fn pause(&mut self) -> u32 {
        self.state.backoff.failed(&self.shared.settings.retry, self.sent, self.now)
    }

    fn delivered(&mut self, record: &Record, meta: Meta, id: crate::RecordId) {
        self.state.stats.delivered += 1;
        self.state.stats.delivered_bytes += record.len() as u64;
        let attempts = attempts_before(&meta) + 1;
        if let Some(ticket) = meta.ticket {
            self.answers.push((ticket, Ok(Delivered { id, attempts })));
        }
        self.settled(record, meta.epoch);
    }

    fn again_or_over(&mut self, record: &Record, mut meta: Meta, stored: Stored, reason: Reason) {
        let before = meta.past.as_deref().copied();
        let attempts = attempts_before(&meta) + 1;
        let since = before.map_or(self.sent, |past| past.since);
        if self.shared.settings.retry.stop.is_reached(attempts, since, self.now) {
            return self.over(record, meta, reason, 1);
        }
        let doubt = stored == Stored::Maybe;
        let maybe_stored = doubt || before.is_some_and(|past| past.maybe_stored);
        let past = Past { attempts, since, doubt, maybe_stored };
        match &mut meta.past {
            Some(place) => **place = past,
            none => *none = Some(Box::new(past)),
        }
        self.again.push(Entry { record: record.clone(), meta });
    }

    fn all_over(&mut self, metas: Vec<Meta>, reason: &Reason, tries: u32) {
        for (record, meta) in self.records.iter().zip(metas) {
            self.over(record, meta, reason.clone(), tries);
        }
    }

    /// Ends a record as undelivered after `tries` more tries than its past knows of.
    fn over(&mut self, record: &Record, meta: Meta, reason: Reason, tries: u32) {
        let attempts = attempts_before(&meta) + tries;
        let before = meta.past.as_ref().is_some_and(|past| past.maybe_stored);
        let stored = if before { Stored::Maybe } else { reason.stored() };
        if let Some(ticket) = meta.ticket {
            let reason = reason.clone();
            let undelivered = Box::new(Undelivered { reason, attempts, stored });
            self.answers.push((ticket, Err(undelivered)));
        }
        self.settled(record, meta.epoch);
        self.state.stats.undelivered += 1;
        self.state.undelivered_bytes += self.shared.cost(record);
        self.state.undelivered.push((record.clone(), reason));
    }

    fn settled(&mut self, record: &Record, epoch: u64) {
        let cost = self.shared.cost(record);
        self.room += cost;
        self.state.stats.buffered_bytes -= cost;
        self.state.stats.buffered_records -= 1;
        self.state.epochs.settle(epoch);
    }

    fn finish(self) -> After {
        self.state.queue.put_back(self.again);
        let wakers = self.state.receipts.resolve(self.answers);
        After { room: self.room, wakers, note: self.note }
    }
}

fn attempts_before(meta: &Meta) -> u32 {
    meta.past.as_ref().map_or(0, |past| past.attempts)
}
