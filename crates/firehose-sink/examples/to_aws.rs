//! A record to a Firehose delivery stream at AWS, or at an endpoint of yours.
//!
//! ```text
//! AWS_PROFILE=... cargo run -p firehose-sink --features aws --example to_aws -- PUT-S3-qrZbv
//! AWS_ENDPOINT_URL=http://127.0.0.1:4566 cargo run ...
//! ```

use std::{io::Write, process::ExitCode, sync::Arc, time::Duration};

use firehose_sink::{AwsFirehoseSink, Producer, Record};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let Some(stream) = std::env::args().nth(1) else {
        writeln!(out, "name a delivery stream, such as PUT-S3-qrZbv")?;
        return Ok(ExitCode::from(2));
    };
    let sink = match AwsFirehoseSink::from_env(stream).await {
        Ok(sink) => sink,
        Err(error) => {
            writeln!(out, "{error}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let (producer, drain) = Producer::builder(Arc::new(sink)).start();
    let receipt = producer.send_tracked(Record::new("{\"seen\":\"white whale\"}\n")).await?;
    drop(producer);
    let report = drain.finish(Duration::from_secs(30)).await;
    match receipt.await {
        Ok(delivered) => writeln!(out, "delivered as {}", delivered.id)?,
        Err(undelivered) => writeln!(out, "{undelivered}")?,
    }
    writeln!(out, "{report}")?;
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
