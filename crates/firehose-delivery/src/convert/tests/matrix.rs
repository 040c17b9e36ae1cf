//! Section 5.6, row by row: what odd data does with each of the two deserializers.

use super::*;
use crate::{HiveJsonSerDe, OpenXJsonSerDe};

pub(super) fn hive(formats: &[&str]) -> JsonSerDe {
    let timestamp_formats = formats.iter().map(ToString::to_string).collect();
    JsonSerDe::Hive(HiveJsonSerDe { timestamp_formats })
}

/// What the record leaves in the column `v`.
pub(super) fn read(serde: &JsonSerDe, glue_type: &str, record: &str) -> Result<String, String> {
    let mut converter = JsonConverter::reading(&table(glue_type), serde).unwrap();
    converter.push(record.as_bytes()).map_err(|why| why.to_string())?;
    let batch = converter.finish().unwrap().unwrap();
    let column = batch.column(0);
    if column.is_null(0) {
        Ok("null".to_owned())
    } else {
        Ok(array_value_to_string(column, 0).unwrap())
    }
}

const MALFORMED: &str = "DataFormatConversion.MalformedData: Data does not match the schema. ";

/// Row of 5.6, type, value of `v` (none: the column is missing), OpenX, Hive. What begins with `!`
/// is the message behind the words that most messages begin with.
type Row = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("column missing", "int", None, "null", "null"),
    ("JSON null", "int", Some("null"), "null", "null"),
    ("JSON null", "array<int>", Some("null"), "null", "null"),
    ("JSON null", "struct<a:int>", Some("null"), "null", "null"),
    ("JSON null", "map<string,int>", Some("null"), "null", "null"),
    ("number in a string column", "string", Some("1.50"), "1.50", "1.50"),
    (
        "numeric string in a numeric column",
        "int",
        Some(r#""17""#),
        "17",
        "!Current token (VALUE_STRING) not numeric, can not use numeric value accessors",
    ),
    (
        "numeric string in a numeric column",
        "double",
        Some(r#""2.5""#),
        "2.5",
        "!Current token (VALUE_STRING) not numeric, can not use numeric value accessors",
    ),
    (
        "unparsable string in a numeric column",
        "double",
        Some(r#""oops""#),
        "!For input string: \"oops\"",
        "!Current token (VALUE_STRING) not numeric, can not use numeric value accessors",
    ),
    (
        "scalar in array<T>",
        "array<int>",
        Some("7"),
        "[7]",
        "!java.io.IOException: Start of Array expected",
    ),
    (
        "object in array<T>",
        "array<struct<a:int>>",
        Some(r#"{"a":7}"#),
        "[{a: 7}]",
        "!java.io.IOException: Start of Array expected",
    ),
    (
        "array in struct",
        "struct<a:int,b:string,c:int>",
        Some(r#"[7,"x"]"#),
        "{a: 7, b: x, c: }",
        "!java.io.IOException: Start of Object expected",
    ),
    (
        "array in struct, extras",
        "struct<a:int>",
        Some("[7,8,9]"),
        "{a: 7}",
        "!java.io.IOException: Start of Object expected",
    ),
    (
        "scalar in struct",
        "struct<a:int>",
        Some("42"),
        "!Data is not JSONObject  but java.lang.Long with value 42",
        "!java.io.IOException: Start of Object expected",
    ),
    (
        "array in map",
        "map<string,int>",
        Some("[1]"),
        "!org.openx.data.jsonserde.json.JSONArray cannot be cast to \
         org.openx.data.jsonserde.json.JSONObject",
        "!java.io.IOException: Start of Object expected",
    ),
    (
        "scalar in map",
        "map<string,int>",
        Some(r#""x""#),
        "!java.lang.String cannot be cast to org.openx.data.jsonserde.json.JSONObject",
        "!java.io.IOException: Start of Object expected",
    ),
    (
        "object in a string column",
        "string",
        Some(r#"{"B": [1.50, {"Cc": null}], "B2": "x\n"}"#),
        r#"{"b":[1.50,{"cc":null}],"b2":"x\n"}"#,
        "DataFormatConversion.MalformedData: One or more fields have incorrect format. Exception \
         when validating field (root)",
    ),
    (
        "array in a string column",
        "string",
        Some("[ 1, 2 ]"),
        "[1,2]",
        "DataFormatConversion.MalformedData: One or more fields have incorrect format. Exception \
         when validating field (root)",
    ),
    ("{} in a struct column", "struct<a:int,b:int>", Some("{}"), "{a: , b: }", "{a: , b: }"),
    ("nulls inside arrays", "array<int>", Some("[1,null,2]"), "[1, , 2]", "[1, , 2]"),
    (
        "nulls inside maps",
        "map<string,int>",
        Some(r#"{"a":null,"b":2}"#),
        "{a: , b: 2}",
        "{a: , b: 2}",
    ),
    ("empty array", "array<int>", Some("[]"), "[]", "[]"),
    ("empty map", "map<string,int>", Some("{}"), "{}", "{}"),
    (
        "fault at any depth",
        "array<struct<m:map<string,array<tinyint>>>>",
        Some(r#"[{"m":{"a":[1,2]}},{"m":{"b":[3,400]}}]"#),
        "!For input string: \"400\"",
        "!For input string: \"400\"",
    ),
    (
        "int out of range",
        "int",
        Some("2147483648"),
        "!For input string: \"2147483648\"",
        "!For input string: \"2147483648\"",
    ),
    (
        "fraction in an int column",
        "int",
        Some("1.5"),
        "!For input string: \"1.5\"",
        "!For input string: \"1.5\"",
    ),
    (
        "string in a boolean column",
        "boolean",
        Some(r#""true""#),
        "!The column wants a boolean and the record has a text",
        "!Current token (VALUE_STRING) not of boolean type",
    ),
    (
        "number in a boolean column",
        "boolean",
        Some("1"),
        "!The column wants a boolean and the record has a number",
        "!Current token (VALUE_NUMBER_INT) not of boolean type",
    ),
    (
        "decimal with too many digits",
        "decimal(5,2)",
        Some("1234.5"),
        "!1234.5 does not fit decimal(5,2)",
        "!1234.5 does not fit decimal(5,2)",
    ),
    (
        "epoch number in a timestamp column",
        "timestamp",
        Some("1641621600"),
        "2022-01-08T06:00:00",
        "!Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]",
    ),
    (
        "date string in a bigint column",
        "bigint",
        Some(r#""2022-01-08""#),
        "!For input string: \"2022-01-08\"",
        "!Current token (VALUE_STRING) not numeric, can not use numeric value accessors",
    ),
    (
        "boolean in a numeric column",
        "double",
        Some("true"),
        "!The column wants a number and the record has a boolean",
        "!Current token (VALUE_TRUE) not numeric, can not use numeric value accessors",
    ),
];

#[test]
fn section_5_6_every_row_with_both_deserializers() {
    for (row, glue_type, value, openx, on_hive) in ROWS {
        let record = value.map_or("{}".to_owned(), |value| format!(r#"{{"v":{value}}}"#));
        for (serde, expected) in [(JsonSerDe::default(), openx), (hive(&[]), on_hive)] {
            let found = read(&serde, glue_type, &record).unwrap_or_else(|why| why);
            let expected = match expected.strip_prefix('!') {
                Some(words) => format!("{MALFORMED}{words}"),
                None => (*expected).to_owned(),
            };
            assert_eq!(found, expected, "{row}: {glue_type} from {value:?} by {serde:?}");
        }
    }
}

#[test]
fn section_5_6_a_key_that_is_not_in_the_schema_is_dropped() {
    for serde in [JsonSerDe::default(), hive(&[])] {
        let record = r#"{"x":{"v":[1]},"v":{"a":1,"z":[{}]},"y":[2]}"#;
        assert_eq!(read(&serde, "struct<a:int>", record).as_deref(), Ok("{a: 1}"));
    }
}

#[test]
fn section_5_2_keys_match_without_regard_to_case_unless_told() {
    let exact =
        JsonSerDe::OpenX(OpenXJsonSerDe { case_insensitive: false, ..OpenXJsonSerDe::default() });
    let struct_type = "struct<a:int>";
    let table: [(&JsonSerDe, &str, &str, &str); 8] = [
        (&JsonSerDe::default(), "int", r#"{"V":1}"#, "1"),
        (&hive(&[]), "int", r#"{"V":1}"#, "1"),
        (&exact, "int", r#"{"V":1}"#, "null"),
        (&exact, "int", r#"{"v":1}"#, "1"),
        (&JsonSerDe::default(), struct_type, r#"{"v":{"A":1}}"#, "{a: 1}"),
        (&hive(&[]), struct_type, r#"{"v":{"A":1}}"#, "{a: 1}"),
        (&exact, struct_type, r#"{"v":{"A":1}}"#, "{a: }"),
        (&exact, "string", r#"{"v":{"A":1}}"#, r#"{"A":1}"#),
    ];
    for (serde, glue_type, record, expected) in table {
        assert_eq!(read(serde, glue_type, record).as_deref(), Ok(expected), "{record} {serde:?}");
    }
    // Map keys: lowered by OpenX, the last of two that become equal counts; as written elsewhere.
    let map = "map<string,int>";
    let record = r#"{"v":{"A":1,"b":2,"a":3}}"#;
    assert_eq!(read(&JsonSerDe::default(), map, record).as_deref(), Ok("{a: 3, b: 2}"));
    assert_eq!(read(&hive(&[]), map, record).as_deref(), Ok("{A: 1, b: 2, a: 3}"));
    assert_eq!(read(&exact, map, record).as_deref(), Ok("{A: 1, b: 2, a: 3}"));
}

#[test]
fn section_5_2_dots_become_underscores_at_any_depth() {
    let dots = JsonSerDe::OpenX(OpenXJsonSerDe {
        convert_dots_in_json_keys_to_underscores: true,
        ..OpenXJsonSerDe::default()
    });
    let table = GlueTable::new("d", "t", [("a_b", "int"), ("s", "struct<c_d:int>")]).unwrap();
    for (serde, expected) in [(&dots, "1 {c_d: 2}"), (&JsonSerDe::default(), " {c_d: }")] {
        let mut converter = JsonConverter::reading(&table, serde).unwrap();
        converter.push(br#"{"A.b":1,"s":{"c.d":2}}"#).unwrap();
        let batch = converter.finish().unwrap().unwrap();
        let cells: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| array_value_to_string(column, 0).unwrap())
            .collect();
        assert_eq!(cells.join(" "), expected);
    }
}

#[test]
fn section_5_2_a_mapping_gives_a_column_another_key() {
    let mapped = JsonSerDe::OpenX(OpenXJsonSerDe {
        column_to_json_key_mappings: vec![("V".to_owned(), "Timestamp".to_owned())],
        ..OpenXJsonSerDe::default()
    });
    assert_eq!(read(&mapped, "int", r#"{"timestamp":1}"#).as_deref(), Ok("1"));
    assert_eq!(read(&mapped, "int", r#"{"v":1}"#).as_deref(), Ok("null"));
}

#[test]
fn section_5_2_hive_reads_timestamps_by_its_formats() {
    let table: &[(&[&str], &str, Option<&str>)] = &[
        (&[], r#""2022-1-8 6:0:0.5""#, Some("2022-01-08T06:00:00.500")),
        (&[], r#""2022-01-08T06:00:00Z""#, None),
        (&["yyyy-MM-dd'T'HH:mm:ss'Z'"], r#""2022-01-08T06:00:00Z""#, Some("2022-01-08T06:00:00")),
        (&["millis"], "1641621600123", Some("2022-01-08T06:00:00.123")),
        (&["millis"], r#""1641621600123""#, Some("2022-01-08T06:00:00.123")),
        (&["dd/MM/yyyy", "millis"], r#""08/01/2022""#, Some("2022-01-08T00:00:00")),
        (&["dd/MM/yyyy"], r#""2022-01-08 06:00:00""#, Some("2022-01-08T06:00:00")),
        (&["dd/MM/yyyy"], "1641621600123", None),
        (&["millis"], "true", None),
    ];
    for (formats, value, expected) in table {
        let found = read(&hive(formats), "timestamp", &format!(r#"{{"v":{value}}}"#));
        assert_eq!(found.as_deref().ok(), *expected, "{value} by {formats:?}: {found:?}");
    }
    let refused = JsonConverter::reading(&super::table("int"), &hive(&["yyyy-QQ"])).unwrap_err();
    assert!(
        refused.to_string().contains("TimestampFormats `yyyy-QQ` has the letter `Q`"),
        "{refused}"
    );
}
