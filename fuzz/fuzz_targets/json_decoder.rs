//! Any bytes, by either deserializer, into columns of every type: a record becomes rows or an error,
//! never a panic, never both, never neither, and its neighbours stay.

#![no_main]

use std::sync::LazyLock;

use firehose_delivery::{
    GlueTable, HiveJsonSerDe, JsonConverter, JsonSerDe, OpenXJsonSerDe, ParquetObject,
    ParquetOptions,
};
use libfuzzer_sys::fuzz_target;

static TABLE: LazyLock<GlueTable> = LazyLock::new(|| {
    let columns = [
        ("a", "string"),
        ("b", "boolean"),
        ("c", "tinyint"),
        ("d", "smallint"),
        ("e", "int"),
        ("f", "bigint"),
        ("g", "float"),
        ("h", "double"),
        ("i", "decimal(9,2)"),
        ("j", "decimal(38,10)"),
        ("k", "timestamp"),
        ("l", "date"),
        ("m", "binary"),
        ("n", "varchar(3)"),
        ("o", "char(2)"),
        ("p", "array<int>"),
        ("q", "map<string,timestamp>"),
        ("r", "struct<a:int,b:array<struct<c:decimal(5,1),d:map<int,string>>>>"),
        ("s_t", "array<map<string,array<double>>>"),
    ];
    GlueTable::new("fuzz", "every_type", columns).expect("a table")
});

static SERDES: LazyLock<Vec<JsonSerDe>> = LazyLock::new(|| {
    let plain = OpenXJsonSerDe::default();
    let odd = OpenXJsonSerDe {
        case_insensitive: false,
        convert_dots_in_json_keys_to_underscores: true,
        ..OpenXJsonSerDe::default()
    };
    let formats = ["millis", "yyyy-MM-dd HH:mm:ss", "EEE, d MMM yyyy HH:mm Z"];
    let hive = HiveJsonSerDe { timestamp_formats: formats.map(str::to_owned).into() };
    vec![
        JsonSerDe::OpenX(plain),
        JsonSerDe::OpenX(odd),
        JsonSerDe::Hive(HiveJsonSerDe::default()),
        JsonSerDe::Hive(hive),
    ]
});

const SOUND: &[u8] = br#"{"a":"x","e":1}"#;

fuzz_target!(|data: &[u8]| {
    let Some((choice, record)) = data.split_first() else { return };
    let serde = &SERDES[usize::from(*choice) % SERDES.len()];
    let mut converter = JsonConverter::reading(&TABLE, serde).expect("a converter");
    let mut expected = converter.push(SOUND).expect("it converts");
    let pushed = converter.push(record);
    expected += pushed.clone().unwrap_or(0);
    assert!(pushed.is_err() || pushed.as_ref().is_ok_and(|rows| *rows > 0), "neither");
    expected += converter.push(SOUND).expect("its neighbour converts");
    let rows: usize = converter
        .finish()
        .into_iter()
        .map(|batch| batch.expect("a batch").num_rows())
        .sum();
    assert_eq!(rows, expected);
    // One in sixteen is written, too.
    if *choice >= 240 {
        let mut object =
            ParquetObject::reading(&TABLE, serde, ParquetOptions::default()).expect("an object");
        let written = object.push(record).expect("rows are written");
        assert_eq!(written, pushed);
        assert_eq!(object.finish().expect("an object").is_some(), written.is_ok());
    }
});
