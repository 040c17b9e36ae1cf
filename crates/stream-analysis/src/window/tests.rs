use arrow::array::{Int32Array, StringArray};
use proptest::prelude::*;

use super::*;

fn batch(rows: &[(&str, i32, f64)]) -> RecordBatch {
    let captains: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.0)).collect::<StringArray>());
    let ratings: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.1)).collect::<Int32Array>());
    let times: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.2)).collect::<Float64Array>());
    let columns = [("captain", captains), ("rating", ratings), ("time", times)];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn windows(options: &WindowOptions) -> TumblingWindows {
    let schema = batch(&[]).schema();
    TumblingWindows::new(&schema, Some("captain"), "rating", options).expect("sound")
}

fn by_event() -> WindowOptions {
    WindowOptions::default().with_event_time("time").with_lateness_seconds(10)
}

#[test]
fn a_window_closes_once_when_its_lateness_has_passed() {
    let mut windows = windows(&by_event());
    windows
        .push(&batch(&[("a", 1, 5.0), ("b", 9, 59.0), ("a", 3, 65.0)]), 0.0, None)
        .expect("fits");
    assert_eq!(windows.close_due(), [], "65 is within the lateness");
    windows.push(&batch(&[("a", 5, 50.0), ("a", 7, 70.0)]), 0.0, None).expect("fits");
    let closed = windows.close_due();
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].start, closed[0].end, closed[0].rows), (0.0, 60.0, 3));
    let means: Vec<_> =
        closed[0].groups.iter().map(|group| (group.group.as_deref(), group.mean)).collect();
    assert_eq!(means, [(Some("b"), Some(9.0)), (Some("a"), Some(3.0))]);

    windows.push(&batch(&[("a", 1, 59.9)]), 0.0, None).expect("fits");
    assert_eq!((windows.late(), windows.close_due()), (1, vec![]));
    assert_eq!((windows.latest(), windows.closed_until()), (70.0, 60.0));
    assert_eq!(windows.open().len(), 1);
    assert_eq!(windows.finish()[0].rows, 2);
}

#[test]
fn rows_of_one_batch_do_not_make_each_other_late() {
    let mut windows = windows(&by_event());
    windows.push(&batch(&[("a", 1, 900.0), ("a", 1, 0.0)]), 0.0, None).expect("fits");
    assert_eq!(windows.late(), 0);
    assert_eq!(windows.close_due().len(), 1);
}

#[test]
fn arrival_is_a_clock_and_an_idle_stream_closes_too() {
    let mut windows = windows(&WindowOptions::default().with_lateness_seconds(0));
    let rows = batch(&[("a", 1, 0.0), ("a", 2, 1e9)]);
    windows.push(&rows, 100.0, Some(&BooleanArray::from(vec![false, true]))).expect("fits");
    assert_eq!(windows.close_due(), []);
    windows.advance(119.9);
    assert_eq!(windows.close_due(), []);
    windows.advance(120.0);
    let closed = windows.close_due();
    assert_eq!((closed[0].start, closed[0].rows, closed[0].anomalies), (60.0, 2, 1));
    assert_eq!(closed[0].groups[0].anomalies, 1);
    let table = Window::to_record_batch(&closed).expect("sound");
    assert_eq!((table.num_rows(), table.num_columns()), (1, 9));
}

#[test]
fn rows_without_a_time_are_counted() {
    let mut windows = windows(&by_event());
    windows.push(&batch(&[("a", 1, f64::NAN), ("a", 1, f64::INFINITY)]), 0.0, None).expect("fits");
    assert_eq!((windows.untimed(), windows.open().len()), (2, 0));
    assert_eq!(windows.close_due(), []);
}

#[test]
fn what_cannot_work_is_refused() {
    let schema = batch(&[]).schema();
    let none = TumblingWindows::new(&schema, None, "rating", &by_event().with_seconds(0));
    assert!(matches!(none, Err(Error::Setting { .. })));
    let text = WindowOptions::default().with_event_time("captain");
    let text = TumblingWindows::new(&schema, None, "rating", &text);
    assert!(matches!(text, Err(Error::NotTime { .. })));

    let mut few = windows(&by_event().with_group_limit(1));
    few.push(&batch(&[("a", 1, 0.0), ("a", 1, 0.0), ("b", 1, 99.0)]), 0.0, None).expect("one each");
    let more = few.push(&batch(&[("b", 1, 0.0)]), 0.0, None);
    assert!(matches!(more, Err(Error::TooManyGroups { limit: 1, .. })));
}

proptest! {
    /// Whatever the order and the batches: every row is in a window that was handed out once, late,
    /// or without a time.
    #[test]
    fn no_row_is_lost(
        rows in prop::collection::vec((0..3_usize, 0..100_i32, -500.0..5_000.0_f64), 0..200),
        cut in 1..20_usize,
        lateness in 0..300_u32,
    ) {
        let names = ["a", "b", "c"];
        let rows: Vec<_> = rows.into_iter().map(|(name, value, time)| (names[name], value, time)).collect();
        let mut windows = windows(&by_event().with_lateness_seconds(lateness));
        let mut seen = std::collections::BTreeSet::new();
        let mut counted = 0;
        for part in rows.chunks(cut) {
            windows.push(&batch(part), 0.0, None).expect("fits");
            for window in windows.close_due() {
                prop_assert!(seen.insert(window.start.to_bits()), "handed out twice");
                counted += window.rows;
            }
        }
        let late = windows.late();
        for window in windows.finish() {
            prop_assert!(seen.insert(window.start.to_bits()), "handed out twice");
            prop_assert_eq!(window.rows, window.groups.iter().map(|group| group.rows).sum::<u64>());
            counted += window.rows;
        }
        prop_assert_eq!(counted + late, rows.len() as u64);
    }
}
