//! The program as a person or a script meets it: what it prints, writes and exits with.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use parquet::file::reader::{FileReader, SerializedFileReader};

/// The program in an environment that names no AWS account.
fn producer(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_captains-producer"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("AWS_") || name.starts_with("CAPTAINS_") {
            command.env_remove(name.as_ref());
        }
    }
    command
        .args(arguments)
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    outcome(&producer(arguments).output().expect("the program starts"))
}

fn outcome(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn parquet_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| if path.is_dir() { parquet_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .collect()
}

fn rows(directory: &Path) -> i64 {
    let footers = parquet_files(directory).into_iter().map(|path| {
        let file = std::fs::File::open(path).expect("a file");
        SerializedFileReader::new(file).expect("Parquet").metadata().file_metadata().num_rows()
    });
    footers.sum()
}

#[test]
fn ten_records_go_to_stdout_unless_told_otherwise() {
    let (code, out, err) = run(&[]);
    assert_eq!((code, out.lines().count()), (0, 10), "{err}");
    for line in out.lines() {
        let rating: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(rating["timestamp"].as_f64().expect("a time") > 1.7e9);
    }
    assert!(err.contains("10 records") && err.contains("seed "), "{err}");
}

#[test]
fn seed_and_start_make_the_same_records_every_time() {
    let arguments = ["--seed", "42", "--start", "2022-01-08T06:00:00Z", "-n", "1000", "--quiet"];
    let (code, first, err) = run(&arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    // Not `assert_eq`, which would print both.
    assert!(first == run(&arguments).1, "the same seed made other records");
    let expected = r#"{"user":"Cheyanne Collins","favoritecaptain":"Malcolm Reynolds","rating":571,"timestamp":1641621600.0}"#;
    assert_eq!(first.lines().next(), Some(expected));
    let (_, paced, _) = run(&[
        "--seed",
        "42",
        "--start",
        "2022-01-08T06:00:00Z",
        "-n",
        "2",
        "--rate",
        "10/s",
        "--style",
        "python",
    ]);
    assert!(
        paced.lines().nth(1).is_some_and(|line| line.ends_with(r#""timestamp": 1641621600.1}"#)),
        "{paced}"
    );
}

#[test]
fn a_local_target_holds_every_record() {
    let directory = tempfile::tempdir().expect("a directory");
    let to = format!("local:{}", directory.path().display());
    let (code, out, err) = run(&["--to", &to, "-n", "25000", "--buffer-size", "500KiB"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert_eq!(rows(directory.path()), 25_000);
    assert!(parquet_files(directory.path()).len() > 3);
    assert!(err.contains("delivered ratings2"), "{err}");
    assert!(err.contains("25000 records") && err.contains("next: captains-analyzer"), "{err}");
    let bucket = directory.path().join("captains-rating");
    let hours = std::fs::read_dir(bucket).expect("the bucket");
    let names: Vec<_> = hours.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(names.iter().all(|name| name.to_string_lossy().starts_with("ratings2")), "{names:?}");
}

#[test]
fn packs_are_taken_apart_and_a_script_reads_the_account() {
    let directory = tempfile::tempdir().expect("a directory");
    let to = format!("local:{}", directory.path().display());
    let arguments = ["--to", &to, "-n", "25000", "--pack", "5KiB", "--output", "json"];
    let (code, out, err) = run(&arguments);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(rows(directory.path()), 25_000);
    let last = out.lines().last().expect("a line");
    let summary: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!((&summary["event"], &summary["delivered"]), (&"summary".into(), &25_000.into()));
    assert_eq!((&summary["undelivered"], &summary["exit_code"]), (&0.into(), &0.into()));
    assert!(summary["calls"].as_u64().expect("a count") < 5, "{summary}");
}

#[test]
fn without_a_terminal_a_line_now_and_then_tells_how_it_goes() {
    let arguments = ["-n", "60", "--rate", "burst:60/s:1s/1s", "--report-every", "100ms"];
    let (code, out, err) = run(&arguments);
    assert_eq!((code, out.lines().count()), (0, 60), "{err}");
    let lines: Vec<&str> = err.lines().filter(|line| line.contains(" sent  ")).collect();
    assert!((2..=11).contains(&lines.len()), "{err}");
    for words in ["/s  ", " retried", " refused", "buffer ", "calls "] {
        assert!(lines.iter().all(|line| line.contains(words)), "{err}");
    }
}

#[test]
fn an_interrupt_delivers_what_was_made_and_exits_with_0() {
    let directory = tempfile::tempdir().expect("a directory");
    let to = format!("local:{}", directory.path().display());
    let mut child = producer(&["--to", &to, "--forever", "--buffer-size", "100KiB"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    // By then records have gone all the way.
    let first = lines.next().expect("a line").expect("UTF-8");
    assert!(first.starts_with("delivered "), "{first}");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let last =
        lines.map(|line| line.expect("UTF-8")).filter(|line| line.contains(" records ")).last();
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    let last = last.expect("a summary");
    let delivered: i64 = last.split(' ').next().expect("a word").parse().expect("a count");
    assert_eq!(rows(directory.path()), delivered, "{last}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let mut child = producer(&["-n", "1000000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut first).expect("a line");
    assert!(first.starts_with('{'));
    let (code, _, err) = outcome(&child.wait_with_output().expect("an end"));
    assert_eq!(code, 0, "{err}");
    assert!(!err.contains("error"), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_in_exit_code_3_and_says_so() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = producer(&["-n", "100"]).stdout(full).output().expect("the program starts");
    let (code, _, err) = outcome(&output);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("100 NOT delivered") && err.contains("No space left"), "{err}");
}

/// Wrong commands: exit code, and words that stderr must have.
#[test]
fn what_cannot_be_done_is_said_in_one_sentence() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let below_file = format!("local:{}/data", file.display());
    let local = ["--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1"];
    let table: &[(&[&str], i32, &[&str])] = &[
        (&["--to", "s3://bucket"], 2, &["s3://bucket", "firehose://STREAM"]),
        (&["--to", "local:data"], 2, &["local:data", "--count N"]),
        (&["--rate", "fast"], 2, &["fast", "100/s"]),
        (&["--buffer-size", "x"], 2, &["1MiB"]),
        (&["--forever", "-n", "3"], 2, &["--forever"]),
        (&["--buffer-size", "2MiB"], 2, &["--buffer-size has no effect", "stdout:"]),
        (&["--region", "us-east-1"], 2, &["--region has no effect", "stdout:"]),
        (&["--pack", "5KiB"], 2, &["--pack has no effect", "stdout:"]),
        (&["--price-per-gb", "1"], 2, &["--price-per-gb has no effect", "stdout:"]),
        (&["--spool", "spool"], 2, &["--spool has no effect", "stdout:"]),
        (&["--output", "json"], 2, &["--output json", "stdout holds the records"]),
        (&["--rate", "ramp:1/s"], 2, &["ramp:1/s", "ramp:10/s..1000/s:5m"]),
        (&["--dead-letter", "/nonexistent/letters"], 1, &["dead letters", "/nonexistent/letters"]),
        (&["--to", &below_file, "-n", "1"], 1, &["cannot be written", "file", "help:"]),
        (&["--to", "firehose://s", "-n", "1"], 2, &["region", "--region us-east-1"]),
        (
            &["--to", "firehose://s", "-n", "1", local[0], local[1], local[2], local[3]],
            6,
            &["credentials", "help:"],
        ),
    ];
    for (arguments, expected, words) in table {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (*expected, ""), "{arguments:?}: {err}");
        for word in *words {
            assert!(err.contains(word), "{arguments:?}: no `{word}` in {err}");
        }
        assert!(!err.contains("panicked"), "{err}");
    }
}

#[test]
fn an_endpoint_that_is_not_there_is_told_at_once() {
    for to in ["firehose://PUT-S3-qrZbv", "kinesis://streaming-analytics-app"] {
        let output = producer(&["--to", to, "-n", "1", "--endpoint-url", "http://127.0.0.1:9"])
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "canary-of-a-secret")
            .output()
            .expect("the program starts");
        let (code, _, err) = outcome(&output);
        assert_eq!(code, 7, "{err}");
        assert!(err.contains("127.0.0.1:9") && err.contains("is anything listening"), "{err}");
        assert!(!err.contains("canary"), "{err}");
    }
}

#[test]
fn help_has_examples_and_exit_codes() {
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, 0);
    assert!(out.contains("Examples:") && out.contains("Exit codes:"), "{out}");
    let (_, short, _) = run(&["-h"]);
    assert!(short.lines().count() < 55, "{} lines", short.lines().count());
}
