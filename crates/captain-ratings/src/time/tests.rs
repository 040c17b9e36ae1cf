//! Steps that never drift, and readings that are shared exactly as often as promised.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use crate::{
    EpochSeconds, EventTime, FixedStep, JsonBatch, RatingGenerator, Readings, TUTORIAL_START,
};

#[test]
fn time_starts_with_the_tutorials_hour_and_goes_on_by_milliseconds() {
    let times: Vec<f64> = RatingGenerator::with_seed(1).take(3).map(|r| r.timestamp).collect();
    assert_eq!(times, [1_641_621_600.0, 1_641_621_600.001, 1_641_621_600.002]);
}

#[test]
fn start_and_step_are_free_in_either_order() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
    let step = Duration::from_millis(500);
    let one = RatingGenerator::with_seed(1).starting_at(start).every(step);
    let other = RatingGenerator::with_seed(1).every(step).starting_at(1_700_000_000.25);
    for ratings in [one, other] {
        let times: Vec<f64> = ratings.take(3).map(|r| r.timestamp).collect();
        assert_eq!(times, [1_700_000_000.25, 1_700_000_000.75, 1_700_000_001.25]);
    }
}

#[test]
fn times_before_the_epoch_are_negative() {
    let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1_500);
    assert_eq!(EpochSeconds::from(before).as_f64(), -1.5);
    assert_eq!(FixedStep::new(-1.5, Duration::from_millis(250)).at(7), 0.25);
}

#[test]
fn a_step_of_zero_stands_still_and_a_huge_one_does_not_overflow() {
    assert_eq!(FixedStep::new(5.0, Duration::ZERO).at(u64::MAX), 5.0);
    let huge = FixedStep::new(TUTORIAL_START, Duration::MAX).at(u64::MAX);
    assert!((huge / (u64::MAX as f64).powi(2) - 1.0).abs() < 1e-9, "{huge}");
}

proptest! {
    /// Rust's parser rounds correctly, so the decimal text of the exact sum is the judge.
    #[test]
    fn a_step_from_a_whole_second_is_exact(
        start in 1_100_000_000..4_000_000_000u64,
        step in 0..10_000_000_000u64,
        index in 0..1_000_000_000u64,
    ) {
        let nanos = u128::from(start) * 1_000_000_000 + u128::from(step) * u128::from(index);
        let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        let time = FixedStep::new(start as f64, Duration::from_nanos(step)).at(index);
        prop_assert_eq!(time, text.parse::<f64>().unwrap());
    }

    #[test]
    fn steps_too_long_for_64_bits_agree_with_short_ones(index in 0..1_000_000_000u64, secs in 0..1_000u64) {
        // The same offset, once within and once beyond what the quick path can hold.
        let factor = 1 << 40;
        let short = FixedStep::new(0.0, Duration::from_secs(secs)).at(index);
        let long = FixedStep::new(0.0, Duration::from_secs(secs * factor)).at(index);
        prop_assert_eq!(short * factor as f64, long);
    }
}

/// The indexes that a time function is called with while `records` records are made.
fn calls(from: u64, shared_by: u32, fill: &[usize]) -> (Vec<u64>, Vec<f64>) {
    let asked = RefCell::new(Vec::new());
    let read = |index: u64| {
        asked.borrow_mut().push(index);
        index as f64
    };
    let timed = RatingGenerator::with_seed(9).timed_by(read).shared_by(shared_by);
    let mut ratings = timed.at_index(from);
    let mut batch = JsonBatch::default();
    for records in fill {
        ratings.fill_json(*records, &mut batch);
    }
    let time =
        |line: &[u8]| serde_json::from_slice::<crate::CaptainRating>(line).unwrap().timestamp;
    (asked.take(), batch.iter().map(time).collect())
}

#[test]
fn a_clock_is_read_once_per_record_unless_told_otherwise() {
    for shared_by in [0, 1] {
        assert_eq!(calls(3, shared_by, &[4]), (vec![3, 4, 5, 6], vec![3.0, 4.0, 5.0, 6.0]));
    }
}

#[test]
fn a_shared_reading_is_asked_for_once_and_given_to_all_of_its_records() {
    let (asked, times) = calls(0, 500, &[1_200]);
    assert_eq!(asked, [0, 500, 1_000]);
    let expected: Vec<f64> = (0..1_200).map(|index| f64::from(index / 500 * 500)).collect();
    assert_eq!(times, expected);
}

#[test]
fn a_run_that_starts_amid_a_shared_reading_takes_the_rest_of_it() {
    let (asked, times) = calls(7, 10, &[5]);
    assert_eq!(asked, [0, 10]);
    assert_eq!(times, [0.0, 0.0, 0.0, 10.0, 10.0]);
}

#[test]
fn no_reading_outlives_the_call_it_was_taken_for() {
    let (asked, times) = calls(0, 10, &[4, 4, 4]);
    assert_eq!(asked, [0, 0, 0, 10]);
    assert_eq!(times.last(), Some(&10.0));
}

#[test]
fn single_records_agree_with_batches_about_a_shared_reading() {
    let ratings = RatingGenerator::with_seed(9).timed_by(|index| index as f64 / 4.0).shared_by(8);
    let run: Vec<f64> = ratings.clone().take(20).map(|r| r.timestamp).collect();
    let alone: Vec<f64> = (0..20).map(|index| ratings.record(index).timestamp).collect();
    assert_eq!(run, alone);
    assert_eq!(run.iter().filter(|time| **time == 2.0).count(), 8);
}

#[test]
fn which_time_is_taken_may_be_decided_while_running() {
    let choose = |fixed: bool| -> Box<dyn EventTime + Send + Sync> {
        if fixed { Box::new(FixedStep::default()) } else { Box::new(Readings::new(|_| 2.5)) }
    };
    for (fixed, expected) in [(true, TUTORIAL_START), (false, 2.5)] {
        let ratings = RatingGenerator::with_seed(1).with_time(choose(fixed));
        assert_eq!(ratings.record(0).timestamp, expected);
    }
}

#[test]
fn a_time_source_that_claims_to_hold_for_no_record_is_asked_each_time() {
    struct Restless;
    impl EventTime for Restless {
        fn at(&self, index: u64) -> f64 {
            index as f64
        }
        fn holds_for(&self, _: u64) -> u64 {
            0
        }
    }
    let mut batch = JsonBatch::default();
    RatingGenerator::with_seed(1).with_time(Restless).fill_json(3, &mut batch);
    assert!(batch.bytes().ends_with(b"\"timestamp\":2.0}"));
}

#[test]
fn a_generator_with_a_clock_can_go_to_another_thread() {
    fn assert_send<T: Send + Sync + std::fmt::Debug + Clone>(_: &T) {}
    assert_send(&RatingGenerator::with_seed(1).timed_by(|_| SystemTime::now()).shared_by(500));
}
