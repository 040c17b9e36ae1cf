//! Up to which record everything is settled, although records settle in any order.
//!
//! Records are numbered as they are accepted. The settled ones above the watermark are kept as
//! runs, so that the account grows with the records under way and not with those that passed one
//! that is held up.

use std::{collections::BTreeMap, ops::Range};

use super::Producer;

/// Which numbers are settled.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// All numbers below are settled.
    low: u64,
    /// Start and end of the runs above it; they neither touch nor overlap.
    runs: BTreeMap<u64, u64>,
}

impl Settled {
    /// All numbers below this one are settled.
    pub(super) fn up_to(&self) -> u64 {
        self.low
    }

    /// Counts a run of numbers as settled, each of them for the first time.
    pub(super) fn add(&mut self, run: Range<u64>) {
        let Range { mut start, mut end } = run;
        if start >= end {
            return;
        }
        if let Some(behind) = self.runs.remove(&end) {
            end = behind;
        }
        if start == self.low {
            self.low = end;
            return;
        }
        if let Some((&before, &touches)) = self.runs.range(..start).next_back()
            && touches == start
        {
            start = before;
        }
        self.runs.insert(start, end);
    }
}

impl Producer {
    /// How many records, counted from the first one that was accepted, are all taken care of:
    /// delivered, or handed to the [dead letters](crate::DeadLetters).
    ///
    /// It is made for sources that can go back: a file, a queue, a log. Record number `n` (from 0,
    /// in the order of acceptance) needs no second reading once the watermark is above `n`. It
    /// does not pass a record that ended undelivered: whoever starts again there loses nothing,
    /// and makes no more duplicates than records were under way.
    #[must_use]
    pub fn watermark(&self) -> u64 {
        self.shared().lock().watermark()
    }

    /// Waits until the [`watermark`](Self::watermark) reaches `records`, and gives it.
    ///
    /// It also returns when it cannot be reached any more, because a record below it ended
    /// undelivered: then what it gives is less than `records`. Dropping the future is harmless.
    pub async fn watermark_reaches(&self, records: u64) -> u64 {
        let shared = self.shared();
        let decided = |state: &super::shared::State| {
            let watermark = state.watermark();
            watermark >= records || state.first_undelivered.is_some_and(|first| first <= watermark)
        };
        shared.wait_until(decided).await;
        self.watermark()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the plain way: a flag for each number.
        #[test]
        fn the_low_end_is_the_first_number_that_is_not_settled(
            lengths in prop::collection::vec(1_u64..5, 1..60),
            order in any::<prop::sample::Index>(),
            seed: u64,
        ) {
            let mut runs: Vec<Range<u64>> = Vec::new();
            for length in lengths {
                let start = runs.last().map_or(0, |run| run.end);
                runs.push(start..start + length);
            }
            let mut random = crate::split_mix::SplitMix64::with_seed(seed);
            for index in (1..runs.len()).rev() {
                let other = random.up_to(index as u64);
                runs.swap(index, usize::try_from(other).unwrap());
            }
            let held_up = order.index(runs.len());
            let total = runs.iter().map(|run| run.end).max().unwrap();
            let mut settled = Settled::default();
            let mut flags = vec![false; usize::try_from(total).unwrap()];
            for (index, run) in runs.iter().enumerate() {
                if index == held_up {
                    continue;
                }
                settled.add(run.clone());
                run.clone().for_each(|number| flags[usize::try_from(number).unwrap()] = true);
                let first = flags.iter().position(|flag| !flag).unwrap();
                prop_assert_eq!(settled.up_to(), first as u64);
            }
            prop_assert!(settled.runs.len() <= 1, "one number is missing: {:?}", settled);
            settled.add(runs[held_up].clone());
            prop_assert_eq!(settled.up_to(), total);
            prop_assert!(settled.runs.is_empty());
        }
    }
}
