//! `kill -9` on the real program, with and without a spool: row 15 of the table in
//! `docs/src/producer.md`.
//!
//! Twenty kills each, or as many as `CAPTAINS_KILLS` says; their moments follow from the number of
//! the kill.

mod stand_in;

use std::{
    collections::HashSet,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use firehose_sink::Spool;
use serde_json::Value;
use stand_in::StandIn;

fn kills() -> u64 {
    let asked = std::env::var("CAPTAINS_KILLS").ok();
    asked.map_or(20, |text| text.parse().expect("CAPTAINS_KILLS is a number"))
}

/// The program against the stand-in. No two runs make the same record: each has a day of its own.
fn producer(endpoint: &str, run: u64, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_captains-producer"));
    let (year, day) = (2000 + run / 28, 1 + run % 28);
    command
        .args(["--to", "firehose://ratings", "--endpoint-url", endpoint])
        .args(["--region", "us-east-1", "--output", "json", "--report-every", "10ms"])
        .args(["--seed", &run.to_string(), "--start", &format!("{year}-01-{day:02}T00:00:00Z")])
        .args(arguments)
        .env("HOME", "/nonexistent")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_PROFILE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// Lets it run until records arrive and some milliseconds more, and kills it.
fn kill(mut child: Child, stand_in: &StandIn, run: u64) -> String {
    let before = stand_in.stored();
    let arrived = stand_in.wait_for_more_than(before, Duration::from_secs(30));
    assert!(arrived, "run {run}: no record arrived");
    std::thread::sleep(Duration::from_millis(run * 7_919 % 60));
    child.kill().expect("SIGKILL");
    let output = child.wait_with_output().expect("an end");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Positions that the spool ever had, and those that are not settled.
fn look_into(spool: &Path) -> (u64, u64) {
    let spool = Spool::open(spool).expect("a spool that nobody has open");
    (spool.settled() + spool.unsettled(), spool.unsettled())
}

#[test]
fn row_15_killed_with_a_spool_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = folder.path().join("spool");
    let flag = spool.to_str().expect("UTF-8");
    let stand_in = StandIn::start(Duration::from_millis(3));
    let (kills, mut left) = (kills(), 0);
    for run in 0..kills {
        let arguments = ["--spool", flag, "--rate", "20000/s", "--forever"];
        let child = producer(stand_in.endpoint(), run, &arguments).spawn().expect("it starts");
        kill(child, &stand_in, run);
        left += look_into(&spool).1;
    }
    let (accepted, _) = look_into(&spool);
    let last = producer(stand_in.endpoint(), kills, &["--spool", flag, "-n", "0"]).output();
    assert!(last.expect("it starts").status.success());
    assert_eq!(look_into(&spool), (accepted, 0), "the last run delivered what was left");
    let records = stand_in.take();
    let different: HashSet<&Vec<u8>> = records.iter().collect();
    let duplicates = (records.len() - different.len()) as u64;
    eprintln!(
        "row 15 | {kills} kills with a spool | {accepted} records written down | lost {} | \
         duplicates {duplicates} | {left} were left over by the kills",
        accepted - different.len() as u64,
    );
    assert_eq!(different.len() as u64, accepted, "every record that was written down arrived");
    assert!(duplicates <= left, "at most what was not settled was sent again");
}

#[test]
fn row_15_killed_without_a_spool_only_the_unsettled_is_lost() {
    let stand_in = StandIn::start(Duration::from_millis(3));
    let (kills, mut accepted, mut lost, mut allowed) = (kills(), 0, 0, 0);
    for run in 0..kills {
        let arguments = ["--rate", "20000/s", "--forever"];
        let child = producer(stand_in.endpoint(), run, &arguments).spawn().expect("it starts");
        let told = kill(child, &stand_in, run);
        let records = stand_in.take();
        let different: HashSet<Vec<u8>> = records.into_iter().collect();
        let stored = different.len() as u64;
        let whole = told.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut lines =
            whole.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let Some(last) = lines.rfind(|line| line["event"] == "progress") else { continue };
        let count = |name: &str| last[name].as_u64().expect("a count");
        // The first record goes alone, before the producer counts.
        let delivered = count("delivered") + 1;
        assert!(stored >= delivered, "run {run}: {stored} stored, told was {delivered}");
        let unsettled = count("accepted") + 1 - delivered;
        let missing = (count("accepted") + 1).saturating_sub(stored);
        assert!(missing <= unsettled, "run {run}: {missing} of {unsettled} unsettled");
        (accepted, lost, allowed) =
            (accepted + count("accepted"), lost + missing, allowed + unsettled);
    }
    eprintln!(
        "row 15 | {kills} kills without a spool | {accepted} records accepted | lost {lost} | \
         unsettled at the kills {allowed}"
    );
    assert!(accepted > 0, "something was told before the kills");
}
