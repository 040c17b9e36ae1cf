//! This forest against AWS's own, in its port to Rust: other random numbers, the same scores.

use krcf::{RandomCutForest as Theirs, RandomCutForestOptions as Settings};

use super::*;

fn theirs(dimensions: usize, options: &ForestOptions) -> Theirs {
    let settings = Settings {
        dimensions,
        shingle_size: options.shingle,
        num_trees: Some(options.trees),
        sample_size: Some(options.sample_size),
        lambda: Some(1.0 / options.time_decay as f64),
        random_seed: Some(options.seed),
        parallel_execution_enabled: Some(false),
        internal_shingling: Some(options.shingle > 1),
        ..Settings::default()
    };
    Theirs::new(settings).expect("sound")
}

/// Mean scores, how far apart the scores of a point are in the mean, and their correlation.
#[derive(Debug)]
struct Agreement {
    means: (f64, f64),
    apart: f64,
    correlation: f64,
}

/// After the first 1,000 points both forests have filled their samples.
fn compare(points: &[Vec<f64>], options: &ForestOptions) -> Agreement {
    let dimensions = points[0].len();
    let mut ours = RandomCutForest::new(dimensions, options).expect("sound");
    let mut theirs = theirs(dimensions, options);
    let mut pairs = Vec::new();
    for (number, point) in points.iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, reason = "the forest holds f32")]
        let single: Vec<f32> = point.iter().map(|n| *n as f32).collect();
        let score = ours.score_and_learn(point);
        if number > 1_000 {
            pairs.push((score.expect("it is warm"), theirs.score(&single).expect("it is warm")));
        }
        theirs.update(&single).expect("a point");
    }
    let mean =
        |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
    let (a, b) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let product = mean(&|pair| (pair.0 - a) * (pair.1 - b));
    let spreads = (mean(&|pair| (pair.0 - a).powi(2)), mean(&|pair| (pair.1 - b).powi(2)));
    Agreement {
        means: (a, b),
        apart: mean(&|pair| (pair.0 - pair.1).abs()),
        correlation: product / (spreads.0 * spreads.1).sqrt(),
    }
}

/// Ratings as the tutorial makes them, points of two heaps, and a rhythm of four that breaks.
fn streams() -> Vec<(&'static str, Vec<Vec<f64>>, ForestOptions)> {
    let mut random = Random::new(11);
    let mut rating = || match random.below(100) < 4 {
        true => 7_000 + random.below(2_001),
        false => 1 + random.below(1_000),
    };
    let ratings = (0..3_000).map(|_| vec![rating() as f64]).collect();
    let mut heap = || {
        let middle = if random.below(3) == 0 { (80.0, -40.0) } else { (0.0, 0.0) };
        let mut around =
            |middle: f64| middle + (random.unit() + random.unit() + random.unit()) * 9.0;
        vec![around(middle.0), around(middle.1)]
    };
    let heaps = (0..3_000).map(|_| heap()).collect();
    let mut beat = |at: u64| {
        let broken = if random.below(40) == 0 { 50.0 } else { 0.0 };
        vec![(at % 4) as f64 * 10.0 + random.unit() + broken]
    };
    let rhythm = (0..3_000).map(&mut beat).collect();
    vec![
        ("ratings", ratings, ForestOptions::default()),
        ("heaps", heaps, ForestOptions::default()),
        ("decay", streams_of_drift(), ForestOptions::default().with_time_decay(300)),
        ("rhythm", rhythm, ForestOptions::default().with_shingle(4)),
    ]
}

/// What is usual moves, so the sample must move along.
fn streams_of_drift() -> Vec<Vec<f64>> {
    let mut random = Random::new(12);
    (0..3_000_u32).map(|at| vec![f64::from(at) + random.unit() * 300.0]).collect()
}

#[test]
fn scores_agree_with_those_of_aws_own_library() {
    for (name, points, options) in streams() {
        let ours = compare(&points, &options);
        println!("{name}: {ours:?}");
        assert!((ours.means.0 - ours.means.1).abs() < 0.02, "{name}: {ours:?}");
        assert!(ours.apart < 0.05, "{name}: {ours:?}");
        assert!(ours.correlation > 0.97, "{name}: {ours:?}");
    }
}

#[test]
fn attributions_agree_with_those_of_aws_own_library() {
    let (_, points, options) = streams().swap_remove(1);
    let mut ours = RandomCutForest::new(2, &options).expect("sound");
    let mut theirs = theirs(2, &options);
    for point in &points {
        ours.score_and_learn(point);
        #[expect(clippy::cast_possible_truncation, reason = "the forest holds f32")]
        let single: Vec<f32> = point.iter().map(|n| *n as f32).collect();
        theirs.update(&single).expect("a point");
    }
    // Odd to the right, odd below, odd in both, and one that the forest may have kept.
    let kept = points[points.len() - 1].clone();
    for point in [vec![400.0, 10.0], vec![10.0, -300.0], vec![-200.0, 200.0], kept] {
        #[expect(clippy::cast_possible_truncation, reason = "the forest holds f32")]
        let single: Vec<f32> = point.iter().map(|n| *n as f32).collect();
        let their = theirs.attribution(&single).expect("it is warm");
        let total: f64 = their.high.iter().chain(&their.low).sum();
        let our = ours.attribution(&point).expect("it is warm");
        for (at, part) in our.iter().enumerate() {
            let share = (their.high[at] + their.low[at]) / total;
            assert!((part.share - share).abs() < 0.05, "{point:?}: {part:?} against {share}");
            if share > 0.2 {
                assert_eq!(part.high, their.high[at] >= their.low[at], "{point:?} {at}");
            }
        }
    }
}
