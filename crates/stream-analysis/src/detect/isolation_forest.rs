//! The isolation forest: a point that few random cuts set apart from all others is an anomaly.
//!
//! Liu, Ting, Zhou, "Isolation Forest" (ICDM 2008). Unlike the random cut forest it is grown once,
//! from a sample, and then judges; so the data pass twice. It is quicker by far.

use crate::Error;
use crate::random::Random;

/// Points kept to grow the trees from: each tree draws its own sample out of them.
const POOL: usize = 16_384;

/// How an [`IsolationForest`] is grown. [`Default`] is the paper's: 100 trees of 256 points.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IsolationOptions {
    /// Trees, 1 to 1,000.
    pub trees: usize,
    /// Points that each tree is grown from, 2 to 16,384.
    pub sample_size: usize,
    /// The same seed and the same stream give the same scores.
    pub seed: u64,
}

impl Default for IsolationOptions {
    fn default() -> Self {
        Self { trees: 100, sample_size: 256, seed: 42 }
    }
}

impl IsolationOptions {
    /// Sets the number of trees.
    #[must_use]
    pub fn with_trees(mut self, trees: usize) -> Self {
        self.trees = trees;
        self
    }

    /// Sets how many points each tree is grown from.
    #[must_use]
    pub fn with_sample_size(mut self, points: usize) -> Self {
        self.sample_size = points;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// Takes the points of a first pass. Memory: 16,384 points, evenly drawn.
///
/// ```
/// use stream_analysis::{IsolationFit, IsolationOptions};
///
/// let mut fit = IsolationFit::new(1, &IsolationOptions::default())?;
/// (0..1_000_u32).for_each(|at| fit.push(&[f64::from(at)]));
/// fit.push(&[9_000.0]);
/// let forest = fit.finish();
/// assert!(forest.score(&[500.0]).unwrap() < 0.5);
/// assert!(forest.score(&[9_000.0]).unwrap() > 0.6);
/// # Ok::<(), stream_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct IsolationFit {
    options: IsolationOptions,
    dimensions: usize,
    pool: Vec<Vec<f64>>,
    seen: u64,
    random: Random,
}

/// The grown trees.
#[derive(Debug, Clone)]
pub struct IsolationForest {
    dimensions: usize,
    trees: Vec<Vec<Node>>,
    /// The path that an average point has.
    usual: f64,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    /// `below` and the node after it are the two sides.
    Cut { dimension: usize, at: f64, below: usize },
    /// Points that were not cut apart further.
    Leaf { points: usize },
}

impl IsolationFit {
    /// Will learn from points of `dimensions` numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if an option is outside what its field says, or `dimensions` is 0.
    pub fn new(dimensions: usize, options: &IsolationOptions) -> Result<Self, Error> {
        let refuse = |setting, value: usize, wanted| {
            Err(Error::Setting { setting, value: value.to_string(), wanted })
        };
        if dimensions == 0 {
            return refuse("the number of dimensions", 0, "give at least 1");
        }
        if !(1..=1_000).contains(&options.trees) {
            return refuse("the number of trees", options.trees, "give 1 to 1,000");
        }
        if !(2..=POOL).contains(&options.sample_size) {
            return refuse("the sample size", options.sample_size, "give 2 to 16,384");
        }
        let random = Random::new(options.seed);
        Ok(Self { options: options.clone(), dimensions, pool: Vec::new(), seen: 0, random })
    }

    /// Takes a point; one that is not `dimensions` finite numbers teaches nothing.
    pub fn push(&mut self, point: &[f64]) {
        if point.len() != self.dimensions || point.iter().any(|number| !number.is_finite()) {
            return;
        }
        self.seen += 1;
        if self.pool.len() < POOL {
            self.pool.push(point.to_vec());
        } else if let Ok(at) = usize::try_from(self.random.below(self.seen))
            && let Some(place) = self.pool.get_mut(at)
        {
            // Reservoir sampling: every point of the stream is kept with the same chance.
            place.clear();
            place.extend_from_slice(point);
        }
    }

    /// Grows the trees.
    #[must_use]
    pub fn finish(mut self) -> IsolationForest {
        let sample = self.options.sample_size.min(self.pool.len());
        let depth = sample.max(2).ilog2() + 1;
        let mut trees = Vec::new();
        for _ in 0..self.options.trees {
            // The first `sample` places of a shuffle.
            for at in 0..sample {
                let rest = (self.pool.len() - at) as u64;
                let other = at + usize::try_from(self.random.below(rest)).unwrap_or_default();
                self.pool.swap(at, other);
            }
            let mut points: Vec<&[f64]> =
                self.pool.iter().take(sample).map(Vec::as_slice).collect();
            let mut nodes = vec![Node::Leaf { points: sample }];
            grow(&mut nodes, 0, &mut points, depth, self.dimensions, &mut self.random);
            trees.push(nodes);
        }
        IsolationForest { dimensions: self.dimensions, trees, usual: path(sample) }
    }
}

impl IsolationForest {
    /// 0 to 1: 0.5 where nothing is odd, towards 1 for what few cuts set apart. `None` for a point
    /// that is not of the forest's dimensions and finite, and if it was grown from nothing.
    #[must_use]
    pub fn score(&self, point: &[f64]) -> Option<f64> {
        let fits = point.len() == self.dimensions && point.iter().all(|number| number.is_finite());
        if !fits || self.usual <= 0.0 {
            return None;
        }
        let lengths: f64 = self.trees.iter().map(|tree| length(tree, point)).sum();
        let mean = lengths / self.trees.len() as f64;
        Some((-mean / self.usual).exp2())
    }
}

/// Cuts the points of a leaf in two, and so on.
fn grow(
    nodes: &mut Vec<Node>,
    leaf: usize,
    points: &mut [&[f64]],
    depth: u32,
    dimensions: usize,
    random: &mut Random,
) {
    if depth == 0 || points.len() < 2 {
        return;
    }
    // A dimension in which the points differ, if there is one.
    let start = usize::try_from(random.below(dimensions as u64)).unwrap_or_default();
    let ranges = (0..dimensions).map(|step| (start + step) % dimensions);
    let mut ranges = ranges.map(|dimension| {
        let numbers = points.iter().filter_map(|point| point.get(dimension).copied());
        let low = numbers.clone().fold(f64::INFINITY, f64::min);
        (dimension, low, numbers.fold(f64::NEG_INFINITY, f64::max))
    });
    let Some((dimension, low, high)) = ranges.find(|(_, low, high)| low < high) else { return };
    let at = low + (high - low) * random.unit();
    let is_below = |point: &[f64]| point.get(dimension).is_some_and(|number| *number <= at);
    let mut cut = 0;
    for place in 0..points.len() {
        if points.get(place).is_some_and(|point| is_below(point)) {
            points.swap(cut, place);
            cut += 1;
        }
    }
    if cut == points.len() {
        // Rounding put the cut at the very top: nothing would be set apart.
        return;
    }
    let below = nodes.len();
    let (left, right) = points.split_at_mut(cut);
    nodes.push(Node::Leaf { points: left.len() });
    nodes.push(Node::Leaf { points: right.len() });
    if let Some(node) = nodes.get_mut(leaf) {
        *node = Node::Cut { dimension, at, below };
    }
    grow(nodes, below, left, depth - 1, dimensions, random);
    grow(nodes, below + 1, right, depth - 1, dimensions, random);
}

fn length(tree: &[Node], point: &[f64]) -> f64 {
    let (mut node, mut cuts) = (0, 0.0);
    loop {
        match tree.get(node) {
            Some(Node::Cut { dimension, at, below }) => {
                let above = point.get(*dimension).is_some_and(|number| *number > *at);
                node = below + usize::from(above);
                cuts += 1.0;
            }
            Some(Node::Leaf { points }) => return cuts + path(*points),
            None => return cuts,
        }
    }
}

/// The mean path to a leaf in a search tree of so many points: `c(n)` of the paper.
fn path(points: usize) -> f64 {
    match points {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = points as f64;
            2.0 * ((n - 1.0).ln() + 0.577_215_664_901_532_9) - 2.0 * (n - 1.0) / n
        }
    }
}
