//! Sums of floats that do not depend on the order of their terms.
//!
//! Shewchuk, "Adaptive Precision Floating-Point Arithmetic" (1997), as Python's `math.fsum` does it:
//! the sum is kept as a few numbers that do not overlap, and rounded once, when it is asked for.

/// A sum without rounding. Its terms are finite.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ExactSum {
    /// In ascending order of magnitude, none overlapping another.
    parts: Vec<f64>,
    /// The sum left the range of `f64` on its way.
    overflown: bool,
}

impl ExactSum {
    pub(super) fn push(&mut self, term: f64) {
        if self.overflown {
            return;
        }
        let mut carried = term;
        let mut kept = 0;
        for at in 0..self.parts.len() {
            let part = self.parts[at];
            let (large, small) =
                if carried.abs() < part.abs() { (part, carried) } else { (carried, part) };
            let high = large + small;
            let low = small - (high - large);
            if low != 0.0 {
                self.parts[kept] = low;
                kept += 1;
            }
            carried = high;
        }
        self.parts.truncate(kept);
        self.parts.push(carried);
        if !carried.is_finite() {
            *self = Self { parts: Vec::new(), overflown: true };
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.overflown |= other.overflown;
        other.parts.iter().for_each(|part| self.push(*part));
    }

    /// The nearest `f64`; `None` when it left the range.
    pub(super) fn sum(&self) -> Option<f64> {
        if self.overflown {
            return None;
        }
        let mut parts = self.parts.iter().rev();
        let Some(mut high) = parts.next().copied() else { return Some(0.0) };
        let mut low = 0.0;
        for part in parts.by_ref() {
            let sum = high + part;
            low = part - (sum - high);
            high = sum;
            if low != 0.0 {
                break;
            }
        }
        // Half-way cases are decided by the part below.
        if let Some(next) = parts.next()
            && ((low < 0.0 && *next < 0.0) || (low > 0.0 && *next > 0.0))
        {
            let twice = low * 2.0;
            let rounded = high + twice;
            if rounded - high == twice {
                high = rounded;
            }
        }
        Some(high)
    }

    /// Bytes beyond its own size.
    pub(super) fn heap_bytes(&self) -> usize {
        self.parts.capacity() * size_of::<f64>()
    }

    pub(super) fn parts(&self) -> (&[f64], bool) {
        (&self.parts, self.overflown)
    }

    pub(super) fn from_parts(parts: Vec<f64>, overflown: bool) -> Self {
        Self { parts, overflown }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(terms: &[f64]) -> Option<f64> {
        let mut sum = ExactSum::default();
        terms.iter().for_each(|term| sum.push(*term));
        sum.sum()
    }

    #[test]
    fn known_sums() {
        for (terms, expected) in [
            (&[][..], Some(0.0)),
            (&[0.1; 10], Some(1.0)),
            (&[1e100, 1.0, -1e100], Some(1.0)),
            (&[1.0, 1e-16, 1e-16], Some(1.0 + f64::EPSILON)),
            (&[f64::MAX, f64::MAX, -f64::MAX], None),
            (&[-0.0], Some(0.0)),
        ] {
            assert_eq!(sum(terms), expected, "{terms:?}");
        }
    }

    proptest! {
        #[test]
        fn neither_order_nor_cuts_change_a_sum(
            terms in prop::collection::vec(-1e15..1e15_f64, 0..60),
            cut in 0..60_usize,
        ) {
            let whole = sum(&terms);
            let mut backwards = terms.clone();
            backwards.reverse();
            prop_assert_eq!(sum(&backwards), whole);
            let (left, right) = terms.split_at(cut.min(terms.len()));
            let mut parts = [ExactSum::default(), ExactSum::default()];
            left.iter().for_each(|term| parts[0].push(*term));
            right.iter().for_each(|term| parts[1].push(*term));
            let [mut first, second] = parts;
            first.merge(&second);
            prop_assert_eq!(first.sum(), whole);
        }
    }
}
