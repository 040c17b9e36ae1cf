//! Speed of continuous queries over one million rows shaped like the tutorial's ratings, on one
//! core: a thousand seconds of a thousand rows, so seventeen windows of a minute.

mod rows;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stream_analysis::continuous::{ContinuousQuery, JsonRecords, QueryOptions, WindowKind};
use tokio::runtime::{Builder, Runtime};

use rows::{ROWS, batches};

fn ratings() -> Vec<RecordBatch> {
    batches(batch)
}

/// Ratings in the order of their time, but for a second.
fn batch(start: u32, rows: u32, draw: &mut dyn FnMut(u32) -> u32) -> RecordBatch {
    let users: Vec<String> =
        (0..rows).map(|_| format!("First{} Last{}", draw(3_000), draw(500))).collect();
    let captains: Vec<String> = (0..rows).map(|_| format!("captain {}", draw(14))).collect();
    let values = (0..rows).map(|_| i32::try_from(1 + draw(1_000)).unwrap_or_default());
    let values: Int32Array = values.collect();
    let times = (start..start + rows).map(|row| 1.64e9 + f64::from(row + draw(1_000)) / 1e3);
    let columns: [(&str, ArrayRef); 4] = [
        ("user", Arc::new(StringArray::from(users))),
        ("favoritecaptain", Arc::new(StringArray::from(captains))),
        ("rating", Arc::new(values)),
        ("timestamp", Arc::new(times.collect::<Float64Array>())),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn run(runtime: &Runtime, batches: &[RecordBatch], options: &QueryOptions) -> u64 {
    runtime.block_on(async {
        let schema = batches[0].schema();
        let mut query = ContinuousQuery::start(&schema, options.clone()).await.expect("sound");
        let mut rows = 0;
        for batch in batches {
            query.push(batch, 0.0).expect("within the bound");
            while let Some(window) = query.next_closed().await.expect("sound SQL") {
                rows += window.answer.num_rows() as u64;
            }
        }
        rows
    })
}

fn queries(c: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let batches = ratings();
    let mut group = c.benchmark_group("continuous");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    let scores =
        || QueryOptions::captain_scores("favoritecaptain", "rating").with_event_time("timestamp");
    let by_user = scores().with_keys(["favoritecaptain", "user"]);
    let hopping =
        WindowKind::Hopping { length: Duration::from_mins(1), hop: Duration::from_secs(10) };
    let session = WindowKind::Session { gap: Duration::from_secs(5) };
    let of_rows = "SELECT favoritecaptain, avg(rating), sum(rating) FROM stream GROUP BY 1";
    for (name, options) in [
        ("captain_scores", scores()),
        ("captain_scores_hopping", scores().with_windows(hopping)),
        ("captain_scores_sessions", scores().with_windows(session)),
        ("sql_over_the_rows", scores().with_sql(of_rows)),
        ("a_million_keys", by_user.with_sql("SELECT count(*) FROM windows")),
    ] {
        let options = options.with_memory_limit_bytes(1 << 30);
        group.bench_function(name, |b| b.iter(|| black_box(run(&runtime, &batches, &options))));
    }
    group.finish();
}

fn json(c: &mut Criterion) {
    let record = |at: u32| {
        format!(
            r#"{{"user":"First Last","favoritecaptain":"captain {}","rating":{at},"timestamp":1641622800.5}}"#,
            at % 14
        )
    };
    let records: Vec<String> = (0..100_000).map(record).collect();
    let bytes = || records.iter().map(String::as_bytes);
    let schema = JsonRecords::infer(bytes().take(10)).expect("they agree");
    let mut group = c.benchmark_group("continuous");
    group.throughput(Throughput::Elements(records.len() as u64));
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group.bench_function("json_records", |b| {
        b.iter(|| black_box(JsonRecords::new(&schema).decode(bytes()).expect("plain")));
    });
    group.finish();
}

criterion_group!(benches, queries, json);
criterion_main!(benches);
