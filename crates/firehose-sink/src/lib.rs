//! Hand records to a Firehose delivery stream: one trait, many sinks, and a [`Producer`] on top
//! that loses nothing in silence.
//!
//! # What is in it
//!
//! [`FirehoseSink`] is a named stream that takes batches of [`Record`]s and says for each record
//! what became of it. These are sinks:
//!
//! | sink | sends to | feature |
//! |---|---|---|
//! | [`MemorySink`] | memory, for tests; refuses what it is told to | |
//! | [`JsonLinesSink`] | stdout, a file, any writer, one record a line | |
//! | [`FaultSink`] | another sink, with seeded faults in front | |
//! | `AwsFirehoseSink` | a Firehose delivery stream, `PutRecordBatch` | `aws` |
//! | `AwsKinesisSink` | a Kinesis data stream, `PutRecords` | `aws` |
//!
//! [`Producer`] takes single records and makes batches: bounded by bytes, several calls in flight,
//! refused records again after a pause, a receipt for whoever wants one, and at the end a
//! [`Report`] that accounts for every record.
//!
//! # Why it is shaped so
//!
//! - **The unit of retry is the record.** Firehose refuses single records of a batch and still
//!   answers 200. Whoever repeats the batch makes duplicates; whoever does not look loses records.
//!   So a sink gives one [`Outcome`] per record, and only the refused ones go again.
//! - **Duplicates are counted, not guessed.** After a timeout nobody knows whether the batch was
//!   stored. [`PutError::stored`] says so, and [`Report::maybe_duplicated`] is what it may have cost.
//! - **Sinks do not retry**, so that there is one place that does, and one that waits.
//! - **The trait is small and object-safe**, so that code takes an `Arc<dyn FirehoseSink>` and a
//!   test gives it a [`MemorySink`].
//!
//! # Send, and account for everything
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use firehose_sink::{MemorySink, Producer, Record};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (producer, drain) = Producer::builder(Arc::new(MemorySink::new("ratings"))).start();
//! for n in 0..1_000 {
//!     producer.send(Record::json(&n)?).await?; // waits when 16 MiB are under way
//! }
//! drop(producer);
//! let report = drain.finish(Duration::from_secs(30)).await;
//! assert_eq!((report.accepted, report.delivered), (1_000, 1_000));
//! for (record, reason) in report.undelivered {
//!     eprintln!("{} bytes were not delivered: {reason}", record.len());
//! }
//! # Ok(()) }
//! ```
//!
//! # Know what became of one record
//!
//! ```
//! # use std::sync::Arc;
//! # use firehose_sink::{MemorySink, Producer, Record};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (producer, _drain) = Producer::builder(Arc::new(MemorySink::new("ratings"))).start();
//! let receipt = producer.send_tracked(Record::new("a record")).await?;
//! match receipt.await {
//!     Ok(delivered) => println!("id {} after {} attempts", delivered.id, delivered.attempts),
//!     Err(undelivered) => println!("{undelivered}"),
//! }
//! # Ok(()) }
//! ```
//!
//! # Send many at once
//!
//! ```
//! # use std::sync::Arc;
//! # use firehose_sink::{MemorySink, Producer, Record};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (producer, _drain) = Producer::builder(Arc::new(MemorySink::new("ratings"))).start();
//! let lines = "{\"a\":1}\n{\"a\":2}\n";
//! producer.send_all(lines.lines().map(str::to_owned).map(Record::from)).await?;
//! producer.flush().await; // everything sent so far is settled
//! assert_eq!(producer.stats().delivered, 2);
//! # Ok(()) }
//! ```
//!
//! # See how your code takes a bad day
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use firehose_sink::{FaultSink, MemorySink, Producer, Record};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let stream = FaultSink::new(MemorySink::new("ratings"), 42).with_refused_records(0.3);
//! let (producer, drain) = Producer::builder(Arc::new(stream)).start();
//! producer.send_all((0..100).map(|n| Record::from(n.to_string()))).await?;
//! let report = drain.finish(Duration::from_secs(30)).await;
//! assert!(report.is_complete() && report.retried > 0);
//! # Ok(()) }
//! ```
//!
//! # Write a sink of your own
//!
//! Implement [`FirehoseSink`], and hold it to the rules with `conformance::all` (feature
//! `conformance`) in a test.
//!
//! # AWS
//!
//! With feature `aws`:
//!
//! - The SDK's own retries are off. It would repeat whole requests and tell nobody.
//! - Timeouts are set: five seconds to connect, ten for an attempt. The SDK has no attempt timeout
//!   of its own. A full batch is 5.6 MB on the wire, so an uplink below 4.5 Mbit/s needs smaller
//!   limits (`with_limits`) or a client with a longer timeout (`from_client`).
//! - Stalled-stream protection is off: the attempt timeout bounds every attempt already.
//! - A timeout, a broken connection or a 500 is [`Stored::Maybe`]; a 503, throttling, any 4xx, and
//!   whatever failed before the request was sent is [`Stored::Nothing`].
//!
//! # Features
//!
//! - `aws`: the two sinks over the AWS SDK. Off by default, for it brings two SDKs and a TLS stack.
//! - `conformance`: the suite that every sink can be held to. Off by default; turn it on in
//!   `[dev-dependencies]`.
//! - `metrics`: what [`Producer::metrics`] tells, by the facade of the `metrics` crate as well, for
//!   any of its exporters. Names start with `firehose_producer_`; the label `stream` says whose.

/// The README's code runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So does the code of the page on what the producer promises.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/producer.md")]
struct Promises;

#[cfg(feature = "aws")]
mod aws;
mod billing;
#[cfg(feature = "conformance")]
pub mod conformance;
mod fault;
mod health;
mod json_lines;
mod memory;
mod outcome;
mod producer;
mod record;
mod sink;
mod split_mix;
mod spool;

#[cfg(feature = "aws")]
pub use aws::{AwsFirehoseSink, AwsKinesisSink};
pub use billing::Billing;
pub use fault::{FaultCounts, FaultSink, StoredPart};
pub use health::Health;
pub use json_lines::JsonLinesSink;
pub use memory::MemorySink;
pub use outcome::{Outcome, PutError, PutErrorKind, RecordId, Refusal, Stored};
pub use producer::{
    DeadLetter, DeadLetterFile, DeadLetters, Delivered, Drain, Histogram, Metrics, Producer,
    ProducerBuilder, Reason, Receipt, Report, Retry, SendAllError, SendError, Stats, Stop,
    Undelivered,
};
pub use record::{Limits, Record};
pub use sink::{FirehoseSink, FirehoseSinkExt, check_limits};
pub use spool::{Spool, SpoolError};
