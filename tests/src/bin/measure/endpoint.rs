//! The AWS SDK and the endpoint in one process, with real HTTP between them.

use std::{path::Path, sync::Arc, time::Duration};

use aws_sdk_firehose::{Client, primitives::Blob, types::Record};
use captain_ratings::tutorial;
use firehose_endpoint::Endpoint;
use tokio::net::TcpListener;

use crate::{Result, aws};

/// AWS's least size with conversion.
const BUFFER_BYTES: usize = 64 << 20;

/// Puts `records` with conversion to Parquet on, and waits until all are in files.
pub(crate) async fn run(records: usize, directory: &Path, mode: &str) -> Result<String> {
    let durability = match mode {
        "memory" => None,
        other => Some(other.parse()?),
    };
    let endpoint = Endpoint::builder()
        .data_dir(directory)
        .durability(durability)
        .buffer_size(BUFFER_BYTES)
        .buffer_interval(Duration::from_secs(900))
        .build()
        .await?;
    firehose_local::tutorial::prepare(&endpoint, false).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let config = aws::config(&format!("http://{}", listener.local_addr()?));
    let client = Client::new(&config);
    let server = endpoint.clone();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });

    put_all(&client, records).await?;
    let reports = endpoint.close(Duration::from_secs(600)).await;
    let delivered: u64 = reports.iter().map(|report| report.delivered_records).sum();
    let objects: u64 = reports.iter().map(|report| report.delivered_objects).sum();
    Ok(format!("{delivered} records delivered in {objects} objects"))
}

/// Puts `records` prepared records by the SDK alone, four calls in flight.
pub(crate) async fn put_all(client: &Client, records: usize) -> Result<()> {
    let prepared = Arc::new(prepared()?);
    let calls = records.div_ceil(aws::BATCH);
    let senders = (0..aws::IN_FLIGHT).map(|sender| {
        let (client, prepared) = (client.clone(), Arc::clone(&prepared));
        tokio::spawn(async move {
            for call in (sender..calls).step_by(aws::IN_FLIGHT) {
                put(&client, prepared[call % prepared.len()].clone()).await?;
            }
            Ok::<_, aws_sdk_firehose::Error>(())
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await??;
    }
    Ok(())
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
        batch = aws::refused(batch, refused);
    }
    Ok(())
}

fn prepared() -> Result<Vec<Vec<Record>>> {
    let record = |json: &Vec<u8>| Record::builder().data(Blob::new(json.as_slice())).build();
    let batch = |batch: &Vec<Vec<u8>>| batch.iter().map(record).collect();
    Ok(aws::prepared().iter().map(batch).collect::<std::result::Result<_, _>>()?)
}
