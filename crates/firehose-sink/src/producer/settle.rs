//! The end of a call: its records are settled under the lock, and what may run other people's code
//! (waking a task, logging, burying a dead letter, dropping a record's bytes) happens after it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Waker,
};

use tokio::time::Instant;

use super::{
    DeadLetter, DeadLetters, Reason,
    batch::Batch,
    dispatch::words,
    notes::Note,
    settlement::{After, Letter, Settlement},
    shared::{Flight, Shared},
};
use crate::{Outcome, PutError, PutErrorKind, Stored};

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

impl Ending {
    /// The word for it in the metrics.
    pub(super) fn result(&self) -> &'static str {
        match self {
            Self::Answered(outcomes) if outcomes.iter().all(Outcome::is_accepted) => "accepted",
            Self::Answered(_) => "partly_refused",
            Self::Failed(error) => error.kind().label(),
            Self::Panicked(_) => "panicked",
            Self::Stopped => "stopped",
        }
    }
}

impl Shared {
    /// Settles the records of call `number`. Does nothing when the drain took them meanwhile.
    pub(super) fn settle(&self, number: u64, ending: Ending) {
        let mut state = self.lock();
        let Some(index) = state.flights.iter().position(|flight| flight.number == number) else {
            return;
        };
        let Flight { records, metas, sent, suspect, .. } = state.flights.swap_remove(index);
        let mut settlement = Settlement::new(self, &mut state, sent).of_suspects(suspect);
        let ending = self.checked(ending, records.len());
        #[cfg(feature = "metrics")]
        let result = ending.result();
        settlement.end(&records, metas, ending);
        let after = settlement.finish();
        drop(state);
        self.release(after);
        #[cfg(feature = "metrics")]
        self.exporter.call(self, result, sent.elapsed(), &records);
        drop(records);
    }

    /// Ends everything under way as undelivered, and says how many records that were.
    pub(super) fn abandon(&self, reason: impl Fn(Stored) -> Reason) -> usize {
        let mut guard = self.lock();
        let state = &mut *guard;
        let flights = std::mem::take(&mut state.flights);
        let queued = state.queue.take_all().followed_by(state.suspects.take_all());
        let mut settlement = Settlement::new(self, state, Instant::now()).giving_back();
        let mut ended = Vec::new();
        for Flight { records, metas, .. } in flights {
            settlement.all_over(&records, metas, &reason(Stored::Maybe), 1);
            ended.push(records);
        }
        let Batch { records, metas } = queued;
        settlement.all_over(&records, metas, &reason(Stored::Nothing), 0);
        ended.push(Arc::new(records));
        let after = settlement.finish();
        drop(guard);
        self.release(after);
        #[cfg(feature = "metrics")]
        self.exporter.publish(self);
        ended.iter().map(|records| records.len()).sum()
    }

    /// A sink that breaks its promise of one outcome for each record cannot be believed at all.
    fn checked(&self, ending: Ending, records: usize) -> Ending {
        match ending {
            Ending::Answered(outcomes) if outcomes.len() != records => {
                let detail =
                    format!("the sink gave {} outcomes for {records} records", outcomes.len());
                let stream = Arc::clone(&self.stream);
                let error = PutError::new(stream, PutErrorKind::Unreadable, Stored::Maybe);
                Ending::Failed(Arc::new(error.with_detail(detail)))
            }
            ending => ending,
        }
    }

    fn release(&self, after: After) {
        let After { room, wakers, note, letters, outcomes } = after;
        drop(outcomes);
        if let Some(dead_letters) = &self.dead_letters
            && !letters.is_empty()
        {
            self.bury(&**dead_letters, letters);
        }
        self.room.add_permits(room);
        self.work.notify_one();
        self.settled.notify_waiters();
        wakers.into_iter().for_each(Waker::wake);
        if let Some(note) = note {
            note.log(&self.stream);
        }
    }

    /// Hands records to the dead letters, and settles them when those have them.
    fn bury(&self, dead_letters: &dyn DeadLetters, letters: Vec<Letter>) {
        let shown: Vec<DeadLetter> =
            letters.iter().map(|letter| letter.for_others(&self.stream)).collect();
        // `AssertUnwindSafe`: after a panic nothing of ours is used that could be half done.
        let taken = catch_unwind(AssertUnwindSafe(|| dead_letters.bury(&shown)));
        drop(shown);
        let failure = match taken {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(format!("a panic: {}", words(panic.as_ref()))),
        };
        let mut state = self.lock();
        state.burying -= letters.len();
        let mut settlement = Settlement::new(self, &mut state, Instant::now()).giving_back();
        if let Some(why) = failure {
            settlement.note(Note::NotBuried { records: letters.len(), why });
            letters.into_iter().for_each(|letter| settlement.give_back(letter));
        } else {
            letters.into_iter().for_each(|letter| settlement.buried(letter));
        }
        let after = settlement.finish();
        drop(state);
        self.release(after);
    }
}

impl Letter {
    fn for_others(&self, stream: &Arc<str>) -> DeadLetter {
        DeadLetter {
            stream: Arc::clone(stream),
            record: self.entry.record.clone(),
            reason: self.reason.clone(),
            attempts: self.attempts,
            stored: self.stored,
        }
    }
}
