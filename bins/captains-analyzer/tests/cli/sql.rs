//! `sql`: where statements come from, what they may ask, and how mistakes are told.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::fixture::{done, finish, json, program, ratings, run, write};

#[test]
fn a_query_is_answered_in_every_format() {
    let dir = ratings();
    let sql = "SELECT favoritecaptain AS captain, count(*) AS n, max(rating) AS most \
               FROM ratings GROUP BY captain ORDER BY most DESC";
    let csv = done(dir.path(), &["sql", sql, "ratings", "--format", "csv"]);
    assert!(csv.starts_with("captain,n,most\nNeil Armstrong,6,9000\n"), "{csv}");
    let answer = json(dir.path(), &["sql", sql, "ratings"]);
    assert_eq!(answer["rows"][0], json!({"captain": "Neil Armstrong", "n": 6, "most": 9000}));
    assert_eq!((&answer["report"]["read"], &answer["location"]), (&json!(3), &json!("ratings")));
    let table = done(dir.path(), &["sql", sql, "ratings"]);
    assert!(table.contains("│ Neil Armstrong"), "{table}");
}

#[test]
fn the_table_answers_to_its_glue_name_and_to_another() {
    let dir = ratings();
    for (args, table) in [
        (&[][..], "captains.ratings"),
        (&["--table", "db.votes"], "db.votes"),
        (&["--table", "db.votes"], "votes"),
        (&["--table", "votes"], "captains.votes"),
    ] {
        let sql = format!("SELECT count(*) AS n FROM {table}");
        let args = [&["sql", &sql, "ratings"], args].concat();
        assert_eq!(json(dir.path(), &args)["rows"], json!([{"n": 150}]), "{table}");
    }
}

#[test]
fn statements_come_from_a_file_and_from_a_pipe() {
    let dir = ratings();
    let statements = "SELECT 1 AS a; -- the first\nSELECT ';' AS b";
    fs::write(dir.path().join("queries.sql"), statements).unwrap();
    let file = done(dir.path(), &["sql", "ratings", "-f", "queries.sql", "--format", "csv"]);
    assert_eq!(file, "a\n1\nb\n;\n");
    let mut child = program(dir.path())
        .args(["sql", "ratings", "--format", "csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
    let piped = finish(child.wait_with_output().unwrap());
    assert_eq!((piped.code, piped.out), (0, file));
    let nothing = run(dir.path(), &["sql", " ; ", "ratings"]);
    assert_eq!(nothing.code, 2, "{nothing:?}");
    let missing = run(dir.path(), &["sql", "ratings", "-f", "no.sql"]);
    assert_eq!(missing.code, 1, "{missing:?}");
    assert!(missing.err.contains("cannot read `no.sql`"), "{missing:?}");
}

#[test]
fn every_preset_has_an_answer() {
    let dir = ratings();
    let list = json(dir.path(), &["sql", "--preset", "list"]);
    let presets = list["presets"].as_array().unwrap();
    assert_eq!(presets.len(), 4);
    for preset in presets {
        let name = preset["name"].as_str().unwrap();
        // The fixture has fewer rows than the forest's warm-up.
        let few = name.contains("anomalies");
        let rows = json(dir.path(), &["sql", "ratings", "--preset", name])["rows"].clone();
        assert_eq!(rows.as_array().unwrap().is_empty(), few, "{name}: {rows}");
    }
    let scores = json(dir.path(), &["sql", "ratings", "--preset", "captain-scores"]);
    let first = &scores["rows"][0];
    assert_eq!(first["favoritecaptain"], "Neil Armstrong");
    assert_eq!(first["minute"], "2022-01-08T06:20:00");
    assert_eq!(first["total_rating"], 7_000);
    let unknown = run(dir.path(), &["sql", "ratings", "--preset", "captain-score"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.err.contains("captain-scores, ordered-anomalies"), "{unknown:?}");
}

#[test]
fn scores_of_the_forest_are_a_table() {
    let dir = ratings();
    for object in 3..9 {
        let key = format!("ratings2022/01/08/07/more-{object}.parquet");
        write(&dir.path().join(key), &crate::fixture::batch(object));
    }
    let answer = json(dir.path(), &["sql", "ratings", "--preset", "top-anomalies"]);
    assert_eq!(answer["rows"].as_array().map(Vec::len), Some(10));
    assert_eq!(answer["rows"][0]["favoritecaptain"], "Neil Armstrong", "{answer}");
}

#[test]
fn mistakes_are_usage_and_objects_that_fail_are_not() {
    let dir = ratings();
    for (sql, words, way_on) in [
        ("SELEC 1", &["SELEC"][..], "captains-analyzer schema ratings"),
        (
            "SELECT raiting FROM ratings",
            &["No field named raiting", "Did you mean"],
            "captains-analyzer schema ratings",
        ),
        (
            "SELECT * FROM ratinks",
            &["there is no table `captains.ratinks`; there are: ratings, raw_anomalies"],
            "captains-analyzer schema ratings",
        ),
        ("DROP TABLE ratings", &["DROP TABLE is refused"], "captains-analyzer export"),
        ("COPY ratings TO 'x.csv'", &["COPY is refused"], "captains-analyzer export"),
        (
            "INSERT INTO ratings VALUES ('a', 'b', 1, 1.0)",
            &["INSERT INTO is refused"],
            "captains-analyzer export",
        ),
        (
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            &["CREATE EXTERNAL TABLE is refused"],
            "captains-analyzer export",
        ),
    ] {
        let refused = run(dir.path(), &["sql", sql, "ratings"]);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
        for word in words.iter().chain([&way_on]) {
            assert!(refused.err.contains(word), "`{word}` is not in {refused:?}");
        }
    }
    // Its footer is sound, so that only reading its data shows the damage.
    let bad = dir.path().join("ratings2022/01/08/07/damaged.parquet");
    write(&bad, &crate::fixture::batch(7));
    let mut bytes = fs::read(&bad).unwrap();
    bytes[4..60].fill(0xff);
    fs::write(&bad, bytes).unwrap();
    let failed = run(dir.path(), &["sql", "SELECT count(\"user\") FROM ratings", "ratings"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(
        failed.err.contains("damaged.parquet") && failed.err.contains("--on-bad skip"),
        "{failed:?}"
    );
    let args = ["sql", "ratings", "SELECT count(\"user\") AS n FROM ratings", "--on-bad", "skip"];
    let skipped = run(dir.path(), &args);
    assert!(skipped.code == 0 && skipped.out.contains("150"), "{skipped:?}");
    assert!(skipped.err.contains("note: skipped"), "{skipped:?}");
}

#[test]
fn a_table_shows_a_thousand_rows_and_says_so() {
    let dir = ratings();
    let sql = "SELECT a.rating FROM ratings a CROSS JOIN ratings b";
    let table = run(dir.path(), &["sql", sql, "ratings"]);
    assert!(table.err.contains("the first 1000 rows"), "{}", table.err);
    let csv = run(dir.path(), &["sql", sql, "ratings", "--format", "csv", "--limit", "7"]);
    assert_eq!((csv.code, csv.out.lines().count()), (0, 8));
}

#[test]
fn what_names_two_places_or_none_is_usage() {
    let dir = ratings();
    for (args, words) in [
        (&["sql", "SELECT 1", "ratings", "--preset", "captains"][..], "come from one place"),
        (&["sql", "ratings", "-f", "x", "--preset", "captains"], "cannot be used with"),
        (&["sql", "SELECT 1", "ratings", "--table", "db."], "`db.` is no NAME or DATABASE.NAME"),
        (&["sql", "SELECT 1", "ratings", "--memory", "much"], "give a size"),
    ] {
        let refused = run(dir.path(), args);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{args:?}: {refused:?}");
        assert!(refused.err.contains(words), "{args:?}: {refused:?}");
    }
    let nothing = run(dir.path(), &["sql", "SELECT 1", "./ratinks"]);
    assert_eq!(nothing.code, 3, "{nothing:?}");
}

#[test]
fn a_query_that_outgrows_its_memory_says_so() {
    let dir = ratings();
    let sql = "SELECT \"user\", count(*) FROM ratings GROUP BY \"user\"";
    let run = run(dir.path(), &["sql", sql, "ratings", "--memory", "1KiB"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
    assert!(run.err.contains("--memory"), "{run:?}");
}
