//! Every command in every format, on a directory.

use std::fs;
use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use serde_json::json;

use crate::fixture::{KEYS, done, finish, json, program, ratings, run, write};

#[test]
fn ls_prints_keys_and_with_l_more() {
    let dir = ratings();
    // A path prefix, as on S3: there is no directory `ratings`.
    assert_eq!(done(dir.path(), &["ls", "ratings"]), KEYS.map(|key| format!("{key}\n")).concat());
    let long = done(dir.path(), &["ls", "-l", "."]);
    assert!(long.starts_with("3 objects, "), "{long}");
    assert!(long.contains("2022-01-08T06:00:00Z") && long.contains("KiB"), "{long}");

    let answer = json(dir.path(), &["ls", "ratings"]);
    assert_eq!(answer["location"], "ratings");
    assert_eq!(answer["objects"][2]["hour"], "2022-01-08T07:00:00Z");
    assert!(answer["objects"][0]["size"].as_u64().is_some_and(|size| size > 500));
    let csv = done(dir.path(), &["ls", "ratings", "--format", "csv"]);
    assert!(csv.starts_with("key,size,last_modified,hour\nratings2022/01/08/06/"), "{csv}");
}

#[test]
fn hours_narrow_what_is_read() {
    let dir = ratings();
    for (range, objects) in [
        (&["--from", "2022-01-08T07"][..], 1),
        (&["--to", "2022-01-08T07"], 2),
        (&["--from", "2022-01-08T06", "--to", "2022-01-08T07:00:00Z"], 2),
        (&["--from", "2022-01-08", "--to", "2022-01-09"], 3),
    ] {
        let answer = json(dir.path(), &[&["count", "ratings"], range].concat());
        assert_eq!(
            answer["count"],
            json!([{"objects": objects, "rows": objects * 50}]),
            "{range:?}"
        );
    }
}

#[test]
fn head_prints_the_first_rows_of_chosen_columns() {
    let dir = ratings();
    let csv = done(dir.path(), &["head", "ratings", "-n", "1", "--format", "csv"]);
    assert_eq!(
        csv,
        "user,favoritecaptain,rating,timestamp\n\
         \"User, \"\"0\"\" of 0\",James T. Kirk,1,1641622821.1234567\n"
    );
    let answer =
        json(dir.path(), &["head", "ratings", "-n", "2", "--columns", "rating,favoritecaptain"]);
    assert_eq!(
        answer["rows"],
        json!([
            {"rating": 1, "favoritecaptain": "James T. Kirk"},
            {"rating": 2, "favoritecaptain": "Kathryn Janeway"},
        ])
    );
    assert_eq!(answer["report"]["read"], 1, "one object is enough");
    let table = done(dir.path(), &["head", "ratings"]);
    assert_eq!(table.matches("of 0").count(), 5, "{table}");
}

#[test]
fn count_takes_a_file_a_directory_and_a_url() {
    let dir = ratings();
    let url = format!("file://{}/ratings", dir.path().display());
    for (location, rows) in [("ratings", 150), ("./ratings2022", 150), (KEYS[0], 50), (&url, 150)] {
        let csv = done(dir.path(), &["count", location, "--format", "csv"]);
        assert!(csv.starts_with("objects,rows\n") && csv.ends_with(&format!(",{rows}\n")), "{csv}");
    }
    let table = done(dir.path(), &["count", "ratings"]);
    assert!(table.contains("│       3 ┆  150 │"), "{table}");
}

#[test]
fn the_location_may_come_from_the_environment() {
    let dir = ratings();
    let mut command = program(dir.path());
    let run = finish(
        command
            .env("CAPTAINS_FROM", "ratings")
            .args(["count", "--format", "csv"])
            .output()
            .unwrap(),
    );
    assert_eq!((run.code, run.out.as_str()), (0, "objects,rows\n3,150\n"));
}

#[test]
fn schema_names_columns_types_and_drift() {
    let dir = ratings();
    let csv = done(dir.path(), &["schema", "ratings", "--format", "csv"]);
    assert_eq!(
        csv,
        "column,type\nuser,Utf8\nfavoritecaptain,Utf8\nrating,Int32\ntimestamp,Float64\n"
    );
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let wide = RecordBatch::try_from_iter([("rating", wide)]).unwrap();
    write(&dir.path().join("ratings2022/01/08/08/wide.parquet"), &wide);
    let answer = json(dir.path(), &["schema", "ratings", "--columns", "rating"]);
    assert_eq!(answer["columns"], json!([{"column": "rating", "type": "Int64"}]));
    let drift = answer["drift"].as_array().unwrap();
    let widened = |drift: &&serde_json::Value| drift["column"] == "rating";
    let change = drift.iter().find(widened).unwrap()["change"].as_str().unwrap();
    assert!(change.contains("Int32 (read as Int64)"), "{change}");
    let table = done(dir.path(), &["schema", "ratings"]);
    assert!(table.contains("objects that differ:"), "{table}");
}

#[test]
fn describe_knows_each_column() {
    let dir = ratings();
    let answer = json(dir.path(), &["describe", "ratings"]);
    assert_eq!(answer["rows"], 150);
    let rating = &answer["columns"][2];
    for (field, expected) in [
        ("column", json!("rating")),
        ("type", json!("Int32")),
        ("count", json!(150)),
        ("nulls", json!(0)),
        ("distinct", json!(50)),
        ("min", json!(1)),
        ("p50", json!(25.5)),
        ("max", json!(9_000)),
        ("mean", json!((48.0 * 49.0 / 2.0 + 16_000.0) / 50.0)),
        ("note", json!(null)),
    ] {
        assert_eq!(rating[field], expected, "{field}");
    }
    assert_eq!(answer["columns"][1]["min"], "James T. Kirk");
    let table = done(dir.path(), &["describe", "ratings", "--columns", "rating"]);
    assert!(table.starts_with("150 rows in 3 objects\n"), "{table}");
    assert!(table.contains("rating") && !table.contains("timestamp"), "{table}");
}

#[test]
fn captains_are_grouped_and_so_is_anything_else() {
    let dir = ratings();
    let csv = done(dir.path(), &["captains", "ratings", "--format", "csv"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "group,count,share,min,median,mean,max");
    assert!(lines[1].starts_with("Kathryn Janeway,75,0.5,2,"), "{csv}");
    assert_eq!(lines[3], "Neil Armstrong,6,0.04,7000,8000,8000,9000");
    let answer =
        json(dir.path(), &["captains", "ratings", "--group-by", "rating", "--column", "timestamp"]);
    assert_eq!((&answer["group_by"], &answer["value"]), (&json!("rating"), &json!("timestamp")));
    assert_eq!(answer["groups"].as_array().map(Vec::len), Some(50));
    let table = done(dir.path(), &["captains", "ratings"]);
    assert!(table.starts_with("rating by favoritecaptain: 150 rows, 3 groups\n"), "{table}");
    assert!(table.contains("4.00 %"), "{table}");
}

#[test]
fn anomalies_are_those_that_were_planted() {
    let dir = ratings();
    let answer = json(dir.path(), &["anomalies", "ratings", "-n", "2"]);
    assert_eq!((&answer["found"], &answer["scored"]), (&json!(6), &json!(150)));
    let examples = answer["anomalies"].as_array().unwrap();
    assert_eq!(examples.len(), 2);
    assert_eq!((&examples[1]["object"], &examples[1]["row"]), (&json!(KEYS[1]), &json!(40)));
    assert_eq!(examples[1]["value"], 9_000.0);
    let group = &answer["groups"][0];
    assert_eq!((&group["group"], &group["rows"]), (&json!("Neil Armstrong"), &json!(6)));
    let reason = group["reason"].as_str().unwrap();
    assert!(reason.contains("lie above every other group's maximum"), "{reason}");

    let table = done(dir.path(), &["anomalies", "ratings"]);
    assert!(
        table.starts_with("6 of 150 values of rating score beyond 3.5 (median 25.5"),
        "{table}"
    );
    let csv = done(dir.path(), &["anomalies", "ratings", "--group-by", "", "--format", "csv"]);
    assert!(csv.starts_with("object,row,value,score,reason\n"), "{csv}");
    assert_eq!(csv.lines().count(), 7, "{csv}");
    let none = done(dir.path(), &["anomalies", "ratings", "--threshold", "1e6"]);
    assert!(none.starts_with("0 of 150"), "{none}");
}

#[test]
fn bad_objects_are_skipped_when_asked_and_reported() {
    let dir = ratings();
    let broken = dir.path().join("ratings2022/01/08/06/broken.parquet");
    fs::write(&broken, "<html>no such file</html>").unwrap();
    let skipped = run(dir.path(), &["captains", "ratings", "--on-bad", "skip", "--format", "csv"]);
    assert_eq!(skipped.code, 0, "{skipped:?}");
    assert!(skipped.out.contains("Neil Armstrong,6,"), "{skipped:?}");
    assert!(
        skipped.err.contains("note: skipped ratings2022/01/08/06/broken.parquet"),
        "{skipped:?}"
    );
    let answer = json(dir.path(), &["describe", "ratings", "--on-bad", "skip"]);
    assert_eq!(answer["report"]["skipped"][0]["size"], 25);
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let dir = ratings();
    let mut child = program(dir.path())
        .args(["captains", "ratings", "--group-by", "user", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let run = finish(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn help_fits_one_screen_and_its_long_form_has_an_example_for_each_command() {
    let dir = tempfile::tempdir().unwrap();
    let short = done(dir.path(), &["-h"]);
    assert!(short.lines().count() <= 40, "{short}");
    let long = done(dir.path(), &["--help"]);
    for command in [
        "buckets",
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
        "sql",
        "watch",
        "stream",
        "check",
        "compact",
        "export",
        "report",
        "doctor",
        "completions",
        "man",
    ] {
        let built = match command {
            "buckets" | "doctor" => cfg!(feature = "s3"),
            "sql" => cfg!(feature = "sql"),
            "stream" => cfg!(feature = "stream"),
            _ => true,
        };
        if !built {
            continue;
        }
        assert!(long.contains(&format!("  captains-analyzer {command}")), "{command}");
        let help = done(dir.path(), &[command, "-h"]);
        assert!(help.lines().count() <= 40, "{help}");
    }
    assert!(long.contains("Exit codes:"));
}
