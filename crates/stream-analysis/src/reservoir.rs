//! An even sample of a stream whose length nobody knows beforehand.

use crate::random::Random;

/// Keeps at most so many items, each of the stream's with the same chance (Vitter's algorithm R).
/// The same seed and the same stream keep the same items.
///
/// ```
/// use stream_analysis::Reservoir;
///
/// let mut reservoir = Reservoir::new(3, 42);
/// for item in 0..1_000 {
///     reservoir.offer(|| Ok::<_, ()>(item)).unwrap();
/// }
/// let items = reservoir.into_items();
/// assert_eq!(items.len(), 3);
/// assert!(items.is_sorted()); // in the order of the stream
/// ```
#[derive(Debug, Clone)]
pub struct Reservoir<T> {
    size: usize,
    seen: u64,
    kept: Vec<(u64, T)>,
    random: Random,
}

impl<T> Reservoir<T> {
    /// Will keep at most `size` items.
    #[must_use]
    pub fn new(size: usize, seed: u64) -> Self {
        Self { size, seen: 0, kept: Vec::new(), random: Random::new(seed) }
    }

    /// Offers the next item of the stream, which is made only if it is kept.
    ///
    /// # Errors
    ///
    /// That of `item`.
    pub fn offer<E>(&mut self, item: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
        let place = self.seen;
        self.seen += 1;
        if self.kept.len() < self.size {
            self.kept.push((place, item()?));
            return Ok(());
        }
        let at = usize::try_from(self.random.below(self.seen)).unwrap_or(usize::MAX);
        if let Some(kept) = self.kept.get_mut(at) {
            *kept = (place, item()?);
        }
        Ok(())
    }

    /// Items offered so far.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The kept items, in the order of the stream.
    #[must_use]
    pub fn into_items(mut self) -> Vec<T> {
        self.kept.sort_by_key(|(place, _)| *place);
        self.kept.into_iter().map(|(_, item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(size: usize, seed: u64, items: u32) -> Vec<u32> {
        let mut reservoir = Reservoir::new(size, seed);
        for item in 0..items {
            reservoir.offer(|| Ok::<_, ()>(item)).expect("it cannot fail");
        }
        assert_eq!(reservoir.seen(), u64::from(items));
        reservoir.into_items()
    }

    #[test]
    fn every_item_has_the_same_chance() {
        let mut halves = [0_u32, 0];
        for seed in 0..400 {
            for item in drawn(5, seed, 100) {
                halves[usize::from(item >= 50)] += 1;
            }
        }
        // 2,000 draws of a fair coin: four deviations are 90.
        assert!(halves[0].abs_diff(1_000) < 90, "{halves:?}");
    }

    #[test]
    fn it_repeats_and_keeps_what_there_is() {
        assert_eq!(drawn(5, 7, 1_000), drawn(5, 7, 1_000));
        assert_ne!(drawn(5, 7, 1_000), drawn(5, 8, 1_000));
        assert_eq!(drawn(5, 7, 3), [0, 1, 2]);
        assert_eq!(drawn(0, 7, 3), [0_u32; 0]);
        let mut failing = Reservoir::<u32>::new(1, 0);
        assert_eq!(failing.offer(|| Err("no")), Err("no"));
    }
}
