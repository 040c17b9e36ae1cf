//! A valid file damaged in many seeded ways: an error or rows, never a panic, never a hang, never
//! more memory than the limit and what the file itself takes.
//!
//! `MUTANTS` and `MUTANT_SEED` in the environment set how many and which. They are read in a
//! process of their own, whose memory nothing else takes.

use std::time::Duration;

use bytes::Bytes;
use s3_parquet_reader::{Error, OnBad, ParquetSet, ReadOptions};

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

/// In the process of its own.
const ALONE: &str = "READER_TEST_ALONE";
const MEMORY_LIMIT_BYTES: u64 = 32 << 20;
/// The program, its threads, and two reads at their limit.
const MOST_BYTES: u64 = 256 << 20;

#[test]
fn damage_never_escapes_as_a_panic_a_hang_or_memory() {
    let test = ["--exact", "mutants::in_a_process_of_its_own", "--nocapture"];
    let program = std::env::current_exe().unwrap();
    let ended = std::process::Command::new(program).args(test).env(ALONE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    let figures: Vec<_> = told.lines().filter(|line| line.starts_with("seed ")).collect();
    assert!(ended.status.success() && figures.len() == 2, "{told}");
    println!("{}", figures.join("\n"));
}

/// The most memory that this process has had, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok()?.checked_mul(1 << 10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_process_of_its_own() {
    if std::env::var(ALONE).is_err() {
        return;
    }
    let (seed, mutants) = (from_env("MUTANT_SEED", 1), from_env("MUTANTS", 20_000));
    let with_checksums = Bytes::from_static(include_bytes!("../foreign/checksums/a.parquet"));
    for (kind, good) in [
        ("without page checksums", parquet(&ratings(0, 1_000))),
        ("with page checksums", with_checksums),
    ] {
        let figures = damaged(seed, mutants / 2, &good).await;
        let Figures { errors, same, unnoticed } = figures;
        let peak = peak_bytes().unwrap_or(0);
        eprintln!(
            "seed {seed}: of {} mutants {kind} {errors} gave an error, {same} read the same, \
             {unnoticed} read otherwise and unnoticed; peak memory {} MiB",
            mutants / 2,
            peak >> 20
        );
        assert!(errors > mutants / 4, "seed {seed}: only {errors} noticed");
        assert!(peak < MOST_BYTES, "seed {seed}: {peak} bytes of memory");
    }
}

#[derive(Default)]
struct Figures {
    errors: u64,
    same: u64,
    unnoticed: u64,
}

fn options() -> ReadOptions {
    ReadOptions::default().with_memory_limit_bytes(MEMORY_LIMIT_BYTES)
}

async fn damaged(seed: u64, mutants: u64, good: &Bytes) -> Figures {
    let store = TestStore::new();
    put(&*store.inner, "a.parquet", good.clone()).await;
    let set = ParquetSet::new(store.shared(), "", &options());
    let rows = set.read_all().await.unwrap().concat().unwrap();
    let mut figures = Figures::default();
    for number in 0..mutants {
        let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let mut file = good.to_vec();
        damage(&mut file, &mut dice);
        put(&*store.inner, "a.parquet", file).await;
        let reads = async { (set.read_all().await, set.count().await, set.schema().await) };
        let reads = tokio::time::timeout(Duration::from_secs(20), reads).await;
        let (table, _, _) =
            reads.unwrap_or_else(|_| panic!("mutant {number} of seed {seed} hangs"));
        match table {
            Ok(table) if table.concat().is_ok_and(|all| all.columns() == rows.columns()) => {
                figures.same += 1;
            }
            Ok(table) if !table.report().skipped.is_empty() => figures.errors += 1,
            Ok(_) => figures.unnoticed += 1,
            Err(error) => {
                assert!(error.key() == Some("a.parquet"), "mutant {number}: {error}");
                figures.errors += 1;
                skipped(&store, error, number).await;
            }
        }
    }
    figures
}

/// What fails by default is left out on request, unless it only promised too much.
async fn skipped(store: &TestStore, error: Error, number: u64) {
    if !error.is_bad_object() {
        assert!(matches!(error, Error::Memory { .. }), "mutant {number}: {error}");
        return;
    }
    let options = options().with_on_bad(OnBad::Skip);
    let table = ParquetSet::new(store.shared(), "", &options).read_all().await.unwrap();
    assert_eq!((table.num_rows(), table.report().skipped.len()), (0, 1));
}
