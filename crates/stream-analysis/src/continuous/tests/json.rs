//! Records of JSON, whole and broken.

use proptest::prelude::*;

use super::*;
use crate::continuous::JsonRecords;

fn ratings() -> JsonRecords {
    JsonRecords::new(&batch(&[]).schema())
}

#[test]
fn records_become_rows_and_bad_ones_are_counted() {
    let mut json = ratings();
    let good = [
        &br#"{"captain":"Kirk","rating":7,"weight":0.5,"time":1641622800.25,"other":[1]}"#[..],
        b"  {\"time\":1}\n",
        br#"{"captain":"Solo"}{"captain":"Ahab"}"#,
        b"{\"captain\":\"Leela\"}\n{\"rating\":null}\n",
    ];
    let bad = [
        &b""[..],
        b"\n",
        b"null",
        b"7",
        b"[]",
        br#""text""#,
        b"{",
        br#"{"captain":"Kirk""#,
        b"\xff{}",
        br#"{"captain":"Kirk"} 7"#,
        br#"{"captain":"Kirk"}}"#,
        br#"{"rating":"many"}"#,
        br#"{"rating":3000000000}"#,
        br#"{"captain":{"name":"Kirk"}}"#,
        b"{\"captain\":\"\xff\"}",
    ];
    let mut mixed: Vec<&[u8]> = Vec::new();
    for at in 0..bad.len().max(good.len()) {
        mixed.extend(bad.get(at));
        mixed.extend(good.get(at));
    }
    let (batch, origins) = json.decode_with_origins(mixed).expect("plain types");
    assert_eq!(origins, [1, 3, 5, 5, 7, 7], "good records stand behind bad ones");
    assert_eq!(json.bad(), bad.len() as u64);
    let expected = [
        "Kirk 7 0.5 1641622800.25",
        "null null null 1.0",
        "Solo null null null",
        "Ahab null null null",
        "Leela null null null",
        "null null null null",
    ];
    assert_eq!(lines(&batch), expected);
    assert_eq!(json.decode([]).expect("plain types").num_rows(), 0);
}

#[test]
fn columns_are_inferred() {
    let records = [
        &br#"{"user":"a","rating":7,"timestamp":1641622800}"#[..],
        b"broken",
        br#"{"rating":8,"timestamp":1641622800.5,"ok":true}"#,
    ];
    let schema = JsonRecords::infer(records).expect("they agree");
    let types: Vec<String> =
        schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    assert_eq!(types, ["ok Boolean", "rating Int64", "timestamp Float64", "user Utf8"]);
}

proptest! {
    /// Whatever comes, nothing breaks, and each record is counted.
    #[test]
    fn any_bytes_are_rows_or_bad(
        records in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..20),
                "\\{\"(rating|captain)\":[0-9\"a{}\\[\\]]{0,6}\\}".prop_map(String::into_bytes),
            ],
            0..20,
        ),
    ) {
        let mut json = ratings();
        let batch = json.decode(records.iter().map(Vec::as_slice)).expect("plain types");
        prop_assert!(json.bad() + batch.num_rows() as u64 >= records.len() as u64);
    }
}
