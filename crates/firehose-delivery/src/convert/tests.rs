mod matrix;

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{Float64Type, Int32Type},
    util::display::array_value_to_string,
};
use proptest::prelude::*;

use super::*;
use crate::OpenXJsonSerDe;

fn table(glue_type: &str) -> GlueTable {
    GlueTable::new("db", "t", [("v", glue_type)]).unwrap()
}

fn rows(converter: &mut JsonConverter) -> Vec<RecordBatch> {
    std::iter::from_fn(|| converter.finish()).map(Result::unwrap).collect()
}

/// The value that one record leaves in the column `v`: its text, `null`, or the error.
fn convert(glue_type: &str, value: &str) -> Result<String, String> {
    let mut converter = JsonConverter::new(&table(glue_type));
    converter
        .push(format!("{{\"v\":{value}}}").as_bytes())
        .map_err(|why| why.message().to_owned())?;
    let batch = converter.finish().unwrap().unwrap();
    let column = batch.column(0);
    if column.is_null(0) {
        return Ok("null".to_owned());
    }
    Ok(array_value_to_string(column, 0).unwrap())
}

/// One row a case: type, JSON value, what stands in the column, or the end of the message.
#[test]
fn section_5_6_values_are_coerced_as_openx_does_it() {
    let taken: &[(&str, &str, &str)] = &[
        ("string", r#""a\u00e9\n""#, "aé\n"),
        ("string", "1.50", "1.50"),
        ("string", "true", "true"),
        ("string", r#"{"B":[1, {"Cc":null}]}"#, r#"{"b":[1,{"cc":null}]}"#),
        ("string", "null", "null"),
        ("varchar(3)", r#""äöü""#, "äöü"),
        ("char(1)", r#""x""#, "x"),
        ("boolean", "true", "true"),
        ("boolean", "false", "false"),
        ("tinyint", "-128", "-128"),
        ("smallint", "32767", "32767"),
        ("int", "-0", "0"),
        ("int", r#""17""#, "17"),
        ("int", "2147483647", "2147483647"),
        ("bigint", "-9223372036854775808", "-9223372036854775808"),
        ("bigint", "9223372036854775807", "9223372036854775807"),
        ("float", "0.1", "0.1"),
        ("double", "1641621600.123456", "1641621600.123456"),
        ("double", "7", "7.0"),
        ("double", r#""2.5""#, "2.5"),
        ("double", r#""NaN""#, "NaN"),
        ("double", r#""-Infinity""#, "-inf"),
        ("decimal(5,2)", "-123.45", "-123.45"),
        ("decimal(5,2)", r#""1.5""#, "1.50"),
        ("decimal(5,2)", "1.2e2", "120.00"),
        (
            "decimal(38,0)",
            "99999999999999999999999999999999999999",
            "99999999999999999999999999999999999999",
        ),
        ("date", r#""2022-1-8""#, "2022-01-08"),
        ("timestamp", "1641621600.1234567", "2022-01-08T06:00:00.123457"),
        ("timestamp", "1641621600123", "2022-01-08T06:00:00.123"),
        ("timestamp", r#""2022-01-08T06:00:00Z""#, "2022-01-08T06:00:00"),
        ("timestamp", r#""2022-1-8 6:0:0""#, "2022-01-08T06:00:00"),
        ("timestamp", "-1", "1969-12-31T23:59:59"),
        ("binary", r#""aGk=""#, "6869"),
    ];
    for (glue_type, value, expected) in taken {
        let found = convert(glue_type, value);
        assert_eq!(found.as_deref(), Ok(*expected), "{glue_type} from {value}");
    }
}

#[test]
fn section_5_6_values_that_do_not_fit_are_refused_in_firehoses_words() {
    let refused: &[(&str, &str, &str)] = &[
        ("varchar(3)", r#""äöüß""#, "4 characters do not fit varchar(3)"),
        ("boolean", r#""true""#, "wants a boolean and the record has a text"),
        ("boolean", "1", "wants a boolean and the record has a number"),
        ("tinyint", "128", "Data does not match the schema. For input string: \"128\""),
        ("int", "2147483648", "For input string: \"2147483648\""),
        ("int", "1.0", "For input string: \"1.0\""),
        ("int", "1e3", "For input string: \"1e3\""),
        ("int", r#""oops""#, "For input string: \"oops\""),
        ("int", "true", "wants a number and the record has a boolean"),
        ("int", "[1]", "wants a number and the record has an object or an array"),
        ("bigint", "9223372036854775808", "For input string"),
        ("double", r#""oops""#, "Data does not match the schema. For input string: \"oops\""),
        ("double", r#""nan""#, "For input string: \"nan\""),
        ("double", "1e400", "For input string: \"1e400\""),
        ("float", "1e39", "For input string: \"1e39\""),
        ("decimal(5,2)", "1.234", "1.234 does not fit decimal(5,2)"),
        ("decimal(5,2)", "1000", "1000 does not fit decimal(5,2)"),
        ("decimal(5,2)", r#""x""#, "For input string: \"x\""),
        ("date", "19000", "wants a date text and the record has a number"),
        ("date", r#""2022-02-30""#, "For input string: \"2022-02-30\""),
        ("timestamp", r#""2022-01-08T06:00:00+00:00""#, "Timestamp format must be"),
        ("timestamp", "1e30", "For input string: \"1e30\""),
        ("binary", r#""a""#, "The text is not base64"),
    ];
    for (glue_type, value, expected) in refused {
        let found = convert(glue_type, value).unwrap_err();
        assert!(found.contains(expected), "{glue_type} from {value}: {found}");
    }
}

#[test]
fn recorded_2_6_records_are_told_apart_by_what_is_wrong_with_them() {
    use ErrorCode::{MalformedData, ParseError};
    let cases: &[(&[u8], ErrorCode, &str)] = &[
        (b"", MalformedData, "The record was empty or contained only whitespace."),
        (b" \n ", MalformedData, "The record was empty or contained only whitespace."),
        (b"not json", ParseError, "Encountered malformed JSON."),
        (br#"{"v":1"#, ParseError, "Encountered malformed JSON."),
        (br#"{"v":1,}"#, ParseError, "Encountered malformed JSON."),
        (br#"{"v":01}"#, ParseError, "Encountered malformed JSON."),
        (br#"{"v":NaN}"#, ParseError, "Encountered malformed JSON."),
        (br#"{"v":1}x"#, ParseError, "Encountered malformed JSON."),
        (br#"{"v":1},{"v":2}"#, ParseError, "Encountered malformed JSON."),
        (b"{\"v\":\"\xff\"}", ParseError, "Encountered malformed JSON."),
        (b"{\"x\":\"\xff\"}", ParseError, "Encountered malformed JSON."),
        (b"{\"x\":\"\n\"}", ParseError, "Encountered malformed JSON."),
        (br#"{"x":"\ud800"}"#, ParseError, "Encountered malformed JSON."),
        (b"[{\"v\":1}]", MalformedData, "contained an array at the top level"),
        (b"42", MalformedData, "contained a primitive at the top level"),
        (b"null", MalformedData, "contained a primitive at the top level"),
    ];
    for (record, code, message) in cases {
        let mut converter = JsonConverter::new(&table("int"));
        let error = converter.push(record).unwrap_err();
        let record = String::from_utf8_lossy(record);
        assert_eq!(error.code(), *code, "{record}: {error}");
        assert!(error.message().contains(message), "{record}: {error}");
    }
}

#[test]
fn recorded_2_6_a_bad_record_leaves_its_neighbours_unharmed() {
    let table =
        GlueTable::new("db", "t", [("s", "string"), ("n", "int"), ("d", "double")]).unwrap();
    let mut converter = JsonConverter::new(&table);
    assert_eq!(converter.push(br#"{"s":"a","n":1,"d":0.5}"#), Ok(1));
    // Two columns are filled before the fault, and one object before the bad one.
    assert!(converter.push(br#"{"s":"b","n":2}{"s":"c","n":3,"d":"x"}"#).is_err());
    assert_eq!(converter.push(br#"{"D":2.5,"N":4,"S":"d","more":[1]} {"n":5}"#), Ok(2));
    let batch = converter.finish().unwrap().unwrap();
    assert_eq!(batch.num_rows(), 3);
    let texts: Vec<_> = batch.column(0).as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some("a"), Some("d"), None]);
    let numbers: Vec<_> = batch.column(1).as_primitive::<Int32Type>().iter().collect();
    assert_eq!(numbers, [Some(1), Some(4), Some(5)]);
    let doubles: Vec<_> = batch.column(2).as_primitive::<Float64Type>().iter().collect();
    assert_eq!(doubles, [Some(0.5), Some(2.5), None]);
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    assert_eq!(convert("int", r#"1,"V":2,"v":3"#).as_deref(), Ok("3"));
    assert_eq!(convert("int", r#"1,"v":null"#).as_deref(), Ok("null"));
    assert_eq!(convert("string", r#""a","v":"b\n""#).as_deref(), Ok("b\n"));
}

#[test]
fn nesting_of_any_depth_ends_in_a_row_or_an_error() {
    for depth in [100, 127, 128, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let mut converter = JsonConverter::new(&table("string"));
        let ignored = converter.push(format!("{{\"x\":{deep},\"v\":1}}").as_bytes());
        let kept = converter.push(format!("{{\"v\":{deep}}}").as_bytes());
        assert_eq!((ignored.is_ok(), kept.is_ok()), (depth < 128, depth < 128), "{depth}");
    }
}

#[test]
fn batches_are_full_and_keep_the_order() {
    let mut converter = JsonConverter::new(&table("int"));
    for n in 0..20_000 {
        converter.push(format!("{{\"v\":{n}}}").as_bytes()).unwrap();
    }
    let batches = rows(&mut converter);
    let sizes: Vec<_> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [8192, 8192, 3616]);
    let values =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int32Type>().values());
    assert!(values.copied().eq(0..20_000));
}

fn awkward_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,12}",
        any::<String>(),
        Just("😀 \" \\ \u{7f} \u{0}".to_owned()),
        Just("2022-01-08 06:00:00".to_owned()),
        Just("12".to_owned()),
    ]
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        (-1000i32..1000).prop_map(Into::into),
        any::<f64>().prop_filter("JSON has no others", |f| f.is_finite()).prop_map(Into::into),
        awkward_text().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::btree_map("[a-zA-Z]{0,3}", inner, 0..3)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Records as producers write them, and records with anything in them.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let key = prop_oneof![4 => "[a-rA-R]", 1 => awkward_text()];
    let object =
        prop::collection::vec((key, json_value(), any::<bool>()), 0..6).prop_map(|members| {
            let members = members.iter().map(|(key, value, blank)| {
                let blank = if *blank { " " } else { "" };
                format!("{}:{blank}{value}", serde_json::Value::from(key.as_str()))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        });
    let joined = prop::collection::vec(object, 0..3)
        .prop_map(|objects| objects.concat().into_bytes())
        .boxed();
    prop_oneof![
        6 => joined.clone(),
        2 => (joined, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        }),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

/// Records whose nested values fit, so that the quick way gets to take them.
fn fitting() -> impl Strategy<Value = Vec<u8>> {
    let texts = prop::collection::vec(prop::option::of("[a-zA-Z.]{0,3}"), 0..4);
    let map = prop::collection::btree_map("[a-cA-C]{0,2}", texts, 0..5);
    let items = prop::collection::vec(prop::option::of(any::<i32>()), 0..4);
    let doubles = prop::collection::vec(prop::option::of(-9i32..9), 0..3);
    let parts = (items, map, prop::option::of(any::<i32>()), doubles);
    parts.prop_map(|(items, map, number, doubles)| {
        let structs: Vec<_> =
            doubles.iter().map(|d| serde_json::json!({ "A": d, "x": 1 })).collect();
        let nested = serde_json::json!({ "c": structs, "a": number });
        let record = serde_json::json!({ "o": items, "p": map, "q": nested, "r": { "7": true } });
        record.to_string().into_bytes()
    })
}

fn every_type() -> GlueTable {
    let types = [
        "string",
        "int",
        "double",
        "boolean",
        "tinyint",
        "smallint",
        "bigint",
        "float",
        "varchar(4)",
        "char(2)",
        "binary",
        "date",
        "timestamp",
        "decimal(12,3)",
        "array<int>",
        "map<string,array<string>>",
        "struct<a:int,b:string,c:array<struct<a:double>>>",
        "map<int,boolean>",
    ];
    GlueTable::new("db", "t", ('a'..).map(String::from).zip(types)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The quick way decides nothing: with and without it every record gives the same rows or the
    /// same error, and a record that fails leaves no trace.
    #[test]
    fn the_quick_way_agrees_with_the_sure_way(
        records in prop::collection::vec(prop_oneof![record(), fitting()], 1..6),
        serde in prop_oneof![
            Just(JsonSerDe::default()),
            Just(matrix::hive(&["millis"])),
            (any::<bool>(), any::<bool>()).prop_map(|(case_insensitive, dots)| {
                JsonSerDe::OpenX(OpenXJsonSerDe {
                    case_insensitive,
                    convert_dots_in_json_keys_to_underscores: dots,
                    column_to_json_key_mappings: vec![("a".to_owned(), "Z".to_owned())],
                })
            }),
        ],
    ) {
        let table = every_type();
        let mut both = JsonConverter::reading(&table, &serde).unwrap();
        let mut sure = JsonConverter::reading(&table, &serde).unwrap();
        sure.only_documents = true;
        let mut expected_rows = 0;
        for record in &records {
            let result = sure.push(record);
            prop_assert_eq!(both.push(record), result.clone(), "{}", String::from_utf8_lossy(record));
            expected_rows += result.unwrap_or(0);
        }
        let (quick, slow) = (rows(&mut both), rows(&mut sure));
        prop_assert_eq!(quick.iter().map(RecordBatch::num_rows).sum::<usize>(), expected_rows);
        // Equal as text: a NaN equals no NaN.
        prop_assert_eq!(format!("{quick:?}"), format!("{slow:?}"));
    }

    /// What both ways take is JSON for everybody else too, and text columns hold what serde_json
    /// reads there.
    #[test]
    fn texts_arrive_as_serde_json_reads_them(text in awkward_text(), other in json_value()) {
        let record = serde_json::json!({ "x": other, "v": text.clone() }).to_string();
        let mut converter = JsonConverter::new(&table("string"));
        prop_assert_eq!(converter.push(record.as_bytes()), Ok(1));
        let batch = converter.finish().unwrap().unwrap();
        prop_assert_eq!(batch.column(0).as_string::<i32>().value(0), text);
        prop_assert_eq!(Arc::strong_count(converter.schema()) > 0, true);
    }
}
