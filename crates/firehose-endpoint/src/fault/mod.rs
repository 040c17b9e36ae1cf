//! Faults that a user asks for, to see whether the own client gets over them.
//!
//! A rule names an operation and what is to go wrong with it; [`FaultRule`] has the grammar.
//! Counters decide which requests are hit, never chance: the same requests in the same order meet
//! the same faults.

mod cut_body;
mod operation;
mod rule;

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

pub(crate) use self::cut_body::CutBody;
use self::rule::Effect;
pub use self::rule::{FaultRule, FaultRuleError};
use crate::protocol::Service;

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Spares the lock where there are no rules, which is nearly always.
    any: AtomicBool,
    rules: RwLock<Arc<[Active]>>,
}

/// What is to go wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Injected {
    /// The request is refused unanswered.
    pub(crate) refusal: Option<Refusal>,
    /// The answer is held back.
    pub(crate) delay: Option<Duration>,
    /// The answer's body ends after so many bytes, and with it the connection.
    pub(crate) cut: Option<u64>,
}

/// How a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As the service does it when it is asked too often.
    Throttle,
    /// With this HTTP status.
    Status(u16),
}

/// How often a rule was asked, and how often it hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleCount {
    pub(crate) requests: u64,
    pub(crate) hits: u64,
}

#[derive(Debug)]
struct Active {
    rule: FaultRule,
    requests: AtomicU64,
    hits: AtomicU64,
    /// Entries of batches so far, for rules that refuse some of them.
    entries: AtomicU64,
}

impl Faults {
    pub(crate) fn new(rules: Vec<FaultRule>) -> Self {
        let faults = Self::default();
        faults.replace(rules);
        faults
    }

    /// Puts `rules` in the place of those in force; all counters begin anew.
    pub(crate) fn replace(&self, rules: Vec<FaultRule>) {
        let any = !rules.is_empty();
        let rules = rules.into_iter().map(Active::new).collect();
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        self.any.store(any, Relaxed);
    }

    /// The rules in force and what they did, in the order in which they were given.
    pub(crate) fn list(&self) -> Vec<(FaultRule, RuleCount)> {
        let count = |active: &Active| RuleCount {
            requests: active.requests.load(Relaxed),
            hits: active.hits.load(Relaxed),
        };
        self.rules().iter().map(|active| (active.rule.clone(), count(active))).collect()
    }

    /// What is to go wrong with this request. Every rule for its operation counts it.
    pub(crate) fn next(&self, service: Service, operation: &str) -> Injected {
        let mut injected = Injected::default();
        if !self.any.load(Relaxed) {
            return injected;
        }
        for active in self.rules().iter() {
            if active.rule.is_for(service, operation) && !active.rule.refuses_entries() {
                active.inject(&mut injected);
            }
        }
        injected
    }

    /// Which of the `count` entries of a batch are refused; empty when none is.
    pub(crate) fn refused_entries(&self, operation: &str, count: usize) -> Vec<usize> {
        if !self.any.load(Relaxed) {
            return Vec::new();
        }
        let mut refused: Vec<usize> = self
            .rules()
            .iter()
            .filter(|active| active.rule.is_for_batches_of(operation))
            .flat_map(|active| active.refused_entries(count))
            .collect();
        refused.sort_unstable();
        refused.dedup();
        refused
    }

    fn rules(&self) -> Arc<[Active]> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Active {
    fn new(rule: FaultRule) -> Self {
        Self {
            rule,
            requests: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            entries: AtomicU64::new(0),
        }
    }

    /// Counts one request; true when the rule hits it.
    fn hits(&self) -> bool {
        let number = self.requests.fetch_add(1, Relaxed) + 1;
        if !number.is_multiple_of(self.rule.every) {
            return false;
        }
        let times = self.rule.times.unwrap_or(u64::MAX);
        let hit = |hits| (hits < times).then_some(hits + 1);
        self.hits.fetch_update(Relaxed, Relaxed, hit).is_ok()
    }

    /// Of two rules that hit, the first that refuses, the first delay and the first cut count.
    fn inject(&self, injected: &mut Injected) {
        if !self.hits() {
            return;
        }
        let Injected { refusal, delay, cut } = injected;
        match self.rule.effect {
            Effect::Throttle | Effect::SlowDown => {
                refusal.get_or_insert(Refusal::Throttle);
            }
            Effect::Status(status) => {
                refusal.get_or_insert(Refusal::Status(status));
            }
            Effect::Delay(time) => {
                delay.get_or_insert(time);
            }
            Effect::Cut(bytes) => {
                cut.get_or_insert(bytes);
            }
            Effect::Refuse { .. } => {}
        }
    }

    /// Refused entries are spread evenly over the entries of all batches that the rule hits.
    fn refused_entries(&self, count: usize) -> Vec<usize> {
        let Effect::Refuse { refused, of } = self.rule.effect else {
            return Vec::new();
        };
        if !self.hits() {
            return Vec::new();
        }
        let before = self.entries.fetch_add(u64::try_from(count).unwrap_or(0), Relaxed);
        // Of the first e entries in each run of `of`, e * refused / of are refused.
        let due = |entries: u64| entries * refused / of;
        (before..)
            .zip(0..count)
            .filter(|&(entry, _)| due(entry % of + 1) > due(entry % of))
            .map(|(_, index)| index)
            .collect()
    }
}

#[cfg(test)]
mod tests;
