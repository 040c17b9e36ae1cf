//! The place that records go to, opened.

use std::{io, path::Path, sync::Arc};

use anyhow::Context;
use aws_config::SdkConfig;
use captain_ratings::{COLUMNS, tutorial};
use captains_cli::aws::{NoRegion, configuration};
use firehose_delivery::{
    Clock, DeliveryEvent, DeliveryStream, DeliveryStreamConfig, EmbeddedSink, GlueTable, Observer,
};
use firehose_sink::{AwsFirehoseSink, AwsKinesisSink, FirehoseSink, JsonLinesSink};
use object_store::local::LocalFileSystem;
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    Args, TargetUri,
    args::{DEFAULT_BUFFER_INTERVAL, DEFAULT_BUFFER_SIZE},
};

/// Where records go, and what has to be closed at the end.
pub(crate) struct Target {
    pub(crate) sink: Arc<dyn FirehoseSink>,
    /// The delivery stream in this process, for a local target.
    pub(crate) stream: Option<DeliveryStream>,
    /// Whether the stream is somewhere else, so that the first record tells whether it is there.
    pub(crate) remote: bool,
    /// The command that looks at what was delivered.
    pub(crate) next: Option<String>,
}

/// Opens the target. `tell` gets a line for each file that a local target writes, and for each
/// that it could not write.
pub(crate) async fn open(args: &Args, tell: UnboundedSender<String>) -> anyhow::Result<Target> {
    let sink: Arc<dyn FirehoseSink> = match &args.to {
        TargetUri::Stdout => Arc::new(JsonLinesSink::stdout()),
        TargetUri::Local(directory) => return local(args, directory, tell).await,
        TargetUri::Firehose(stream) => {
            Arc::new(AwsFirehoseSink::from_config(&aws(args).await?, stream.as_str()))
        }
        TargetUri::Kinesis(stream) => {
            let sink = AwsKinesisSink::from_config(&aws(args).await?, stream.as_str());
            Arc::new(match aggregate_bytes(args) {
                Some(bytes) => sink.aggregating(bytes),
                None => sink,
            })
        }
    };
    let remote = args.to != TargetUri::Stdout;
    let next = matches!(args.to, TargetUri::Firehose(_)).then(|| {
        let endpoint = args.endpoint_url.as_ref().map(|url| format!(" --endpoint-url {url}"));
        format!("captains-analyzer ls -l{}", endpoint.unwrap_or_default())
    });
    Ok(Target { sink, stream: None, remote, next })
}

/// The size up to which records are aggregated.
fn aggregate_bytes(args: &Args) -> Option<usize> {
    args.aggregate.map(|size| usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
}

async fn aws(args: &Args) -> Result<SdkConfig, NoRegion> {
    let Args { profile, region, endpoint_url, .. } = args;
    configuration(profile.as_deref(), region.as_deref(), endpoint_url.as_deref()).await
}

async fn local(
    args: &Args,
    directory: &Path,
    tell: UnboundedSender<String>,
) -> anyhow::Result<Target> {
    let bucket = directory.join(tutorial::BUCKET);
    writable(&bucket)
        .with_context(|| format!("directory `{}` cannot be written to", bucket.display()))?;
    let store = Arc::new(LocalFileSystem::new_with_prefix(&bucket)?);
    let table = GlueTable::new(tutorial::DATABASE, tutorial::TABLE, COLUMNS)?;
    let size = args.buffer_size.unwrap_or(DEFAULT_BUFFER_SIZE).as_u64();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let interval = args.buffer_interval.unwrap_or(DEFAULT_BUFFER_INTERVAL);
    let config = DeliveryStreamConfig::new(tutorial::DELIVERY_STREAM)
        .with_prefix(tutorial::PREFIX)
        .converting_to(table)
        .buffering(size, interval);
    // Nobody listens any more once the run is over.
    let observer = Observer::new(move |event| drop(tell.send(line(event))));
    let stream = DeliveryStream::open_observed(config, store, Clock::system(), observer).await?;
    Ok(Target {
        sink: Arc::new(EmbeddedSink::new(stream.clone())),
        stream: Some(stream),
        remote: false,
        next: Some(format!(
            "captains-analyzer captains {}",
            bucket.join(tutorial::PREFIX).display()
        )),
    })
}

/// Makes the directory, and finds out now rather than after the first buffer whether files can be
/// made in it.
fn writable(directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let probe = directory.join(format!(".writable-{}", std::process::id()));
    std::fs::write(&probe, [])?;
    std::fs::remove_file(probe)
}

fn line(event: &DeliveryEvent) -> String {
    match event {
        DeliveryEvent::Delivered(object) => format!(
            "delivered {} ({} rows, {} bytes)",
            object.key,
            object.rows.unwrap_or(object.records),
            object.bytes
        ),
        DeliveryEvent::ErrorsDelivered { key, records, .. } => {
            format!("{records} records did not convert, see {key}")
        }
        DeliveryEvent::Retrying { key, error, pause, .. } => {
            format!("could not write {key}: {error}; trying again in {pause:?}")
        }
        other => format!("{other:?}"),
    }
}
