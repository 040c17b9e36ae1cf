//! How a test looks at what some code sends: a sink in memory under a producer.
//!
//! ```text
//! cargo run -p firehose-sink --example producer_in_a_test
//! ```

use std::{io::Write, sync::Arc, time::Duration};

use firehose_sink::{MemorySink, Producer, Record};

/// The code under test: it knows the producer and not what lies below.
async fn report_sightings(producer: &Producer) -> Result<(), firehose_sink::SendError> {
    for whale in ["sperm whale", "right whale", "white whale"] {
        producer.send(Record::new(format!("{{\"seen\":\"{whale}\"}}\n"))).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sink = MemorySink::new("sightings");
    sink.refuse_next(2); // the stream is busy at first
    let (producer, drain) = Producer::builder(Arc::new(sink.clone())).start();
    report_sightings(&producer).await?;
    drop(producer);
    let report = drain.finish(Duration::from_secs(5)).await;

    assert_eq!(sink.len(), 3, "refused records were sent again");
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report}")?;
    writeln!(out, "the calls brought {:?} records", sink.batch_sizes())?;
    for record in sink.records() {
        out.write_all(record.data())?;
    }
    Ok(())
}
