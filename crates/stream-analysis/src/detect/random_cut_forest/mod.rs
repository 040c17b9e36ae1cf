//! The random cut forest of Kinesis Data Analytics.
//!
//! Guha, Mishra, Roy, Schrijvers, "Robust Random Cut Forest Based Anomaly Detection on Streams"
//! (ICML 2016): a forest of trees over a sample of the stream, kept up to date with every point; a
//! point that would change the trees much is an anomaly. It learns while it judges, so a stream
//! passes once; and it needs some points before its scores mean anything.
//!
//! Scores, attributions and samples follow AWS's own library
//! (<https://github.com/aws/random-cut-forest-by-aws>), and a test compares them with its port to
//! Rust. The trees are laid out for speed, and their state can be kept.

#[cfg(test)]
mod against_aws;
mod attribution;
mod sample;
#[cfg(feature = "sql")]
mod stored;
mod tree;

use std::collections::VecDeque;

use self::attribution::Sides;
use self::sample::SampledTree;
use crate::Error;
use crate::random::Random;

/// How a [`RandomCutForest`] is grown. [`Default`] is what `RANDOM_CUT_FOREST` of Kinesis Data
/// Analytics for SQL takes: 100 trees of 256 points, a time decay of 100,000 records, a shingle of
/// one
/// (<https://docs.aws.amazon.com/kinesisanalytics/latest/sqlref/sqlrf-random-cut-forest.html>).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ForestOptions {
    /// Trees, 1 to 1,000.
    pub trees: usize,
    /// Points that each tree keeps, 2 to 65,536.
    pub sample_size: usize,
    /// After so many records a point counts much less than a new one: at least 1.
    pub time_decay: u64,
    /// How many consecutive records are judged as one point, 1 to 30.
    pub shingle: usize,
    /// Records that pass before the first score, at least 1.
    pub warm_up: u64,
    /// The same seed and the same stream give the same scores.
    pub seed: u64,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self {
            trees: 100,
            sample_size: 256,
            time_decay: 100_000,
            shingle: 1,
            warm_up: 256,
            seed: 42,
        }
    }
}

impl ForestOptions {
    /// Sets the number of trees.
    #[must_use]
    pub fn with_trees(mut self, trees: usize) -> Self {
        self.trees = trees;
        self
    }

    /// Sets how many points each tree keeps.
    #[must_use]
    pub fn with_sample_size(mut self, points: usize) -> Self {
        self.sample_size = points;
        self
    }

    /// Sets after how many records a point counts less.
    #[must_use]
    pub fn with_time_decay(mut self, records: u64) -> Self {
        self.time_decay = records;
        self
    }

    /// Sets how many consecutive records are judged as one point.
    #[must_use]
    pub fn with_shingle(mut self, records: usize) -> Self {
        self.shingle = records;
        self
    }

    /// Sets how many records pass before the first score.
    #[must_use]
    pub fn with_warm_up(mut self, records: u64) -> Self {
        self.warm_up = records;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |setting, value: String, wanted| Error::Setting { setting, value, wanted };
        if !(1..=1_000).contains(&self.trees) {
            return Err(refuse("the number of trees", self.trees.to_string(), "give 1 to 1,000"));
        }
        if !(2..=65_536).contains(&self.sample_size) {
            let value = self.sample_size.to_string();
            return Err(refuse("the sample size", value, "give 2 to 65,536"));
        }
        if self.time_decay == 0 {
            return Err(refuse("the time decay", "0".to_owned(), "give at least 1 record"));
        }
        if !(1..=30).contains(&self.shingle) {
            return Err(refuse("the shingle", self.shingle.to_string(), "give 1 to 30"));
        }
        Ok(())
    }
}

/// A forest over points of one or more numbers, for a stream that passes once.
///
/// ```
/// use stream_analysis::{ForestOptions, RandomCutForest};
///
/// let mut forest = RandomCutForest::new(1, &ForestOptions::default())?;
/// for at in 0..300_u32 {
///     forest.score_and_learn(&[f64::from(at * 37 % 1_000)]);
/// }
/// let usual = forest.score_and_learn(&[500.0]).expect("it is warm");
/// let odd = forest.score_and_learn(&[9_000.0]).expect("it is warm");
/// assert!(odd > 1.5 * usual, "{odd} against {usual}");
/// # Ok::<(), stream_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RandomCutForest {
    trees: Vec<SampledTree>,
    dimensions: usize,
    shingle: usize,
    /// Points from which on there are scores, counted in those that the trees were offered.
    ready_after: u64,
    decay: f64,
    warm_up: u64,
    seen: u64,
    offered: u64,
    random: Random,
    /// The numbers of the last records that make a point, when several do.
    recent: VecDeque<f32>,
    /// The binary logarithm of 1 + each mass.
    log_mass: Vec<f64>,
    /// The first point: what is near zero keeps more digits as `f32`, and a shift changes no cut.
    origin: Option<Vec<f64>>,
}

/// How much of a score is due to one number of the point.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Attribution {
    /// Its part of the score, 0..=1.
    pub share: f64,
    /// Whether it is odd for being high rather than low.
    pub high: bool,
}

impl RandomCutForest {
    /// An empty forest over points of `dimensions` numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if an option is outside what its field says, or `dimensions` times the
    /// shingle is 0 or above 10,000.
    pub fn new(dimensions: usize, options: &ForestOptions) -> Result<Self, Error> {
        options.check()?;
        let refuse = || Error::Setting {
            setting: "the number of dimensions",
            value: dimensions.to_string(),
            wanted: "give at least 1, and at most 10,000 with the shingle",
        };
        if dimensions == 0 || dimensions.saturating_mul(options.shingle) > 10_000 {
            return Err(refuse());
        }
        let size = dimensions * options.shingle;
        let log_mass = (0..=options.sample_size).map(|mass| (1.0 + mass as f64).log2()).collect();
        Ok(Self {
            trees: vec![SampledTree::new(size, options.sample_size); options.trees],
            dimensions,
            shingle: options.shingle,
            ready_after: (options.sample_size / 4 + options.shingle) as u64,
            decay: 1.0 / options.time_decay as f64,
            warm_up: options.warm_up.max(1),
            seen: 0,
            offered: 0,
            random: Random::new(options.seed),
            recent: VecDeque::with_capacity(size),
            log_mass,
            origin: None,
        })
    }

    /// Scores a point and learns it: 0 to about the logarithm of the sample size, about 1 where
    /// nothing is odd. `None` while the forest warms up, and for a point that is not `dimensions`
    /// finite numbers, which is not learnt either.
    pub fn score_and_learn(&mut self, point: &[f64]) -> Option<f64> {
        let shifted = shift(&mut self.origin, self.dimensions, point)?;
        let ready = self.is_warm();
        self.seen = self.seen.saturating_add(1);
        if self.shingle == 1 {
            return self.score_and_offer(&shifted, ready);
        }
        self.recent.extend(&shifted);
        let size = self.dimensions * self.shingle;
        if self.recent.len() < size {
            return None;
        }
        self.recent.drain(..self.recent.len() - size);
        let point: Vec<f32> = self.recent.iter().copied().collect();
        self.score_and_offer(&point, ready)
    }

    fn score_and_offer(&mut self, point: &[f32], ready: bool) -> Option<f64> {
        let score = ready.then(|| self.score(point));
        for tree in &mut self.trees {
            tree.offer(point, self.offered, self.decay, &mut self.random);
        }
        self.offered = self.offered.saturating_add(1);
        score.filter(|score| score.is_finite())
    }

    fn score(&self, point: &[f32]) -> f64 {
        let sum: f64 = self.trees.iter().map(|tree| tree.tree.score(point, &self.log_mass)).sum();
        sum / self.trees.len() as f64
    }

    /// Whether enough points were learnt for scores to mean something.
    #[must_use]
    pub fn is_warm(&self) -> bool {
        self.seen >= self.warm_up && self.offered > self.ready_after
    }

    /// Points learnt.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// What each number of a point has to do with its score, in the order of the point. Costs about
    /// as much as a score. `None` as for [`score_and_learn`](Self::score_and_learn).
    #[must_use]
    pub fn attribution(&self, point: &[f64]) -> Option<Vec<Attribution>> {
        if !self.is_warm() {
            return None;
        }
        let shifted = shift(&mut self.origin.clone(), self.dimensions, point)?;
        let earlier = (self.shingle - 1) * self.dimensions;
        let left_out = self.recent.len().saturating_sub(earlier);
        let point: Vec<f32> = self.recent.iter().skip(left_out).chain(&shifted).copied().collect();
        let mut parts = Sides::new(point.len());
        for tree in &self.trees {
            if let Some(of_tree) = tree.tree.attribution(&point, &self.log_mass) {
                parts.add(&of_tree, 1.0);
            }
        }
        let total: f64 = parts.high.iter().chain(&parts.low).sum();
        let each = parts.high.iter().zip(&parts.low).skip(earlier);
        let part = |(high, low): (&f64, &f64)| Attribution {
            share: if total > 0.0 { (high + low) / total } else { 0.0 },
            high: high >= low,
        };
        Some(each.map(part).collect())
    }
}

/// The point as the forest holds it, or `None` if it cannot hold it.
fn shift(origin: &mut Option<Vec<f64>>, dimensions: usize, point: &[f64]) -> Option<Vec<f32>> {
    if point.len() != dimensions || point.iter().any(|number| !number.is_finite()) {
        return None;
    }
    let origin = origin.get_or_insert_with(|| point.to_vec());
    #[expect(clippy::cast_possible_truncation, reason = "the forest holds f32; checked below")]
    let shifted = point.iter().zip(origin.iter()).map(|(number, zero)| (number - zero) as f32);
    let shifted: Vec<f32> = shifted.collect();
    // Sums of squares are taken of these.
    shifted.iter().all(|number| number.abs() < 1e18).then_some(shifted)
}
