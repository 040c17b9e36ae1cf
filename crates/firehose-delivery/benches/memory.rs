//! What a stream holds at most: to be no more than its buffers and 64 MiB.
//!
//! `cargo bench -p firehose-delivery --bench memory`. Not criterion's: what is measured is the peak of
//! the process (Linux), anew for each case.

use std::{sync::Arc, time::Duration};

use captain_ratings::RatingGenerator;
use firehose_delivery::{
    Clock, DeliveryStream, DeliveryStreamConfig, DynamicPartitioning, GlueTable, RawCompression,
};
use firehose_sink::Record;
use object_store::local::LocalFileSystem;

const MIB: usize = 1024 * 1024;
/// Records of a case, in bytes.
const BYTES: usize = 768 * MIB;

fn main() {
    // `cargo test` builds benches and runs them without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let table = GlueTable::new(
        "captains",
        "ratings",
        [
            ("user", "string"),
            ("favoritecaptain", "string"),
            ("rating", "int"),
            ("timestamp", "double"),
        ],
    )
    .expect("columns");
    let named = |name: &str| DeliveryStreamConfig::new(name).buffering(64 * MIB, Duration::MAX);
    let partitions = DynamicPartitioning::by_query("{c: (.rating % 500)}");
    let cases = [
        ("converted", named("converted").converting_to(table.clone())),
        ("raw", named("raw")),
        ("gzip", named("gzip").compressed(RawCompression::Gzip)),
        (
            "converted, 500 partitions",
            named("partitions")
                .with_prefix("!{partitionKeyFromQuery:c}/")
                .with_error_output_prefix("!{firehose:error-output-type}/")
                .partitioned(partitions)
                .converting_to(table),
        ),
    ];
    eprintln!("{:<28}{:>12}{:>12}{:>12}", "MiB", "buffers", "peak", "over");
    for (name, config) in cases {
        let limit = 192 * MIB;
        let before = peak_kib(true);
        run(config.holding_at_most(limit));
        let peak = (peak_kib(false).saturating_sub(before)) / 1024;
        let buffers = limit / MIB;
        eprintln!("{name:<28}{buffers:>12}{peak:>12}{:>12}", peak.saturating_sub(buffers));
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn run(config: DeliveryStreamConfig) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalFileSystem::new_with_prefix(folder.path()).expect("a store");
    let stream = DeliveryStream::open(config, Arc::new(store), Clock::system()).await;
    let stream = stream.expect("a stream");
    let mut ratings = RatingGenerator::with_seed(42);
    let mut put = 0;
    while put < BYTES {
        let batch: Vec<Record> = ratings
            .by_ref()
            .take(500)
            .map(|rating| Record::from(rating.to_json().into_bytes()))
            .collect();
        put += batch.iter().map(Record::len).sum::<usize>();
        stream.put_batch(&batch).await.expect("a put");
    }
    let stats = stream.close().await;
    assert_eq!(stats.delivered_records + stats.failed_records, stats.accepted_records);
}

/// The most that the process held since it was last asked to begin anew; with `anew`, what it holds.
fn peak_kib(anew: bool) -> usize {
    if anew {
        // Where this cannot be written the peak is that of all cases so far.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or_default()
}
