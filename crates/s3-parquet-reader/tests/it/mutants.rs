//! A valid file damaged in many seeded ways: an error or rows, never a panic, never a hang.
//!
//! `MUTANTS` and `MUTANT_SEED` in the environment set how many and which.

use std::time::Duration;

use s3_parquet_reader::{OnBad, ParquetSet, ReadOptions};

use crate::files::{parquet, put, ratings};
use crate::store::TestStore;

/// splitmix64: small, seeded, good enough to pick bytes.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (below.max(1) as u64)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap_or(0)
    }
}

fn damage(file: &mut Vec<u8>, dice: &mut Dice) {
    let footer = 1_500.min(file.len());
    match dice.roll(5) {
        0 => file.truncate(dice.roll(file.len())),
        1 => {
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(file.len());
                file[at] ^= 1 << dice.roll(8);
            }
        }
        2 => {
            let at = file.len() - 1 - dice.roll(footer);
            file[at] = dice.byte();
        }
        3 => {
            let at = dice.roll(file.len() - footer);
            file[at] = dice.byte();
        }
        _ => {
            let at = (file.len() - 1 - dice.roll(footer)).min(file.len() - 10);
            file[at..at + 9].fill(0xff);
        }
    }
}

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_never_escapes_as_a_panic_or_a_hang() {
    let (seed, mutants) = (from_env("MUTANT_SEED", 1), from_env("MUTANTS", 2_000));
    let rows = ratings(0, 1_000);
    let good = parquet(&rows);
    let (mut errors, mut same, mut unnoticed) = (0, 0, 0);
    for number in 0..mutants {
        let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let mut file = good.to_vec();
        damage(&mut file, &mut dice);
        let store = TestStore::new();
        put(&*store.inner, "a.parquet", file).await;
        let set = ParquetSet::new(store.shared(), "", &ReadOptions::default());
        let reads = async { (set.read_all().await, set.count().await, set.schema().await) };
        let reads = tokio::time::timeout(Duration::from_secs(20), reads).await;
        let (table, _, _) =
            reads.unwrap_or_else(|_| panic!("mutant {number} of seed {seed} hangs"));
        match table {
            Ok(table) if table.concat().is_ok_and(|all| all.columns() == rows.columns()) => {
                same += 1
            }
            Ok(table) if !table.report().skipped.is_empty() => errors += 1,
            Ok(_) => unnoticed += 1,
            Err(error) => {
                assert!(error.key() == Some("a.parquet"), "mutant {number}: {error}");
                errors += 1;
                let options = ReadOptions::default().with_on_bad(OnBad::Skip);
                let skipping = ParquetSet::new(store.shared(), "", &options);
                let table = skipping.read_all().await.unwrap();
                assert_eq!((table.num_rows(), table.report().skipped.len()), (0, 1));
            }
        }
    }
    eprintln!(
        "seed {seed}: of {mutants} mutants {errors} gave an error, {same} read the same, \
         {unnoticed} read otherwise and unnoticed (Parquet without page checksums)"
    );
    assert!(errors > mutants / 2, "seed {seed}: only {errors} of {mutants} noticed");
}
