//! A whole delivery stream in a program of yours: records in, Parquet objects out, no account and
//! no server.
//!
//! ```text
//! cargo run -p firehose-delivery --example embedded_stream
//! ```

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::{sync::Arc, time::Duration};

use firehose_delivery::{
    Clock, DeliveryEvent, DeliveryStream, DeliveryStreamConfig, GlueTable, Observer,
};
use firehose_sink::Record;
use object_store::memory::InMemory;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = GlueTable::new("captains", "ratings", [("user", "string"), ("rating", "int")])?;
    let config = DeliveryStreamConfig::new("PUT-S3-qrZbv")
        .with_prefix("ratings")
        .converting_to(table)
        .buffering(20_000, Duration::from_secs(60));
    let observer = Observer::new(|event| match event {
        DeliveryEvent::Delivered(object) => println!(
            "{:?}: {} rows, {} bytes, {}",
            object.trigger,
            object.rows.unwrap_or(0),
            object.bytes,
            object.key
        ),
        other => println!("{other:?}"),
    });
    let store = Arc::new(InMemory::new());
    let stream = DeliveryStream::open_observed(config, store, Clock::system(), observer).await?;
    for n in 0..1_000 {
        let record =
            Record::json(&serde_json::json!({ "user": format!("user {n}"), "rating": n }))?;
        stream.put_batch(&[record]).await?;
    }
    stream.put_batch(&[Record::from(&b"this is not JSON"[..])]).await?;
    println!("{:#?}", stream.close().await);
    Ok(())
}
