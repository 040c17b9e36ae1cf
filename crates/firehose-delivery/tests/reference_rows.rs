//! Rows of the reference that have no test beside the code, each named by its section: what is known
//! of AWS's conversion, seen from outside.

use arrow::util::display::array_value_to_string;
use firehose_delivery::{
    ErrorCode, GlueTable, JsonConverter, JsonSerDe, ParquetObject, ParquetOptions, TimestampType,
};
use parquet::{
    arrow::arrow_reader::ParquetRecordBatchReaderBuilder, file::metadata::ParquetMetaData,
    schema::printer::print_schema,
};

/// What a record leaves in the only column, or code and message.
fn read(glue_type: &str, record: &str) -> Result<String, (ErrorCode, String)> {
    let table = GlueTable::new("db", "t", [("v", glue_type)]).expect("a table");
    let mut converter = JsonConverter::reading(&table, &JsonSerDe::default()).expect("a converter");
    let pushed = converter.push(record.as_bytes());
    let rows = pushed.map_err(|why| (why.code(), why.message().to_owned()))?;
    let batch = converter.finish().expect("rows").expect("a batch");
    let cell = |row| array_value_to_string(batch.column(0), row).expect("a value");
    Ok((0..rows).map(cell).collect::<Vec<_>>().join("|"))
}

/// The forms of a timestamp that OpenX takes, and those that were seen to be refused.
#[test]
fn section_5_2_each_form_of_an_openx_timestamp() {
    let table = [
        ("T, Z", r#""2018-02-07T15:12:08Z""#, Some("2018-02-07T15:12:08")),
        (
            "T, nine digits",
            r#""2018-02-07T15:12:08.123456789Z""#,
            Some("2018-02-07T15:12:08.123456"),
        ),
        ("T, no Z", r#""2018-02-07T15:12:08""#, Some("2018-02-07T15:12:08")),
        ("T, one-digit month and day", r#""2026-9-7T12:00:02Z""#, None),
        ("T, offset", r#""2026-05-21T14:00:00+00:00""#, None),
        ("blank", r#""2018-02-07 15:12:08""#, Some("2018-02-07T15:12:08")),
        ("blank, fraction", r#""2018-02-07 15:12:08.5""#, Some("2018-02-07T15:12:08.500")),
        ("blank, one digit each", r#""2026-9-7 1:2:3""#, Some("2026-09-07T01:02:03")),
        ("epoch seconds", "1518033528", Some("2018-02-07T19:58:48")),
        ("epoch seconds in a text", r#""1518033528""#, Some("2018-02-07T19:58:48")),
        ("epoch milliseconds", "1518033528123", Some("2018-02-07T19:58:48.123")),
        ("epoch milliseconds in a text", r#""1518033528123""#, Some("2018-02-07T19:58:48.123")),
        ("floating seconds", "1518033528.123", Some("2018-02-07T19:58:48.123")),
        ("the last second", "999999999999", Some("33658-09-27T01:46:39")),
        ("the first millisecond", "1000000000000", Some("2001-09-09T01:46:40")),
        ("a negative millisecond", "-1000000000000", Some("1938-04-24T22:13:20")),
    ];
    for (row, value, expected) in table {
        let found = read("timestamp", &format!(r#"{{"v":{value}}}"#));
        match expected {
            Some(expected) => {
                let found = found.unwrap_or_else(|why| panic!("{row}: {why:?}"));
                assert_eq!(found.trim_start_matches('+'), expected, "{row}");
            }
            None => assert_eq!(found.expect_err(row).0, ErrorCode::MalformedData, "{row}"),
        }
    }
    for (value, expected) in [("2026-9-7", Some("2026-09-07")), ("2026-09-07", Some("2026-09-07"))]
    {
        assert_eq!(read("date", &format!(r#"{{"v":"{value}"}}"#)).ok().as_deref(), expected);
    }
}

#[test]
fn section_5_4_each_rule_of_the_framing() {
    let table = [
        ("back to back", r#"{"v":1}{"v":2}"#, Ok("1|2")),
        ("white space between", "{\"v\":1} \r\n\t{\"v\":2}\n", Ok("1|2")),
        ("an array at the root", r#"[{"v":1},{"v":2}]"#, Err(ErrorCode::MalformedData)),
        ("a comma between", r#"{"v":1},{"v":2}"#, Err(ErrorCode::ParseError)),
        ("the second is bad", r#"{"v":1}{"v":"x"}"#, Err(ErrorCode::MalformedData)),
    ];
    for (row, record, expected) in table {
        let found = read("int", record).map_err(|(code, _)| code);
        assert_eq!(found, expected.map(str::to_owned), "{row}");
    }
}

fn metadata(table: &GlueTable, timestamps: TimestampType) -> ParquetMetaData {
    let options = ParquetOptions { timestamps, ..ParquetOptions::default() };
    let mut object = ParquetObject::reading(table, &JsonSerDe::default(), options).expect("one");
    object.push(b"{}").expect("written").expect("a row");
    let file = object.finish().expect("a file").expect("rows");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it reads");
    reader.metadata().as_ref().clone()
}

/// Each row of the table: Glue type, and how Hive's converter writes it.
#[test]
fn section_5_5_each_type_has_hives_physical_type() {
    let list = "OPTIONAL group v (LIST) { REPEATED group bag { OPTIONAL INT32 array_element; } }";
    let map = "OPTIONAL group v (MAP) { REPEATED group map { REQUIRED BYTE_ARRAY key (STRING); \
               OPTIONAL INT32 value; } }";
    let table = [
        ("boolean", "OPTIONAL BOOLEAN v;"),
        ("tinyint", "OPTIONAL INT32 v (INTEGER(8,true));"),
        ("smallint", "OPTIONAL INT32 v (INTEGER(16,true));"),
        ("int", "OPTIONAL INT32 v;"),
        ("integer", "OPTIONAL INT32 v;"),
        ("bigint", "OPTIONAL INT64 v;"),
        ("float", "OPTIONAL FLOAT v;"),
        ("double", "OPTIONAL DOUBLE v;"),
        ("string", "OPTIONAL BYTE_ARRAY v (STRING);"),
        ("varchar(3)", "OPTIONAL BYTE_ARRAY v (STRING);"),
        ("char(3)", "OPTIONAL BYTE_ARRAY v (STRING);"),
        ("binary", "OPTIONAL BYTE_ARRAY v;"),
        ("decimal", "OPTIONAL FIXED_LEN_BYTE_ARRAY (5) v (DECIMAL(10,0));"),
        ("decimal(2,1)", "OPTIONAL FIXED_LEN_BYTE_ARRAY (1) v (DECIMAL(2,1));"),
        ("decimal(38,9)", "OPTIONAL FIXED_LEN_BYTE_ARRAY (16) v (DECIMAL(38,9));"),
        ("timestamp", "OPTIONAL INT96 v;"),
        ("date", "OPTIONAL INT32 v (DATE);"),
        ("array<int>", list),
        ("map<string,int>", map),
        ("struct<a:int>", "OPTIONAL group v { OPTIONAL INT32 a; }"),
    ];
    for (glue_type, expected) in table {
        let columns = GlueTable::new("db", "t", [("v", glue_type)]).expect("a table");
        let metadata = metadata(&columns, TimestampType::Int96);
        let mut printed = Vec::new();
        let root = metadata.file_metadata().schema();
        assert_eq!(root.name(), "hive_schema");
        print_schema(&mut printed, &root.get_fields()[0]);
        let printed = String::from_utf8(printed).expect("text");
        let words: Vec<_> = printed.split_whitespace().collect();
        assert_eq!(words.join(" "), expected, "{glue_type}");
    }
}

/// The inputs that were probed, their codes and messages.
#[test]
fn recorded_2_6_each_input_fails_with_its_code_and_message() {
    use ErrorCode::{MalformedData, ParseError};
    let fits = "Data does not match the schema. ";
    let table = [
        ("not JSON", "int", "no", ParseError, "Encountered malformed JSON."),
        (
            "oops in a double",
            "double",
            r#"{"v":"oops"}"#,
            MalformedData,
            r#"For input string: "oops""#,
        ),
        (
            "scalar for a struct",
            "struct<a:int>",
            r#"{"v":42}"#,
            MalformedData,
            "Data is not JSONObject  but java.lang.Long with value 42",
        ),
        ("empty", "int", "", MalformedData, "The record was empty or contained only whitespace."),
    ];
    for (row, glue_type, record, code, words) in table {
        let (found, message) = read(glue_type, record).expect_err(row);
        assert_eq!(found, code, "{row}: {message}");
        let expected =
            if message.starts_with(fits) { format!("{fits}{words}") } else { words.to_owned() };
        assert!(message.starts_with(&expected), "{row}: {message}");
    }
}
