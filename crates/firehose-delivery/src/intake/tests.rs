use proptest::prelude::*;

use super::*;
use crate::prefix::KeySource;

fn intake(processing: Processing, query: Option<&str>) -> Intake {
    let partitioning = query.map(DynamicPartitioning::by_query);
    Intake::new("s", &processing, partitioning.as_ref()).unwrap().unwrap()
}

/// The value of the key `k`, or why there is none.
fn key(query: &str, record: &str) -> Result<String, String> {
    let intake = intake(Processing::default(), Some(query));
    let item = intake.process(record.as_bytes()).remove(0);
    match item.place {
        Ok(keys) => Ok(keys.unwrap().get(KeySource::Query, "k").unwrap_or("?").to_owned()),
        Err(why) => {
            assert_eq!(why.code, "DynamicPartitioning.MetadataExtractionFailed");
            Err(why.message.clone())
        }
    }
}

#[test]
fn section_3_4_queries_answer_with_partition_keys() {
    let table = [
        ("{k:.a}", r#"{"a":"x"}"#, Ok("x")),
        ("{k:.a.b}", r#"{"a":{"b":7}}"#, Ok("7")),
        ("{k:.a}", r#"{"a":1.50}"#, Ok("1.50")),
        ("{k:.a}", r#"{"a":true}"#, Ok("true")),
        ("{k: (.t|strftime(\"%Y/%m\"))}", r#"{"t":1641621600}"#, Ok("2022/01")),
        ("{k: .a[0], other: .a[1]}", r#"{"a":["x","y"]}"#, Ok("x")),
        ("{k: (.a|ascii_downcase)}", r#"{"a":"ABC"}"#, Ok("abc")),
        ("{k:.env}", r#"{"env":"prod"}"#, Ok("prod")),
        ("{k:.a}", r"{}", Err("partitionKeys values must not be null or empty")),
        ("{k:.a}", r#"{"a":""}"#, Err("partitionKeys values must not be null or empty")),
        ("{k:.a}", r#"{"a":[1]}"#, Err("partitionKeys values must not be null or empty")),
        ("{k:.a}", "not JSON", Err("Non JSON record provided")),
        ("{k:.a}", r#"{"a":1}{"a":2}"#, Err("Non JSON record provided")),
        ("{k:.a}", "", Err("Non JSON record provided")),
        (".a", r#"{"a":1}"#, Err("answered with 1 and not an object")),
        ("empty", "{}", Err("answered with nothing")),
        ("{k:(.a|tonumber)}", r#"{"a":"x"}"#, Err("The query failed")),
    ];
    for (query, record, expected) in table {
        match (key(query, record), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{query} of {record}"),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            (found, expected) => panic!("{query} of {record}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn queries_that_do_not_read_or_may_not_end_are_refused() {
    let table = [
        ("{k:", "no query that jq reads"),
        ("{k:nothing_known}", "knows all functions"),
        ("halt", "`halt`"),
        (r#"{k:"\(halt)"}"#, "`halt`"),
        ("def f: f; f", "`def`"),
        ("{k:env.HOME}", "`env`"),
        ("{k:$ENV.HOME}", "`$ENV`"),
        ("[range(1e9)]", "`range`"),
        ("import \"a\" as a; .", "`import`"),
    ];
    for (query, words) in table {
        let partitioning = DynamicPartitioning::by_query(query);
        let refused = Intake::new("s", &Processing::default(), Some(&partitioning)).unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

#[test]
fn section_3_4_records_are_taken_apart() {
    let delimited = |text: &str| SubRecords::Delimited(text.as_bytes().to_vec());
    type Row = (SubRecords, &'static str, Result<&'static [&'static str], &'static str>);
    let table: [Row; 8] = [
        (SubRecords::Json, r#"{"a":1}{"a":2}"#, Ok(&[r#"{"a":1}"#, r#"{"a":2}"#])),
        (SubRecords::Json, "{\"a\":1}\n\n [2] ", Ok(&[r#"{"a":1}"#, "[2]"])),
        (SubRecords::Json, r#"{"a":1}x"#, Err("Non JSON record provided")),
        (SubRecords::Json, "  ", Err("holds no records")),
        (delimited("\n"), "a\nb\n", Ok(&["a", "b"])),
        (delimited("####"), "a####b", Ok(&["a", "b"])),
        (delimited("\n"), "\n\n", Err("holds no records")),
        (delimited("\n"), "", Err("holds no records")),
    ];
    for (kind, record, expected) in table {
        let processing = Processing {
            sub_records: Some(kind),
            delimiter: Some(b"|".to_vec()),
            ..Processing::default()
        };
        let intake = intake(processing, None);
        let items = intake.process(record.as_bytes());
        match expected {
            Ok(parts) => {
                let found: Vec<_> = items.iter().map(|item| item.data.as_ref()).collect();
                let expected: Vec<_> = parts.iter().map(|part| format!("{part}|")).collect();
                assert_eq!(found, expected.iter().map(String::as_bytes).collect::<Vec<_>>());
            }
            Err(words) => {
                assert_eq!((items.len(), items[0].data.as_ref()), (1, record.as_bytes()));
                let why = items[0].place.clone().unwrap_err();
                assert!(why.message.contains(words), "{}", why.message);
            }
        }
    }
}

#[test]
fn which_queries_have_a_quick_way() {
    let yes = ["{k:.a}", " {k : .a.b_2 , \"other\":.c} ", "{year:.y,year2:.y}"];
    let no = [
        ".a",
        "{k}",
        "{k:.}",
        "{k:.a[0]}",
        "{k:.a|ascii_downcase}",
        "{k:.\"a\"}",
        "{k:.a?}",
        "{k:.and}",
        "{(.k):.a}",
        "{k:.a,k:.b}",
        "{k:1}",
        "{k:.a-1}",
        "{}",
        "{k:.a}{k:.b}",
        "{k:.2a}",
        "{\"a b\":.c}",
    ];
    for (queries, expected) in [(&yes[..], true), (&no[..], false)] {
        for query in queries {
            assert_eq!(projection::Projection::of(query).is_some(), expected, "{query}");
        }
    }
}

fn some_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "(|-)(0|[1-9][0-9]{0,19})(|\\.[0-9]{1,3})(|e[0-9]{1,2})",
        "\"([a-z]|\\\\n|\\\\u00e4|ü){0,3}\"",
        prop_oneof![
            Just("true"),
            Just("null"),
            Just("[1]"),
            Just("{}"),
            Just("NaN"),
            Just("\"\\ud800\"")
        ]
        .prop_map(str::to_owned),
    ]
}

fn some_document() -> impl Strategy<Value = String> {
    let object = |value: BoxedStrategy<String>| {
        let member =
            ("(a|b|c|\\\\u0061|x)", value).prop_map(|(key, value)| format!("\"{key}\" :{value}"));
        prop::collection::vec(member, 0..5)
            .prop_map(|members| format!("{{{}}}", members.join(", ")))
    };
    let nested = prop_oneof![some_value(), object(some_value().boxed())].boxed();
    prop_oneof![
        8 => object(nested.clone()),
        1 => nested,
        1 => "(\\{\"a\":1\\}| |x|\\{\\}){0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// The quick way decides nothing: what it finds is what the query finds.
    #[test]
    fn the_quick_way_of_queries_finds_what_they_find(
        document in some_document(),
        query in prop_oneof![Just("{k:.a}"), Just("{k:.a.b}"), Just("{k:.a,l:.b,m:.a.c}")],
    ) {
        let asked = query::Query::new(query).unwrap();
        let found = asked.keys(document.as_bytes());
        let run = asked.run(document.as_bytes());
        let sorted = |keys: Result<Vec<FoundKey>, String>| keys.map(PartitionKeys::new);
        prop_assert_eq!(sorted(found), sorted(run), "{} of {}", query, document);
    }
}

proptest! {
    /// Any record becomes at least one item, each with keys or a failure; nothing is lost.
    #[test]
    fn any_record_is_processed(
        record in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "(\\{\"a\":[0-9]{1,3}\\}|[ \\n\\[\\{]){0,8}".prop_map(String::into_bytes),
            (1usize..300_000).prop_map(|depth| "[".repeat(depth).into_bytes()),
        ],
        json in any::<bool>(),
    ) {
        let kind = if json { SubRecords::Json } else { SubRecords::Delimited(b"\n".to_vec()) };
        let processing = Processing { sub_records: Some(kind), ..Processing::default() };
        let items = intake(processing, Some("{k:.a}")).process(&record).len();
        prop_assert!(items > 0);
    }
}
