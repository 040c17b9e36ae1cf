//! Speed of each question over one million rows shaped like the tutorial's ratings.

mod rows;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stream_analysis::{
    Describe, ForestOptions, Groups, IsolationFit, IsolationOptions, RandomCutForest, RobustZFit,
    TumblingWindows, WindowOptions,
};

use rows::{ROWS, batches};

fn ratings() -> Vec<RecordBatch> {
    batches(batch)
}

fn batch(start: u32, rows: u32, draw: &mut dyn FnMut(u32) -> u32) -> RecordBatch {
    let (mut captains, mut values) = (Vec::new(), Vec::new());
    let users: Vec<String> =
        (0..rows).map(|_| format!("First{} Last{}", draw(3_000), draw(500))).collect();
    for _ in 0..rows {
        let planted = draw(100) < 4;
        captains.push(if planted {
            "captain 14".to_owned()
        } else {
            format!("captain {}", draw(14))
        });
        values.push(if planted { 7_000 + draw(2_001) } else { 1 + draw(1_000) });
    }
    let values = values.into_iter().map(|value| i32::try_from(value).unwrap_or_default());
    let times = (start..start + rows).map(|row| 1.64e9 + f64::from(row) / 1e3);
    let columns: [(&str, ArrayRef); 4] = [
        ("user", Arc::new(StringArray::from(users))),
        ("captain", Arc::new(StringArray::from(captains))),
        ("rating", Arc::new(values.collect::<Int32Array>())),
        ("timestamp", Arc::new(times.collect::<Float64Array>())),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn analysis(c: &mut Criterion) {
    let batches = ratings();
    let schema = batches[0].schema();
    let mut group = c.benchmark_group("one_million_rows");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.sample_size(10).warm_up_time(Duration::from_secs(1));

    group.bench_function("describe_all_columns", |b| {
        b.iter(|| {
            let mut describe = Describe::new(&schema);
            batches.iter().for_each(|batch| describe.push(batch).expect("one schema"));
            black_box(describe.finish().expect("plain types"))
        });
    });
    group.bench_function("describe_rating", |b| {
        b.iter(|| {
            let mut describe = Describe::of_columns(&schema, &["rating"]).expect("it is there");
            batches.iter().for_each(|batch| describe.push(batch).expect("one schema"));
            black_box(describe.finish().expect("plain types"))
        });
    });
    group.bench_function("groups_by_captain", |b| {
        b.iter(|| {
            let mut groups = Groups::new(&schema, "captain", "rating").expect("they are there");
            batches.iter().for_each(|batch| groups.push(batch).expect("one schema"));
            black_box(groups.finish())
        });
    });
    group.bench_function("robust_z_fit", |b| {
        b.iter(|| {
            let mut fit = RobustZFit::new(&schema, "rating").expect("it is there");
            batches.iter().for_each(|batch| fit.push(batch).expect("one schema"));
            black_box(fit.finish())
        });
    });
    let mut fit = RobustZFit::new(&schema, "rating").expect("it is there");
    batches.iter().for_each(|batch| fit.push(batch).expect("one schema"));
    let model = fit.finish();
    group.bench_function("robust_z_score", |b| {
        b.iter(|| {
            let mut scorer = model.scorer(&schema).expect("it is there");
            batches.iter().for_each(|batch| scorer.push(batch).expect("one schema"));
            black_box(scorer.finish())
        });
    });
    group.finish();
}

/// Records per second and core, on ratings as the tutorial makes them.
fn forests(c: &mut Criterion) {
    let batches = ratings();
    let column = batches[0].column_by_name("rating").expect("it is there");
    let ratings = column.as_any().downcast_ref::<Int32Array>().expect("whole numbers");
    let points: Vec<f64> = ratings.values().iter().map(|rating| f64::from(*rating)).collect();
    let mut group = c.benchmark_group("forests");
    group.throughput(Throughput::Elements(points.len() as u64));
    group.sample_size(10).warm_up_time(Duration::from_secs(2));

    // Warm, as after the first minutes of a stream: 100 trees of 256 points, decay 100,000.
    let mut forest = RandomCutForest::new(1, &ForestOptions::default()).expect("sound");
    (0..10).for_each(|_| points.iter().for_each(|point| _ = forest.score_and_learn(&[*point])));
    group.bench_function("random_cut_forest_of_kinesis", |b| {
        b.iter(|| points.iter().filter_map(|point| forest.score_and_learn(&[*point])).sum::<f64>());
    });
    let mut fit = IsolationFit::new(1, &IsolationOptions::default()).expect("sound");
    points.iter().for_each(|point| fit.push(&[*point]));
    let forest = fit.finish();
    group.bench_function("isolation_forest_scores", |b| {
        b.iter(|| points.iter().filter_map(|point| forest.score(&[*point])).sum::<f64>());
    });
    group.finish();
}

fn windows(c: &mut Criterion) {
    let batches = ratings();
    let schema = batches[0].schema();
    let mut group = c.benchmark_group("one_million_rows");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group.bench_function("windows_by_captain", |b| {
        b.iter(|| {
            let options = WindowOptions::default().with_event_time("timestamp");
            let windows = TumblingWindows::new(&schema, Some("captain"), "rating", &options);
            let mut windows = windows.expect("they are there");
            let mut closed = 0;
            for batch in &batches {
                windows.push(batch, 0.0, None).expect("one schema");
                closed += windows.close_due().len();
            }
            black_box(closed + windows.finish().len())
        });
    });
    group.finish();
}

criterion_group!(benches, analysis, windows, forests);
criterion_main!(benches);
