//! `kill -9` of the endpoint, with a delivery stream on a data stream that is being put to: what was
//! acknowledged is in Parquet in the end.
//!
//! Three kills, or as many as `FIREHOSE_LOCAL_KILLS` says; their moments follow from the number of
//! the kill.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_config::retry::RetryConfig;
use aws_sdk_kinesis::{Client, config::Builder, primitives::Blob, types::PutRecordsRequestEntry};
use captain_ratings::tutorial;
use integration_tests::FirehoseLocal;

use crate::{clients::say, delivered::times};

const SENDERS: usize = 3;
const BATCH: u64 = 50;

fn kills() -> u64 {
    let asked = std::env::var("FIREHOSE_LOCAL_KILLS").ok();
    asked.map_or(3, |text| text.parse().expect("FIREHOSE_LOCAL_KILLS is a number"))
}

async fn client(endpoint: &FirehoseLocal) -> Client {
    let config = integration_tests::sdk_config(endpoint.endpoint()).await;
    let config = Builder::from(&config).retry_config(RetryConfig::disabled()).build();
    Client::from_conf(config)
}

/// Puts batches until a call fails; what is acknowledged is noted.
async fn put(client: Client, next: Arc<AtomicU64>, acknowledged: Arc<Mutex<Vec<u64>>>) {
    loop {
        let from = next.fetch_add(BATCH, Ordering::Relaxed);
        let entry = |n: u64| {
            let json = format!(
                r#"{{"user":"u","favoritecaptain":"c","rating":{},"timestamp":{n}.0}}"#,
                n % 1_000
            );
            let entry = PutRecordsRequestEntry::builder().partition_key(n.to_string());
            entry.data(Blob::new(json)).build().expect("an entry")
        };
        let call = client.put_records().stream_name(tutorial::DATA_STREAM);
        let call = call.set_records(Some((from..from + BATCH).map(entry).collect()));
        let Ok(answer) = call.send().await else { return };
        let taken =
            (from..).zip(answer.records()).filter(|(_, entry)| entry.error_code().is_none());
        acknowledged.lock().expect("no panic").extend(taken.map(|(n, _)| n));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_data_stream_acknowledged_survives_kill_9_on_its_way_to_parquet() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--tutorial", "--no-shard-limits", "--buffer-interval", "300ms"];
    let (next, acknowledged) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
    let kills = kills();
    for kill in 0..kills {
        let endpoint = FirehoseLocal::start_in(folder.path(), &arguments);
        let client = client(&endpoint).await;
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                tokio::spawn(put(client.clone(), Arc::clone(&next), Arc::clone(&acknowledged)))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300 + kill * 7_919 % 900)).await;
        if kill % 3 == 1 {
            // Reshards are on the way, too.
            let shards = if kill % 2 == 0 { 1 } else { 2 };
            let call = client.update_shard_count().stream_name(tutorial::DATA_STREAM);
            let call = call.target_shard_count(shards);
            // It may be killed first.
            drop(call.scaling_type("UNIFORM_SCALING".into()).send().await);
        }
        // SIGKILL.
        drop(endpoint);
        for sender in senders {
            sender.await.expect("no panic");
        }
    }
    let endpoint = FirehoseLocal::start_in(folder.path(), &arguments);
    let flushed = endpoint.request("POST", "/_firehose-local/flush?within=60s", &[], b"");
    assert_eq!(flushed.status, 200, "{}", flushed.body);
    let found = times(&endpoint, tutorial::SOURCED_PREFIX).await;
    let acknowledged = acknowledged.lock().expect("no panic").clone();
    let is_found = |n: &u64| found.contains_key(&number(*n));
    let lost = acknowledged.iter().filter(|n| !is_found(n)).count();
    let rows: u64 = found.values().sum();
    say(&format!(
        "kill -9 with a data stream as source: {kills} kills, {} records acknowledged, lost {lost}, \
         {} rows twice",
        acknowledged.len(),
        rows - found.len() as u64,
    ));
    assert!(!acknowledged.is_empty(), "something was acknowledged");
    assert_eq!(lost, 0, "every acknowledged record is in Parquet");
}

/// The bits of a number as Parquet has it.
fn number(n: u64) -> u64 {
    // Far below the 2^53 that a double counts exactly.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let number = n as f64;
    number.to_bits()
}
