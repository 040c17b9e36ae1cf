//! Windows against models that are too simple to be wrong, with late rows and all.

use std::collections::BTreeMap;

use super::*;

/// Windows, by start and end in milliseconds, and the times of their rows; counts of late rows.
#[derive(Debug, Default, PartialEq)]
struct Model {
    windows: BTreeMap<(i64, i64, Option<&'static str>), Vec<i64>>,
    late: u64,
    partly_late: u64,
}

/// Whole milliseconds, as the tests' times are.
fn millis(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "times of a test")]
    let millis = (seconds * 1e3).round() as i64;
    millis
}

/// Every window there could be is asked whether it takes the row.
fn hopping_model(rows: &[Row], length: i64, hop: i64, lateness: i64) -> Model {
    let mut model = Model::default();
    let mut latest = i64::MIN;
    for row in rows {
        let time = millis(row.time);
        let watermark = latest.saturating_sub(lateness);
        let starts = (-length / hop..2_000_000 / hop).map(|n| n * hop);
        let of_row: Vec<i64> =
            starts.filter(|start| (*start..start + length).contains(&time)).collect();
        let open: Vec<i64> =
            of_row.iter().copied().filter(|start| start + length > watermark).collect();
        model.late += u64::from(open.is_empty());
        model.partly_late += u64::from(!open.is_empty() && open.len() < of_row.len());
        for start in open {
            model.windows.entry((start, start + length, row.captain)).or_default().push(time);
        }
        latest = latest.max(time);
    }
    model
}

/// All sessions in one list, which is gone through for every row.
fn session_model(rows: &[Row], gap: i64, lateness: i64) -> Model {
    let mut model = Model::default();
    let mut open: Vec<(Option<&'static str>, Vec<i64>)> = Vec::new();
    let mut latest = i64::MIN;
    let bounds = |times: &[i64]| {
        (times.iter().min().copied().unwrap_or(0), times.iter().max().copied().unwrap_or(0) + gap)
    };
    for row in rows {
        let time = millis(row.time);
        let watermark = latest.saturating_sub(lateness);
        let (met, others): (Vec<_>, Vec<_>) = open.into_iter().partition(|(captain, times)| {
            let (start, end) = bounds(times);
            *captain == row.captain && time < end && start < time + gap
        });
        open = others;
        if met.is_empty() && time + gap <= watermark {
            model.late += 1;
        } else {
            let joined = met.into_iter().flat_map(|(_, times)| times).chain([time]).collect();
            open.push((row.captain, joined));
        }
        latest = latest.max(time);
        let (due, still): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(_, times)| bounds(times).1 <= latest - lateness);
        open = still;
        close(&mut model, due, bounds);
    }
    close(&mut model, open, bounds);
    model
}

fn close(
    model: &mut Model,
    due: Vec<(Option<&'static str>, Vec<i64>)>,
    bounds: impl Fn(&[i64]) -> (i64, i64),
) {
    for (captain, times) in due {
        let (start, end) = bounds(&times);
        model.windows.entry((start, end, captain)).or_default().extend(times);
    }
}

/// The model of what the query says, and that both of its tables say the same.
async fn said(options: &QueryOptions, batches: &[RecordBatch]) -> Model {
    let mut model = Model::default();
    let sql = "SELECT captain, time FROM stream";
    let (windows, query) = run(&options.clone().with_sql(sql), batches).await;
    for window in &windows {
        for line in lines(&window.answer) {
            let (captain, time) = line.split_once(' ').expect("two columns");
            let captain = CAPTAINS.into_iter().find(|known| *known == captain);
            let time = millis(time.parse().expect("a number"));
            let key = (window.start_micros / 1_000, window.end_micros / 1_000, captain);
            model.windows.entry(key).or_default().push(time);
        }
    }
    (model.late, model.partly_late) = (query.counts().late, query.counts().partly_late);

    let sql = "SELECT captain, rows FROM windows";
    let (windows, _) = run(&options.clone().with_sql(sql), batches).await;
    let mut rows = BTreeMap::new();
    for window in &windows {
        for line in lines(&window.answer) {
            let (captain, count) = line.split_once(' ').expect("two columns");
            let captain = CAPTAINS.into_iter().find(|known| *known == captain);
            let key = (window.start_micros / 1_000, window.end_micros / 1_000, captain);
            *rows.entry(key).or_insert(0) += count.parse::<usize>().expect("a number");
        }
    }
    let counted: BTreeMap<_, _> =
        model.windows.iter().map(|(key, times)| (*key, times.len())).collect();
    assert_eq!(rows, counted, "`windows` and `stream` disagree");
    model
}

fn in_order(mut model: Model) -> Model {
    model.windows.values_mut().for_each(|times| times.sort_unstable());
    model
}

#[test]
fn tumbling_and_hopping_windows_are_what_every_window_says_of_every_row() {
    each_seed(8, |seed| async move {
        let mut random = Random::new(seed);
        let (lateness, disorder) = (random.below(40), random.below(120) as f64);
        let rows = rows(&mut random, 250, 500.0, disorder);
        let batches = cut(&mut random, &rows, 40);
        for (length, hop) in [(60, 60), (60, 20), (60, 45), (10, 7)] {
            let options = options(hopping(length, hop), lateness);
            let millis = |seconds: u64| i64::try_from(seconds * 1_000).unwrap_or(0);
            let model = hopping_model(&rows, millis(length), millis(hop), millis(lateness));
            assert_eq!(in_order(said(&options, &batches).await), in_order(model), "{length} {hop}");
        }
    });
}

#[test]
fn sessions_are_what_a_list_of_them_says() {
    each_seed(12, |seed| async move {
        let mut random = Random::new(seed);
        let (lateness, disorder) = (random.below(40), random.below(120) as f64);
        let rows = rows(&mut random, 250, 900.0, disorder);
        let batches = cut(&mut random, &rows, 40);
        for gap in [3, 15, 60] {
            let said = said(&options(session(gap), lateness), &batches).await;
            let millis = |seconds: u64| i64::try_from(seconds * 1_000).unwrap_or(0);
            let model = session_model(&rows, millis(gap), millis(lateness));
            assert_eq!(in_order(said), in_order(model), "gap {gap}");
        }
    });
}

/// In order, no session is cut by its closing: what a batch would give, by sorting.
#[test]
fn within_the_lateness_sessions_are_runs_of_the_sorted_rows() {
    each_seed(8, |seed| async move {
        let mut random = Random::new(seed);
        let rows = rows(&mut random, 300, 2_000.0, 50.0);
        let batches = cut(&mut random, &rows, 30);
        let said = said(&options(session(20), 50), &batches).await;
        let mut expected = BTreeMap::new();
        for captain in CAPTAINS.into_iter().map(Some).chain([None]) {
            let mut times: Vec<i64> =
                rows.iter().filter(|r| r.captain == captain).map(|r| millis(r.time)).collect();
            times.sort_unstable();
            for run in times.chunk_by(|a, b| b - a < 20_000) {
                expected.insert((run[0], run[run.len() - 1] + 20_000, captain), run.to_vec());
            }
        }
        assert_eq!(said.late, 0);
        assert_eq!(in_order(said).windows, expected);
    });
}
