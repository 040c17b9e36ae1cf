//! Where the numbers of a record come from: 16 bytes of a ChaCha8 stream for each record.
//!
//! Records stand in chunks of [`RECORDS_PER_CHUNK`]. The seed is the key, the chunk's number is
//! the stream, and a record's place in its chunk is the position in that stream. So a record
//! depends on the seed and its index alone: any record can be made without the ones before it,
//! and threads that share the chunks out among them make the same bytes as one thread.
//!
//! Both the layout here and the order of the draws in [`Picks`] are part of what a seed means.
//! A change to either changes every record of every seed, and the golden test says so.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::captains::{CAPTAINS, NORMAL_RATINGS, OUTLIER_PERCENT, OUTLIER_RATINGS};
use crate::names::{FIRST_NAMES, LAST_NAMES};

/// How many records share one random stream. Threads that work on whole chunks never need the
/// same stream.
pub const RECORDS_PER_CHUNK: usize = 1024;

const CHUNK: u64 = RECORDS_PER_CHUNK as u64;

/// Random words (32 bits each) that belong to one record.
const WORDS_PER_RECORD: u128 = 4;

/// The last 24 bytes of the key. Another number at the end gives every seed new records.
const KEY_TAG: &[u8; 24] = b"captain-ratings stream 1";

/// The random source, standing before some record.
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    rng: ChaCha8Rng,
    index: u64,
    left_in_chunk: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        // ChaCha needs no well-mixed key, and so no mixing function that could ever change.
        let mut key = [0; 32];
        for (byte, from) in key.iter_mut().zip(seed.to_le_bytes().iter().chain(KEY_TAG)) {
            *byte = *from;
        }
        let mut draws = Self { rng: ChaCha8Rng::from_seed(key), index: 0, left_in_chunk: 0 };
        draws.seek(0);
        draws
    }

    /// The index of the record that comes next.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// The seed that the key was made from.
    pub(crate) fn seed(&self) -> u64 {
        let mut seed = [0; 8];
        for (byte, from) in seed.iter_mut().zip(self.rng.get_seed()) {
            *byte = from;
        }
        u64::from_le_bytes(seed)
    }

    /// Moves before the record with this index, in constant time.
    pub(crate) fn seek(&mut self, index: u64) {
        let place = index % CHUNK;
        self.rng.set_stream(index / CHUNK);
        self.rng.set_word_pos(u128::from(place) * WORDS_PER_RECORD);
        self.index = index;
        self.left_in_chunk = CHUNK - place;
    }

    /// Draws the next record. After the last of 2⁶⁴ records comes the first again.
    #[inline]
    pub(crate) fn next(&mut self) -> Picks {
        if self.left_in_chunk == 0 {
            self.seek(self.index);
        }
        self.index = self.index.wrapping_add(1);
        self.left_in_chunk -= 1;
        Picks::from_words(self.rng.next_u64(), self.rng.next_u64())
    }
}

/// What was drawn for one record, as places in the tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Picks {
    pub(crate) first_name: usize,
    pub(crate) last_name: usize,
    /// Place in [`CAPTAINS`]; nothing for the outlier.
    pub(crate) captain: Option<usize>,
    pub(crate) rating: i32,
}

impl Picks {
    /// The tutorial's draws in the tutorial's order: name, chance, captain, rating.
    #[inline]
    fn from_words(names: u64, rest: u64) -> Self {
        let mut names = Dice(names);
        let first_name = names.place(FIRST_NAMES.len() as u64);
        let last_name = names.place(LAST_NAMES.len() as u64);
        let mut rest = Dice(rest);
        let outlier = rest.place(100) < OUTLIER_PERCENT as usize;
        let captain = (!outlier).then(|| rest.place(CAPTAINS.len() as u64));
        let range = if outlier { OUTLIER_RATINGS } else { NORMAL_RATINGS };
        let values = range.end().abs_diff(*range.start()) + 1;
        let above = i32::try_from(rest.place(u64::from(values))).unwrap_or_default();
        Self { first_name, last_name, captain, rating: range.start() + above }
    }
}

/// One random word from which several dice are thrown, one after the other (Lemire's
/// multiplication: the high half of `word × sides` is the throw, the low half is the next word).
///
/// Nothing is rejected, so that each record takes the same number of words. The price is a bias
/// that nobody can measure: over all the throws from one word, no outcome's probability is off by
/// more than (product of the sides) / 2⁶⁴ of itself, here less than 2 × 10⁻¹³.
struct Dice(u64);

impl Dice {
    /// A number in `0..sides`.
    #[inline]
    fn place(&mut self, sides: u64) -> usize {
        let (low, high) = self.0.carrying_mul(sides, 0);
        self.0 = low;
        // Always fits: no table and no range here is longer than 3,007.
        usize::try_from(high).unwrap_or_default()
    }
}
