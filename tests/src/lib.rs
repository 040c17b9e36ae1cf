//! The harness: the tutorial's delivery stream over any store, and ratings sent through it; and
//! `firehose-local` as a process; programs of other people's making.

pub mod foreign;

mod firehose_local;
mod program;

use std::{sync::Arc, time::Duration};

use captain_ratings::{COLUMNS, tutorial};
use firehose_delivery::{Clock, DeliveryStream, DeliveryStreamConfig, EmbeddedSink, GlueTable};
use firehose_sink::FirehoseSink;
use object_store::ObjectStore;
use s3_parquet_reader::{ParquetSet, ReadOptions};

pub use firehose_local::{Answer, Ended, FirehoseLocal, signal};
pub use program::{program, workspace};

/// The built `captains-producer`, to be started.
#[must_use]
pub fn captains_producer() -> std::process::Command {
    std::process::Command::new(program::program("captains-producer"))
}

/// The build folder of the profile that the running test was built with.
#[must_use]
pub fn build_directory() -> std::path::PathBuf {
    program::profile_directory()
}

/// The Rust SDK's configuration for an endpoint that takes any credentials.
pub async fn sdk_config(endpoint: &str) -> aws_config::SdkConfig {
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_config::Region::from_static("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::new(
            "test", "test", None, None, "test",
        ))
        .load()
        .await
}

/// Bytes as base64.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

/// Base64 as bytes.
///
/// # Panics
///
/// When it is none.
#[must_use]
pub fn base64_decoded(text: &str) -> Vec<u8> {
    let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text);
    decoded.expect("base64")
}

/// Size at which the harness's buffers go out.
pub const BUFFER_BYTES: usize = 64 * 1024;
/// Age at which they go out.
pub const BUFFER_AGE: Duration = Duration::from_secs(60);

/// The tutorial's delivery stream: `PUT-S3-qrZbv`, prefix `ratings`, Parquet; with small buffers.
///
/// # Panics
///
/// When the tutorial's own configuration is refused.
pub async fn tutorial_stream(store: Arc<dyn ObjectStore>, clock: Clock) -> DeliveryStream {
    tutorial_stream_with(store, clock, BUFFER_BYTES).await
}

/// The same with buffers of this size.
///
/// # Panics
///
/// When the tutorial's own configuration is refused.
pub async fn tutorial_stream_with(
    store: Arc<dyn ObjectStore>,
    clock: Clock,
    buffer_bytes: usize,
) -> DeliveryStream {
    let table = GlueTable::new(tutorial::DATABASE, tutorial::TABLE, COLUMNS);
    let config = DeliveryStreamConfig::new(tutorial::DELIVERY_STREAM)
        .with_prefix(tutorial::PREFIX)
        .converting_to(table.expect("the tutorial's table"))
        .buffering(buffer_bytes, BUFFER_AGE);
    DeliveryStream::open(config, store, clock).await.expect("the tutorial's stream")
}

/// A sink to that stream.
#[must_use]
pub fn sink_to(stream: &DeliveryStream) -> Arc<dyn FirehoseSink> {
    Arc::new(EmbeddedSink::new(stream.clone()))
}

/// What lies under the tutorial's prefix.
#[must_use]
pub fn tutorial_set(store: Arc<dyn ObjectStore>) -> ParquetSet {
    ParquetSet::new(store, tutorial::PREFIX, &ReadOptions::default())
}

/// The code in the README and in the book runs.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/src/costs.md")]
    struct Costs;
    #[doc = include_str!("../../docs/src/embedding.md")]
    struct Embedding;
}
