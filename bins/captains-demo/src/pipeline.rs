//! The way from a rating to a Parquet file: generator, producer, and the AWS SDK over HTTP to an
//! endpoint in this process.

use std::{path::Path, sync::Arc, time::Duration, time::SystemTime};

use anyhow::{Context, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use bytes::Bytes;
use captain_ratings::{JsonStyle, RatingGenerator, tutorial};
use firehose_endpoint::{DeliveryEvent, Endpoint, Observer};
use firehose_sink::{AwsFirehoseSink, AwsKinesisSink, FirehoseSink, Producer, Record, Retry, Stop};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

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
}

/// An endpoint on a free port of this machine, with the tutorial's resources in it.
pub(crate) struct Cloud {
    endpoint: Endpoint,
    /// What an AWS client needs to reach it.
    pub(crate) config: SdkConfig,
    pub(crate) url: String,
    /// Every delivery, as it happens.
    pub(crate) events: UnboundedReceiver<DeliveryEvent>,
}

/// The ratings of a seed, from now on and a little apart.
pub(crate) fn ratings(seed: u64) -> RatingGenerator {
    RatingGenerator::with_seed(seed).starting_at(SystemTime::now()).every(Duration::from_micros(20))
}

/// Starts an endpoint over `dir`; it is served for as long as the process lives.
pub(crate) async fn start(dir: &Path) -> anyhow::Result<Cloud> {
    let (tell, events) = unbounded_channel();
    // Nobody listens any more once the run is over.
    let observer = Observer::new(move |event| drop(tell.send(event.clone())));
    let endpoint = Endpoint::builder()
        .data_dir(dir)
        .buffer_size(BUFFER_BYTES)
        .buffer_interval(BUFFER_AGE)
        // A shard of AWS takes a thousand records a second, and nobody waits that long here.
        .without_shard_limits(true)
        .observed_by(observer)
        .build()
        .await?;
    firehose_local::tutorial::prepare(&endpoint, false).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await.context("failed to find a free port")?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = endpoint.clone();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    Ok(Cloud { endpoint, config: sdk_config(&url), url, events })
}

/// Any credentials will do there.
fn sdk_config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("demo", "demo", None, None, "captains-demo");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(tutorial::REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build()
}

impl Cloud {
    /// Starts sending; the answer comes when everything is delivered.
    pub(crate) fn send(
        &self,
        ratings: RatingGenerator,
        count: u64,
        kinesis: bool,
    ) -> tokio::task::JoinHandle<anyhow::Result<Sent>> {
        let sink: Arc<dyn FirehoseSink> = if kinesis {
            Arc::new(AwsKinesisSink::from_config(&self.config, tutorial::DATA_STREAM))
        } else {
            Arc::new(AwsFirehoseSink::from_config(&self.config, tutorial::DELIVERY_STREAM))
        };
        tokio::spawn(send(self.endpoint.clone(), sink, ratings, count))
    }
}

async fn send(
    endpoint: Endpoint,
    sink: Arc<dyn FirehoseSink>,
    mut ratings: RatingGenerator,
    count: u64,
) -> anyhow::Result<Sent> {
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
        wait_until_written(&endpoint, made).await;
    }
    drop(producer);
    let report = drain.finish(PATIENCE).await;
    for stream in endpoint.close(PATIENCE).await {
        ensure!(
            stream.delivered,
            "{} records of delivery stream {} are not delivered{}",
            stream.buffered_records,
            stream.stream,
            stream.last_error.map(|why| format!(": {why}")).unwrap_or_default()
        );
    }
    Ok(Sent { delivered: report.delivered, planted })
}

/// Waits until what was made is taken, the buffer has gone out by its age and its file is written.
async fn wait_until_written(endpoint: &Endpoint, made: u64) {
    let waits = || {
        let streams = endpoint.reports();
        let taken: u64 = streams.iter().map(|stream| stream.accepted_records).sum();
        taken < made || streams.iter().any(|stream| stream.buffered_records > 0)
    };
    let written = async {
        while waits() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // What is not written by then is told when the endpoint is closed.
    let _ = tokio::time::timeout(BUFFER_AGE + PATIENCE, written).await;
}
