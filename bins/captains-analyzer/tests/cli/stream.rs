//! `stream` on stdin and on a directory: answers, checkpoints, and wrong use.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fixture::{Run, batch, done, finish, program, ratings, run, write};

/// Looks often and ends soon.
const QUICK: [&str; 4] = ["--every", "50ms", "--idle-exit", "600ms"];

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn on_stdin(args: &[&str], input: &str) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let mut child = program(dir.path())
        .args(["stream", "-"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may refuse before it has read anything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    finish(output)
}

/// Of two captains in turn, a second apart.
fn records(count: u32) -> String {
    let record = |n: u32| {
        let captain = if n.is_multiple_of(2) { "Kirk" } else { "Solo" };
        let time = 1_641_622_800 + n;
        json!({"favoritecaptain": captain, "rating": n, "timestamp": time}).to_string() + "\n"
    };
    (0..count).map(record).collect()
}

#[test]
fn averages_and_totals_of_each_minute_from_stdin() {
    let run = on_stdin(&[], &(records(90) + "\n  \nno JSON\n"));
    assert_eq!(run.code, 0, "{run:?}");
    let expected = [
        ("20", "Solo", 30.0, 900),
        ("20", "Kirk", 29.0, 870),
        ("21", "Solo", 75.0, 1_125),
        ("21", "Kirk", 74.0, 1_110),
    ];
    let expected: Vec<Value> = expected
        .iter()
        .map(|(minute, captain, average, total)| {
            let end = minute.parse::<u32>().unwrap() + 1;
            json!({
                "window_start": format!("2022-01-08T06:{minute}:00Z"),
                "window_end": format!("2022-01-08T06:{end}:00Z"),
                "favoritecaptain": captain, "average_rating": average, "total_rating": total,
            })
        })
        .collect();
    assert_eq!(lines(&run.out), expected);
    assert!(run.err.contains("1 record left out"), "{run:?}");
}

#[test]
fn sql_of_ones_own_over_rows_sessions_and_hops() {
    let sql = "SELECT count(*) AS n, min(rating) AS low FROM stream";
    let hops = on_stdin(&["--sql", sql, "--window", "1m", "--hop", "30s"], &records(60));
    let expected =
        [json!({"n": 30, "low": 0}), json!({"n": 60, "low": 0}), json!({"n": 30, "low": 30})];
    assert_eq!(lines(&hops.out), expected, "{hops:?}");
    let args = ["--sql", "SELECT rows, favoritecaptain FROM windows", "--session", "5s"];
    let sessions = on_stdin(&args, &records(60));
    let mut said = lines(&sessions.out);
    said.sort_by_key(|line| line["favoritecaptain"].to_string());
    assert_eq!(
        said,
        [
            json!({"rows": 30, "favoritecaptain": "Kirk"}),
            json!({"rows": 30, "favoritecaptain": "Solo"})
        ]
    );
}

#[test]
fn csv_has_one_header_and_late_rows_are_told() {
    let late = r#"{"favoritecaptain":"Kirk","rating":1,"timestamp":1641622800}"#;
    let args = [
        "--format",
        "csv",
        "--lateness",
        "0",
        "--schema",
        "favoritecaptain:string,rating:int,timestamp:double",
    ];
    let run = on_stdin(&args, &(records(200) + late + "\n"));
    assert!(
        run.out
            .starts_with("window_start,window_end,favoritecaptain,average_rating,total_rating\n"),
        "{run:?}"
    );
    assert_eq!((run.out.matches("window_start").count(), run.out.lines().count()), (1, 9));
    assert!(run.err.contains("note: 1 row came after their window was closed"), "{run:?}");
}

#[test]
fn odd_ratings_are_ordered_by_second_and_score() {
    let record = |n: u32| {
        let rating = if n % 40 == 39 { 8_000 } else { n * 37 % 1_000 };
        json!({"rating": rating, "timestamp": 1_641_622_800.0 + f64::from(n) / 50.0}).to_string()
            + "\n"
    };
    let input: String = (0..1_000).map(record).collect();
    let run = on_stdin(&["--preset", "ordered-anomalies"], &input);
    let rows = lines(&run.out);
    assert_eq!(rows.len(), 1_000 - 256, "{}", run.err);
    let key = |row: &Value| {
        (row["second"].as_str().unwrap().to_owned(), row["anomaly_score"].as_f64().unwrap())
    };
    let keys: Vec<_> = rows.iter().map(key).collect();
    assert!(keys.is_sorted_by(|a, b| a.0 < b.0 || (a.0 == b.0 && a.1 >= b.1)));
    // In a second with an odd rating that is the first.
    let odd = rows.iter().filter(|row| row["rating"] == 8_000).count();
    let first = rows.chunk_by(|a, b| a["second"] == b["second"]);
    let first = first.filter(|second| second[0]["rating"] == 8_000).count();
    assert!(odd > 15 && first > odd / 2, "{odd} {first}");
}

fn on_directory(dir: &Path, args: &[&str]) -> Vec<Value> {
    lines(&done(dir, &[&["stream", "ratings"], args, &QUICK].concat()))
}

#[test]
fn new_objects_are_a_stream_and_a_checkpoint_goes_on() {
    let dir = ratings();
    let sql = ["--sql", "SELECT window_start, sum(rows) AS n FROM windows GROUP BY 1"];
    let count = |lines: &[Value]| lines.iter().map(|line| line["n"].as_u64().unwrap()).sum::<u64>();
    let all = on_directory(dir.path(), &sql);
    assert_eq!(count(&all), 150, "{all:?}");

    let kept = [&sql[..], &["--checkpoint", "state"]].concat();
    let first = on_directory(dir.path(), &kept);
    assert!(count(&first) < 150, "the last window is open: {first:?}");
    assert_eq!(on_directory(dir.path(), &kept), Vec::<Value>::new(), "nothing is told twice");
    write(&dir.path().join("ratings2022/01/08/08/later.parquet"), &batch(60));
    let second = on_directory(dir.path(), &kept);
    let both = count(&first) + count(&second);
    assert!((150..200).contains(&both), "all before the last object: {first:?} {second:?}");
    let mut told: Vec<Value> = first.iter().chain(&second).cloned().collect();
    told.truncate(all.len());
    assert_eq!(told, all);

    let other =
        run(dir.path(), &[&["stream", "ratings", "--checkpoint", "state"][..], &QUICK].concat());
    assert!(other.code == 1 && other.err.contains("another query's"), "{other:?}");
    std::fs::write(dir.path().join("state"), "not a state").unwrap();
    let damaged = run(dir.path(), &[&["stream", "ratings"], &kept[..], &QUICK].concat());
    assert!(
        damaged.code == 1 && damaged.err.contains("checkpoint `state` cannot be gone on from"),
        "{damaged:?}"
    );
}

#[test]
fn nothing_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = run(dir.path(), &[&["stream", "nowhere"][..], &QUICK].concat());
    assert!(nowhere.code == 3 && nowhere.err.contains("under `nowhere`"), "{nowhere:?}");
    std::fs::create_dir(dir.path().join("here")).unwrap();
    let below = run(dir.path(), &[&["stream", "here/below"][..], &QUICK].concat());
    assert!(below.code == 3 && below.err.contains("captains-analyzer ls here"), "{below:?}");
    let nothing = on_stdin(&[], "\n");
    assert_eq!((nothing.code, nothing.out.as_str()), (0, ""));
    assert!(nothing.err.contains("note: no record came from stdin"), "{nothing:?}");
}

#[test]
fn a_query_that_grows_too_large_is_refused() {
    let args = ["--sql", "SELECT count(*) FROM stream", "--memory", "4KiB"];
    let run = on_stdin(&args, &records(500));
    assert!(run.code == 1 && run.err.contains("4096 are allowed"), "{run:?}");
}

#[test]
fn wrong_use_is_told_by_name() {
    let dir = ratings();
    for (args, words) in [
        (&["-", "--sql", "SELECT 1", "--preset", "captain-scores"][..], "cannot be used with"),
        (&["-", "--checkpoint", "x"], "stdin cannot"),
        (&["-", "--idle-exit", "1s"], "--idle-exit has no effect on stdin"),
        (&["-", "--every", "1s"], "--every has no effect on stdin"),
        (&["-", "--clock", "arrival", "--time", "t"], "--time has no effect on --clock arrival"),
        (
            &["-", "--preset", "ordered-anomalies", "--group-by", "a"],
            "--group-by has no effect on --preset ordered-anomalies",
        ),
        (&["ratings", "--start", "latest"], "--start is for a data stream"),
        (&["ratings", "--schema", "a:int"], "--schema is for JSON records"),
        (&["ratings", "--limit", "3"], "--limit has no effect on stream"),
        (&["-", "--region", "x"], "--region has no effect without AWS"),
        (&["firehose://x"], "a delivery stream gives nothing back"),
        (&["http://x"], "write kinesis://STREAM"),
        (&["-", "--preset", "captain-scores", "--column", "a,b"], "one column in --column"),
        (&["-", "--preset", "ordered-anomalies", "--column", ""], "needs columns in --column"),
        (&["-", "--into", "s3://x"], "write firehose://NAME"),
        (&["kinesis://x"], "no AWS region is set"),
    ] {
        let run = run(dir.path(), &[&["stream"], args].concat());
        assert!(run.code == 2 && run.err.contains(words), "{args:?}: {run:?}");
    }
    for (sql, words) in [
        ("SELECT * FROM ratings", "a window has two"),
        ("SELECT nothing FROM windows", "the SQL failed before the first window"),
    ] {
        let run = on_stdin(&["--sql", sql], &records(1));
        assert!(run.code != 0 && run.err.contains(words), "{run:?}");
    }
    let unreachable = program(dir.path())
        .args([
            "stream",
            "kinesis://x",
            "--endpoint-url",
            "http://127.0.0.1:1",
            "--region",
            "us-east-1",
        ])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .unwrap();
    let unreachable = finish(unreachable);
    assert!(
        unreachable.code == 7
            && unreachable.err.contains("cannot be reached at http://127.0.0.1:1"),
        "{unreachable:?}"
    );
    let denied = run(dir.path(), &["stream", "kinesis://x", "--region", "us-east-1"]);
    assert!(denied.code == 4, "{denied:?}");
}
