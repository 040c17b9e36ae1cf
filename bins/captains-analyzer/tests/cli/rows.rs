//! The commands that print rows and draw charts: `tail`, `sample`, `hist`, `timeline`, and the
//! detectors of `anomalies`.

use serde_json::json;

use crate::fixture::{KEYS, batch, done, json, ratings, run, write};

#[test]
fn tail_prints_the_last_rows_from_the_last_objects_alone() {
    let dir = ratings();
    let answer = json(dir.path(), &["tail", "ratings", "-n", "2", "--columns", "rating,user"]);
    assert_eq!(
        answer["rows"],
        json!([
            {"rating": 47, "user": "User, \"48\" of 2"},
            {"rating": 48, "user": "User, \"49\" of 2"},
        ])
    );
    assert_eq!((&answer["report"]["listed"], &answer["report"]["read"]), (&json!(3), &json!(1)));
    let more = json(dir.path(), &["tail", "ratings", "-n", "60"]);
    assert_eq!(more["rows"].as_array().map(Vec::len), Some(60));
    assert_eq!(more["rows"][0]["user"], "User, \"40\" of 1");
    assert_eq!(more["report"]["read"], 2);
    let all = done(dir.path(), &["tail", "ratings", "-n", "999", "--format", "csv"]);
    assert_eq!(all.lines().count(), 151);
}

#[test]
fn a_bad_last_object_fails_tail_or_is_skipped() {
    let dir = ratings();
    std::fs::write(dir.path().join("ratings2022/01/08/09-bad.parquet"), "<html>").unwrap();
    let failed = run(dir.path(), &["tail", "ratings"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.err.contains("09-bad.parquet"), "{failed:?}");
    let skipped = run(dir.path(), &["tail", "ratings", "--on-bad", "skip", "-n", "1"]);
    assert_eq!(skipped.code, 0, "{skipped:?}");
    assert!(skipped.out.contains("of 2") && skipped.err.contains("note: skipped"), "{skipped:?}");
}

#[test]
fn sample_draws_the_same_rows_for_the_same_seed() {
    let dir = ratings();
    let draw = |seed: &str| {
        let args = ["sample", "ratings", "-n", "8", "--seed", seed, "--format", "csv"];
        done(dir.path(), &args)
    };
    assert_eq!(draw("7"), draw("7"));
    assert_ne!(draw("7"), draw("8"));
    assert_eq!(draw("7").lines().count(), 9);
    let all = json(dir.path(), &["sample", "ratings", "-n", "1000", "--columns", "rating"]);
    assert_eq!(all["rows"].as_array().map(Vec::len), Some(150));
    assert_eq!(all["rows"][0], json!({"rating": 1}));
    let table = done(dir.path(), &["sample", "ratings"]);
    assert!(table.starts_with("10 of 150 rows, drawn with seed 42\n"), "{table}");
}

#[test]
fn hist_shows_the_gap() {
    let dir = ratings();
    let answer = json(dir.path(), &["hist", "ratings", "--bins", "10"]);
    assert_eq!(
        (&answer["width"], &answer["gap"]),
        (&json!(1000.0), &json!({"from": 1000.0, "to": 7000.0}))
    );
    let counts: u64 =
        answer["bins"].as_array().unwrap().iter().map(|bin| bin["count"].as_u64().unwrap()).sum();
    assert_eq!(counts, 150);
    let drawn = done(dir.path(), &["hist", "ratings", "--bins", "20"]);
    assert!(
        drawn.starts_with("150 values of rating in bins of 500; nothing from 500 to 7,000\n"),
        "{drawn}"
    );
    assert!(drawn.contains("nothing in 13, 500 to 6,500"), "{drawn}");
    assert!(drawn.lines().any(|line| line.contains("7,000  ") && line.ends_with("3 ◀")), "{drawn}");
    let log = done(dir.path(), &["hist", "ratings", "--log"]);
    assert!(log.contains('█'), "{log}");
    let csv = done(dir.path(), &["hist", "ratings", "--format", "csv"]);
    assert!(csv.starts_with("from,to,count\n0,"), "{csv}");
}

#[test]
fn timeline_counts_rows_by_time_and_those_that_do_not_fit_their_hour() {
    let dir = ratings();
    // 06:20:21 and on, a row each second.
    let answer = json(dir.path(), &["timeline", "ratings"]);
    assert_eq!(answer["steps"][0], json!({"start": "2022-01-08T06:20:00Z", "rows": 39}));
    let rows: u64 =
        answer["steps"].as_array().unwrap().iter().map(|step| step["rows"].as_u64().unwrap()).sum();
    assert_eq!(rows, 150);
    // The third object lies in the hour of 07, its rows were made in that of 06.
    assert_eq!((&answer["late"], &answer["ahead"]), (&json!(50), &json!(0)));
    let drawn = done(dir.path(), &["timeline", "ratings", "--step", "5m"]);
    assert!(
        drawn.starts_with("150 rows from 2022-01-08T06:20:00Z to 2022-01-08T06:25:00Z, per 5m"),
        "{drawn}"
    );
    assert!(drawn.contains("50 late, 0 ahead"), "{drawn}");
    let refused = run(dir.path(), &["timeline", "ratings", "--column", "user"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("column `user` is of type Utf8, which tells no time"),
        "{refused:?}"
    );
}

#[test]
fn every_detector_says_how_well_it_did() {
    let dir = ratings();
    let z = json(dir.path(), &["anomalies", "ratings"]);
    assert_eq!(z["truth"]["planted"], 6);
    assert_eq!((&z["truth"]["precision"], &z["truth"]["recall"]), (&json!(1.0), &json!(1.0)));
    let words = done(dir.path(), &["anomalies", "ratings"]);
    assert!(
        words.contains("of the rows of Neil Armstrong: 6 of 6 found, 0 wrong; precision 1.0000"),
        "{words}"
    );

    let forest = json(dir.path(), &["anomalies", "ratings", "--detector", "iforest", "-n", "3"]);
    assert_eq!(forest["anomalies"].as_array().map(Vec::len), Some(3));
    assert!(forest["anomalies"][0]["value"].as_f64() >= Some(7_000.0), "{forest}");
    assert_eq!(forest["detector"], "iforest");

    let args = ["anomalies", "ratings", "--detector", "rcf", "--warm-up", "30", "--trees", "50"];
    let rcf = json(dir.path(), &args);
    assert_eq!((&rcf["rows"], &rcf["detector"]), (&json!(150), &json!("rcf")));
    assert!(rcf["scored"].as_u64() >= Some(80), "{rcf}");
    assert!(rcf["anomalies"][0]["value"].as_f64() >= Some(7_000.0), "{rcf}");
    assert_eq!(rcf, json(dir.path(), &args), "the same seed gives the same scores");
    let cold = done(dir.path(), &["anomalies", "ratings", "--detector", "rcf"]);
    assert!(cold.starts_with("none of 150 rows has a score"), "{cold}");
}

#[test]
fn the_truth_can_be_named_or_left_out() {
    let dir = ratings();
    let none = json(dir.path(), &["anomalies", "ratings", "--truth", ""]);
    assert_eq!(none["truth"], json!(null));
    let other =
        json(dir.path(), &["anomalies", "ratings", "--truth", "favoritecaptain=James T. Kirk"]);
    assert_eq!(other["truth"]["true_positives"], 0);
    let refused = run(dir.path(), &["anomalies", "ratings", "--truth", "nonsense"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let unknown = run(dir.path(), &["anomalies", "ratings", "--truth", "captain=x"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    // The tutorial's truth asks nothing of a table that has no captains.
    let alone = tempfile::tempdir().unwrap();
    let numbers = batch(0).project(&[2]).unwrap();
    write(&alone.path().join("a.parquet"), &numbers);
    let answer = json(alone.path(), &["anomalies", ".", "--group-by", ""]);
    assert_eq!((&answer["found"], &answer["truth"]), (&json!(2), &json!(null)));
}

#[test]
fn limit_cuts_every_list_and_says_so() {
    let dir = ratings();
    let cut = run(dir.path(), &["ls", "ratings", "--limit", "1"]);
    assert_eq!((cut.code, cut.out), (0, format!("{}\n", KEYS[0])));
    assert!(cut.err.contains("the first 1 of 3 objects by --limit"), "{}", cut.err);
}

#[test]
fn drift_is_listed_alone() {
    let dir = ratings();
    let same = done(dir.path(), &["schema", "ratings", "--drift"]);
    assert!(same.starts_with("all 3 objects have the same columns and types\n"), "{same}");
    let more = batch(0).project(&[0, 1]).unwrap();
    write(&dir.path().join("ratings2022/01/08/08/less.parquet"), &more);
    let csv = done(dir.path(), &["schema", "ratings", "--drift", "--format", "csv"]);
    assert!(csv.starts_with("column,change\n") && csv.contains("less.parquet"), "{csv}");
}

#[test]
fn columns_that_only_a_later_object_has_are_described_too() {
    let dir = ratings();
    let narrow = batch(0).project(&[2]).unwrap();
    write(&dir.path().join("ratings2022/01/08/05/first.parquet"), &narrow);
    let answer = json(dir.path(), &["describe", "ratings"]);
    let columns: Vec<_> = answer["columns"].as_array().unwrap().iter().collect();
    assert_eq!(columns.len(), 4, "{answer}");
    let user = columns.iter().find(|column| column["column"] == "user").unwrap();
    assert_eq!((&user["count"], &user["nulls"]), (&json!(150), &json!(50)));
    let captains = done(dir.path(), &["captains", "ratings", "--format", "csv"]);
    assert!(captains.contains(",50,0.25,"), "the rows without a captain are a group: {captains}");
}
