//! One life: a journal is written, delivered from, cut off, and opened again, by a seed.

use std::{collections::BTreeSet, fmt, path::Path};

use firehose_journal::{Durability, Journal, Segment, SegmentId};
use turmoil_fs::Fs;

use crate::disk::{Sabotage, SimulatedDisk};

/// What goes wrong besides the power.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    error_probability: f64,
    capacity: Option<u64>,
}

impl Faults {
    pub(crate) const NONE: Self = Self { error_probability: 0.0, capacity: None };
    pub(crate) const ERRORS: Self = Self { error_probability: 0.02, capacity: None };
    pub(crate) const FULL: Self = Self { error_probability: 0.0, capacity: Some(6_000) };
}

/// What came of some lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) cuts: u64,
    pub(crate) committed: u64,
    pub(crate) refused: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    pub(crate) twice: u64,
    pub(crate) damaged: u64,
}

impl Tally {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            cuts: self.cuts + other.cuts,
            committed: self.committed + other.committed,
            refused: self.refused + other.refused,
            delivered: self.delivered + other.delivered,
            lost: self.lost + other.lost,
            twice: self.twice + other.twice,
            damaged: self.damaged + other.damaged,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cuts, committed, refused, delivered, lost, twice, damaged } = self;
        write!(
            f,
            "{cuts} cuts, {committed} records committed, {refused} refused, {delivered} delivered, \
             {lost} lost, {twice} delivered twice, {damaged} segments damaged"
        )
    }
}

/// A small generator of our own, so that a seed means the same in every version.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Records are numbers; a payload is one with some padding, so that frames span blocks.
fn payload(record: u64, dice: &mut Dice) -> Vec<u8> {
    let mut payload = record.to_le_bytes().to_vec();
    payload.resize(8 + usize::try_from(dice.below(120)).unwrap(), 0xAB);
    payload
}

fn record(payload: &[u8]) -> u64 {
    u64::from_le_bytes(payload[..8].try_into().unwrap())
}

struct Life {
    dice: Dice,
    tally: Tally,
    next_record: u64,
    /// Committed and not delivered.
    owed: BTreeSet<u64>,
    /// In segments whose removal is certain.
    gone: BTreeSet<u64>,
}

/// Plays a life with so many power cuts.
pub(crate) fn live(seed: u64, cuts: u64, sabotage: Sabotage, faults: Faults) -> Tally {
    let mut builder = Fs::builder().seed(seed).block_size(64);
    builder = builder.io_error_probability(faults.error_probability);
    if let Some(capacity) = faults.capacity {
        builder = builder.capacity(capacity);
    }
    let fs = builder.build();
    let mut life = Life {
        dice: Dice(seed),
        tally: Tally::default(),
        next_record: 0,
        owed: BTreeSet::new(),
        gone: BTreeSet::new(),
    };
    for cut in 0..=cuts {
        let entered = fs.enter();
        life.between_cuts(SimulatedDisk(sabotage), cut == cuts);
        drop(entered);
        if cut < cuts {
            fs.crash();
            life.tally.cuts += 1;
        }
    }
    life.tally.lost += life.owed.len() as u64;
    life.tally
}

impl Life {
    /// Opens the journal, delivers what is found, and goes on for a while.
    fn between_cuts(&mut self, disk: SimulatedDisk, is_last: bool) {
        // An error at the start is like a start that did not happen.
        let opened = (0..50)
            .find_map(|_| Journal::open_on(disk, Path::new("/journal"), Durability::Sync).ok());
        let Some(journal) = opened else { return };
        for id in journal.recovered() {
            // What cannot be read now is tried again in the next life, or at its end.
            let read = (0..50).find_map(|_| journal.read(id).ok());
            let Some(found) = read else { continue };
            self.tally.damaged += u64::from(found.damage().is_some());
            let records: Vec<u64> = found.frames().map(record).collect();
            if !records.is_empty() && found.header() != Some(b"header") {
                // Nobody knows where these were to go: only sabotage does that.
                self.tally.damaged += 1;
                continue;
            }
            self.deliver(&journal, id, records);
        }
        if is_last {
            return;
        }
        let steps = self.dice.below(40);
        let mut segment: Option<(Segment<SimulatedDisk>, Vec<u64>)> = None;
        for _ in 0..steps {
            segment = self.step(&journal, segment);
        }
    }

    fn step(
        &mut self,
        journal: &Journal<SimulatedDisk>,
        segment: Option<(Segment<SimulatedDisk>, Vec<u64>)>,
    ) -> Option<(Segment<SimulatedDisk>, Vec<u64>)> {
        let (mut segment, mut held) = match segment {
            Some(open) => open,
            None => (journal.begin(b"header").ok()?, Vec::new()),
        };
        if self.dice.below(8) == 0 {
            let id = segment.id();
            let sealed = self.dice.below(2) == 0 && segment.seal().is_ok();
            // The delivery may not get to its end before the power goes.
            if sealed || self.dice.below(2) == 0 {
                self.deliver(journal, id, held);
            }
            return None;
        }
        let batch: Vec<u64> = (0..=self.dice.below(5)).map(|n| self.next_record + n).collect();
        self.next_record += batch.len() as u64;
        for number in &batch {
            segment.append(&payload(*number, &mut self.dice)).ok()?;
        }
        if self.dice.below(10) == 0 {
            // The power goes between the append and the commit, or nobody waits for it.
            return Some((segment, held));
        }
        match segment.commit() {
            Ok(()) => {
                self.tally.committed += batch.len() as u64;
                self.owed.extend(&batch);
                held.extend(&batch);
                Some((segment, held))
            }
            Err(_) => {
                self.tally.refused += batch.len() as u64;
                assert!(segment.is_poisoned() && segment.append(b"more").is_err());
                // What it had committed before is still good, and is found again.
                None
            }
        }
    }

    fn deliver(&mut self, journal: &Journal<SimulatedDisk>, id: SegmentId, records: Vec<u64>) {
        for number in &records {
            self.tally.delivered += 1;
            self.owed.remove(number);
            self.tally.twice += u64::from(self.gone.contains(number));
        }
        // The power may go before the segment is removed: then it is delivered again.
        if self.dice.below(12) > 0 && journal.remove(id).is_ok() {
            self.gone.extend(records);
        }
    }
}
