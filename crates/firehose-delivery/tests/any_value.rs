//! Any JSON value against any column type becomes a row or an error: never a panic, never both,
//! never neither, and its neighbours stay.
//!
//! A seed is printed with each run and can be given back: `ANY_VALUE_SEED=7 cargo test -p
//! firehose-delivery --test any_value`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{SystemTime, UNIX_EPOCH},
};

use firehose_delivery::{
    ErrorCode, GlueTable, HiveJsonSerDe, JsonConverter, JsonSerDe, OpenXJsonSerDe, ParquetObject,
    ParquetOptions, TimestampType,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Number, Value, json};

/// Types of a run, each with so many values.
const TYPES: usize = 400;
const VALUES: usize = 60;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap_or_default()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn bits(&mut self) -> u64 {
        (0..4).fold(0, |bits, _| bits << 16 | self.below(1 << 16) as u64)
    }
}

const PLAIN: &[&str] = &[
    "string",
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "integer",
    "bigint",
    "float",
    "double",
    "decimal",
    "decimal(1,0)",
    "decimal(9,2)",
    "decimal(18,18)",
    "decimal(38,10)",
    "decimal(38,38)",
    "timestamp",
    "date",
    "binary",
    "varchar(3)",
    "char(2)",
];

/// Any type that a column may have.
fn glue_type(random: &mut Random, depth: usize) -> String {
    match random.below(if depth == 0 { 1 } else { 4 }) {
        1 => format!("array<{}>", glue_type(random, depth - 1)),
        2 => format!("map<{},{}>", random.of(PLAIN), glue_type(random, depth - 1)),
        3 => {
            let members = 1 + random.below(3);
            let members: Vec<_> = (0..members)
                .map(|n| format!("{}:{}", ["a", "b", "c"][n], glue_type(random, depth - 1)))
                .collect();
            format!("struct<{}>", members.join(","))
        }
        _ => (*random.of(PLAIN)).to_owned(),
    }
}

/// Texts that are nearly, or quite, what some type takes.
const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "true",
    "TRUE",
    "null",
    "NaN",
    "-Infinity",
    "0",
    "-0",
    "7",
    "+7",
    " 7",
    "7.0",
    "1e3",
    "1e400",
    "127",
    "128",
    "-129",
    "2147483648",
    "9223372036854775808",
    "0x1F",
    "1.5f",
    "0.1",
    "99.999",
    "123456789012345678901234567890123456789",
    "eA==",
    "eA=",
    "%",
    "2022-01-08",
    "2022-1-8",
    "2022-02-30",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "2022-01-08 06:04:19",
    "2022-01-08 06:04:19.123456789",
    "2022-01-08T06:04:19Z",
    "2022-01-08T06:04:19+01:00",
    "1969-12-31T23:59:59.999999Z",
    "2022-1-8 6:4:9",
    "1641621600",
    "1641621600123",
    "-62135596800",
    "999999999999",
    "ü😀\u{1}",
    "a.b",
    "[1]",
    "{\"a\":1}",
];

fn number(random: &mut Random) -> Value {
    match random.below(5) {
        0 => json!(random.below(300) as i64 - 150),
        1 => json!(random.bits() as i64),
        2 => json!(random.bits()),
        3 => Number::from_f64(f64::from_bits(random.bits())).map_or(json!(0.5), Value::Number),
        _ => {
            let seconds: [f64; 6] =
                [1_641_621_600.123_456, 1e12, -1e12, 0.000_000_1, 1e300, 999_999_999_999.0];
            json!(random.of(&seconds))
        }
    }
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 4 } else { 6 }) {
        0 => json!(random.below(3) == 0).as_bool().map_or(Value::Null, Value::Bool),
        1 => number(random),
        2 => Value::String((*random.of(TEXTS)).to_owned()),
        3 => Value::Null,
        4 => (0..random.below(4)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let keys = ["a", "A", "b", "c", "7", "true", "2022-01-08", "a.b", ""];
            let members = random.below(4);
            let members: Map<_, _> = (0..members)
                .map(|_| ((*random.of(&keys)).to_owned(), value(random, depth - 1)))
                .collect();
            Value::Object(members)
        }
    }
}

fn serde(random: &mut Random) -> JsonSerDe {
    let dots = random.below(2) == 0;
    match random.below(4) {
        0 => JsonSerDe::OpenX(OpenXJsonSerDe {
            case_insensitive: false,
            convert_dots_in_json_keys_to_underscores: dots,
            column_to_json_key_mappings: vec![("v".to_owned(), "V".to_owned())],
        }),
        1 => JsonSerDe::Hive(HiveJsonSerDe::default()),
        2 => JsonSerDe::Hive(HiveJsonSerDe {
            timestamp_formats: vec!["millis".to_owned(), "yyyy-MM-dd'T'HH:mm:ssZ".to_owned()],
        }),
        _ => JsonSerDe::default(),
    }
}

#[test]
fn section_5_6_any_value_in_a_column_of_any_type_is_a_row_or_an_error() {
    let given = std::env::var("ANY_VALUE_SEED").ok();
    let seed = match &given {
        Some(seed) => seed.parse().expect("ANY_VALUE_SEED is a number"),
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
            u64::from(now.subsec_nanos()) << 20 | u64::from(std::process::id())
        }
    };
    println!("ANY_VALUE_SEED={seed}");
    let mut random = Random(seed);
    let (mut rows, mut errors) = (0, 0);
    for _ in 0..TYPES {
        let depth = random.below(4);
        let kind = glue_type(&mut random, depth);
        let table = GlueTable::new("db", "t", [("v", kind.as_str())]).expect("a table");
        let serde = serde(&mut random);
        let records: Vec<String> = (0..VALUES)
            .map(|_| {
                let key = if random.below(8) == 0 { "V" } else { "v" };
                json!({ key: value(&mut random, depth + 1) }).to_string()
            })
            .collect();
        let told = catch_unwind(AssertUnwindSafe(|| check(&table, &serde, &records)));
        let (good, bad) = told.unwrap_or_else(|_| panic!("{kind}, {serde:?}, seed {seed}"));
        rows += good;
        errors += bad;
    }
    assert_eq!(rows + errors, TYPES * VALUES);
    let least = TYPES * VALUES / 10;
    assert!(rows > least && errors > least, "both happen: {rows} rows, {errors} errors");
}

/// How many records became rows, and how many errors.
fn check(table: &GlueTable, serde: &JsonSerDe, records: &[String]) -> (usize, usize) {
    let mut converter = JsonConverter::reading(table, serde).expect("a converter");
    let options = ParquetOptions { timestamps: TimestampType::Int96, ..ParquetOptions::default() };
    let mut object = ParquetObject::reading(table, serde, options).expect("an object");
    let (mut good, mut bad) = (0, 0);
    for record in records {
        // A neighbour on each side, which no record harms.
        assert_eq!(converter.push(b"{}"), Ok(1));
        let pushed = converter.push(record.as_bytes());
        assert_eq!(object.push(record.as_bytes()).expect("rows are written"), pushed, "{record}");
        match pushed {
            Ok(1) => good += 1,
            Ok(other) => panic!("{other} rows of {record}"),
            Err(why) => {
                assert_eq!(why.code(), ErrorCode::MalformedData, "{why}: {record}");
                bad += 1;
            }
        }
    }
    let batches = converter.finish().into_iter().chain(std::iter::from_fn(|| converter.finish()));
    let made: usize = batches.map(|batch| batch.expect("a batch").num_rows()).sum();
    assert_eq!(made, records.len() + good, "a row for each, and for each neighbour");
    let file = object.finish().expect("a file");
    assert_eq!(file.is_some(), good > 0);
    if let Some(file) = file {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it reads");
        let batches = reader.with_batch_size(1024).build().expect("it reads");
        let read: usize = batches.map(|batch| batch.expect("a batch").num_rows()).sum();
        assert_eq!(read, good);
    }
    (good, bad)
}
