//! The AWS SDK and the endpoint in one process, with real HTTP between them.

use std::{path::Path, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_firehose::{Client, primitives::Blob, types::Record};
use captain_ratings::{JsonStyle, RatingGenerator, tutorial};
use firehose_endpoint::Endpoint;
use tokio::net::TcpListener;

use crate::Result;

const IN_FLIGHT: usize = 4;
const BATCH: usize = 500;
/// Batches made beforehand: what is measured is the way, not the generator.
const PREPARED: usize = 20;
/// AWS's least size with conversion.
const BUFFER_BYTES: usize = 64 << 20;

/// Puts `records` with conversion to Parquet on, and waits until all are in files.
pub(crate) async fn run(records: usize, directory: &Path) -> Result<String> {
    let endpoint = Endpoint::builder()
        .data_dir(directory)
        .buffer_size(BUFFER_BYTES)
        .buffer_interval(Duration::from_secs(900))
        .build()
        .await?;
    firehose_local::tutorial::prepare(&endpoint, false).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = client(&format!("http://{}", listener.local_addr()?));
    let server = endpoint.clone();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });

    let prepared = Arc::new(prepared());
    let calls = records.div_ceil(BATCH);
    let senders = (0..IN_FLIGHT).map(|sender| {
        let (client, prepared) = (client.clone(), Arc::clone(&prepared));
        tokio::spawn(async move {
            for call in (sender..calls).step_by(IN_FLIGHT) {
                put(&client, prepared[call % PREPARED].clone()).await?;
            }
            Ok::<_, aws_sdk_firehose::Error>(())
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await??;
    }
    let reports = endpoint.close(Duration::from_secs(600)).await;
    let delivered: u64 = reports.iter().map(|report| report.delivered_records).sum();
    let objects: u64 = reports.iter().map(|report| report.delivered_objects).sum();
    Ok(format!("{delivered} records delivered in {objects} objects"))
}

/// Puts a batch until every record is taken.
async fn put(
    client: &Client,
    mut batch: Vec<Record>,
) -> std::result::Result<(), aws_sdk_firehose::Error> {
    while !batch.is_empty() {
        let put = client.put_record_batch().delivery_stream_name(tutorial::DELIVERY_STREAM);
        let answer = put.set_records(Some(batch.clone())).send().await?;
        if answer.failed_put_count() == 0 {
            break;
        }
        let refused = answer.request_responses().iter().map(|entry| entry.error_code().is_some());
        batch = batch
            .into_iter()
            .zip(refused)
            .filter(|(_, refused)| *refused)
            .map(|(r, _)| r)
            .collect();
    }
    Ok(())
}

fn prepared() -> Vec<Vec<Record>> {
    let mut ratings = RatingGenerator::with_seed(42);
    let mut record = || {
        let mut json = Vec::with_capacity(128);
        ratings.draw().write_json(JsonStyle::Python, &mut json);
        // The builder fails only without data.
        Record::builder().data(Blob::new(json)).build().expect("a record with data")
    };
    (0..PREPARED).map(|_| (0..BATCH).map(|_| record()).collect()).collect()
}

fn client(url: &str) -> Client {
    let credentials = Credentials::new("test", "test", None, None, "measure");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(tutorial::REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build();
    Client::new(&config)
}
