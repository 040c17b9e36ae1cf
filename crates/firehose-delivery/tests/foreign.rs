//! What the stream delivers, read by readers of other people's making: Parquet by pyarrow, DuckDB
//! and Polars, compressed objects by Python's and Hadoop's and Kafka's decoders.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use firehose_delivery::{
    Clock, DeliveryStream, DeliveryStreamConfig, Dictionaries, GlueTable, ParquetCompression,
    ParquetObject, ParquetOptions, RawCompression, TimestampType, WriterVersion,
};
use firehose_sink::Record;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};
use serde_json::{Value, json};

const COLUMNS: &[(&str, &str)] = &[
    ("s", "string"),
    ("b", "boolean"),
    ("t", "tinyint"),
    ("i", "int"),
    ("l", "bigint"),
    ("f", "float"),
    ("d", "double"),
    ("m", "decimal(9,2)"),
    ("n", "decimal(38,10)"),
    ("y", "date"),
    ("z", "timestamp"),
    ("x", "binary"),
    ("al", "array<int>"),
    ("aa", "array<array<string>>"),
    ("mp", "map<string,timestamp>"),
    ("st", "struct<a:int,b:struct<c:decimal(5,1),d:timestamp>,e:array<struct<f:boolean>>>"),
];

/// The same types in the words of the script.
fn kinds() -> Value {
    json!({
        "s": "string", "b": "boolean", "t": "int", "i": "int", "l": "int", "f": "float",
        "d": "double", "m": "decimal", "n": "decimal", "y": "date", "z": "timestamp",
        "x": "binary", "al": ["int"], "aa": [["string"]],
        "mp": { "key": "string", "value": "timestamp" },
        "st": { "a": "int", "b": { "c": "decimal", "d": "timestamp" }, "e": [{ "f": "boolean" }] },
    })
}

/// Records, and what every reader has to find in their rows.
fn rows() -> Vec<(String, Value)> {
    let nothing =
        Value::Object(COLUMNS.iter().map(|(name, _)| ((*name).to_owned(), Value::Null)).collect());
    let full = (
        r#"{"s":"\u00e4\ud83d\ude00\"","b":true,"t":-128,"i":2147483647,"l":-9223372036854775808,
            "f":0.5,"d":1641621600.123456,"m":-1234567.89,"n":"-1234567890123456789012345678.0123456789",
            "y":"1969-12-31","z":"1969-12-31T23:59:59.999999Z","x":"AAH/","al":[1,null,-3],
            "aa":[["p"],[],null,[null,"q"]],"mp":{"k":"2022-01-08 06:00:00.5","n":null},
            "st":{"a":7,"b":{"c":-99.5,"d":-0.000001},"e":[{"f":false},{},null]}}"#,
        json!({
            "s": "ä😀\"", "b": true, "t": -128, "i": 2_147_483_647, "l": i64::MIN, "f": 0.5,
            "d": 1_641_621_600.123_456, "m": "-1234567.89",
            "n": "-1234567890123456789012345678.0123456789", "y": "1969-12-31", "z": -1,
            "x": "0001ff", "al": [1, null, -3], "aa": [["p"], [], null, [null, "q"]],
            "mp": [["k", 1_641_621_600_500_000_i64], ["n", null]],
            "st": { "a": 7, "b": { "c": "-99.5", "d": -1 },
                "e": [{ "f": false }, { "f": null }, null] },
        }),
    );
    let empty = (
        r#"{"s":"","al":[],"aa":[],"mp":{},"st":{},"d":"NaN","z":-2208988800,"y":"0001-01-01","x":""}"#,
        json!({
            "s": "", "b": null, "t": null, "i": null, "l": null, "f": null, "d": "NaN", "m": null,
            "n": null, "y": "0001-01-01", "z": -2_208_988_800_000_000_i64, "x": "", "al": [],
            "aa": [], "mp": [], "st": { "a": null, "b": null, "e": null },
        }),
    );
    let rows = [full, ("{}", nothing), empty];
    rows.into_iter().map(|(record, row)| (record.to_owned(), row)).collect()
}

fn variants() -> Vec<ParquetOptions> {
    let codecs =
        [ParquetCompression::Snappy, ParquetCompression::Gzip, ParquetCompression::Uncompressed];
    let mut variants = Vec::new();
    for writer_version in [WriterVersion::V1, WriterVersion::V2] {
        for timestamps in [TimestampType::Int64Micros, TimestampType::Int96] {
            for (compression, dictionaries) in codecs.into_iter().zip([
                Dictionaries::Always,
                Dictionaries::Never,
                Dictionaries::WhereValuesRepeat,
            ]) {
                let defaults = ParquetOptions::default();
                variants.push(ParquetOptions {
                    compression,
                    dictionaries,
                    writer_version,
                    timestamps,
                    ..defaults
                });
            }
        }
    }
    variants
}

fn write_parquet(folder: &Path) -> usize {
    let table = GlueTable::new("db", "t", COLUMNS.iter().copied()).expect("a table");
    for (number, options) in variants().into_iter().enumerate() {
        let mut object = ParquetObject::new(&table, options);
        for (record, _) in rows() {
            object.push(record.as_bytes()).expect("rows are written").expect("a row");
        }
        let file = object.finish().expect("a file").expect("rows");
        fs::write(folder.join(format!("{number:02}.parquet")), file).expect("a file on the disk");
    }
    variants().len()
}

async fn write_raw(folder: &Path) {
    let records: Vec<_> = (0..400)
        .map(|n| Record::from(format!("{{\"n\":{n}}}{}", "x".repeat(n * 5)).into_bytes()))
        .collect();
    for (compression, name) in
        RawCompression::ALL.into_iter().zip(["bin", "gz", "zip", "xerial", "hadoop"])
    {
        let store = Arc::new(InMemory::new());
        let config = DeliveryStreamConfig::new("raw").compressed(compression);
        let to: Arc<dyn ObjectStore> = Arc::<InMemory>::clone(&store);
        let stream = DeliveryStream::open(config, to, Clock::system()).await.expect("a stream");
        stream.put_batch(&records).await.expect("a put");
        stream.close().await;
        let objects: Vec<_> = store.list(None).try_collect().await.expect("a listing");
        let body = store.get(&objects[0].location).await.expect("an object").bytes().await;
        fs::write(folder.join(format!("raw.{name}")), body.expect("a body")).expect("a file");
    }
}

/// A Python with what the requirements name, installed once; why there is none.
fn python() -> Result<PathBuf, String> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/requirements.txt");
    let text = fs::read_to_string(&requirements).map_err(|why| why.to_string())?;
    let sum = text.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{sum:016x}"));
    let python = folder.join("bin/python");
    if folder.join("complete").exists() {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
    run(Command::new(&python).args(pip).arg("--requirement").arg(&requirements))?;
    fs::write(folder.join("complete"), "").map_err(|why| why.to_string())?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|why| format!("{command:?}: {why}"))?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(told) } else { Err(format!("{command:?}: {told}{errors}")) }
}

/// Where the readers cannot be installed, the test says so and passes; in CI it fails.
#[tokio::test]
async fn sections_4_3_and_5_5_foreign_readers_find_every_value() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            assert!(std::env::var_os("CI").is_none(), "no Python readers: {why}");
            eprintln!("skipped: no Python readers: {why}");
            return;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let files = write_parquet(folder.path());
    write_raw(folder.path()).await;
    let rows: Vec<_> = rows().into_iter().map(|(_, row)| row).collect();
    let expected = json!({ "columns": kinds(), "rows": rows, "files": files });
    fs::write(folder.path().join("expected.json"), expected.to_string()).expect("a file");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/read.py");
    let told = run(Command::new(python).arg("-B").arg(script).arg(folder.path()));
    let told = told.unwrap_or_else(|why| panic!("{why}"));
    let checks = told.trim().strip_prefix("checks passed: ").and_then(|count| count.parse().ok());
    let wanted = files * 3 * COLUMNS.len() * rows.len() + RawCompression::ALL.len();
    assert_eq!(checks, Some(wanted), "{told}");
}
