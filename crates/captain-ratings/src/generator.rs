//! The generator: seeded, endless, and the same whatever the number of threads.
//!
//! It joins what was drawn (`random.rs`) to a time (`time.rs`) and hands it on as a record, as
//! JSON, or behind the feature `arrow` as columns. Sending is left to others.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::batch::JsonBatch;
use crate::drawn::DrawnRating;
use crate::line::LineWriter;
use crate::random::{Draws, RECORDS_PER_CHUNK};
use crate::record::CaptainRating;
use crate::time::{EpochSeconds, EventTime, FixedStep, Readings};

#[cfg(test)]
mod tests;

/// An endless iterator of believable ratings: the tutorial's distribution, and the same records
/// for the same seed.
///
/// A record depends on the seed, its index and the time source alone. So [`record`](Self::record)
/// makes any of them without the ones before, `skip` costs nothing, and several threads that
/// take turns at [`chunk`](Self::chunk)s make what one thread makes.
///
/// Without further words record 0 happens at 2022-01-08T06:00:00Z (see
/// [`TUTORIAL_START`](crate::TUTORIAL_START)) and each later one a millisecond after the one before.
///
/// # Examples
///
/// ```
/// use captain_ratings::RatingGenerator;
///
/// let ratings: Vec<_> = RatingGenerator::with_seed(42).take(1000).collect();
/// assert_eq!(RatingGenerator::with_seed(42).record(999), ratings[999]);
/// assert_eq!(RatingGenerator::with_seed(42).skip(999).next().as_ref(), ratings.last());
/// ```
#[derive(Clone)]
pub struct RatingGenerator<T = FixedStep> {
    draws: Draws,
    time: T,
}

impl RatingGenerator {
    /// The records of this seed, from index 0.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { draws: Draws::new(seed), time: FixedStep::default() }
    }

    /// Lets record 0 happen at this time: epoch seconds or a [`SystemTime`](std::time::SystemTime).
    #[must_use]
    pub fn starting_at(self, start: impl Into<EpochSeconds>) -> Self {
        Self { time: self.time.starting_at(start.into()), ..self }
    }

    /// Lets each record happen this long after the one before.
    #[must_use]
    pub fn every(self, step: Duration) -> Self {
        Self { time: self.time.every(step), ..self }
    }
}

impl<T> RatingGenerator<T> {
    /// Takes the times from a function, which is given the record's index: a clock, or a rate
    /// curve. It is called once per record, unless [`shared_by`](RatingGenerator::shared_by) says
    /// otherwise.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use captain_ratings::RatingGenerator;
    ///
    /// let mut live = RatingGenerator::with_seed(42).timed_by(|_| SystemTime::now());
    /// assert!(live.draw().timestamp() > 1.7e9);
    /// ```
    #[must_use]
    pub fn timed_by<F, S>(self, read: F) -> RatingGenerator<Readings<F>>
    where
        F: Fn(u64) -> S,
        S: Into<EpochSeconds>,
    {
        self.with_time(Readings::new(read))
    }

    /// Takes the times from any [`EventTime`].
    #[must_use]
    pub fn with_time<U: EventTime>(self, time: U) -> RatingGenerator<U> {
        RatingGenerator { draws: self.draws, time }
    }

    /// Moves to the record with this index, in constant time: the next one made will be that.
    #[must_use]
    pub fn at_index(mut self, index: u64) -> Self {
        self.draws.seek(index);
        self
    }

    /// The index of the record that comes next.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.draws.index()
    }

    /// The seed that it was made with.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.draws.seed()
    }
}

impl<F> RatingGenerator<Readings<F>> {
    /// Lets up to `records` records share one call of the time function: those whose index divided
    /// by `records` is the same. It is called with the index of the first of them; 0 is taken as 1.
    ///
    /// Reading a clock costs more than making a record, so a shared reading more than doubles the
    /// speed, at the price that `timestamp` says when the batch was made. No reading outlives one
    /// call of [`fill_json`](Self::fill_json) or `record_batch`, and records made one at a time read
    /// the clock each: a producer that pauses never sends an old time.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use captain_ratings::{JsonBatch, RatingGenerator};
    ///
    /// let live = RatingGenerator::with_seed(42).timed_by(|_| SystemTime::now());
    /// let mut batch = JsonBatch::default();
    /// live.shared_by(500).fill_json(10_000, &mut batch); // reads the clock 20 times
    /// ```
    #[must_use]
    pub fn shared_by(self, records: u32) -> Self {
        Self { time: self.time.shared_by(records), ..self }
    }
}

impl<T: EventTime> RatingGenerator<T> {
    /// Makes the record with this index, wherever the generator stands, and leaves it there.
    #[must_use]
    pub fn record(&self, index: u64) -> CaptainRating {
        let mut draws = self.draws.clone();
        draws.seek(index);
        DrawnRating { picks: draws.next(), timestamp: self.time.at(index) }.into()
    }

    /// Makes the next record without allocating: its texts stay in static tables.
    #[inline]
    pub fn draw(&mut self) -> DrawnRating {
        let timestamp = self.time.at(self.draws.index());
        DrawnRating { picks: self.draws.next(), timestamp }
    }

    /// Appends the next `records` records to the batch, in the batch's style: the quickest way to
    /// JSON. The bytes are those of [`CaptainRating::write_json`].
    ///
    /// ```
    /// use captain_ratings::{JsonBatch, JsonStyle, RatingGenerator};
    ///
    /// let mut generator = RatingGenerator::with_seed(42);
    /// let mut batch = JsonBatch::new(JsonStyle::Compact);
    /// generator.fill_json(500, &mut batch);
    /// assert_eq!(batch.len(), 500);
    /// let first = RatingGenerator::with_seed(42).record(0).to_json();
    /// assert_eq!(batch.iter().next(), Some(first.as_bytes()));
    /// ```
    pub fn fill_json(&mut self, records: usize, batch: &mut JsonBatch) {
        let mut writer = LineWriter::new(batch.style, batch.line_end);
        self.for_each_drawn(records, |drawn| {
            writer.write(&drawn, &mut batch.bytes);
            batch.ends.push(batch.bytes.len());
        });
    }

    /// The records of one chunk, those with the indexes `number × 1024` to `number × 1024 + 1023`,
    /// wherever the generator stands.
    ///
    /// ```
    /// use std::thread;
    /// use captain_ratings::{JsonBatch, RatingGenerator};
    ///
    /// let ratings = RatingGenerator::with_seed(42);
    /// let fill = |number| {
    ///     let mut batch = JsonBatch::default();
    ///     ratings.chunk(number).fill_json(&mut batch);
    ///     batch
    /// };
    /// let (even, odd) = thread::scope(|scope| {
    ///     let odd = scope.spawn(|| fill(1));
    ///     (fill(0), odd.join().unwrap())
    /// });
    ///
    /// let mut alone = JsonBatch::default();
    /// ratings.clone().fill_json(2048, &mut alone);
    /// assert_eq!(alone.bytes(), [even.bytes(), odd.bytes()].concat());
    /// ```
    #[must_use]
    pub fn chunk(&self, number: u64) -> Chunk<&T> {
        let mut draws = self.draws.clone();
        draws.seek(number.wrapping_mul(RECORDS_PER_CHUNK as u64));
        let generator = RatingGenerator { draws, time: &self.time };
        Chunk { generator, left: RECORDS_PER_CHUNK }
    }

    /// The chunks with these numbers, one after the other. Thread `t` of `n` takes
    /// `chunks(0..all).skip(t).step_by(n)`.
    pub fn chunks(&self, numbers: Range<u64>) -> impl Iterator<Item = Chunk<&T>> {
        numbers.map(|number| self.chunk(number))
    }

    /// Draws the next records and calls the time source only where its answer changes.
    #[inline]
    pub(crate) fn for_each_drawn(&mut self, records: usize, mut use_it: impl FnMut(DrawnRating)) {
        let (mut timestamp, mut held) = (0.0, 0);
        for _ in 0..records {
            if held == 0 {
                let index = self.draws.index();
                timestamp = self.time.at(index);
                held = self.time.holds_for(index).max(1);
            }
            held -= 1;
            use_it(DrawnRating { picks: self.draws.next(), timestamp });
        }
    }
}

impl<T: EventTime> Iterator for RatingGenerator<T> {
    type Item = CaptainRating;

    /// Never ends: after 2⁶⁴ records the first comes again.
    fn next(&mut self) -> Option<CaptainRating> {
        Some(self.draw().into())
    }

    /// Jumps in constant time.
    fn nth(&mut self, n: usize) -> Option<CaptainRating> {
        self.draws.seek(self.draws.index().wrapping_add(n as u64));
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl<T> fmt::Debug for RatingGenerator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RatingGenerator")
            .field("seed", &self.seed())
            .field("index", &self.index())
            .finish_non_exhaustive()
    }
}

/// The 1024 records of one chunk (see [`RatingGenerator::chunk`]): an iterator of
/// [`CaptainRating`], and a source of JSON.
#[derive(Clone, Debug)]
pub struct Chunk<T> {
    generator: RatingGenerator<T>,
    left: usize,
}

impl<T: EventTime> Chunk<T> {
    /// Appends all records that are left to the batch, as
    /// [`RatingGenerator::fill_json`] does.
    pub fn fill_json(mut self, batch: &mut JsonBatch) {
        self.generator.fill_json(self.left, batch);
    }
}

impl<T: EventTime> Iterator for Chunk<T> {
    type Item = CaptainRating;

    fn next(&mut self) -> Option<CaptainRating> {
        self.left = self.left.checked_sub(1)?;
        self.generator.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: EventTime> ExactSizeIterator for Chunk<T> {}
