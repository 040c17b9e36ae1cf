//! What Firehose does between the put and the object, in this process.
//!
//! Records go into a buffer; when it is full or old it is converted to Parquet by the columns of a
//! Glue table and written to an object store, under the key that Firehose would give it. Records
//! that do not convert go to the error prefix, one by one. No server, no account, any
//! [`object_store`].
//!
//! # What is in it
//!
//! - [`DeliveryStream`]: the whole of it, opened from a [`DeliveryStreamConfig`].
//! - [`EmbeddedSink`]: the same as a [`FirehoseSink`](firehose_sink::FirehoseSink), for a
//!   [`Producer`](firehose_sink::Producer) or whatever else writes to Firehose.
//! - The parts, for those who need one alone: [`RecordBuffer`] (when is a buffer due),
//!   [`JsonConverter`] (JSON to Arrow), [`ParquetObject`] (JSON to a Parquet file).
//! - [`GlueTable`] and [`GlueType`]: the columns, as the Glue catalogue spells them.
//! - [`Journaling`]: accepted records on the disk until they are delivered.
//! - [`LambdaProcessor`]: a function that records go through before they are filed.
//! - [`KinesisSource`]: reads a Kinesis data stream into a delivery stream.
//! - [`Backup`]: the records as they came, kept beside what became of them.
//! - [`Observer`] and [`StreamStats`]: what happens, and what became of every record.
//!
//! # Why it is shaped so
//!
//! - **Every accepted record is in exactly one place**: a row of an object, a line of an error
//!   object, or a buffer, unless a function dropped it. The counters say so at every moment, and a property test holds it.
//! - **A bad record never takes its neighbours with it.** A record converts whole or not at all;
//!   the rows before and after it stay.
//! - **Time is given.** A [`Clock`] is passed in and ages follow tokio's clock, so that a test of a
//!   five-minute buffer takes no time.
//! - **The key is fixed when the buffer opens.** A put that was stored although its answer got lost
//!   is overwritten by the next attempt, not doubled.
//! - **The store may fail.** A put is tried again, with pauses, for as long as the process lives;
//!   meanwhile what may wait is bounded, and further records are refused as Firehose refuses them.
//! - **Conversion is quick and sure.** Plain records take a single pass; whatever is unusual is
//!   read again by serde_json, and a property test holds that both give the same rows.
//!
//! # Examples
//!
//! A stream into memory, as in a test of yours:
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use firehose_delivery::{Clock, DeliveryStream, DeliveryStreamConfig, GlueTable};
//! use firehose_sink::Record;
//! use object_store::{ObjectStore, memory::InMemory};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let table = GlueTable::new("captains", "ratings", [("user", "string"), ("rating", "int")])?;
//! let config = DeliveryStreamConfig::new("PUT-S3-qrZbv")
//!     .with_prefix("ratings")
//!     .converting_to(table)
//!     .buffering(1024 * 1024, Duration::from_secs(60));
//! let store = Arc::new(InMemory::new());
//! let clock = Clock::starting_at("2022-01-08T06:04:19Z".parse()?);
//! let stream = DeliveryStream::open(config, store.clone(), clock).await?;
//! stream.put_batch(&[Record::from(&br#"{"user":"Ada","rating":7}"#[..])]).await?;
//! let stats = stream.close().await;
//! assert_eq!((stats.accepted_records, stats.delivered_rows), (1, 1));
//! let listed = store.list_with_delimiter(Some(&"ratings2022/01/08/06".into())).await?;
//! assert!(listed.objects[0].location.as_ref().ends_with(".parquet"));
//! # Ok(()) }
//! ```
//!
//! JSON lines to a Parquet file, without a stream: see [`ParquetObject`]. A program that prints
//! each delivery: `examples/embedded_stream.rs`.
//!
//! # Features
//!
//! None.

mod backup;
mod buffer;
mod buffers;
mod clock;
mod config;
mod convert;
mod deliver;
mod delivery_stream;
mod error;
mod event;
#[cfg(test)]
mod flaky_store;
#[cfg(fuzzing)]
pub mod fuzzing;
mod intake;
mod journal;
mod json_serde;
mod key;
mod lambda;
mod output;
mod output_options;
mod partition;
mod prefix;
mod schema;
mod sink;
mod source;
mod state;
mod stats;
mod time_pattern;
mod worker;

pub use backup::Backup;
pub use buffer::{BufferedRecords, RecordBuffer, Trigger};
pub use chrono_tz::Tz;
pub use clock::Clock;
pub use config::{
    BufferingHints, DeliveryStreamConfig, DynamicPartitioning, ObjectLabels, Processing,
    RecordFormat, RetryPolicy,
};
pub use convert::{ConversionError, ErrorCode, JsonConverter};
pub use delivery_stream::DeliveryStream;
pub use error::Error;
pub use event::{Delivered, DeliveryEvent, Observer};
pub use firehose_journal::{Durability, DurabilityError};
pub(crate) use intake::ProcessingFailure;
pub use intake::{LogDecompression, SubRecords};
pub use journal::{Journaling, Place};
pub use json_serde::{HiveJsonSerDe, JsonSerDe, OpenXJsonSerDe};
pub use lambda::{
    FunctionError, LambdaFunction, LambdaProcessor, SourceRecord, Transformed, for_each_record,
};
pub use output::ParquetObject;
pub use output_options::{
    Dictionaries, ParquetCompression, ParquetOptions, RawCompression, TimestampType, WriterVersion,
};
pub(crate) use partition::PartitionKeys;
pub use schema::{GlueColumn, GlueTable, GlueType, SchemaReference, SchemaSource};
pub use sink::EmbeddedSink;
pub use source::{KinesisSource, SourcePlaces, SourceStats};
pub use stats::StreamStats;

/// The README's code runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
