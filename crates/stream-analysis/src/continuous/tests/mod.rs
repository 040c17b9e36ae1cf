//! Continuous queries against batch queries and naive models, over random streams.
//!
//! A random test prints its seed; `STREAM_ANALYSIS_SEED=…` runs that one alone.

mod against_batch;
mod against_model;
mod bounds;
mod checkpoints;
mod json;
mod presets;
mod refusals;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{ClosedWindow, ContinuousQuery, QueryOptions, WindowKind};
use crate::random::Random;

/// A row of the tests' streams.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    captain: Option<&'static str>,
    rating: Option<i32>,
    /// A multiple of an eighth, so that sums are exact in any order.
    weight: Option<f64>,
    time: f64,
}

const CAPTAINS: [&str; 4] = ["Ahab", "Kirk", "Leela", "Solo"];

fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("STREAM_ANALYSIS_SEED") {
        Ok(seed) => vec![seed.parse().expect("STREAM_ANALYSIS_SEED is a number")],
        Err(_) => (0..count).map(|n| n * 7_919 + 1).collect(),
    }
}

/// Runs a test for each seed, and says which failed.
fn each_seed<F: Future<Output = ()>>(count: u64, test: impl Fn(u64) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for seed in seeds(count) {
        println!("STREAM_ANALYSIS_SEED={seed}");
        runtime.block_on(test(seed));
    }
}

/// Rows of `span` seconds, in an order in which none comes more than `disorder` seconds late.
fn rows(random: &mut Random, count: usize, span: f64, disorder: f64) -> Vec<Row> {
    let mut rows: Vec<(f64, Row)> = Vec::with_capacity(count);
    for _ in 0..count {
        let time = (random.unit() * span * 1e3).floor() / 1e3;
        let some = random.below(10) > 0;
        let captain = usize::try_from(random.below(4)).unwrap_or(0);
        let row = Row {
            captain: (random.below(12) > 0).then(|| CAPTAINS[captain]),
            rating: some.then(|| i32::try_from(random.below(1_000)).unwrap_or(0) - 100),
            weight: (random.below(10) > 0).then(|| random.below(8_000) as f64 / 8.0 - 100.0),
            time,
        };
        rows.push((time + random.unit() * disorder, row));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn batch(rows: &[Row]) -> RecordBatch {
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("captain", Arc::new(rows.iter().map(|r| r.captain).collect::<StringArray>()), true),
        ("rating", Arc::new(rows.iter().map(|r| r.rating).collect::<Int32Array>()), true),
        ("weight", Arc::new(rows.iter().map(|r| r.weight).collect::<Float64Array>()), true),
        ("time", Arc::new(rows.iter().map(|r| Some(r.time)).collect::<Float64Array>()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

/// The rows cut into batches at random, some of them empty.
fn cut(random: &mut Random, rows: &[Row], largest: u64) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let length = usize::try_from(random.below(largest + 1)).unwrap_or(0).min(rest.len());
        let (part, others) = rest.split_at(length);
        batches.push(batch(part));
        rest = others;
    }
    batches
}

fn tumbling(seconds: u64) -> WindowKind {
    WindowKind::Tumbling { length: Duration::from_secs(seconds) }
}

fn hopping(seconds: u64, hop: u64) -> WindowKind {
    WindowKind::Hopping { length: Duration::from_secs(seconds), hop: Duration::from_secs(hop) }
}

fn session(seconds: u64) -> WindowKind {
    WindowKind::Session { gap: Duration::from_secs(seconds) }
}

fn options(windows: WindowKind, lateness: u64) -> QueryOptions {
    QueryOptions::default()
        .with_windows(windows)
        .with_lateness(Duration::from_secs(lateness))
        .with_event_time("time")
        .with_keys(["captain"])
        .with_values(["rating", "weight"])
}

async fn start(options: &QueryOptions) -> ContinuousQuery {
    ContinuousQuery::start(&batch(&[]).schema(), options.clone()).await.expect("a sound query")
}

async fn drain(query: &mut ContinuousQuery, into: &mut Vec<ClosedWindow>) {
    while let Some(window) = query.next_closed().await.expect("sound SQL") {
        into.push(window);
    }
}

/// All windows of a stream, and the query after it.
async fn run(
    options: &QueryOptions,
    batches: &[RecordBatch],
) -> (Vec<ClosedWindow>, ContinuousQuery) {
    let (mut query, mut windows) = (start(options).await, Vec::new());
    for batch in batches {
        query.push(batch, 0.0).expect("it fits");
        drain(&mut query, &mut windows).await;
    }
    query.finish().expect("no number is that large");
    drain(&mut query, &mut windows).await;
    (windows, query)
}

/// A table as lines of text, a line for each row.
fn lines(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("null");
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).expect("it can be shown"))
        .collect();
    let line = |row: usize| {
        columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" ")
    };
    (0..batch.num_rows()).map(line).collect()
}

fn sorted_lines<'a>(batches: impl IntoIterator<Item = &'a RecordBatch>) -> Vec<String> {
    let mut all: Vec<String> = batches.into_iter().flat_map(lines).collect();
    all.sort();
    all
}
