//! `kill -9` on the producer, with a spool, against `firehose-local` itself: row 15 of the table in
//! `docs/src/producer.md` once more, end to end.
//!
//! Five kills, or as many as `CAPTAINS_KILLS` says.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use captain_ratings::tutorial;
use firehose_sink::Spool;
use integration_tests::{FirehoseLocal, captains_producer};

use crate::{clients::say, delivered::times};

fn kills() -> u64 {
    let asked = std::env::var("CAPTAINS_KILLS").ok();
    asked.map_or(5, |text| text.parse().expect("CAPTAINS_KILLS is a number"))
}

/// The producer with a spool. No two runs make a record of the same time: each has a day of its own.
fn producer(endpoint: &FirehoseLocal, spool: &Path, run: u64, arguments: &[&str]) -> Command {
    let mut command = captains_producer();
    let (year, day) = (2000 + run / 28, 1 + run % 28);
    command
        .args(["--to", &format!("firehose://{}", tutorial::DELIVERY_STREAM)])
        .args(["--start", &format!("{year}-01-{day:02}T00:00:00Z"), "--seed", &run.to_string()])
        .arg("--spool")
        .arg(spool)
        .args(arguments)
        .env("HOME", "/nonexistent")
        .env_remove("AWS_PROFILE")
        .envs(endpoint.environment())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Records that the endpoint has taken.
fn taken(endpoint: &FirehoseLocal) -> u64 {
    let status = endpoint.request("GET", "/_firehose-local/status", &[], b"").body;
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    let streams = status["streams"].as_array().expect("streams");
    streams.iter().filter_map(|stream| stream["metrics"]["IncomingRecords"].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn row_15_a_killed_producer_with_a_spool_loses_nothing_on_its_way_to_parquet() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = folder.path().join("spool");
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    let (kills, mut left) = (kills(), 0);
    for run in 0..kills {
        let arguments = ["--rate", "20000/s", "--forever"];
        let before = taken(&endpoint);
        let mut child = producer(&endpoint, &spool, run, &arguments).spawn().expect("it starts");
        let began = Instant::now();
        while taken(&endpoint) <= before {
            assert!(began.elapsed() < Duration::from_secs(60), "run {run}: no record arrived");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(run * 7_919 % 60));
        child.kill().expect("SIGKILL");
        child.wait().expect("an end");
        left += Spool::open(&spool).expect("nobody has it open").unsettled();
    }
    let accepted = {
        let spool = Spool::open(&spool).expect("nobody has it open");
        spool.settled() + spool.unsettled()
    };
    let last = producer(&endpoint, &spool, kills, &["-n", "0"]).status().expect("it starts");
    assert!(last.success(), "{last}");
    let flushed = endpoint.request("POST", "/_firehose-local/flush?within=60s", &[], b"");
    assert_eq!(flushed.status, 200, "{}", flushed.body);
    let found = times(&endpoint, tutorial::PREFIX).await;
    let rows: u64 = found.values().sum();
    let duplicates = rows - found.len() as u64;
    say(&format!(
        "row 15 | {kills} kills with a spool, firehose-local | {accepted} records written down | \
         lost {} | duplicates {duplicates} | {left} were left over by the kills",
        accepted - found.len() as u64
    ));
    assert_eq!(found.len() as u64, accepted, "every record that was written down is in Parquet");
    assert!(duplicates <= left, "at most what was not settled was sent again");
}
