//! A million records against the tutorial's figures, within four standard deviations.
//!
//! The seed is fixed, so a test that passes goes on passing; `CAPTAIN_RATINGS_SEED` tries another.

use std::collections::HashMap;
use std::sync::LazyLock;

use fake::Fake;
use fake::faker::name::en::Name;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{
    CAPTAINS, FIRST_NAMES, LAST_NAMES, NORMAL_RATINGS, OUTLIER_CAPTAIN, OUTLIER_RATINGS,
    OUTLIER_SHARE, RatingGenerator,
};

const DRAWN: u32 = 1_000_000;
const RECORDS: f64 = DRAWN as f64;

/// How often each value occurred in a million records.
#[derive(Default)]
struct Counts {
    seed: u64,
    first_names: HashMap<&'static str, u64>,
    last_names: HashMap<&'static str, u64>,
    captains: HashMap<&'static str, u64>,
    normal_ratings: HashMap<i32, u64>,
    outlier_ratings: HashMap<i32, u64>,
}

static COUNTS: LazyLock<Counts> = LazyLock::new(|| {
    let given = std::env::var("CAPTAIN_RATINGS_SEED").ok();
    let seed = given.map_or(42, |seed| seed.parse().expect("CAPTAIN_RATINGS_SEED is a number"));
    let mut counts = Counts { seed, ..Counts::default() };
    let mut ratings = RatingGenerator::with_seed(seed);
    for _ in 0..DRAWN {
        let drawn = ratings.draw();
        *counts.first_names.entry(drawn.first_name()).or_default() += 1;
        *counts.last_names.entry(drawn.last_name()).or_default() += 1;
        *counts.captains.entry(drawn.favorite_captain()).or_default() += 1;
        let outlier = drawn.is_outlier();
        let side = if outlier { &mut counts.outlier_ratings } else { &mut counts.normal_ratings };
        *side.entry(drawn.rating()).or_default() += 1;
    }
    counts
});

#[track_caller]
fn assert_share(name: &str, count: u64, share: f64) {
    let (expected, sigma) = (RECORDS * share, (RECORDS * share * (1.0 - share)).sqrt());
    let off = (count as f64 - expected) / sigma;
    assert!(off.abs() < 4.0, "{name}: {count}, {off:.2} sigma off (seed {})", COUNTS.seed);
}

/// All values occur, nothing else does, and the counts are as even as chance makes them: the
/// chi-square statistic is within four standard deviations of its mean.
#[track_caller]
fn assert_uniform<K: Eq + std::hash::Hash>(
    counts: &HashMap<K, u64>,
    values: impl IntoIterator<Item = K>,
) {
    let observed: Vec<u64> =
        values.into_iter().map(|value| counts.get(&value).copied().unwrap_or(0)).collect();
    let total = observed.iter().sum::<u64>();
    assert_eq!(total, counts.values().sum::<u64>(), "values that may not occur");
    let expected = total as f64 / observed.len() as f64;
    let square = |count: &u64| (*count as f64 - expected).powi(2) / expected;
    let chi_square = observed.iter().map(square).sum::<f64>();
    let freedom = observed.len() as f64 - 1.0;
    let off = (chi_square - freedom) / (2.0 * freedom).sqrt();
    assert!(
        off.abs() < 4.0,
        "chi-square {chi_square:.0}, {off:.2} sigma off (seed {})",
        COUNTS.seed
    );
}

/// The figures below are written out: taken from the constants, they would follow them into error.
#[test]
fn the_constants_are_the_tutorials() {
    assert_eq!((OUTLIER_SHARE, NORMAL_RATINGS, OUTLIER_RATINGS), (0.04, 1..=1000, 7000..=9000));
    assert_eq!((CAPTAINS.len(), CAPTAINS.contains(&OUTLIER_CAPTAIN)), (14, false));
}

#[test]
fn four_percent_are_outliers_and_the_captains_share_the_rest() {
    assert_share(OUTLIER_CAPTAIN, COUNTS.captains[OUTLIER_CAPTAIN], 0.04);
    for captain in CAPTAINS {
        assert_share(captain, COUNTS.captains[captain], 0.96 / 14.0);
    }
    assert_eq!(COUNTS.captains.len(), 15);
}

#[test]
fn ratings_are_uniform_over_their_ranges_up_to_both_ends() {
    assert_uniform(&COUNTS.normal_ratings, 1..=1000);
    assert_uniform(&COUNTS.outlier_ratings, 7000..=9000);
    for rating in [1, 1000] {
        assert!(COUNTS.normal_ratings.contains_key(&rating), "{rating} never occurs");
    }
    for rating in [7000, 9000] {
        assert!(COUNTS.outlier_ratings.contains_key(&rating), "{rating} never occurs");
    }
}

#[test]
fn the_means_are_the_tutorials() {
    // Mean and standard deviation of a uniform whole number in 1..=1000 and in 7000..=9000.
    for (counts, mean, sigma) in
        [(&COUNTS.normal_ratings, 500.5, 288.675), (&COUNTS.outlier_ratings, 8000.0, 577.639)]
    {
        let total = counts.values().sum::<u64>() as f64;
        let sum =
            counts.iter().map(|(rating, count)| f64::from(*rating) * *count as f64).sum::<f64>();
        let off = (sum / total - mean) / (sigma / total.sqrt());
        assert!(off.abs() < 4.0, "mean {}, {off:.2} sigma off (seed {})", sum / total, COUNTS.seed);
    }
}

#[test]
fn every_name_of_the_tables_occurs_equally_often() {
    assert_uniform(&COUNTS.first_names, FIRST_NAMES.iter().copied());
    assert_uniform(&COUNTS.last_names, LAST_NAMES.iter().copied());
}

#[test]
fn captain_and_rating_do_not_depend_on_the_name_or_on_each_other() {
    // Halves of each table against halves of each other draw: four cells, each a quarter.
    let mut cells = HashMap::new();
    let mut ratings = RatingGenerator::with_seed(COUNTS.seed);
    for _ in 0..DRAWN {
        let drawn = ratings.draw();
        if drawn.is_outlier() {
            continue;
        }
        let picks = drawn.picks;
        let first = picks.first_name < FIRST_NAMES.len() / 2;
        let last = picks.last_name < LAST_NAMES.len() / 2;
        let captain = picks.captain.is_some_and(|place| place < 7);
        let rating = drawn.rating() <= 500;
        let pairs =
            [(first, last), (first, captain), (last, rating), (captain, rating), (first, rating)];
        for (pair, cell) in pairs.into_iter().enumerate() {
            *cells.entry((pair, cell)).or_insert(0u64) += 1;
        }
    }
    assert_eq!(cells.len(), 20);
    for ((pair, cell), count) in cells {
        // The first-name table has an odd length: its lower half is a sixth of a permille short.
        let lower = if pair == 2 || pair == 3 { 0.5 } else { 1503.0 / 3007.0 };
        let share = if cell.0 { lower } else { 1.0 - lower } * 0.5 * 0.96;
        assert_share(&format!("pair {pair}, cell {cell:?}"), count, share);
    }
}

#[test]
fn fakes_own_name_is_a_first_and_a_last_name_of_these_tables() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..5_000 {
        let name: String = Name().fake_with_rng(&mut rng);
        let (first, last) = name.split_once(' ').expect("two words");
        assert!(FIRST_NAMES.contains(&first) && LAST_NAMES.contains(&last), "{name}");
    }
}
