//! The commands about objects as such: `check`, `compact`, `export`.

use std::fs::{self, File};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::fixture::{KEYS, batch, done, json, program, ratings, run};

fn parquet(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = std::sync::Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

#[test]
fn check_names_every_bad_object_and_fails() {
    let dir = ratings();
    let sound = done(dir.path(), &["check", "ratings"]);
    assert!(sound.starts_with("3 objects are sound: 150 rows, "), "{sound}");

    let hour = dir.path().join("ratings2022/01/08/06");
    fs::write(hour.join("html.parquet"), "<html>").unwrap();
    let mut flipped = fs::read(dir.path().join(KEYS[0])).unwrap();
    let length = flipped.len();
    flipped.truncate(length - 100);
    fs::write(hour.join("short.parquet"), flipped).unwrap();
    let bad = run(dir.path(), &["check", "ratings", "--format", "json"]);
    assert_eq!(bad.code, 1, "{bad:?}");
    let answer: serde_json::Value = serde_json::from_str(&bad.out).unwrap();
    assert_eq!((&answer["objects"], &answer["rows"]), (&json!(5), &json!(150)));
    let keys: Vec<_> =
        answer["bad"].as_array().unwrap().iter().map(|bad| bad["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), 2);
    assert!(keys[0].ends_with("html.parquet") && keys[1].ends_with("short.parquet"), "{keys:?}");
    let table = run(dir.path(), &["check", "ratings"]);
    assert!(table.out.starts_with("2 of 5 objects are bad\n"), "{table:?}");
    let csv = run(dir.path(), &["check", "ratings", "--format", "csv"]);
    assert!(csv.code == 1 && csv.out.starts_with("key,size,fault\n"), "{csv:?}");

    // A page whose bytes are not those that its checksum was made of.
    let one = tempfile::tempdir().unwrap();
    let sound: &[u8] =
        include_bytes!("../../../../crates/s3-parquet-reader/tests/foreign/checksums/a.parquet");
    fs::write(one.path().join("flipped.parquet"), sound).unwrap();
    assert!(done(one.path(), &["check", "."]).starts_with("1 object is sound"));
    let mut flipped = sound.to_vec();
    flipped[40] ^= 1;
    fs::write(one.path().join("flipped.parquet"), flipped).unwrap();
    let found = run(one.path(), &["check", "."]);
    assert!(found.code == 1 && found.out.contains("flipped.parquet"), "{found:?}");
    fs::write(one.path().join("flipped.parquet"), "").unwrap();
    let empty = run(one.path(), &["check", "."]);
    assert!(empty.code == 1 && empty.out.contains("zero bytes"), "{empty:?}");
}

#[test]
fn compact_makes_one_object_of_each_hour_and_leaves_the_others_alone() {
    let dir = ratings();
    let before: Vec<Vec<u8>> =
        KEYS.iter().map(|key| fs::read(dir.path().join(key)).unwrap()).collect();
    let answer = json(dir.path(), &["compact", "ratings", "--into", "large"]);
    assert_eq!(answer["verified"], true);
    let objects = answer["objects"].as_array().unwrap();
    let made: Vec<_> = objects.iter().map(|object| (&object["key"], &object["rows"])).collect();
    assert_eq!(
        made,
        [
            (&json!("2022/01/08/06/compacted-00000.parquet"), &json!(100)),
            (&json!("2022/01/08/07/compacted-00000.parquet"), &json!(50)),
        ]
    );
    let first = parquet(&dir.path().join("large/2022/01/08/06/compacted-00000.parquet"));
    let schema = first.schema();
    assert_eq!(first, concat_batches(&schema, &[batch(0), batch(1)]).unwrap());
    let after: Vec<Vec<u8>> =
        KEYS.iter().map(|key| fs::read(dir.path().join(key)).unwrap()).collect();
    assert_eq!(before, after);
    // The hours still work.
    let hour = json(dir.path(), &["count", "large", "--from", "2022-01-08T07"]);
    assert_eq!(hour["count"][0]["rows"], 50);
}

#[test]
fn compact_cuts_at_the_target_size() {
    let dir = ratings();
    let answer = json(dir.path(), &["compact", "ratings", "--into", "many", "--target-size", "1B"]);
    assert_eq!(answer["objects"].as_array().map(Vec::len), Some(3));
    assert_eq!(json(dir.path(), &["count", "many"])["count"][0]["rows"], 150);
}

#[test]
fn compact_refuses_what_would_double_or_mix_rows() {
    let dir = ratings();
    for (to, words) in [
        ("ratings-large", "it lies within what is read"),
        ("ratings2022/01/08/06", "it lies within what is read"),
    ] {
        let refused = run(dir.path(), &["compact", "ratings", "--into", to]);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
        assert!(refused.err.contains(words), "{refused:?}");
    }
    assert!(!dir.path().join("ratings-large").exists(), "nothing is left of what was refused");
    done(dir.path(), &["compact", "ratings", "--into", "large"]);
    let again = run(dir.path(), &["compact", "ratings", "--into", "large"]);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.err.contains("it is not empty"), "{again:?}");
}

#[test]
fn export_writes_all_rows_in_each_format() {
    let dir = ratings();
    let at = |name: &str| dir.path().join(name);
    let csv = done(dir.path(), &["export", "ratings", "--as", "csv", "--columns", "rating,user"]);
    assert!(csv.starts_with("rating,user\n1,\"User, \"\"0\"\" of 0\"\n"), "{csv}");
    assert_eq!(csv.lines().count(), 151);

    let few = done(dir.path(), &["export", "ratings", "--as", "csv", "--limit", "60"]);
    assert_eq!(few.lines().count(), 61);

    let lines = done(dir.path(), &["export", "ratings", "--as", "jsonl"]);
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 150);
    assert_eq!(rows[0]["timestamp"], 1_641_622_821.123_456_7);

    let answer = json(dir.path(), &["export", "ratings", "--as", "parquet", "-o", "all.parquet"]);
    assert_eq!(answer["written"][0]["rows"], 150);
    let expected = concat_batches(&batch(0).schema(), &[batch(0), batch(1), batch(2)]).unwrap();
    assert_eq!(parquet(&at("all.parquet")).columns(), expected.columns());
    assert!(!at("all.parquet.partial").exists());

    done(dir.path(), &["export", "ratings", "--as", "arrow", "-o", "all.arrow"]);
    let file = arrow::ipc::reader::FileReader::try_new(File::open(at("all.arrow")).unwrap(), None);
    let batches: Vec<RecordBatch> = file.unwrap().map(Result::unwrap).collect();
    let read = concat_batches(&batches[0].schema(), &batches).unwrap();
    assert_eq!(read.columns(), expected.columns());
    let mut command = program(dir.path());
    let stream = command.args(["export", "ratings", "--as", "arrow"]).output().unwrap().stdout;
    let stream = arrow::ipc::reader::StreamReader::try_new(stream.as_slice(), None).unwrap();
    assert_eq!(stream.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 150);
}

#[test]
fn export_says_what_it_cannot_do() {
    let dir = ratings();
    let without = run(dir.path(), &["export", "ratings"]);
    assert_eq!(without.code, 2, "{without:?}");
    let hour = dir.path().join("ratings2022/01/08/07");
    fs::write(hour.join("short.parquet"), b"PAR1 and no more").unwrap();
    let args = ["export", "ratings", "--as", "csv", "-o", "all.csv"];
    assert_eq!(run(dir.path(), &args).code, 1);
    fs::remove_file(hour.join("short.parquet")).unwrap();
    let left = ["all.csv", "all.csv.partial"].map(|name| dir.path().join(name).exists());
    assert_eq!(left, [false, false], "nothing is left of what failed");
    let nowhere = run(dir.path(), &["export", "ratings", "--as", "csv", "-o", "no/such/place.csv"]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    assert!(nowhere.err.contains("cannot write `no/such/place.csv.partial`"), "{nowhere:?}");
}
