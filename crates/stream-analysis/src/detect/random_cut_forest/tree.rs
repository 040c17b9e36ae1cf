//! One tree of the forest: random cuts that tell the points of a sample apart.
//!
//! A node splits its points by one cut; a leaf is one point, with how often it is in the sample.
//! Every node knows the box around its points, so that the probability with which a new point would
//! be cut off from all of them is known without cutting. Nodes and leaves stand in arrays and are
//! used again, so nothing is allocated once the tree has grown.

use crate::random::Random;

/// No node and no leaf.
pub(super) const NONE: u32 = u32::MAX;
/// Set in the number of a leaf.
pub(super) const LEAF: u32 = 1 << 31;

/// A cut: points whose number in `dimension` is at most `value` go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) value: f32,
    pub(super) dimension: u32,
    pub(super) left: u32,
    pub(super) right: u32,
    /// Sum of the sides of the box.
    pub(super) range: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) dimensions: usize,
    pub(super) root: u32,
    pub(super) nodes: Vec<Node>,
    /// For each node the least numbers of its points, then the greatest.
    pub(super) boxes: Vec<f32>,
    /// For each leaf its numbers.
    pub(super) points: Vec<f32>,
    /// How often each leaf's point is in the sample; 0 for leaves that are not in use.
    pub(super) masses: Vec<u32>,
    pub(super) free_nodes: Vec<u32>,
    pub(super) free_leaves: Vec<u32>,
    /// Points in the sample.
    pub(super) mass: u32,
    /// The nodes from the root to where the last change was made.
    path: Vec<u32>,
}

impl Tree {
    pub(super) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            root: NONE,
            nodes: Vec::new(),
            boxes: Vec::new(),
            points: Vec::new(),
            masses: Vec::new(),
            free_nodes: Vec::new(),
            free_leaves: Vec::new(),
            mass: 0,
            path: Vec::new(),
        }
    }

    /// AWS's score: the expected depth at which the point would be cut off, so that early means
    /// odd; about 1 where nothing is. `log_mass[m]` is the binary logarithm of 1 + m.
    pub(super) fn score(&self, point: &[f32], log_mass: &[f64]) -> f64 {
        if self.root == NONE {
            return 0.0;
        }
        // The probability that no cut so far was the one that cut it off.
        let (mut whole, mut score, mut depth) = (1.0, 0.0, 0.0);
        let mut at = self.root;
        while at & LEAF == 0 {
            let node = &self.nodes[at as usize];
            let outside = self.outside(at, point);
            // Nothing to add where the point lies inside; a branch on it would be guessed wrong.
            let cut_off = outside / (node.range + outside);
            score += whole * cut_off / (depth + 1.0);
            whole *= 1.0 - cut_off;
            at = side(node, point);
            depth += 1.0;
        }
        let leaf = at ^ LEAF;
        let last = match self.point(leaf) == point {
            true => self.seen(leaf, depth, log_mass),
            false => 1.0 / (depth + 1.0),
        };
        (score + whole * last) * log_mass[self.mass as usize]
    }

    /// What a point adds to the score that is in the sample already.
    pub(super) fn seen(&self, leaf: u32, depth: f64, log_mass: &[f64]) -> f64 {
        let mass = self.masses[leaf as usize];
        let damp = 1.0 - f64::from(mass) / (2.0 * f64::from(self.mass));
        damp / (depth + log_mass[mass as usize])
    }

    /// Adds a point to the sample; gives its leaf.
    pub(super) fn insert(&mut self, point: &[f32], random: &mut Random) -> u32 {
        self.mass += 1;
        if self.root == NONE {
            let leaf = self.new_leaf(point);
            self.root = leaf | LEAF;
            return leaf;
        }
        self.path.clear();
        let mut at = self.root;
        let (dimension, value) = loop {
            if at & LEAF != 0 && self.point(at ^ LEAF) == point {
                self.masses[(at ^ LEAF) as usize] += 1;
                return at ^ LEAF;
            }
            if let Some(cut) = self.separating_cut(at, point, random) {
                break cut;
            }
            self.path.push(at);
            at = side(&self.nodes[at as usize], point);
        };
        let leaf = self.new_leaf(point);
        let goes_left = point[dimension as usize] <= value;
        let (left, right) = if goes_left { (leaf | LEAF, at) } else { (at, leaf | LEAF) };
        let node = self.new_node(Node { value, dimension, left, right, range: 0.0 });
        self.rebuild_box(node);
        self.replace(self.path.last().copied(), at, node);
        for above in 0..self.path.len() {
            self.grow_box(self.path[above], point);
        }
        leaf
    }

    /// Takes one point of this leaf out of the sample.
    pub(super) fn remove(&mut self, leaf: u32) {
        self.mass -= 1;
        self.masses[leaf as usize] -= 1;
        if self.masses[leaf as usize] > 0 {
            return;
        }
        self.free_leaves.push(leaf);
        self.path.clear();
        let mut at = self.root;
        while at & LEAF == 0 {
            self.path.push(at);
            at = side(&self.nodes[at as usize], self.point(leaf));
        }
        let Some(parent) = self.path.pop() else {
            self.root = NONE;
            return;
        };
        let Node { left, right, .. } = self.nodes[parent as usize];
        let sibling = if left == at { right } else { left };
        self.replace(self.path.last().copied(), parent, sibling);
        self.free_nodes.push(parent);
        for above in (0..self.path.len()).rev() {
            if !self.rebuild_box(self.path[above]) {
                break; // No box above changes either.
            }
        }
    }

    pub(super) fn point(&self, leaf: u32) -> &[f32] {
        let start = leaf as usize * self.dimensions;
        &self.points[start..start + self.dimensions]
    }

    /// Least and greatest numbers of a node or leaf.
    pub(super) fn bounds(&self, at: u32) -> (&[f32], &[f32]) {
        if at & LEAF != 0 {
            let point = self.point(at ^ LEAF);
            return (point, point);
        }
        let start = at as usize * 2 * self.dimensions;
        self.boxes[start..start + 2 * self.dimensions].split_at(self.dimensions)
    }

    /// How far the point lies outside the box of a node, over all dimensions.
    fn outside(&self, at: u32, point: &[f32]) -> f64 {
        let (least, greatest) = self.bounds(at);
        let each = point.iter().zip(least).zip(greatest);
        let outside: f32 =
            each.map(|((number, least), greatest)| beyond(*number, *least, *greatest)).sum();
        f64::from(outside)
    }

    /// A cut at random through the box around the node and the point, if it happens to tell them
    /// apart. At a leaf of another point it always does.
    fn separating_cut(&self, at: u32, point: &[f32], random: &mut Random) -> Option<(u32, f32)> {
        let (least, greatest) = self.bounds(at);
        let side = |d: usize| (least[d].min(point[d]), greatest[d].max(point[d]));
        let total: f64 = (0..self.dimensions).map(side).map(|(low, high)| length(low, high)).sum();
        let mut left = random.unit() * total;
        let mut chosen = None;
        for dimension in 0..self.dimensions {
            let (low, high) = side(dimension);
            let length = length(low, high);
            if length > 0.0 {
                chosen = Some(dimension);
                if left < length {
                    break;
                }
                left -= length;
            }
        }
        let dimension = chosen?;
        let (low, high) = side(dimension);
        #[expect(clippy::cast_possible_truncation, reason = "the points are f32")]
        let value = low + left as f32;
        // Rounding may have left the box; its lower side tells the lowest from all others.
        let value = if value >= low && value < high { value } else { low };
        let number = point[dimension];
        let below = number <= value && value < least[dimension];
        let above = greatest[dimension] <= value && value < number;
        (below || above).then(|| (u32::try_from(dimension).unwrap_or(NONE), value))
    }

    fn new_leaf(&mut self, point: &[f32]) -> u32 {
        if let Some(leaf) = self.free_leaves.pop() {
            let start = leaf as usize * self.dimensions;
            self.points[start..start + self.dimensions].copy_from_slice(point);
            self.masses[leaf as usize] = 1;
            return leaf;
        }
        self.points.extend_from_slice(point);
        self.masses.push(1);
        number(self.masses.len() - 1)
    }

    fn new_node(&mut self, node: Node) -> u32 {
        if let Some(free) = self.free_nodes.pop() {
            self.nodes[free as usize] = node;
            return free;
        }
        self.nodes.push(node);
        self.boxes.resize(self.nodes.len() * 2 * self.dimensions, 0.0);
        number(self.nodes.len() - 1)
    }

    /// Hangs `new` where `old` hung.
    fn replace(&mut self, parent: Option<u32>, old: u32, new: u32) {
        match parent {
            None => self.root = new,
            Some(parent) => {
                let parent = &mut self.nodes[parent as usize];
                let place = if parent.left == old { &mut parent.left } else { &mut parent.right };
                *place = new;
            }
        }
    }

    fn grow_box(&mut self, node: u32, point: &[f32]) {
        let start = node as usize * 2 * self.dimensions;
        let (least, greatest) =
            self.boxes[start..start + 2 * self.dimensions].split_at_mut(self.dimensions);
        let mut range = 0.0;
        for ((number, least), greatest) in point.iter().zip(least).zip(greatest) {
            *least = least.min(*number);
            *greatest = greatest.max(*number);
            range += length(*least, *greatest);
        }
        self.nodes[node as usize].range = range;
    }

    /// The box around the boxes of both children; says whether it is another than before.
    fn rebuild_box(&mut self, node: u32) -> bool {
        let Node { left, right, .. } = self.nodes[node as usize];
        let start = node as usize * 2 * self.dimensions;
        let (mut range, mut changed) = (0.0, false);
        for d in 0..self.dimensions {
            let (left, right) = (self.bounds(left), self.bounds(right));
            let (least, greatest) = (left.0[d].min(right.0[d]), left.1[d].max(right.1[d]));
            range += length(least, greatest);
            for (place, number) in [(start + d, least), (start + self.dimensions + d, greatest)] {
                changed |= self.boxes[place] != number;
                self.boxes[place] = number;
            }
        }
        changed |= self.nodes[node as usize].range != range;
        self.nodes[node as usize].range = range;
        changed
    }
}

/// The child that the point belongs to.
pub(super) fn side(node: &Node, point: &[f32]) -> u32 {
    if point[node.dimension as usize] <= node.value { node.left } else { node.right }
}

/// How far a number lies outside a side of a box.
fn beyond(number: f32, least: f32, greatest: f32) -> f32 {
    (least - number).max(number - greatest).max(0.0)
}

fn length(low: f32, high: f32) -> f64 {
    f64::from(high - low)
}

/// Samples have at most 65,536 points.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
