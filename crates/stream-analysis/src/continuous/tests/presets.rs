//! The lab's two analyses, against what they say in words.

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};

use super::*;
use crate::{ForestOptions, RandomCutForest};

#[test]
fn captain_scores_are_averages_and_totals_by_minute() {
    each_seed(5, |seed| async move {
        let mut random = Random::new(seed);
        let rows = rows(&mut random, 500, 300.0, 10.0);
        let options = QueryOptions::captain_scores("captain", "rating").with_event_time("time");
        let (windows, _) = run(&options, &cut(&mut random, &rows, 64)).await;
        assert_eq!(windows.len(), 5);
        for window in windows {
            let answer = &window.answer;
            let names: Vec<&str> =
                answer.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
            let expected =
                ["window_start", "window_end", "captain", "average_rating", "total_rating"];
            assert_eq!(names, expected);
            let averages = answer.column(3).as_primitive::<Float64Type>();
            assert!(averages.values().is_sorted_by(|a, b| a >= b), "{averages:?}");
            let totals = answer.column(4).as_primitive::<Int64Type>();
            let span = window.start_micros as f64 / 1e6..window.end_micros as f64 / 1e6;
            let all = rows.iter().filter(|row| span.contains(&row.time));
            let total: i64 = all.filter_map(|row| row.rating).map(i64::from).sum();
            assert_eq!(totals.iter().flatten().sum::<i64>(), total);
        }
    });
}

#[tokio::test]
async fn a_total_beyond_32_bits_is_exact() {
    let row = |time| Row { captain: Some("Kirk"), rating: Some(i32::MAX), weight: None, time };
    let options = QueryOptions::captain_scores("captain", "rating").with_event_time("time");
    let (windows, _) = run(&options, &[batch(&vec![row(1.0); 1_000])]).await;
    let total = windows[0].answer.column(4).as_primitive::<Int64Type>().value(0);
    assert_eq!(total, 1_000 * i64::from(i32::MAX));
}

#[tokio::test]
async fn ordered_anomalies_are_the_forests_scores_by_second() {
    let mut random = Random::new(4);
    let mut draw = |at: u32| {
        let odd = random.below(100) < 4;
        let rating = if odd { 7_000 + random.below(2_001) } else { 1 + random.below(1_000) };
        let captain = Some(if odd { "Solo" } else { "Kirk" });
        let rating = i32::try_from(rating).ok();
        Row { captain, rating, weight: None, time: f64::from(at) / 50.0 }
    };
    let rows: Vec<Row> = (0..1_500).map(&mut draw).collect();
    let options = QueryOptions::ordered_anomalies(&["rating"])
        .with_event_time("time")
        .with_lateness(Duration::ZERO);
    let batches: Vec<RecordBatch> = rows.chunks(113).map(batch).collect();
    let (windows, _) = run(&options, &batches).await;

    let mut forest = RandomCutForest::new(1, &ForestOptions::default()).expect("sound");
    let point = |row: &Row| [f64::from(row.rating.unwrap_or(0))];
    let mut expected: Vec<(f64, f64)> = Vec::new();
    for row in &rows {
        expected.extend(forest.score_and_learn(&point(row)).map(|score| (row.time.floor(), score)));
    }
    expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    assert_eq!(expected.len(), 1_500 - 256);

    let mut said = Vec::new();
    for window in &windows {
        let scores = window.answer.column_by_name("anomaly_score").expect("the last column");
        let second = window.start_micros as f64 / 1e6;
        said.extend(scores.as_primitive::<Float64Type>().values().iter().map(|s| (second, *s)));
    }
    assert_eq!(said, expected);
    let first = windows.iter().find(|window| window.answer.num_rows() > 0).expect("it is warm");
    let fields = first.answer.schema();
    let names: Vec<&str> = fields.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["second", "captain", "rating", "weight", "time", "anomaly_score"]);
}
