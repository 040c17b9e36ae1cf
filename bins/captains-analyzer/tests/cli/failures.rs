//! Bad input on a directory: the exit code, and a message that names the thing and the way on.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use crate::fixture::{KEYS, batch, ratings, run, write};

/// Runs in the ratings directory, and checks the code, silence on stdout and words on stderr.
fn refuse(args: &[&str], code: i32, words: &[&str]) {
    check(ratings().path(), args, code, words);
}

fn check(dir: &std::path::Path, args: &[&str], code: i32, words: &[&str]) {
    let run = run(dir, args);
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{args:?}: {run:?}");
    for word in words {
        assert!(run.err.contains(word), "{args:?}: `{word}` is not in {run:?}");
    }
}

#[test]
fn what_the_command_line_gets_wrong_is_usage() {
    refuse(&["count", "ratings", "--region", "x"], 2, &["--region has no effect on a directory"]);
    refuse(&["watch", "ratings", "--limit", "1"], 2, &["--limit has no effect on watch"]);
    refuse(&["report", "ratings", "--limit", "1"], 2, &["--limit has no effect on report"]);
    for (detector, flag) in
        [("z", "--trees"), ("z", "--seed"), ("z", "--warm-up"), ("iforest", "--warm-up")]
    {
        let words = format!("{flag} has no effect on --detector {detector}");
        refuse(&["anomalies", "ratings", "--detector", detector, flag, "9"], 2, &[&words]);
    }
    refuse(&["man", "--format", "json"], 2, &["--format has no effect on man"]);
    let export = ["export", "ratings", "--as", "csv", "--format", "json"];
    refuse(&export, 2, &["--format has no effect on export to stdout"]);
    refuse(&["watch", "ratings", "--every", "0s"], 2, &["give some time, such as 1s"]);
    refuse(&["haed", "ratings"], 2, &["unrecognized subcommand 'haed'", "'head'"]);
    refuse(&["head", "ratings", "-n", "many"], 2, &["invalid value 'many'"]);
    refuse(&["count", "ratings", "--from", "noon"], 2, &["give an hour as 2022-01-08T06"]);
    refuse(&["count", "ratings", "--concurrency", "0"], 2, &["at least 1"]);
    refuse(&["anomalies", "ratings", "--threshold", "0"], 2, &["above zero"]);
    refuse(&["count", "gs://b/x"], 2, &["error: cannot read `gs://b/x`", "s3://bucket/prefix"]);
    refuse(&["count", "no/such/place"], 2, &["`no/such/place`", "no such file or directory"]);
    let range = ["count", "ratings", "--from", "2022-01-09", "--to", "2022-01-08"];
    refuse(&range, 2, &["the end must lie after the start"]);
}

#[test]
fn an_unknown_column_is_answered_with_the_known_ones() {
    for args in [
        &["head", "ratings", "--columns", "raiting"][..],
        &["schema", "ratings", "--columns", "raiting"],
        &["describe", "ratings", "--columns", "raiting"],
        &["captains", "ratings", "--column", "raiting"],
        &["anomalies", "ratings", "--column", "raiting"],
    ] {
        let words = ["there is no column `raiting`", "favoritecaptain", " timestamp"];
        refuse(args, 2, &[&words[..], &["captains-analyzer schema ratings"]].concat());
    }
    refuse(
        &["captains", "ratings", "--column", "user"],
        2,
        &["column `user` is of type Utf8, not a number", "numeric columns are: rating, timestamp"],
    );
    refuse(&["hist", "ratings", "--column", "user"], 2, &["columns are: rating, timestamp"]);
}

#[test]
fn nothing_under_the_prefix_is_its_own_exit_code() {
    for command in [
        "ls",
        "head",
        "tail",
        "sample",
        "count",
        "schema",
        "describe",
        "captains",
        "hist",
        "timeline",
        "anomalies",
        "check",
        "report",
    ] {
        refuse(
            &[command, "./ratinks"],
            3,
            &[
                "error: nothing found: no Parquet object under `./ratinks`",
                "captains-analyzer ls .",
            ],
        );
    }
    refuse(&["count", "ratings", "--from", "2023-01-01"], 3, &["from 2023-01-01T00:00:00Z"]);
    let empty = tempfile::tempdir().unwrap();
    check(empty.path(), &["ls", "."], 3, &["nothing found"]);
}

#[test]
fn a_bad_object_is_named_with_the_way_around_it() {
    let good = fs::read(ratings().path().join(KEYS[0])).unwrap();
    let half = good[..good.len() / 2].to_vec();
    for content in [b"<html>not Parquet</html>".to_vec(), half] {
        let dir = ratings();
        fs::write(dir.path().join("ratings2022/01/08/06/odd.parquet"), &content).unwrap();
        for command in ["head", "count", "schema", "describe", "captains", "anomalies"] {
            let mut args = vec![command, "ratings"];
            // The odd object comes third: fewer rows would not meet it.
            args.extend(["-n", "200"].iter().filter(|_| command == "head"));
            check(dir.path(), &args, 1, &["odd.parquet", "--on-bad skip"]);
        }
    }
}

#[test]
fn when_every_object_is_bad_skipping_does_not_make_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.parquet"), "no").unwrap();
    let args = ["describe", ".", "--on-bad", "skip"];
    check(dir.path(), &args, 1, &["none of 1 objects under `.` could be read", "a.parquet"]);
}

#[test]
fn types_that_do_not_fit_are_named() {
    let dir = ratings();
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["many"]));
    let texts = RecordBatch::try_from_iter([("rating", texts)]).unwrap();
    write(&dir.path().join("ratings2022/01/08/08/text.parquet"), &texts);
    check(dir.path(), &["describe", "ratings"], 1, &["column `rating`", "text.parquet", "Utf8"]);
}

#[test]
fn a_damaged_page_is_found_where_data_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flipped.parquet");
    write(&path, &batch(0));
    let mut bytes = fs::read(&path).unwrap();
    bytes[60] ^= 0xff;
    fs::write(&path, &bytes).unwrap();
    let run = run(dir.path(), &["describe", "."]);
    assert_ne!(run.code, -1, "{run:?}");
    if run.code != 0 {
        assert!(run.err.contains("flipped.parquet"), "{run:?}");
    }
}
