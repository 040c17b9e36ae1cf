//! Makes ratings as Arrow columns, without JSON, and counts them per captain.
//!
//! `cargo run -p captain-ratings --features arrow --example columns`

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write as _};

use arrow::array::AsArray as _;
use arrow::datatypes::Int32Type;
use captain_ratings::RatingGenerator;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let batch = RatingGenerator::with_seed(42).record_batch(100_000)?;
    for field in batch.schema().fields() {
        writeln!(out, "{:16} {}", field.name(), field.data_type())?;
    }
    let bytes = batch.get_array_memory_size();
    writeln!(out, "{} rows, {bytes} bytes in memory\n", batch.num_rows())?;

    let captains = batch.column(1).as_string::<i32>();
    let ratings = batch.column(2).as_primitive::<Int32Type>();
    let mut table: BTreeMap<&str, (u32, i64)> = BTreeMap::new();
    for (captain, rating) in captains.iter().flatten().zip(ratings.values()) {
        let (count, sum) = table.entry(captain).or_default();
        *count += 1;
        *sum += i64::from(*rating);
    }
    for (captain, (count, sum)) in table {
        writeln!(out, "{captain:20} {count:6} {:8.1}", sum as f64 / f64::from(count))?;
    }
    Ok(())
}
