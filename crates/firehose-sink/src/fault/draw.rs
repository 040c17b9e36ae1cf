//! Which fault a call has: the settings, and the draw from the seed.

use std::{ops::Range, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::FaultCounts;
use crate::{PutErrorKind, Record, split_mix::SplitMix64};

type Predicate = Arc<dyn Fn(&Record) -> bool + Send + Sync>;

/// How much of a batch is stored by a call that then fails without saying so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoredPart {
    /// Nothing of it.
    Nothing,
    /// Any number of records from its start, from none to all, drawn at random.
    #[default]
    Any,
    /// All of it.
    All,
}

/// What was asked for.
#[derive(Clone)]
pub(super) struct Faults {
    pub(super) throttled: f64,
    pub(super) ambiguous: f64,
    pub(super) part: StoredPart,
    pub(super) hanging: f64,
    pub(super) miscounted: f64,
    pub(super) panicking: f64,
    pub(super) refused: f64,
    pub(super) latency: (Duration, Duration),
    pub(super) outages: Vec<(Range<Duration>, PutErrorKind)>,
    pub(super) poison: Option<Predicate>,
    pub(super) since: Instant,
}

/// What was drawn for one call.
pub(super) enum Fault {
    None,
    /// Store nothing and fail.
    Fail(PutErrorKind),
    /// Hand this many records on, then fail.
    Ambiguous(usize, PutErrorKind),
    /// Hand this many records on, then never answer.
    Hang(usize),
    /// Hand this many records on, then panic.
    Panic(usize),
    /// Hand all on, and answer with one outcome less or more.
    Miscount {
        more: bool,
    },
    /// Refuse the records marked.
    Refuse(Vec<bool>),
}

impl Faults {
    pub(super) fn new() -> Self {
        Self {
            throttled: 0.0,
            ambiguous: 0.0,
            part: StoredPart::Any,
            hanging: 0.0,
            miscounted: 0.0,
            panicking: 0.0,
            refused: 0.0,
            latency: (Duration::ZERO, Duration::ZERO),
            outages: Vec::new(),
            poison: None,
            since: Instant::now(),
        }
    }

    pub(super) fn latency(&self, random: &mut SplitMix64) -> Duration {
        let (least, most) = self.latency;
        let spread = u64::try_from((most - least).as_nanos()).unwrap_or(u64::MAX);
        least.saturating_add(Duration::from_nanos(random.up_to(spread)))
    }

    /// Draws a fault and counts it.
    pub(super) fn draw(
        &self,
        batch: &[Record],
        random: &mut SplitMix64,
        counts: &mut FaultCounts,
    ) -> Fault {
        counts.calls += 1;
        if let Some(kind) = self.outage(self.since.elapsed()) {
            counts.outage_calls += 1;
            return Fault::Fail(kind);
        }
        if self.poison.as_ref().is_some_and(|poison| batch.iter().any(|record| poison(record))) {
            counts.invalid_calls += 1;
            return Fault::Fail(PutErrorKind::Invalid);
        }
        if random.happens(self.throttled) {
            counts.throttled_calls += 1;
            return Fault::Fail(PutErrorKind::Throttled);
        }
        if random.happens(self.ambiguous) {
            counts.ambiguous_calls += 1;
            let part = self.part(batch.len(), random);
            let kind = match random.up_to(2) {
                0 => PutErrorKind::Timeout,
                1 => PutErrorKind::Network,
                _ => PutErrorKind::Unavailable,
            };
            return Fault::Ambiguous(part, kind);
        }
        // These are drawn only when asked for, so that the draws of the others stay the same.
        if self.hanging > 0.0 && random.happens(self.hanging) {
            counts.hanging_calls += 1;
            return Fault::Hang(self.part(batch.len(), random));
        }
        if self.panicking > 0.0 && random.happens(self.panicking) {
            counts.panicking_calls += 1;
            return Fault::Panic(self.part(batch.len(), random));
        }
        if self.miscounted > 0.0 && random.happens(self.miscounted) {
            counts.miscounted_calls += 1;
            return Fault::Miscount { more: random.happens(0.5) };
        }
        if self.refused > 0.0 {
            let marks: Vec<bool> = batch.iter().map(|_| random.happens(self.refused)).collect();
            counts.refused_records += marks.iter().filter(|&&refused| refused).count() as u64;
            return Fault::Refuse(marks);
        }
        Fault::None
    }

    fn outage(&self, now: Duration) -> Option<PutErrorKind> {
        self.outages.iter().find(|(when, _)| when.contains(&now)).map(|&(_, kind)| kind)
    }

    fn part(&self, records: usize, random: &mut SplitMix64) -> usize {
        let drawn = random.up_to(records as u64);
        match self.part {
            StoredPart::Nothing => 0,
            StoredPart::Any => usize::try_from(drawn).unwrap_or(records),
            StoredPart::All => records,
        }
    }
}
