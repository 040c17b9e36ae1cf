//! Looks at Parquet objects on S3: the buckets, the first objects, the first rows, the count.
//!
//! `cargo run -p s3-parquet-reader --features aws --example read_s3 -- s3://captains-rating/ratings`
//!
//! Profiles, SSO, roles, regions and endpoints come from the environment and `~/.aws`, as for
//! AWS's own tools.

use std::error::Error;
use std::io::Write;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use s3_parquet_reader::{ParquetSet, ReadOptions, buckets};

const USAGE: &str = "usage: read_s3 s3://BUCKET/PREFIX [ENDPOINT_URL]

for instance: read_s3 s3://captains-rating/ratings
              read_s3 s3://captains-rating/ratings http://127.0.0.1:4566";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let mut arguments = std::env::args().skip(1);
    let Some(location) = arguments.next() else {
        writeln!(out, "{USAGE}")?;
        return Ok(());
    };
    let mut options = ReadOptions::default();
    if let Some(endpoint) = arguments.next() {
        options = options.with_endpoint_url(endpoint);
    }
    writeln!(out, "Existing buckets:")?;
    for bucket in buckets(&options).await? {
        writeln!(out, "  {}", bucket.name)?;
    }
    let set = ParquetSet::open(&location, &options).await?;
    for object in set.list().await?.iter().take(5) {
        writeln!(out, "{:>10}  {}", object.size, object.key)?;
    }
    for batch in set.head(5).await?.batches() {
        print_rows(&mut out, batch)?;
    }
    writeln!(out, "{}", set.count().await?)?;
    writeln!(out, "{}", set.read_all().await?.report())?;
    Ok(())
}

fn print_rows(out: &mut impl Write, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
    for row in 0..batch.num_rows() {
        for column in batch.columns() {
            write!(out, "{:<20} ", array_value_to_string(column, row)?)?;
        }
        writeln!(out)?;
    }
    Ok(())
}
