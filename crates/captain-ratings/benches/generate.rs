//! How many ratings a second one core makes, beside what a first attempt with `fake`, `rand` and
//! `serde_json` makes. All JSON cases write into one buffer that is used again.
//!
//! `cargo bench -p captain-ratings --all-features`

use std::hint::black_box;
use std::time::SystemTime;

use captain_ratings::{CAPTAINS, CaptainRating, JsonBatch, JsonStyle, RatingGenerator};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use fake::Fake;
use fake::faker::name::en::Name;
use rand::RngExt;
use rand::seq::IndexedRandom;

/// Records of one measured call: about 1 MiB of JSON, as one Firehose buffer of the tutorial.
const RECORDS: usize = 10_000;

fn json(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json");
    group.throughput(Throughput::Elements(RECORDS as u64));
    let seeded = RatingGenerator::with_seed(42);
    fill(&mut group, "clock per record", seeded.clone().timed_by(|_| SystemTime::now()));
    let shared = seeded.clone().timed_by(|_| SystemTime::now()).shared_by(500);
    fill(&mut group, "clock per 500", shared.clone());
    fill(&mut group, "fixed step", seeded.clone());
    let mut batch = JsonBatch::new(JsonStyle::Python);
    let mut python = shared;
    group.bench_function("clock per 500, as Python", |bencher| {
        bencher.iter(|| {
            batch.clear();
            python.fill_json(RECORDS, &mut batch);
            black_box(batch.bytes().len())
        });
    });
    let mut text = Vec::new();
    let mut live = seeded.timed_by(|_| SystemTime::now());
    group.bench_function("clock per record, owned records", |bencher| {
        bencher.iter(|| {
            text.clear();
            for rating in live.by_ref().take(RECORDS) {
                rating.write_json(JsonStyle::Compact, &mut text);
            }
            black_box(text.len())
        });
    });
    group.bench_function("clock per record, fake and serde_json", |bencher| {
        bencher.iter(|| {
            text.clear();
            for _ in 0..RECORDS {
                let json = serde_json::to_string(&first_attempt());
                text.extend_from_slice(json.unwrap_or_default().as_bytes());
            }
            black_box(text.len())
        });
    });
    group.finish();
}

fn fill<T: captain_ratings::EventTime>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    mut generator: RatingGenerator<T>,
) {
    let mut batch = JsonBatch::new(JsonStyle::Compact);
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            batch.clear();
            generator.fill_json(RECORDS, &mut batch);
            black_box(batch.bytes().len())
        });
    });
}

/// The tutorial's loop, translated word by word.
fn first_attempt() -> CaptainRating {
    let mut rng = rand::rng();
    let user: String = Name().fake();
    let (favorite_captain, rating) = if rng.random_range(1..=100) < 5 {
        ("Neil Armstrong", rng.random_range(7000..=9000))
    } else {
        (*CAPTAINS.choose(&mut rng).unwrap_or(&""), rng.random_range(1..=1000))
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    CaptainRating {
        user,
        favorite_captain: favorite_captain.to_owned(),
        rating,
        timestamp: now.unwrap_or_default().as_secs_f64(),
    }
}

#[cfg(feature = "arrow")]
fn columns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("columns");
    group.throughput(Throughput::Elements(RECORDS as u64));
    let mut fixed = RatingGenerator::with_seed(42);
    group.bench_function("fixed step", |bencher| {
        bencher.iter(|| black_box(fixed.record_batch(RECORDS)));
    });
    let mut live = RatingGenerator::with_seed(42).timed_by(|_| SystemTime::now()).shared_by(500);
    group.bench_function("clock per 500", |bencher| {
        bencher.iter(|| black_box(live.record_batch(RECORDS)));
    });
    group.finish();
}

/// Without the feature there are no columns to measure.
#[cfg(not(feature = "arrow"))]
fn columns(_: &mut Criterion) {}

criterion_group!(benches, json, columns);
criterion_main!(benches);
