//! A forest's state as bytes, so that a stream can be gone on with in another process.

use super::RandomCutForest;
use super::sample::{Entry, SampledTree};
use super::tree::{LEAF, NONE, Node, Tree, side};
use crate::continuous::bytes::{Reader, write_u64};
use crate::random::Random;

impl RandomCutForest {
    /// What [`restore`](Self::restore) needs, options aside.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        [self.seen, self.offered, self.random.state()].iter().for_each(|n| write_u64(&mut out, *n));
        let origin = self.origin.as_deref().unwrap_or_default();
        write_all(&mut out, origin, |n| n.to_le_bytes());
        let recent: Vec<f32> = self.recent.iter().copied().collect();
        write_all(&mut out, &recent, |n| n.to_le_bytes());
        self.trees.iter().for_each(|tree| tree.write(&mut out));
        out
    }

    /// Takes the state of a forest of the same options. None if the bytes are not that; then this
    /// forest is of no more use.
    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader(bytes);
        (self.seen, self.offered) = (reader.u64()?, reader.u64()?);
        self.random = Random::new(reader.u64()?);
        let origin = read_all(&mut reader, f64::from_le_bytes)?;
        if ![0, self.dimensions].contains(&origin.len()) {
            return None;
        }
        self.origin = (!origin.is_empty()).then_some(origin);
        self.recent = read_all(&mut reader, f32::from_le_bytes)?.into();
        let fits = self.recent.len() <= self.dimensions * self.shingle;
        if !fits || !self.recent.iter().all(|number| number.abs() < 1e18) {
            return None;
        }
        for tree in &mut self.trees {
            tree.read(&mut reader)?;
        }
        reader.0.is_empty().then_some(())
    }
}

impl SampledTree {
    fn write(&self, out: &mut Vec<u8>) {
        let tree = &self.tree;
        write_all(out, &[tree.root, tree.mass], |n| n.to_le_bytes());
        write_all(out, &tree.nodes, node_bytes);
        for floats in [&tree.boxes, &tree.points] {
            write_all(out, floats, |n| n.to_le_bytes());
        }
        for numbers in [&tree.masses, &tree.free_nodes, &tree.free_leaves] {
            write_all(out, numbers, |n| n.to_le_bytes());
        }
        let entries: Vec<Entry> = self.sample.iter().copied().collect();
        write_all(out, &entries, entry_bytes);
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let mut tree = Tree::new(self.tree.dimensions);
        [tree.root, tree.mass] = read_all(reader, u32::from_le_bytes)?.try_into().ok()?;
        tree.nodes = read_all(reader, node_of)?;
        tree.boxes = read_all(reader, f32::from_le_bytes)?;
        tree.points = read_all(reader, f32::from_le_bytes)?;
        tree.masses = read_all(reader, u32::from_le_bytes)?;
        tree.free_nodes = read_all(reader, u32::from_le_bytes)?;
        tree.free_leaves = read_all(reader, u32::from_le_bytes)?;
        let entries = read_all(reader, entry_of)?;
        if entries.len() > self.capacity || !tree.is_sound(&entries) {
            return None;
        }
        self.tree = tree;
        self.sample = entries.into();
        Some(())
    }
}

/// Which of so many things were met, each once.
struct Met(Vec<bool>);

impl Met {
    /// False if there is no such thing, or it was met before.
    fn meets(&mut self, at: u32) -> bool {
        self.0.get_mut(at as usize).is_some_and(|met| !std::mem::replace(met, true))
    }
}

impl Tree {
    /// Whether it is what a tree of this sample can be: it is used without further checks.
    fn is_sound(&self, sample: &[Entry]) -> bool {
        let (nodes, leaves) = (self.nodes.len(), self.masses.len());
        let numbers = self.boxes.len() == nodes * 2 * self.dimensions
            && self.points.len() == leaves * self.dimensions
            && self.boxes.iter().chain(&self.points).all(|number| number.abs() < 1e18);
        let cut = |node: &Node| {
            (node.dimension as usize) < self.dimensions
                && node.value.is_finite()
                && node.range.is_finite()
        };
        if !numbers || !self.nodes.iter().all(cut) || (self.root == NONE) != (self.mass == 0) {
            return false;
        }
        let mut masses = vec![0_u32; leaves];
        let counted = sample.iter().all(|entry| {
            let mass = masses.get_mut(entry.leaf as usize);
            mass.is_some_and(|mass| {
                *mass += 1;
                true
            })
        });
        let mass = u32::try_from(sample.len());
        counted && masses == self.masses && mass == Ok(self.mass) && self.is_connected()
    }

    /// Every node and leaf is met once from the root, or is free; and every leaf's point leads to it.
    fn is_connected(&self) -> bool {
        let mut nodes = Met(vec![false; self.nodes.len()]);
        let mut leaves = Met(vec![false; self.masses.len()]);
        let mut ahead = Vec::new();
        ahead.extend((self.root != NONE).then_some(self.root));
        while let Some(at) = ahead.pop() {
            if at & LEAF != 0 {
                let leaf = at ^ LEAF;
                if !leaves.meets(leaf) || self.masses[leaf as usize] == 0 {
                    return false;
                }
            } else if nodes.meets(at) {
                let Node { left, right, .. } = self.nodes[at as usize];
                ahead.extend([left, right]);
            } else {
                return false;
            }
        }
        let found = (0..self.masses.len()).filter_map(|leaf| u32::try_from(leaf).ok());
        let mut found = found.filter(|leaf| leaves.0[*leaf as usize]);
        found.all(|leaf| self.leaf_of(self.point(leaf)) == Some(leaf))
            && self.free_nodes.iter().all(|node| nodes.meets(*node))
            && self.free_leaves.iter().all(|leaf| leaves.meets(*leaf))
            && nodes.0.iter().chain(&leaves.0).all(|met| *met)
    }

    /// Where the cuts lead a point, if every box on the way holds it; in a tree that has one.
    fn leaf_of(&self, point: &[f32]) -> Option<u32> {
        let mut at = self.root;
        while at & LEAF == 0 {
            let (least, greatest) = self.bounds(at);
            let mut sides = point.iter().zip(least).zip(greatest);
            if !sides.all(|((number, least), greatest)| least <= number && number <= greatest) {
                return None;
            }
            at = side(&self.nodes[at as usize], point);
        }
        Some(at ^ LEAF)
    }
}

fn node_bytes(node: &Node) -> [u8; 24] {
    let Node { value, dimension, left, right, range } = node;
    let mut bytes = [0; 24];
    bytes[..4].copy_from_slice(&value.to_le_bytes());
    bytes[4..8].copy_from_slice(&dimension.to_le_bytes());
    bytes[8..12].copy_from_slice(&left.to_le_bytes());
    bytes[12..16].copy_from_slice(&right.to_le_bytes());
    bytes[16..].copy_from_slice(&range.to_le_bytes());
    bytes
}

fn node_of(bytes: [u8; 24]) -> Node {
    let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    let mut range = [0; 8];
    range.copy_from_slice(&bytes[16..]);
    Node {
        value: f32::from_le_bytes(word(0)),
        dimension: u32::from_le_bytes(word(4)),
        left: u32::from_le_bytes(word(8)),
        right: u32::from_le_bytes(word(12)),
        range: f64::from_le_bytes(range),
    }
}

fn entry_bytes(entry: &Entry) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&entry.weight.to_le_bytes());
    bytes[8..].copy_from_slice(&entry.leaf.to_le_bytes());
    bytes
}

fn entry_of(bytes: [u8; 12]) -> Entry {
    let mut weight = [0; 8];
    weight.copy_from_slice(&bytes[..8]);
    let leaf = [bytes[8], bytes[9], bytes[10], bytes[11]];
    Entry { weight: f64::from_le_bytes(weight), leaf: u32::from_le_bytes(leaf) }
}

fn write_all<T, const N: usize>(out: &mut Vec<u8>, all: &[T], bytes: impl Fn(&T) -> [u8; N]) {
    write_u64(out, all.len() as u64);
    all.iter().for_each(|one| out.extend_from_slice(&bytes(one)));
}

fn read_all<T, const N: usize>(reader: &mut Reader<'_>, of: fn([u8; N]) -> T) -> Option<Vec<T>> {
    let count = usize::try_from(reader.u64()?).ok()?;
    let bytes = reader.take(count.checked_mul(N)?)?;
    Some(bytes.chunks_exact(N).filter_map(|one| one.try_into().ok()).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ForestOptions;

    fn forest() -> RandomCutForest {
        let options = ForestOptions::default().with_trees(3).with_sample_size(16).with_warm_up(8);
        RandomCutForest::new(2, &options).expect("sound")
    }

    fn point(random: &mut Random) -> [f64; 2] {
        // Few values, so that points repeat.
        [random.below(9) as f64, random.below(9) as f64]
    }

    #[test]
    fn a_restored_forest_goes_on_as_the_other_does() {
        let mut random = Random::new(1);
        let mut forest = forest();
        for round in 0..40 {
            let mut again = self::forest();
            again.restore(&forest.to_bytes()).expect("its own bytes");
            let mut both = random.clone();
            for _ in 0..20 {
                let score = forest.score_and_learn(&point(&mut random));
                assert_eq!(again.score_and_learn(&point(&mut both)), score, "{round}");
            }
        }
    }

    /// A byte is changed; what is still taken can be used.
    #[test]
    fn changed_bytes_are_refused_or_harmless() {
        let mut random = Random::new(2);
        let mut forest = forest();
        (0..200).for_each(|_| _ = forest.score_and_learn(&point(&mut random)));
        let bytes = forest.to_bytes();
        let (mut refused, mut taken) = (0, 0);
        for _ in 0..4_000 {
            let mut changed = bytes.clone();
            let at = usize::try_from(random.below(bytes.len() as u64)).unwrap_or(0);
            changed[at] ^= 1 << random.below(8);
            let mut again = self::forest();
            if again.restore(&changed).is_none() {
                refused += 1;
                continue;
            }
            taken += 1;
            (0..40).for_each(|_| _ = again.score_and_learn(&point(&mut random)));
            let _ = again.attribution(&[3.0, 40.0]);
        }
        assert!(refused > 1_000 && taken > 100, "{refused} refused, {taken} taken");
        assert!(forest.restore(&bytes[1..]).is_none());
    }
}
