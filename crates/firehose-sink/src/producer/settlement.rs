//! What the end of a call means for each of its records: delivered, again, suspect, or over.
//!
//! Everything here happens with the lock held, and runs no code of other people.

use std::{ops::Range, sync::Arc, task::Waker};

use tokio::time::Instant;

use super::{
    Reason, Undelivered,
    answers::Answers,
    batch::{Entry, Meta, Past},
    notes::Note,
    settle::Ending,
    shared::{Shared, State},
};
use crate::{Outcome, PutError, PutErrorKind, Record, Stored};

/// What is left to do when the lock is free.
pub(super) struct After {
    pub(super) room: usize,
    pub(super) wakers: Vec<Waker>,
    pub(super) note: Option<Note>,
    pub(super) letters: Vec<Letter>,
    /// What the sink said. Dropping hundreds of ids takes a while.
    pub(super) outcomes: Arc<Vec<Outcome>>,
}

/// A record that is over and waits to be buried. Until then it counts as under way.
pub(super) struct Letter {
    pub(super) entry: Entry,
    pub(super) reason: Reason,
    pub(super) attempts: u32,
    pub(super) stored: Stored,
}

/// The settlement of one call.
pub(super) struct Settlement<'a> {
    shared: &'a Shared,
    state: &'a mut State,
    sent: Instant,
    now: Instant,
    /// Whether the call was one in search of a bad record.
    suspect: bool,
    /// Whether records that are over go to the dead letters, if there are any.
    buries: bool,
    again: Vec<Entry>,
    answers: Answers,
    outcomes: Arc<Vec<Outcome>>,
    letters: Vec<Letter>,
    /// Settled numbers that are not in the account yet.
    run: Range<u64>,
    room: usize,
    note: Option<Note>,
}

impl<'a> Settlement<'a> {
    pub(super) fn new(shared: &'a Shared, state: &'a mut State, sent: Instant) -> Self {
        Self {
            shared,
            state,
            sent,
            now: Instant::now(),
            suspect: false,
            buries: shared.dead_letters.is_some(),
            again: Vec::new(),
            answers: Answers::default(),
            outcomes: Arc::default(),
            letters: Vec::new(),
            run: 0..0,
            room: 0,
            note: None,
        }
    }

    /// Without dead letters: what is over is given back.
    pub(super) fn giving_back(mut self) -> Self {
        self.buries = false;
        self
    }

    /// The call was one in search of a bad record.
    pub(super) fn of_suspects(mut self, suspect: bool) -> Self {
        self.suspect = suspect;
        self
    }

    pub(super) fn end(&mut self, records: &[Record], metas: Vec<Meta>, ending: Ending) {
        let took = self.now.saturating_duration_since(self.sent);
        self.state.meters.ended(ending.result(), took);
        match ending {
            Ending::Answered(outcomes) => self.answered(records, metas, outcomes),
            Ending::Failed(error) => self.failed(records, metas, error),
            Ending::Panicked(words) => {
                let reason = Reason::Panicked(Arc::clone(&words));
                self.all_again(records, metas, Stored::Maybe, &reason);
                let failures = self.pause();
                self.note = Some(Note::Panicked { records: records.len(), words, failures });
            }
            Ending::Stopped => self.all_over(records, metas, &Reason::Stopped, 1),
        }
    }

    fn answered(&mut self, records: &[Record], metas: Vec<Meta>, outcomes: Vec<Outcome>) {
        let mut refused = 0;
        let mut at_once = 0;
        for (index, ((record, meta), outcome)) in
            records.iter().zip(metas).zip(&outcomes).enumerate()
        {
            match outcome {
                Outcome::Accepted(_) => {
                    at_once += if meta.past.is_none() { meta.count() } else { 0 };
                    self.delivered(record, &meta, index);
                }
                Outcome::Refused(refusal) => {
                    refused += 1;
                    self.state.stats.refused += meta.count();
                    self.again_or_over(
                        record,
                        meta,
                        Stored::Nothing,
                        Reason::Refused(refusal.clone()),
                    );
                }
            }
        }
        self.outcomes = Arc::new(outcomes);
        self.state.meters.attempts.record(1, at_once);
        if refused < records.len() {
            self.state.backoff.progress();
            self.state.suspects.progress();
        }
        if self.suspect {
            self.state.suspects.passed();
        }
        if refused > 0 {
            let failures = self.pause();
            self.note = Some(Note::Refused { records: records.len(), refused, failures });
        } else {
            self.state.window.clean();
        }
    }

    fn failed(&mut self, records: &[Record], metas: Vec<Meta>, error: Arc<PutError>) {
        self.state.stats.failed_calls += 1;
        let kind = error.kind();
        let several = metas.len() > 1 || metas.iter().any(|meta| meta.documents.is_some());
        if kind == PutErrorKind::Invalid && several && self.state.suspects.is_hopeful() {
            return self.split(records, metas, error);
        }
        let reason = Reason::Failed(Arc::clone(&error));
        let count = records.len();
        self.note = Some(if kind.is_transient() || kind.awaits_help() {
            self.all_again(records, metas, error.stored(), &reason);
            let failures = match kind.awaits_help() {
                true => self.long_pause(),
                false => self.pause(),
            };
            Note::Failed { records: count, error, failures }
        } else {
            self.all_over(records, metas, &reason, 1);
            if self.suspect {
                self.state.suspects.cleared();
            }
            match records {
                [record] if kind == PutErrorKind::Invalid => {
                    self.state.suspects.found();
                    Note::Isolated { bytes: record.len(), error }
                }
                _ => Note::Lost { records: count, error },
            }
        });
    }

    /// Looks for the bad record, in the end within a pack. That is no try of the good ones: their
    /// stop rule does not count it.
    fn split(&mut self, records: &[Record], metas: Vec<Meta>, error: Arc<PutError>) {
        let doubt = error.stored() == Stored::Maybe;
        let entries = records.iter().zip(metas).map(|(record, mut meta)| {
            if doubt {
                let past = meta.past.get_or_insert_with(|| Box::new(Past::new(self.sent)));
                (past.doubt, past.maybe_stored) = (true, true);
            }
            Entry { record: record.clone(), meta }
        });
        let mut entries: Vec<Entry> = entries.collect();
        if entries.len() == 1 {
            entries = entries.into_iter().flat_map(Entry::unpacked).collect();
        }
        match self.suspect {
            true => self.state.suspects.narrowed(entries),
            false => self.state.suspects.accuse(entries),
        }
        self.note = Some(Note::Split { records: records.len(), error });
    }

    fn pause(&mut self) -> u32 {
        self.state.window.refused(self.sent, self.now);
        self.state.backoff.failed(&self.shared.settings.retry, self.sent, self.now)
    }

    fn long_pause(&mut self) -> u32 {
        self.state.window.refused(self.sent, self.now);
        self.state.backoff.failed_for_long(&self.shared.settings.retry, self.sent, self.now)
    }

    /// By the outcome at `index`.
    fn delivered(&mut self, record: &Record, meta: &Meta, index: usize) {
        let count = meta.count();
        self.state.stats.delivered += count;
        self.state.stats.delivered_bytes += record.len() as u64;
        let attempts = meta.attempts() + 1;
        if attempts > 1 || meta.past.is_some() {
            self.state.meters.attempts.record(u64::from(attempts), count);
        }
        if let Some(documents) = &meta.documents {
            for ticket in documents.tickets() {
                self.answers.delivered(ticket, index, attempts, false);
            }
        } else if let Some(ticket) = meta.ticket {
            self.answers.delivered(ticket, index, attempts, true);
        }
        self.settled(record, meta);
    }

    fn all_again(&mut self, records: &[Record], metas: Vec<Meta>, stored: Stored, why: &Reason) {
        for (record, meta) in records.iter().zip(metas) {
            self.again_or_over(record, meta, stored, why.clone());
        }
        if self.suspect {
            // In the search for a bad record a group stays together.
            let again = std::mem::take(&mut self.again);
            self.state.suspects.again(again);
        }
    }

    fn again_or_over(&mut self, record: &Record, mut meta: Meta, stored: Stored, reason: Reason) {
        let mut past = meta.past.as_deref().copied().unwrap_or_else(|| Past::new(self.sent));
        past.attempts += 1;
        if self.shared.settings.retry.stop.is_reached(past.attempts, past.since, self.now) {
            return self.over(record, meta, reason, 1);
        }
        past.doubt = stored == Stored::Maybe;
        past.maybe_stored |= past.doubt;
        match &mut meta.past {
            Some(place) => **place = past,
            none => *none = Some(Box::new(past)),
        }
        self.again.push(Entry { record: record.clone(), meta });
    }

    pub(super) fn all_over(
        &mut self,
        records: &[Record],
        metas: Vec<Meta>,
        reason: &Reason,
        tries: u32,
    ) {
        for (record, meta) in records.iter().zip(metas) {
            self.over(record, meta, reason.clone(), tries);
        }
    }

    /// Ends a record as undelivered after `tries` more tries than its past knows of.
    fn over(&mut self, record: &Record, meta: Meta, reason: Reason, tries: u32) {
        let attempts = meta.attempts() + tries;
        let before = meta.past.as_ref().is_some_and(|past| past.maybe_stored);
        let stored = if before { Stored::Maybe } else { reason.stored() };
        for entry in (Entry { record: record.clone(), meta }).unpacked() {
            let letter = Letter { entry, reason: reason.clone(), attempts, stored };
            match self.buries {
                true => {
                    self.state.burying += 1;
                    self.letters.push(letter);
                }
                false => self.give_back(letter),
            }
        }
    }

    /// Ends a record in the report.
    pub(super) fn give_back(&mut self, letter: Letter) {
        let number = letter.entry.meta.number;
        let first = &mut self.state.first_undelivered;
        *first = Some(first.map_or(number, |first| first.min(number)));
        let record = self.undelivered(letter.entry, &letter.reason, letter.attempts, letter.stored);
        self.state.undelivered_bytes += self.shared.cost(&record);
        self.state.undelivered.push((record, letter.reason));
    }

    /// Ends a record that the dead letters took.
    pub(super) fn buried(&mut self, letter: Letter) {
        self.state.stats.dead_lettered += 1;
        self.undelivered(letter.entry, &letter.reason, letter.attempts, letter.stored);
    }

    fn undelivered(
        &mut self,
        Entry { record, meta }: Entry,
        reason: &Reason,
        attempts: u32,
        stored: Stored,
    ) -> Record {
        if let Some(ticket) = meta.ticket {
            let undelivered = Undelivered { reason: reason.clone(), attempts, stored };
            self.answers.undelivered(ticket, undelivered);
        }
        self.state.stats.undelivered += 1;
        self.settled(&record, &meta);
        record
    }

    fn settled(&mut self, record: &Record, meta: &Meta) {
        let cost = match &meta.documents {
            Some(documents) => documents.cost(),
            None => self.shared.cost(record),
        };
        let (number, count) = (meta.number, meta.count());
        self.room += cost;
        self.state.stats.buffered_bytes -= cost;
        self.state.stats.buffered_records -= count;
        if self.run.end == number {
            self.run.end += count;
        } else {
            let run = std::mem::replace(&mut self.run, number..number + count);
            self.state.settled.add(run);
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        self.note = Some(note);
    }

    pub(super) fn finish(mut self) -> After {
        self.state.settled.add(std::mem::take(&mut self.run));
        self.state.queue.put_back(self.again);
        let wakers = self.state.receipts.resolve(self.answers, &self.outcomes);
        let (letters, outcomes) = (self.letters, self.outcomes);
        After { room: self.room, wakers, note: self.note, letters, outcomes }
    }
}
