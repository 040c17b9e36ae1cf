//! Which numbers of a point its score is due to: AWS's attribution.

use super::tree::{LEAF, NONE, Node, Tree, side};

/// Of each number of a point, how much of the score is due to its being high, or low.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sides {
    pub(super) high: Vec<f64>,
    pub(super) low: Vec<f64>,
}

impl Sides {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { high: vec![0.0; dimensions], low: vec![0.0; dimensions] }
    }

    fn sum(&self) -> f64 {
        self.high.iter().chain(&self.low).sum()
    }

    fn scale(&mut self, factor: f64) {
        self.high.iter_mut().chain(&mut self.low).for_each(|part| *part *= factor);
    }

    pub(super) fn add(&mut self, other: &Self, factor: f64) {
        let mine = self.high.iter_mut().chain(&mut self.low);
        mine.zip(other.high.iter().chain(&other.low)).for_each(|(a, b)| *a += b * factor);
    }

    /// The probability of each side to be the one where the point is cut off from a box.
    fn cut_off(point: &[f32], least: &[f32], greatest: &[f32]) -> Self {
        let outside = |a: f32, b: f32| f64::from((a - b).max(0.0));
        let mut sides = Self {
            high: point
                .iter()
                .zip(greatest)
                .map(|(number, most)| outside(*number, *most))
                .collect(),
            low: point.iter().zip(least).map(|(number, least)| outside(*least, *number)).collect(),
        };
        let range: f64 = least.iter().zip(greatest).map(|(a, b)| f64::from(b - a)).sum();
        let sum = sides.sum();
        if sum > 0.0 {
            sides.scale(1.0 / (range + sum));
        }
        sides
    }
}

impl Tree {
    /// The parts of this tree's score. For a point that is in the sample they tell how it lies to
    /// all others.
    pub(super) fn attribution(&self, point: &[f32], log_mass: &[f64]) -> Option<Sides> {
        if self.root == NONE {
            return None;
        }
        let mut path = Vec::new();
        let mut at = self.root;
        while at & LEAF == 0 {
            path.push(at);
            at = side(&self.nodes[at as usize], point);
        }
        let leaf = at ^ LEAF;
        let is_seen = self.point(leaf) == point;
        let mut depth = path.len() as f64;
        let mut parts = Sides::new(self.dimensions);
        let mut score = 1.0 / (depth + 1.0);
        if is_seen {
            score = self.seen(leaf, depth, log_mass);
        } else {
            let (least, greatest) = self.bounds(at);
            parts.add(&Sides::cut_off(point, least, greatest), score);
        }
        // Of a point that is in the sample: the box around all others below.
        let mut others: Option<(Vec<f32>, Vec<f32>)> = None;
        for node in path.into_iter().rev() {
            depth -= 1.0;
            let cut_off = if is_seen {
                let Node { left, right, .. } = self.nodes[node as usize];
                self.join(&mut others, if left == at { right } else { left });
                let (least, greatest) = others.as_ref()?;
                Sides::cut_off(point, least, greatest)
            } else {
                let (least, greatest) = self.bounds(node);
                Sides::cut_off(point, least, greatest)
            };
            at = node;
            let probability = cut_off.sum();
            if probability == 0.0 {
                break;
            }
            let here = 1.0 / (depth + 1.0);
            if !is_seen {
                score = (1.0 - probability) * score + probability * here;
            }
            parts.scale(1.0 - probability);
            parts.add(&cut_off, here);
        }
        let sum = parts.sum();
        if sum > 0.0 {
            parts.scale(score * log_mass[self.mass as usize] / sum);
        }
        Some(parts)
    }

    fn join(&self, all: &mut Option<(Vec<f32>, Vec<f32>)>, at: u32) {
        let (least, greatest) = self.bounds(at);
        match all {
            None => *all = Some((least.to_vec(), greatest.to_vec())),
            Some((low, high)) => {
                low.iter_mut().zip(least).for_each(|(a, b)| *a = a.min(*b));
                high.iter_mut().zip(greatest).for_each(|(a, b)| *a = a.max(*b));
            }
        }
    }
}
