//! Makes a million ratings on one, two and four threads and shows that the bytes are the same.
//!
//! `cargo run --release -p captain-ratings --example threads`

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::thread;
use std::time::Instant;

use captain_ratings::{JsonBatch, JsonStyle, RatingGenerator};

/// 1,000,448 records: whole chunks of 1024, the first that are a million or more.
const CHUNKS: usize = 977;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let ratings = RatingGenerator::with_seed(42);
    for threads in [1, 2, 4] {
        let begun = Instant::now();
        let parts = on_threads(&ratings, threads);
        let millis = begun.elapsed().as_millis();
        let mut hasher = DefaultHasher::new();
        // Thread t made the chunks t, t + threads, and so on: deal them back in that order.
        for number in 0..CHUNKS {
            let part = parts.get(number % threads).and_then(|part| part.get(number / threads));
            part.map(JsonBatch::bytes).hash(&mut hasher);
        }
        let records: usize = parts.iter().flatten().map(JsonBatch::len).sum();
        let hash = hasher.finish();
        writeln!(out, "{threads} threads: {records} records, hash {hash:016x}, {millis} ms")?;
    }
    Ok(())
}

/// The chunks that each thread made.
fn on_threads(ratings: &RatingGenerator, threads: usize) -> Vec<Vec<JsonBatch>> {
    let work = |thread: usize| {
        let chunks = ratings.chunks(0..CHUNKS as u64).skip(thread).step_by(threads);
        chunks.map(|chunk| {
            let mut batch = JsonBatch::new(JsonStyle::Compact);
            chunk.fill_json(&mut batch);
            batch
        })
    };
    thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || work(thread).collect())).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    })
}
