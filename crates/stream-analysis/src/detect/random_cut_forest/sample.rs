//! Which points a tree keeps: a sample of the stream in which newer points are likelier.
//!
//! Each point draws a weight, `ln(-ln(u)) - n * decay` for the n-th point, and a tree keeps those of
//! the least. It is AWS's rule, and so is that for the beginning: the first eighth of the sample is
//! taken as it comes, then ever fewer.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::tree::Tree;
use crate::random::Random;

/// The part of the sample that is filled with the first points.
const TAKEN_AT_ONCE: f64 = 0.125;

/// A point of the sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) weight: f64,
    pub(super) leaf: u32,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.weight.total_cmp(&other.weight).then(self.leaf.cmp(&other.leaf))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// A tree and its sample.
#[derive(Debug, Clone)]
pub(super) struct SampledTree {
    pub(super) tree: Tree,
    pub(super) sample: BinaryHeap<Entry>,
    pub(super) capacity: usize,
    /// A draw that is not above this loses, for points up to `sure_until`; to say so costs no
    /// logarithm, and most points lose. It changes no outcome.
    sure_loss: f64,
    sure_until: u64,
}

impl SampledTree {
    pub(super) fn new(dimensions: usize, capacity: usize) -> Self {
        Self {
            tree: Tree::new(dimensions),
            sample: BinaryHeap::new(),
            capacity,
            sure_loss: 0.0,
            sure_until: 0,
        }
    }

    /// Offers the n-th point, which the tree may keep in place of another.
    pub(super) fn offer(&mut self, point: &[f32], n: u64, decay: f64, random: &mut Random) {
        let drawn = random.unit();
        if self.sample.len() < self.capacity {
            let filled = self.sample.len() as f64 / self.capacity as f64;
            let chance = 1.0 - (filled - TAKEN_AT_ONCE).max(0.0) / (1.0 - TAKEN_AT_ONCE);
            let taken = random.unit() < chance;
            let weight = weight(drawn, n, decay);
            if taken || self.makes_room(weight) {
                self.keep(point, weight, random);
            }
            return;
        }
        if n < self.sure_until && drawn <= self.sure_loss {
            return;
        }
        let weight = weight(drawn, n, decay);
        if self.makes_room(weight) {
            self.keep(point, weight, random);
            self.sure_until = 0;
        }
        if n >= self.sure_until {
            self.look_ahead(n, decay);
        }
    }

    /// Whether this weight is below the greatest, which then goes.
    fn makes_room(&mut self, weight: f64) -> bool {
        let wins = self.sample.peek().is_some_and(|greatest| weight < greatest.weight);
        if wins && let Some(gone) = self.sample.pop() {
            self.tree.remove(gone.leaf);
        }
        wins
    }

    fn keep(&mut self, point: &[f32], weight: f64, random: &mut Random) {
        let leaf = self.tree.insert(point, random);
        self.sample.push(Entry { weight, leaf });
    }

    /// `-ln(u)` must be below `exp(greatest weight + n * decay)`, which grows with n; and
    /// `1 - u` is never above `-ln(u)`.
    fn look_ahead(&mut self, n: u64, decay: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a few thousand"
        )]
        let points = (0.05 / decay).clamp(1.0, 65_536.0) as u64;
        self.sure_until = n.saturating_add(points);
        let greatest = self.sample.peek().map_or(f64::INFINITY, |entry| entry.weight);
        self.sure_loss = 1.0 - (greatest + self.sure_until as f64 * decay).exp();
    }
}

fn weight(drawn: f64, n: u64, decay: f64) -> f64 {
    (-drawn.ln()).ln() - n as f64 * decay
}
