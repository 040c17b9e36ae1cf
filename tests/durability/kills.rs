//! `kill -9` of the real program under load from the AWS SDK, at random moments.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_sdk_firehose::{Client, primitives::Blob, types::Record};
use integration_tests::FirehoseLocal;

use crate::data::{Dice, STREAM, create, delivered, line};

/// Calls at once, and records in each.
const SENDERS: usize = 4;
const BATCH: u64 = 50;

fn kills() -> u64 {
    let asked = std::env::var("FIREHOSE_KILLS").ok();
    asked.map_or(200, |text| text.parse().expect("FIREHOSE_KILLS is a number"))
}

fn seed() -> u64 {
    let asked = std::env::var("FIREHOSE_KILLS_SEED").ok();
    asked.map_or(42, |text| text.parse().expect("FIREHOSE_KILLS_SEED is a number"))
}

/// What the clients were told.
#[derive(Debug, Default)]
struct Told {
    acknowledged: Mutex<BTreeSet<u64>>,
    /// Batches without an answer: to be sent again, as clients do.
    unanswered: Mutex<Vec<Vec<u64>>>,
    /// How often each record of such a batch was without an answer.
    resent: Mutex<BTreeMap<u64, u32>>,
    next: AtomicU64,
}

impl Told {
    fn no_answer(&self, batch: Vec<u64>) {
        let mut resent = self.resent.lock().unwrap_or_else(PoisonError::into_inner);
        batch.iter().for_each(|number| *resent.entry(*number).or_default() += 1);
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
    }

    fn batch(&self) -> Vec<u64> {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.pop().unwrap_or_else(|| {
            let first = self.next.fetch_add(BATCH, Ordering::Relaxed);
            (first..first + BATCH).collect()
        })
    }
}

fn client(endpoint: &FirehoseLocal) -> Client {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(10)).build();
    let config = aws_sdk_firehose::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint.endpoint())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .build();
    Client::from_conf(config)
}

/// Sends batch after batch until a call gets no answer.
async fn send_until_killed(client: Client, told: Arc<Told>) {
    loop {
        let batch = told.batch();
        let record = |number: &u64| Record::builder().data(Blob::new(line(*number))).build();
        let records = batch.iter().map(record).collect::<Result<Vec<_>, _>>().expect("records");
        let call = client.put_record_batch().delivery_stream_name(STREAM);
        let Ok(answer) = call.set_records(Some(records)).send().await else {
            told.no_answer(batch);
            return;
        };
        let outcomes = batch.iter().zip(answer.request_responses());
        let taken = outcomes.filter(|(_, entry)| entry.error_code().is_none());
        let taken: Vec<u64> = taken.map(|(number, _)| *number).collect();
        told.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).extend(taken);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let (kills, seed) = (kills(), seed());
    println!("FIREHOSE_KILLS={kills} FIREHOSE_KILLS_SEED={seed}");
    let mut dice = Dice(seed);
    let data = tempfile::tempdir().expect("a directory");
    let arguments = ["--buffer-size", "64KiB", "--buffer-interval", "1s"];
    let told = Arc::new(Told::default());
    let mut resent = 0;
    for kill in 0..kills {
        let endpoint = FirehoseLocal::start_in(data.path(), &arguments);
        if kill == 0 {
            create(&endpoint);
        }
        let client = client(&endpoint);
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| tokio::spawn(send_until_killed(client.clone(), Arc::clone(&told))))
            .collect();
        tokio::time::sleep(Duration::from_millis(dice.below(120))).await;
        let killed = endpoint.end_by("KILL");
        assert_eq!(killed.status.code(), None, "{}", killed.told);
        for sender in senders {
            sender.await.expect("a sender");
        }
        resent += told.unanswered.lock().unwrap_or_else(PoisonError::into_inner).len();
    }
    let last = FirehoseLocal::start_in(data.path(), &arguments).end_by("TERM");
    assert_eq!(last.status.code(), Some(0), "{}", last.told);
    report(&told, data.path(), kills, resent);
}

fn report(told: &Told, data: &std::path::Path, kills: u64, resent: usize) {
    let acknowledged = told.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
    let (found, objects) = delivered(data);
    let lost = acknowledged.iter().filter(|number| !found.contains_key(number)).count();
    let duplicates: u64 = found.values().map(|times| u64::from(times - 1)).sum();
    eprintln!(
        "{kills} kills: {} records acknowledged, {lost} lost, {duplicates} records twice in \
         {objects} objects; {resent} calls were sent again",
        acknowledged.len()
    );
    assert!(acknowledged.len() as u64 > kills, "hardly anything was sent");
    assert_eq!(lost, 0, "acknowledged records are lost");
    // A call without an answer may have been stored: sending it again makes its records twice. No
    // other record is there twice, and none more often: replay makes no second one.
    let resent = told.resent.lock().unwrap_or_else(PoisonError::into_inner);
    let by_replay =
        found.iter().filter(|(number, times)| **times > 1 + resent.get(number).unwrap_or(&0));
    assert_eq!(by_replay.count(), 0, "replay doubled records");
}
