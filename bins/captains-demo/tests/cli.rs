//! The demo as a newcomer meets it.

use std::process::{Command, Output};

fn demo(directory: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_captains-demo"))
        .arg("--dir")
        .arg(directory)
        .args(arguments)
        .output()
        .expect("the program starts")
}

#[test]
fn everything_adds_up_and_earlier_runs_are_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut first_files, mut seen) = (0, Vec::new());
    for run in 0..2 {
        let output = demo(directory.path(), &["-n", "20000"]);
        let out = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "{out}");
        assert!(out.contains("20,000 of 20,000 rows read back"), "{out}");
        assert!(out.contains("ok     8") || out.contains("ok     7"), "{out}");
        assert!(out.contains("  full  ratings2") && out.contains("  old   ratings2"), "{out}");
        assert!(out.contains("OPTIONAL BYTE_ARRAY favoritecaptain (STRING)"), "{out}");
        assert!(!out.contains('\u{1b}'), "colours in a pipe: {out}");
        assert_eq!(out.contains("objects of earlier runs"), run == 1, "{out}");
        let files = out.lines().filter(|line| line.ends_with(".parquet")).count();
        if run == 0 {
            first_files = files;
        }
        seen.push(out);
    }
    assert!(seen[1].contains(&format!("beside {first_files} objects")), "{}", seen[1]);
}

#[test]
fn everything_adds_up_through_a_data_stream() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = demo(directory.path(), &["--kinesis", "-n", "20000"]);
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{out}");
    assert!(out.contains("data stream streaming-analytics-app -> "), "{out}");
    assert!(out.contains("20,000 of 20,000 rows read back"), "{out}");
    assert!(out.contains("  old   kinesis-ratings2"), "{out}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let output = demo(&file.join("data"), &[]);
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err.contains("error: failed to use the data directory `") && err.contains("cause:"),
        "{err}"
    );
}
