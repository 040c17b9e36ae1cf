//! Prints some ratings: as compact JSON, as the tutorial's Python program sends them, and the first
//! outliers with their places.
//!
//! `cargo run -p captain-ratings --example print_ratings`

use std::io::{self, Write as _};
use std::time::Duration;

use captain_ratings::RatingGenerator;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let ratings = RatingGenerator::with_seed(42)
        .starting_at(1_641_621_600.0) // 2022-01-08T06:00:00Z
        .every(Duration::from_millis(250));

    writeln!(out, "Three ratings:")?;
    for rating in ratings.clone().take(3) {
        writeln!(out, "  {}", rating.to_json())?;
    }
    writeln!(out, "The first one as Python's json.dumps prints it:")?;
    writeln!(out, "  {}", ratings.record(0).to_python_json())?;
    writeln!(out, "The first three outliers:")?;
    for (index, rating) in ratings.enumerate().filter(|(_, rating)| rating.is_outlier()).take(3) {
        writeln!(out, "  record {index}: {}", rating.to_json())?;
    }
    Ok(())
}
