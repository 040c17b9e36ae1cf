//! How the numbers of a column lie: bins of equal, round width, with the empty ones between.
//!
//! The bins have to be known before the first number, so a [`Histogram`] is made for a range, such
//! as the minimum and maximum that [`Describe`](crate::Describe) found in a first pass.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;

use crate::Error;
use crate::column::Column;
use crate::table::{counts, numbers};

/// How many bins there are at most, unless said otherwise.
pub const DEFAULT_BINS: usize = 60;

/// Counts the numbers of one column in bins.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Int32Array, RecordBatch};
/// use stream_analysis::Histogram;
///
/// let ratings = Int32Array::from(vec![12, 480, 999, 7_100, 8_900]);
/// let batch = RecordBatch::try_from_iter([("rating", Arc::new(ratings) as _)])?;
/// let mut histogram = Histogram::new(batch.schema_ref(), "rating", 12.0, 8_900.0, 10)?;
/// histogram.push(&batch)?;
/// let table = histogram.finish();
///
/// assert_eq!(table.width, 1_000.0);
/// assert_eq!(table.bins[0].count, 3);
/// let gap = table.gap().expect("two heaps");
/// assert_eq!((gap.from, gap.to), (1_000.0, 7_000.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Histogram {
    column: Column,
    first: f64,
    width: f64,
    counts: Vec<u64>,
    below: u64,
    above: u64,
    missing: u64,
}

/// The counted bins.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HistogramTable {
    /// The column of numbers.
    pub column: String,
    /// Width of every bin.
    pub width: f64,
    /// The bins in ascending order, without a hole.
    pub bins: Vec<Bin>,
    /// Numbers below the first bin, minus infinity among them.
    pub below: u64,
    /// Numbers above the last bin, infinity among them.
    pub above: u64,
    /// Rows that have no number: null, NaN.
    pub missing: u64,
}

/// One bin: `from` belongs to it, `to` to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Bin {
    /// Its lower edge.
    pub from: f64,
    /// Its upper edge.
    pub to: f64,
    /// Numbers in it.
    pub count: u64,
}

/// A run of empty bins between two that are not.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

impl Histogram {
    /// Bins for the numbers of `column` from `min` to `max`, both counted in: at most `bins` (at
    /// least one), of a width that is 1, 2 or 5 times a power of ten, from a multiple of it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`]; [`Error::Range`] if `min` to `max` is no
    /// range of finite numbers.
    pub fn new(
        schema: &Schema,
        column: &str,
        min: f64,
        max: f64,
        bins: usize,
    ) -> Result<Self, Error> {
        let column = Column::find_numeric(schema, column)?;
        if !(min.is_finite() && max.is_finite() && min <= max && (max - min).is_finite()) {
            return Err(Error::Range { min, max });
        }
        let bins = bins.clamp(1, 100_000);
        let mut width = round_up((max - min) / bins as f64, min.abs().max(max.abs()));
        let mut first = (min / width).floor() * width;
        // A first edge that was rounded down can take one bin more than asked for.
        while bins_to(first, width, max) > bins as f64 {
            width = round_up(width * 1.01, 0.0);
            first = (min / width).floor() * width;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most `bins`, as the loop above saw to, or one where numbers are huge"
        )]
        let counts = vec![0; (bins_to(first, width, max).max(1.0)) as usize];
        Ok(Self { column, first, width, counts, below: 0, above: 0, missing: 0 })
    }

    /// Takes the next batch.
    ///
    /// # Errors
    ///
    /// [`Error::SchemaChanged`], [`Error::Convert`].
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for value in &self.column.numbers(batch)? {
            match value {
                Some(value) if !value.is_nan() => self.add(value),
                _ => self.missing += 1,
            }
        }
        Ok(())
    }

    fn add(&mut self, value: f64) {
        let at = ((value - self.first) / self.width).floor();
        if at < 0.0 {
            self.below += 1;
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and beyond the last bin it is looked up in vain"
        )]
        match self.counts.get_mut(at as usize) {
            Some(count) => *count += 1,
            None => self.above += 1,
        }
    }

    /// The results.
    #[must_use]
    pub fn finish(self) -> HistogramTable {
        let edge = |at: usize| self.first + at as f64 * self.width;
        let bin =
            |(at, count): (usize, &u64)| Bin { from: edge(at), to: edge(at + 1), count: *count };
        HistogramTable {
            column: self.column.name().to_owned(),
            width: self.width,
            bins: self.counts.iter().enumerate().map(bin).collect(),
            below: self.below,
            above: self.above,
            missing: self.missing,
        }
    }
}

impl HistogramTable {
    /// The widest run of empty bins with numbers on both sides; the first of equal ones.
    #[must_use]
    pub fn gap(&self) -> Option<Gap> {
        let mut widest: Option<Gap> = None;
        let filled = self.bins.iter().filter(|bin| bin.count > 0);
        for (left, right) in filled.clone().zip(filled.skip(1)) {
            let gap = Gap { from: left.to, to: right.from };
            let wider = widest.is_none_or(|widest| gap.to - gap.from > widest.to - widest.from);
            // Edges are sums of floats: a gap is at least half a bin.
            if gap.to - gap.from > self.width / 2.0 && wider {
                widest = Some(gap);
            }
        }
        widest
    }

    /// The bins as a table: `from`, `to` Float64, `count` UInt64.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] if Arrow refuses, which no known result makes it do.
    pub fn to_record_batch(&self) -> Result<RecordBatch, Error> {
        let each = &self.bins;
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("from", numbers(each, |bin| Some(bin.from)), false),
            ("to", numbers(each, |bin| Some(bin.to)), false),
            ("count", counts(each, |bin| Some(bin.count)), false),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

/// Bins of this width from `first` until `max` lies in one.
fn bins_to(first: f64, width: f64, max: f64) -> f64 {
    ((max - first) / width).floor() + 1.0
}

/// The next 1, 2 or 5 times a power of ten; 1 for nothing, and never so small that an edge at
/// `magnitude` would not move.
pub(crate) fn round_up(value: f64, magnitude: f64) -> f64 {
    let value = value.max(magnitude * 1e-12);
    if value < f64::MIN_POSITIVE {
        return 1.0;
    }
    let power = 10_f64.powi(exponent(value));
    let times = [1.0, 2.0, 5.0, 10.0];
    // A hair of tolerance: 0.2 is 2 times 0.1 though its quotient is not quite 2.
    let fits = times.into_iter().find(|times| times * power >= value * (1.0 - 1e-9));
    let rounded = fits.unwrap_or(10.0) * power;
    if rounded.is_finite() && rounded > 0.0 { rounded } else { value }
}

fn exponent(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "an f64 has three digits of exponent")]
    let exponent = value.log10().floor() as i32;
    exponent.max(-307)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Float64Array;
    use proptest::prelude::*;

    use super::*;

    fn table(values: Vec<Option<f64>>, min: f64, max: f64, bins: usize) -> HistogramTable {
        let array: ArrayRef = Arc::new(Float64Array::from(values));
        let batch = RecordBatch::try_from_iter([("x", array)]).expect("one column");
        let made = Histogram::new(batch.schema_ref(), "x", min, max, bins);
        let mut histogram = made.expect("a range");
        histogram.push(&batch).expect("one schema");
        histogram.finish()
    }

    #[test]
    fn widths_are_round_and_edges_are_multiples_of_them() {
        for (min, max, bins, width, first, count) in [
            (1.0, 9_000.0, 100, 100.0, 0.0, 91),
            (1.0, 9_000.0, 60, 200.0, 0.0, 46),
            (0.0, 1.0, 10, 0.2, 0.0, 6),
            (-5.0, 5.0, 4, 5.0, -5.0, 3),
            (7.0, 7.0, 10, 1e-11, 7.0, 1),
            (0.0, 0.0, 10, 1.0, 0.0, 1),
        ] {
            let table = table(vec![Some(min), Some(max)], min, max, bins);
            assert_eq!((table.width, table.bins.len()), (width, count), "{min} {max} {bins}");
            assert!((table.bins[0].from - first).abs() < width / 1e3, "{min} {max}: {table:?}");
            assert_eq!((table.below, table.above), (0, 0));
        }
    }

    #[test]
    fn what_is_no_number_and_what_lies_outside_is_counted_apart() {
        let values = vec![Some(f64::NAN), None, Some(-1.0), Some(5.0), Some(f64::INFINITY)];
        let table = table(values, 0.0, 10.0, 10);
        assert_eq!((table.missing, table.below, table.above), (2, 1, 1));
        assert_eq!(table.bins.iter().map(|bin| bin.count).sum::<u64>(), 1);
        assert_eq!(table.gap(), None);
        assert_eq!(table.to_record_batch().expect("sound").num_rows(), table.bins.len());
    }

    #[test]
    fn a_range_that_is_none_is_refused() {
        let array: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
        let batch = RecordBatch::try_from_iter([("x", array)]).expect("one column");
        for (min, max) in [(2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (f64::MIN, f64::MAX)]
        {
            let refused = Histogram::new(batch.schema_ref(), "x", min, max, 10);
            assert!(matches!(refused, Err(Error::Range { .. })), "{min} {max}");
        }
    }

    proptest! {
        #[test]
        fn every_number_of_the_range_is_in_a_bin(
            values in prop::collection::vec(-1e9..1e9_f64, 1..100),
            bins in 1..200_usize,
        ) {
            let min = values.iter().copied().reduce(f64::min).unwrap_or_default();
            let max = values.iter().copied().reduce(f64::max).unwrap_or_default();
            let rows = values.len() as u64;
            let table = table(values.into_iter().map(Some).collect(), min, max, bins);
            prop_assert!(table.bins.len() <= bins);
            prop_assert_eq!(table.bins.iter().map(|bin| bin.count).sum::<u64>(), rows);
        }
    }
}
