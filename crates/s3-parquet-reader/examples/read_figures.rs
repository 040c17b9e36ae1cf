//! Reads as a whole process, for `docs/peers/reading.py` to measure beside others.
//!
//! `cargo build --release -p s3-parquet-reader --features aws --example read_figures`

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use futures::TryStreamExt;
use s3_parquet_reader::{Order, ParquetSet, ReadOptions, Table};

const USAGE: &str = "\
usage: read_figures all LOCATION         all rows, in memory, as plain strings
       read_figures dictionary LOCATION  the same with captains by number
       read_figures views LOCATION       that with the users as string views
       read_figures count LOCATION       rows by the footers
       read_figures stream LOCATION      all rows, none kept
       read_figures average LOCATION     the mean rating of each captain, by a stream

Prints what it did, then the CPU and the wall seconds from its first line until the result was there.";

type Failure = Box<dyn Error + Send + Sync>;

/// What the answer is, and rows that are held until the clock is read.
type Did = (String, Option<Table>);

fn main() -> ExitCode {
    match timed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn timed() -> Result<(), Failure> {
    let begin = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (told, rows) = runtime.block_on(read())?;
    let (wall, cpu) = (begin.elapsed(), on_processors().unwrap_or_default());
    writeln!(std::io::stdout(), "{told}\n{:.6} {:.6}", cpu.as_secs_f64(), wall.as_secs_f64())?;
    drop(rows);
    Ok(())
}

/// How long this process had processors so far, where the system tells.
#[cfg(unix)]
fn on_processors() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(unix))]
fn on_processors() -> Option<Duration> {
    None
}

async fn read() -> Result<Did, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, location] = &arguments[..] else { return Err(USAGE.into()) };
    let plain = ReadOptions::default().with_order(Order::Completion);
    let dictionary = plain.clone().with_dictionary_columns(["favoritecaptain"]);
    let views = dictionary.clone().with_string_views(true);
    let open = async |options| ParquetSet::open(location, &options).await;
    match what.as_str() {
        "all" => held(open(plain).await?).await,
        "dictionary" => held(open(dictionary).await?).await,
        "views" => held(open(views).await?).await,
        "count" => Ok((open(plain).await?.count().await?.to_string(), None)),
        "stream" => Ok((stream(open(dictionary).await?).await?, None)),
        "average" => Ok((average(open(dictionary).await?).await?, None)),
        _ => Err(USAGE.into()),
    }
}

async fn held(set: ParquetSet) -> Result<Did, Failure> {
    let table = set.read_all().await?;
    Ok((table.report().to_string(), Some(table)))
}

async fn stream(set: ParquetSet) -> Result<String, Failure> {
    let mut batches = set.stream()?;
    while let Some(batch) = batches.try_next().await? {
        std::hint::black_box(batch.record_batch().num_rows());
    }
    Ok(batches.report().to_string())
}

async fn average(set: ParquetSet) -> Result<String, Failure> {
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
fn add(batch: &RecordBatch, to: &mut HashMap<String, (i64, i64)>) -> Result<(), Failure> {
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
