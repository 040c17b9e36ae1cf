//! Reads as a whole process, for `docs/peers/reading.py` to measure beside others.
//!
//! `cargo build --release -p s3-parquet-reader --example read_figures`
//!
//! S3 is object_store's own client here, so that this builds without the SDK; what the feature `aws`
//! adds to a request is where its credentials come from.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use futures::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::list::PaginatedListStore;
use s3_parquet_reader::{Location, Order, ParquetSet, ReadOptions};

const USAGE: &str = "\
usage: read_figures all LOCATION [ENDPOINT_URL]      all rows, in memory
       read_figures compact LOCATION [ENDPOINT_URL]  the same with string views and dictionaries
       read_figures count LOCATION [ENDPOINT_URL]    rows by the footers
       read_figures stream LOCATION [ENDPOINT_URL]   all rows, none kept
       read_figures average LOCATION [ENDPOINT_URL]  the mean rating of each captain, by a stream";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (what, location, endpoint) = match &arguments[..] {
        [what, location] => (what, location, None),
        [what, location, endpoint] => (what, location, Some(endpoint)),
        _ => return Err(USAGE.into()),
    };
    let endpoint = endpoint.map(String::as_str);
    let plain = ReadOptions::default().with_order(Order::Completion);
    let compact =
        plain.clone().with_string_views(true).with_dictionary_columns(["favoritecaptain"]);
    let open = |options| open(location, endpoint, options);
    let did = match what.as_str() {
        "all" => open(plain).await?.read_all().await?.report().to_string(),
        "compact" => open(compact).await?.read_all().await?.report().to_string(),
        "count" => open(plain).await?.count().await?.to_string(),
        "stream" => stream(open(compact).await?).await?,
        "average" => average(open(compact).await?).await?,
        _ => return Err(USAGE.into()),
    };
    writeln!(std::io::stdout(), "{did}")?;
    Ok(())
}

async fn open(
    location: &str,
    endpoint: Option<&str>,
    options: ReadOptions,
) -> Result<ParquetSet, Box<dyn Error>> {
    let (Some(endpoint), Location::S3 { bucket, prefix }) = (endpoint, location.parse()?) else {
        return Ok(ParquetSet::open(location, &options).await?);
    };
    let store = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_skip_signature(true)
        .build()?;
    let store = Arc::new(store);
    let pages: Arc<dyn PaginatedListStore> = Arc::<AmazonS3>::clone(&store);
    Ok(ParquetSet::new(store, &prefix, &options).with_pages(pages))
}

async fn stream(set: ParquetSet) -> Result<String, Box<dyn Error>> {
    let mut batches = set.stream()?;
    while let Some(batch) = batches.try_next().await? {
        std::hint::black_box(batch.record_batch().num_rows());
    }
    Ok(batches.report().to_string())
}

async fn average(set: ParquetSet) -> Result<String, Box<dyn Error>> {
    let mut batches = set.columns(["favoritecaptain", "rating"]).stream()?;
    let mut captains: HashMap<String, (i64, i64)> = HashMap::new();
    while let Some(batch) = batches.try_next().await? {
        add(batch.record_batch(), &mut captains)?;
    }
    let mut means: Vec<_> = captains.into_iter().collect();
    means.sort_unstable();
    let rows: i64 = means.iter().map(|(_, (_, count))| count).sum();
    let text = |(name, (sum, count)): &(String, (i64, i64))| format!("{name} {}/{count}", sum);
    let means: Vec<String> = means.iter().map(text).collect();
    Ok(format!("{rows} rows; {}", means.join(", ")))
}

/// Sums by the numbers of the dictionary first, by name at the end of the batch.
fn add(batch: &RecordBatch, to: &mut HashMap<String, (i64, i64)>) -> Result<(), Box<dyn Error>> {
    let captains = batch.column(0).as_dictionary_opt::<Int32Type>().ok_or("no dictionary")?;
    let ratings = arrow::compute::cast(batch.column(1), &arrow::datatypes::DataType::Int64)?;
    let ratings = ratings.as_primitive::<Int64Type>();
    let mut sums = vec![(0_i64, 0_i64); captains.values().len()];
    for (captain, rating) in captains.keys().iter().zip(ratings.iter()) {
        let (Some(captain), Some(rating)) = (captain, rating) else { continue };
        if let Some((sum, count)) = sums.get_mut(usize::try_from(captain)?) {
            *sum += rating;
            *count += 1;
        }
    }
    let names = captains.values().as_string::<i32>();
    for (name, (sum, count)) in names.iter().zip(sums) {
        let all = to.entry(name.unwrap_or_default().to_owned()).or_default();
        *all = (all.0 + sum, all.1 + count);
    }
    Ok(())
}
