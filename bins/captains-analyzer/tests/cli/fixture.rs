//! Parquet files to look at, and the program to look with.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

/// Keys of the objects of [`ratings`], in order.
pub(crate) const KEYS: [&str; 3] = [
    "ratings2022/01/08/06/PUT-S3-qrZbv-1-2022-01-08-06-20-21-a.parquet",
    "ratings2022/01/08/06/PUT-S3-qrZbv-1-2022-01-08-06-21-22-b.parquet",
    "ratings2022/01/08/07/PUT-S3-qrZbv-1-2022-01-08-07-00-01-c.parquet",
];

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Three objects of 50 rows in two hours. Two ratings in fifty are Armstrong's, 7000 and 9000; the
/// others' go from 1 to 48, of two captains in turn.
pub(crate) fn ratings() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (at, key) in KEYS.iter().enumerate() {
        write(&dir.path().join(key), &batch(u32::try_from(at).unwrap()));
    }
    fs::write(dir.path().join("ratings2022/01/08/06/_SUCCESS"), "").unwrap();
    dir
}

/// Rows of the tutorial's four columns.
pub(crate) fn batch(object: u32) -> RecordBatch {
    let captain = |row| match row {
        20 | 40 => "Neil Armstrong",
        row if row % 2 == 0 => "James T. Kirk",
        _ => "Kathryn Janeway",
    };
    let rating = |row| match row {
        20 => 7_000,
        40 => 9_000,
        row => row - i32::from(row > 20) - i32::from(row > 40) + 1,
    };
    let users = (0..50).map(|row| format!("User, \"{row}\" of {object}"));
    let seconds = |row| 1_641_622_821.123_456_7 + f64::from(row) + f64::from(object) * 60.0;
    let columns: [(&str, ArrayRef); 4] = [
        ("user", Arc::new(StringArray::from_iter_values(users))),
        ("favoritecaptain", Arc::new(StringArray::from_iter_values((0..50).map(captain)))),
        ("rating", Arc::new(Int32Array::from_iter_values((0..50).map(rating)))),
        ("timestamp", Arc::new(Float64Array::from_iter_values((0..50).map(seconds)))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// One Parquet file, with the folders above it.
pub(crate) fn write(path: &Path, batch: &RecordBatch) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// The program with nothing of this machine's AWS settings, no credentials and no metadata service.
pub(crate) fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_captains-analyzer"));
    command.current_dir(dir).env_clear().env("HOME", dir).env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// Runs the program in a directory.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Run {
    finish(program(dir).args(args).output().unwrap())
}

/// Runs it and expects it to be done.
pub(crate) fn done(dir: &Path, args: &[&str]) -> String {
    let run = run(dir, args);
    assert_eq!(run.code, 0, "{args:?}: {run:?}");
    run.out
}

/// Runs it with `--format json` and expects it to be done.
pub(crate) fn json(dir: &Path, args: &[&str]) -> serde_json::Value {
    let out = done(dir, &[args, &["--format", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

pub(crate) fn finish(output: Output) -> Run {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    assert!(!run.err.contains("panicked"), "{run:?}");
    assert!(!run.out.contains('\x1b') && !run.err.contains('\x1b'), "colour in a pipe: {run:?}");
    run
}
