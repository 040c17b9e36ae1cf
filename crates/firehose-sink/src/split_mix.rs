//! A small random source for jitter, faults and partition keys.
//!
//! It is SplitMix64: eight lines, no dependency, the same numbers from the same seed on every
//! platform. Nothing secret may come from it.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    /// The sequence that belongs to `seed`.
    pub(crate) fn with_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence that differs from run to run: the standard library seeds its hash maps from the
    /// operating system, and that is random enough here.
    pub(crate) fn from_entropy() -> Self {
        Self(RandomState::new().hash_one(0_u64))
    }

    /// The next number, any of 2^64.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `most`, both possible. The bias of the multiplication is below 2^-32 for
    /// the ranges used here.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * (u128::from(most) + 1);
        u64::try_from(wide >> 64).unwrap_or(most)
    }

    /// Whether something happens that happens in this share of cases. 0, and whatever is no
    /// number, is never; 1 is always.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        // 53 bits are all that an f64 between 0 and 1 can tell apart.
        let drawn = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < share
    }
}

#[cfg(test)]
mod tests {
    use super::SplitMix64;

    #[test]
    fn the_numbers_are_those_of_the_published_algorithm() {
        let mut random = SplitMix64::with_seed(1_234_567);
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn ranges_are_reached_and_not_passed() {
        let mut random = SplitMix64::with_seed(7);
        let drawn: Vec<u64> = (0..1_000).map(|_| random.up_to(3)).collect();
        assert!((0..=3).all(|number| drawn.contains(&number)));
        assert!(drawn.iter().all(|&number| number <= 3));
        assert_eq!(random.up_to(0), 0);
    }

    #[test]
    fn shares_are_kept_and_the_ends_are_exact() {
        let mut random = SplitMix64::with_seed(7);
        let hits = (0..100_000).filter(|_| random.happens(0.3)).count();
        assert!((29_000..31_000).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| random.happens(1.0)));
        assert!(!(0..1_000).any(|_| random.happens(0.0) || random.happens(f64::NAN)));
    }

    #[test]
    fn two_unseeded_sources_differ() {
        let (mut one, mut two) = (SplitMix64::from_entropy(), SplitMix64::from_entropy());
        assert_ne!(one.next_u64(), two.next_u64());
    }
}
