//! Both forests against the tutorial's planted ratings, and against what cannot work.

use super::*;
use crate::random::Random;

/// Ratings as the tutorial makes them: 4 % from 7,000 to 9,000, the others from 1 to 1,000.
fn ratings(rows: usize, seed: u64) -> Vec<(f64, bool)> {
    let mut random = Random::new(seed);
    let mut draw = move || {
        let planted = random.below(100) < 4;
        let rating = if planted { 7_000 + random.below(2_001) } else { 1 + random.below(1_000) };
        (rating as f64, planted)
    };
    (0..rows).map(|_| draw()).collect()
}

fn judged(rows: &[(f64, bool)], mut score: impl FnMut(f64) -> Option<f64>) -> ScoreReport {
    let mut scores = Scores::new(10);
    for (row, (value, planted)) in (0..).zip(rows) {
        scores.add(row, *value, score(*value), Some(*planted));
    }
    scores.finish(None).expect("no cutoff was given")
}

#[test]
fn the_random_cut_forest_finds_what_was_planted_once_it_is_warm() {
    for seed in [1, 2] {
        let rows = ratings(3_000, seed);
        let options = ForestOptions::default().with_seed(seed);
        let mut forest = RandomCutForest::new(1, &options).expect("sound");
        let (warm, rest) = rows.split_at(256);
        for (value, _) in warm {
            assert_eq!(forest.score_and_learn(&[*value]), None);
        }
        let report = judged(rest, |value| forest.score_and_learn(&[value]));
        assert_eq!(report.scored, 3_000 - 256);
        let confusion = report.confusion.expect("the truth was given");
        let (precision, recall) = (confusion.precision(), confusion.recall());
        assert!(precision > Some(0.98) && recall > Some(0.9), "seed {seed}: {confusion}");
        assert!(report.strongest.iter().all(|row| row.value >= 7_000.0), "{report:?}");
        let reason = report.strongest[0].reason("rating", &report);
        assert!(
            reason.starts_with("rating ") && reason.contains("times the mean score"),
            "{reason}"
        );
    }
}

#[test]
fn the_isolation_forest_finds_what_was_planted() {
    for seed in [1, 2] {
        let rows = ratings(20_000, seed);
        let options = IsolationOptions::default().with_seed(seed);
        let mut fit = IsolationFit::new(1, &options).expect("sound");
        rows.iter().for_each(|(value, _)| fit.push(&[*value]));
        let forest = fit.finish();
        let report = judged(&rows, |value| forest.score(&[value]));
        let confusion = report.confusion.expect("the truth was given");
        assert!(confusion.recall() > Some(0.95), "seed {seed}: {confusion} {report:?}");
        assert!(confusion.precision() > Some(0.95), "seed {seed}: {confusion}");
    }
}

#[test]
fn the_same_stream_gives_the_same_scores_and_another_origin_too() {
    let rows = ratings(400, 3);
    let run = |shift: f64| {
        let mut forest = RandomCutForest::new(1, &ForestOptions::default()).expect("sound");
        let scores = rows.iter().map(|(value, _)| forest.score_and_learn(&[value + shift]));
        scores.collect::<Vec<_>>()
    };
    assert_eq!(run(0.0), run(0.0));
    // Epoch seconds would lose their digits as f32, were they not moved to the first point.
    assert_eq!(run(0.0), run(1_641_622_800.0));
}

#[test]
fn an_attribution_names_the_number_that_is_odd_and_its_side() {
    let mut random = Random::new(5);
    let mut forest = RandomCutForest::new(2, &ForestOptions::default()).expect("sound");
    for _ in 0..600 {
        forest.score_and_learn(&[random.unit() * 10.0, random.unit() * 10.0]);
    }
    let parts = forest.attribution(&[5.0, -200.0]).expect("it is warm");
    assert_eq!(parts.len(), 2);
    assert!(parts[1].share > 0.8 && !parts[1].high, "{parts:?}");
    assert!((parts[0].share + parts[1].share - 1.0).abs() < 1e-9, "{parts:?}");
}

#[test]
fn points_that_are_none_are_neither_scored_nor_learnt() {
    let mut forest =
        RandomCutForest::new(1, &ForestOptions::default().with_warm_up(1)).expect("sound");
    for point in [&[f64::NAN][..], &[f64::INFINITY], &[], &[1.0, 2.0]] {
        assert_eq!(forest.score_and_learn(point), None);
    }
    assert_eq!(forest.seen(), 0);
    for value in [0.0, 1e30, -1e300, f64::MAX, f64::MIN, 1.0, 2.0] {
        let _ = forest.score_and_learn(&[value]);
    }
    assert_eq!(forest.seen(), 3, "numbers beyond what f32 can square are left out");

    let empty = IsolationFit::new(1, &IsolationOptions::default()).expect("sound").finish();
    assert_eq!(empty.score(&[1.0]), None);
    let mut equal = IsolationFit::new(2, &IsolationOptions::default()).expect("sound");
    (0..500).for_each(|_| equal.push(&[7.0, 7.0]));
    equal.push(&[f64::NAN, 1.0]);
    let equal = equal.finish();
    assert!(equal.score(&[7.0, 7.0]).is_some_and(|score| (score - 0.5).abs() < 1e-9));
    assert_eq!(equal.score(&[7.0]), None);
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let options = ForestOptions::default;
    for (refused, setting) in [
        (options().with_trees(0), "the number of trees"),
        (options().with_sample_size(1), "the sample size"),
        (options().with_time_decay(0), "the time decay"),
        (options().with_shingle(31), "the shingle"),
    ] {
        let error = RandomCutForest::new(1, &refused).expect_err(setting).to_string();
        assert!(error.starts_with(setting), "{error}");
    }
    assert!(RandomCutForest::new(0, &options()).is_err());
    let options = IsolationOptions::default;
    for refused in [options().with_trees(1_001), options().with_sample_size(1)] {
        assert!(matches!(IsolationFit::new(1, &refused), Err(Error::Setting { .. })));
    }
    let nan = Scores::new(1).finish(Some(f64::NAN));
    assert!(matches!(nan, Err(Error::Threshold { .. })));
}

#[test]
fn a_shingle_judges_runs_of_records() {
    let options = ForestOptions::default().with_shingle(4).with_trees(30).with_sample_size(64);
    let mut forest = RandomCutForest::new(1, &options).expect("sound");
    let mut last = None;
    for at in 0..2_000_u32 {
        last = forest.score_and_learn(&[f64::from(at % 4)]);
    }
    let usual = last.expect("it is warm");
    let broken = forest.score_and_learn(&[3.0]).expect("it is warm");
    assert!(broken > 1.5 * usual, "3 after 3 breaks the rhythm: {broken} against {usual}");
}

#[test]
fn counted_scores_agree_with_kept_ones() {
    let mut random = Random::new(9);
    let all: Vec<(f64, bool)> =
        (0..5_000).map(|_| (random.unit() * 2.0, random.below(20) == 0)).collect();
    let mut scores = Scores::new(7);
    for (row, (score, planted)) in (0..).zip(&all) {
        scores.add(row, 0.0, Some(*score), Some(*planted));
    }
    scores.add(5_000, 0.0, None, Some(true));
    let report = scores.finish(Some(1.5)).expect("sound");
    let beyond: Vec<_> = all.iter().filter(|(score, _)| *score >= report.cutoff).collect();
    assert_eq!(report.cutoff, 1.5);
    assert_eq!((report.found, report.rows, report.scored), (beyond.len() as u64, 5_001, 5_000));
    let confusion = report.confusion.expect("the truth was given");
    let right = beyond.iter().filter(|(_, planted)| *planted).count() as u64;
    let planted = all.iter().filter(|(_, planted)| *planted).count() as u64 + 1;
    assert_eq!((confusion.true_positives, confusion.false_negatives), (right, planted - right));
    assert_eq!(report.strongest.len(), 7);
    assert!(report.strongest.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert_eq!(report.distribution.iter().map(|(_, rows)| rows).sum::<u64>(), 5_000);
}
