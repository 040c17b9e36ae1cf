//! Data streams: PutRecords by the AWS SDK, alone and on the way to Parquet.

use std::{path::Path, sync::Arc, time::Duration};

use aws_sdk_kinesis::{Client, Error, primitives::Blob, types::PutRecordsRequestEntry};
use captain_ratings::tutorial;
use firehose_endpoint::Endpoint;
use tokio::net::TcpListener;

use crate::{Result, aws};

/// Shards of the stream that is put to.
const SHARDS: i32 = 4;
/// As in the measurement without a data stream.
const BUFFER_BYTES: usize = 64 << 20;
const STREAM: &str = "measured";

/// Makes a stream where there is none, and puts `records` prepared records.
pub(crate) async fn put(url: &str, records: usize) -> Result<String> {
    let client = Client::new(&aws::config(url));
    let made = client.create_stream().stream_name(STREAM).shard_count(SHARDS).send().await;
    // It is there from the round before.
    let there = made.is_err();
    for _ in 0..600 {
        let told = client.describe_stream_summary().stream_name(STREAM).send().await?;
        let status = told.stream_description_summary.map(|told| told.stream_status);
        if there || status.is_some_and(|status| status.as_str() == "ACTIVE") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    put_all(&client, STREAM, records).await?;
    Ok(format!("{records} records put"))
}

/// Puts `records` through the tutorial's data stream, and waits until all are in Parquet files.
pub(crate) async fn run(records: usize, directory: &Path) -> Result<String> {
    let endpoint = Endpoint::builder()
        .data_dir(directory)
        .without_shard_limits(true)
        .buffer_size(BUFFER_BYTES)
        .buffer_interval(Duration::from_secs(900))
        .build()
        .await?;
    firehose_local::tutorial::prepare(&endpoint, false).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = Client::new(&aws::config(&format!("http://{}", listener.local_addr()?)));
    let server = endpoint.clone();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    put_all(&client, tutorial::DATA_STREAM, records).await?;
    let reports = endpoint.close(Duration::from_secs(600)).await;
    let delivered: u64 = reports.iter().map(|report| report.delivered_records).sum();
    let objects: u64 = reports.iter().map(|report| report.delivered_objects).sum();
    Ok(format!("{delivered} records delivered in {objects} objects"))
}

async fn put_all(client: &Client, stream: &'static str, records: usize) -> Result<()> {
    let prepared = Arc::new(prepared()?);
    let calls = records.div_ceil(aws::BATCH);
    let senders = (0..aws::IN_FLIGHT).map(|sender| {
        let (client, prepared) = (client.clone(), Arc::clone(&prepared));
        tokio::spawn(async move {
            for call in (sender..calls).step_by(aws::IN_FLIGHT) {
                put_batch(&client, stream, prepared[call % prepared.len()].clone()).await?;
            }
            Ok::<_, Error>(())
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await??;
    }
    Ok(())
}

/// Puts a batch until every record is taken.
async fn put_batch(
    client: &Client,
    stream: &str,
    mut batch: Vec<PutRecordsRequestEntry>,
) -> std::result::Result<(), Error> {
    while !batch.is_empty() {
        let put = client.put_records().stream_name(stream);
        let answer = put.set_records(Some(batch.clone())).send().await?;
        if answer.failed_record_count().unwrap_or(0) == 0 {
            break;
        }
        let refused = answer.records().iter().map(|entry| entry.error_code().is_some());
        batch = aws::refused(batch, refused);
    }
    Ok(())
}

fn prepared() -> Result<Vec<Vec<PutRecordsRequestEntry>>> {
    let mut number = 0_u64;
    let mut entry = |json: &Vec<u8>| {
        number += 1;
        PutRecordsRequestEntry::builder()
            .data(Blob::new(json.as_slice()))
            .partition_key(format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .build()
    };
    let batches = aws::prepared();
    let mut batch = |batch: &Vec<Vec<u8>>| batch.iter().map(&mut entry).collect();
    Ok(batches.iter().map(&mut batch).collect::<std::result::Result<_, _>>()?)
}
