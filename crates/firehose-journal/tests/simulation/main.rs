//! Lives of a journal on a simulated disk whose power is cut at any moment: what was committed is
//! found again, and a disk that only says that it syncs is caught.
//!
//! `FIREHOSE_JOURNAL_SEED` plays one life, `FIREHOSE_JOURNAL_CUTS` says how many power cuts there
//! are to be (10,000).

mod disk;
mod life;

use disk::Sabotage;
use life::{Faults, Tally, live};

const CUTS_A_LIFE: u64 = 5;

fn wanted_cuts() -> u64 {
    let wanted = std::env::var("FIREHOSE_JOURNAL_CUTS").ok();
    wanted.map_or(10_000, |cuts| cuts.parse().expect("FIREHOSE_JOURNAL_CUTS is a number"))
}

/// The seeds of so many lives, or the one that was asked for.
fn seeds(lives: u64) -> Vec<u64> {
    match std::env::var("FIREHOSE_JOURNAL_SEED") {
        Ok(seed) => vec![seed.parse().expect("FIREHOSE_JOURNAL_SEED is a number")],
        Err(_) => (1..=lives).collect(),
    }
}

fn play(name: &str, lives: u64, sabotage: Sabotage, faults: Faults) -> (Tally, Option<u64>) {
    let (mut all, mut first_loss) = (Tally::default(), None);
    for seed in seeds(lives) {
        let tally = live(seed, CUTS_A_LIFE, sabotage, faults);
        if tally.lost > 0 {
            first_loss.get_or_insert(seed);
        }
        all = all.and(tally);
    }
    let first = first_loss.map(|seed| format!(", first in seed {seed}")).unwrap_or_default();
    eprintln!("{name}: {all}{first}");
    (all, first_loss)
}

#[test]
fn no_committed_record_is_lost_in_a_power_cut() {
    let lives = wanted_cuts() / CUTS_A_LIFE;
    let (tally, first_loss) = play("power cuts", lives, Sabotage::None, Faults::NONE);
    assert_eq!((tally.lost, tally.damaged), (0, 0), "FIREHOSE_JOURNAL_SEED={first_loss:?}");
    assert!(tally.committed > 10 * tally.cuts, "the lives were too quiet: {tally}");
    assert!(tally.twice == 0, "a delivered segment came back: {tally}");
}

#[test]
fn a_disk_that_errs_and_one_that_is_full_lose_nothing() {
    let lives = wanted_cuts() / CUTS_A_LIFE / 4;
    for (name, faults) in [("I/O errors", Faults::ERRORS), ("a full disk", Faults::FULL)] {
        let (tally, first_loss) = play(name, lives, Sabotage::None, faults);
        assert_eq!(tally.lost, 0, "FIREHOSE_JOURNAL_SEED={first_loss:?}");
        assert!(tally.refused > 0 && tally.committed > 0, "nothing went wrong: {tally}");
    }
}

#[test]
fn a_disk_that_does_not_sync_files_is_caught() {
    let (tally, _) = play("sabotage: no sync", 200, Sabotage::NoSync, Faults::NONE);
    assert!(tally.lost > 0, "the simulation proves nothing: {tally}");
}

#[test]
fn a_disk_that_does_not_sync_directories_is_caught() {
    let (tally, _) =
        play("sabotage: no directory sync", 200, Sabotage::NoDirectorySync, Faults::NONE);
    assert!(tally.lost > 0, "the simulation proves nothing: {tally}");
}
