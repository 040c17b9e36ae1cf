//! `watch` in a pipe: windows as they close, checkpoints, and wrong use.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::fixture::{batch, done, program, ratings, run, write};

/// Looks often and ends soon.
const QUICK: [&str; 4] = ["--every", "50ms", "--idle-exit", "600ms"];

fn windows(dir: &std::path::Path, args: &[&str]) -> Vec<Value> {
    let out = done(dir, &[&["watch", "ratings"], args, &QUICK].concat());
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn rows(windows: &[Value]) -> u64 {
    windows.iter().map(|window| window["rows"].as_u64().unwrap()).sum()
}

#[test]
fn each_window_is_a_line_of_json() {
    let dir = ratings();
    let windows = windows(dir.path(), &["--window", "1m"]);
    // Rows of 06:20:21 and on, of 06:21:21 and on, of 06:22:21 and on.
    assert_eq!(rows(&windows), 150, "{windows:?}");
    assert_eq!(windows[0]["window_start"], "2022-01-08T06:20:00Z");
    assert_eq!(windows[0]["window_end"], "2022-01-08T06:21:00Z");
    let starts: Vec<_> = windows.iter().map(|window| window["window_start"].as_str()).collect();
    assert!(starts.is_sorted(), "{starts:?}");
    let first = &windows[0]["groups"][0];
    assert_eq!((&first["group"], &first["mean"]), (&"Neil Armstrong".into(), &7_000.0.into()));
    let anomalies: u64 = windows.iter().map(|window| window["anomalies"].as_u64().unwrap()).sum();
    assert_eq!(anomalies, 6);
}

#[test]
fn csv_has_one_header() {
    let dir = ratings();
    let args = [&["watch", "ratings", "--format", "csv", "--lateness", "0s"][..], &QUICK].concat();
    let csv = done(dir.path(), &args);
    assert!(
        csv.starts_with("window_start,window_end,group,rows,mean,min,max,sum,anomalies\n"),
        "{csv}"
    );
    assert_eq!(csv.matches("window_start").count(), 1);
    assert!(csv.lines().count() > 6, "{csv}");
}

#[test]
fn a_checkpoint_goes_on_where_the_last_run_ended() {
    let dir = ratings();
    let args = ["--checkpoint", "seen"];
    assert_eq!(rows(&windows(dir.path(), &args)), 150);
    assert_eq!(rows(&windows(dir.path(), &args)), 0, "nothing is told twice");
    write(&dir.path().join("ratings2022/01/08/07/later.parquet"), &batch(9));
    assert_eq!(rows(&windows(dir.path(), &args)), 50);
    assert_eq!(rows(&windows(dir.path(), &[])), 200, "without it all is new");
}

#[test]
fn windows_close_while_objects_arrive() {
    let dir = ratings();
    let mut child = program(dir.path())
        .args(["watch", "ratings", "--every", "50ms", "--lateness", "0s"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Each object ends the window before it.
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["window_start"], "2022-01-08T06:20:00Z");
    write(&dir.path().join("ratings2022/01/08/07/later.parquet"), &batch(60));
    let last = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let last = last.take_while(|window| window["window_start"] != "2022-01-08T06:23:00Z").count();
    assert!(last >= 1, "the windows before 07:20 close, one after the other");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn arrival_is_a_clock_of_its_own() {
    let dir = ratings();
    let windows = windows(dir.path(), &["--clock", "arrival"]);
    assert_eq!(rows(&windows), 150);
    assert!(windows[0]["window_start"].as_str() > Some("2025"), "{windows:?}");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let dir = ratings();
    for (args, code, words) in [
        (&["--window", "0s"][..], 2, "whole seconds"),
        (&["--window", "1500ms"], 2, "whole seconds"),
        (&["--time", "user"], 2, "which tells no time"),
        (&["--column", "user"], 2, "not a number"),
        (&["--column", "raiting"], 2, "there is no column `raiting`"),
    ] {
        let run = run(dir.path(), &[&["watch", "ratings"], args, &QUICK].concat());
        assert_eq!((run.code, run.out.as_str()), (code, ""), "{args:?}: {run:?}");
        assert!(run.err.contains(words), "{args:?}: {run:?}");
    }
    let nothing = run(dir.path(), &[&["watch", "./ratinks"][..], &QUICK].concat());
    assert_eq!(nothing.code, 3, "{nothing:?}");
}
