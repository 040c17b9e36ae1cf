//! Runs one part of the workspace over much data, for `docs/peers/compare.py` to measure as a whole
//! process beside other people's programs. It prints what it did; the time is the caller's.

mod aws;
mod endpoint;
mod kinesis;
mod producer;

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use captain_ratings::{COLUMNS, EventTime, JsonBatch, JsonStyle, RatingGenerator, tutorial};
use firehose_delivery::{Clock, GlueTable, ParquetObject, ParquetOptions};
use firehose_sink::{Producer, Record};
use integration_tests::{sink_to, tutorial_stream_with};
use object_store::local::LocalFileSystem;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
usage: measure generate RECORDS          JSON into a reused buffer, a clock reading each
       measure generate-shared RECORDS   the same, a clock reading for each 500
       measure convert NDJSON DIRECTORY  JSON lines to Parquet, an object for each 64 MiB
       measure embedded RECORDS DIRECTORY  generator, producer, delivery stream, files
       measure endpoint RECORDS DIRECTORY [MODE]  AWS SDK, 4 calls in flight, HTTP, endpoint,
                                         files; MODE as --durability, memory without it
       measure put URL RECORDS           AWS SDK alone, 4 calls in flight
       measure put-producer URL RECORDS  the same by AwsFirehoseSink and the Producer
       measure put-packed URL RECORDS    the same, 40 documents in each record
       measure put-kinesis URL RECORDS   PutRecords of 500 by the AWS SDK, 4 calls in flight
       measure kinesis RECORDS DIRECTORY as endpoint, through a data stream of 4 shards";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let did = match arguments.as_slice() {
        ["generate", records] => generate(live(), records.parse()?),
        ["generate-shared", records] => {
            let shared = RatingGenerator::with_seed(42).timed_by(|_| SystemTime::now());
            generate(shared.shared_by(500), records.parse()?)
        }
        ["convert", from, to] => convert(Path::new(from), Path::new(to))?,
        ["embedded", records, directory] => {
            embedded(records.parse()?, Path::new(directory)).await?
        }
        ["endpoint", records, directory] => {
            endpoint::run(records.parse()?, Path::new(directory), "memory").await?
        }
        ["endpoint", records, directory, mode] => {
            endpoint::run(records.parse()?, Path::new(directory), mode).await?
        }
        ["put", url, records] => producer::bare(url, records.parse()?).await?,
        ["put-producer", url, records] => producer::producer(url, records.parse()?, false).await?,
        ["put-packed", url, records] => producer::producer(url, records.parse()?, true).await?,
        ["put-kinesis", url, records] => kinesis::put(url, records.parse()?).await?,
        ["kinesis", records, directory] => {
            kinesis::run(records.parse()?, Path::new(directory)).await?
        }
        _ => return Err(USAGE.into()),
    };
    writeln!(std::io::stdout(), "{did}")?;
    Ok(())
}

fn live() -> RatingGenerator<impl EventTime> {
    RatingGenerator::with_seed(42).timed_by(|_| SystemTime::now())
}

fn generate(mut ratings: RatingGenerator<impl EventTime>, records: usize) -> String {
    let mut batch = JsonBatch::new(JsonStyle::Python);
    let mut bytes = 0;
    for made in (0..records).step_by(5_000) {
        batch.clear();
        ratings.fill_json(5_000.min(records - made), &mut batch);
        bytes += std::hint::black_box(batch.bytes()).len();
    }
    format!("{records} records, {bytes} bytes")
}

fn convert(from: &Path, to: &Path) -> Result<String> {
    std::fs::create_dir_all(to)?;
    let table = GlueTable::new(tutorial::DATABASE, tutorial::TABLE, COLUMNS)?;
    let mut input = BufReader::with_capacity(1 << 20, File::open(from)?);
    let (mut line, mut rows, mut written) = (Vec::new(), 0, 0);
    for number in 0.. {
        let mut object = ParquetObject::new(&table, ParquetOptions::default());
        let mut bytes = 0;
        while bytes < 64 << 20 && input.read_until(b'\n', &mut line)? > 0 {
            object.push(&line)??;
            bytes += line.len();
            line.clear();
        }
        rows += object.rows();
        let Some(file) = object.finish()? else { break };
        written += file.len();
        std::fs::write(to.join(format!("{number:05}.parquet")), file)?;
    }
    Ok(format!("{rows} rows, {written} bytes"))
}

async fn embedded(records: usize, directory: &Path) -> Result<String> {
    std::fs::create_dir_all(directory)?;
    let store = Arc::new(LocalFileSystem::new_with_prefix(directory)?);
    let stream = tutorial_stream_with(store, Clock::system(), 16 << 20).await;
    let (producer, drain) = Producer::builder(sink_to(&stream)).start();
    let mut ratings = live();
    for made in (0..records).step_by(5_000) {
        let mut batch = JsonBatch::new(JsonStyle::Compact);
        ratings.fill_json(5_000.min(records - made), &mut batch);
        let (data, ends) = batch.into_parts();
        let data = Bytes::from(data);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let spans: Vec<_> = starts.zip(ends.iter().copied()).collect();
        let slices = spans.into_iter().map(|(start, end)| Record::new(data.slice(start..end)));
        producer.send_all(slices).await?;
    }
    drop(producer);
    let report = drain.finish(Duration::from_secs(600)).await;
    let stats = stream.close().await;
    Ok(format!("{} records delivered, {} bytes", report.delivered, stats.delivered_bytes))
}
