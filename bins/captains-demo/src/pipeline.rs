//! The way from a rating to a Parquet file: generator, producer, delivery stream, directory.

use std::{path::Path, sync::Arc, time::Duration, time::SystemTime};

use anyhow::Context;
use bytes::Bytes;
use captain_ratings::{COLUMNS, JsonStyle, RatingGenerator, tutorial};
use firehose_delivery::{
    Clock, DeliveryEvent, DeliveryStream, DeliveryStreamConfig, EmbeddedSink, GlueTable, Observer,
    StreamStats,
};
use firehose_sink::{Producer, Record, Retry, Stop};
use object_store::local::LocalFileSystem;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Small enough that 100,000 ratings fill several buffers. AWS wants at least 64 MiB.
pub(crate) const BUFFER_BYTES: usize = 1024 * 1024;
/// Short enough that nobody waits long for the last one. AWS's default is 300 s.
pub(crate) const BUFFER_AGE: Duration = Duration::from_secs(1);
/// How long the files may take at the end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Ratings handed to the producer at once.
const HANDFUL: u64 = 500;

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) delivered: u64,
    pub(crate) planted: u64,
    pub(crate) stats: StreamStats,
}

/// A pipeline at work. Its events come while it runs and end with it.
pub(crate) struct Pipeline {
    pub(crate) events: UnboundedReceiver<DeliveryEvent>,
    pub(crate) work: tokio::task::JoinHandle<anyhow::Result<Sent>>,
}

/// The ratings of a seed, from now on and a little apart.
pub(crate) fn ratings(seed: u64) -> RatingGenerator {
    RatingGenerator::with_seed(seed).starting_at(SystemTime::now()).every(Duration::from_micros(20))
}

/// Opens the delivery stream over `bucket` and starts sending.
pub(crate) async fn start(
    ratings: RatingGenerator,
    count: u64,
    bucket: &Path,
) -> anyhow::Result<Pipeline> {
    std::fs::create_dir_all(bucket)
        .with_context(|| format!("directory `{}` cannot be made", bucket.display()))?;
    let store = Arc::new(LocalFileSystem::new_with_prefix(bucket)?);
    let table = GlueTable::new(tutorial::DATABASE, tutorial::TABLE, COLUMNS)?;
    let config = DeliveryStreamConfig::new(tutorial::DELIVERY_STREAM)
        .with_prefix(tutorial::PREFIX)
        .converting_to(table)
        .buffering(BUFFER_BYTES, BUFFER_AGE);
    let (tell, events) = unbounded_channel();
    // Nobody listens any more once the run is over.
    let observer = Observer::new(move |event| drop(tell.send(event.clone())));
    let stream = DeliveryStream::open_observed(config, store, Clock::system(), observer).await?;
    let work = tokio::spawn(send(stream, ratings, count));
    Ok(Pipeline { events, work })
}

async fn send(
    stream: DeliveryStream,
    mut ratings: RatingGenerator,
    count: u64,
) -> anyhow::Result<Sent> {
    let sink = Arc::new(EmbeddedSink::new(stream.clone()));
    // One call at a time keeps the order, so that the first rows are the first records.
    // Whoever has no room for the files is told soon.
    let retry = Retry { stop: Stop::After(PATIENCE), ..Retry::default() };
    let (producer, drain) = Producer::builder(sink).in_flight(1).retry(retry).start();
    let (mut made, mut planted) = (0, 0);
    // A pause on the way and one at the end let buffers go out by age, not only by size.
    for until in [count * 3 / 5, count] {
        while made < until {
            let handful = HANDFUL.min(until - made);
            let records: Vec<Record> = (0..handful)
                .map(|_| {
                    let rating = ratings.draw();
                    planted += u64::from(rating.is_outlier());
                    let mut json = Vec::with_capacity(128);
                    rating.write_json(JsonStyle::Compact, &mut json);
                    Record::new(Bytes::from(json))
                })
                .collect();
            producer.send_all(records).await?;
            made += handful;
        }
        producer.flush().await;
        wait_until_written(&stream).await;
    }
    drop(producer);
    let report = drain.finish(PATIENCE).await;
    let stats = stream.close_within(PATIENCE).await?;
    Ok(Sent { delivered: report.delivered, planted, stats })
}

/// Waits until the buffer has gone out by its age and its file is written.
async fn wait_until_written(stream: &DeliveryStream) {
    let written = async {
        while stream.stats().buffered_records > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // What is not written by then is told when the stream is closed.
    let _ = tokio::time::timeout(BUFFER_AGE + PATIENCE, written).await;
}
