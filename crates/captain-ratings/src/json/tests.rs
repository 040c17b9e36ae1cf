//! Both styles against what the tools they imitate print, literally and by property.

use proptest::prelude::*;
use serde_json::Value;

use crate::{CaptainRating, RatingGenerator};

fn rated_by(user: &str) -> CaptainRating {
    rated_at(user, 1_641_621_600.0)
}

fn rated_at(user: &str, timestamp: f64) -> CaptainRating {
    let favorite_captain = "Han Solo".to_owned();
    CaptainRating { user: user.to_owned(), favorite_captain, rating: 7, timestamp }
}

#[test]
fn the_two_styles_differ_in_their_spaces() {
    let rating = rated_by("Ada O'Hara");
    assert_eq!(
        rating.to_json(),
        r#"{"user":"Ada O'Hara","favoritecaptain":"Han Solo","rating":7,"timestamp":1641621600.0}"#
    );
    assert_eq!(
        rating.to_python_json(),
        r#"{"user": "Ada O'Hara", "favoritecaptain": "Han Solo", "rating": 7, "timestamp": 1641621600.0}"#
    );
}

/// Each text with what CPython 3.11's `json.dumps` prints for it.
const PYTHON_STRINGS: [(&str, &str); 16] = [
    ("plain", r#""plain""#),
    ("", r#""""#),
    ("say \"no\"", r#""say \"no\"""#),
    ("back\\slash", r#""back\\slash""#),
    ("a/b", r#""a/b""#),
    ("tab\tline\nreturn\rfeed\u{c}back\u{8}", r#""tab\tline\nreturn\rfeed\fback\b""#),
    ("\0\u{1}\u{1f}", r#""\u0000\u0001\u001f""#),
    ("del\u{7f}", r#""del\u007f""#),
    ("caf\u{e9}", r#""caf\u00e9""#),
    ("\u{80}\u{a0}", r#""\u0080\u00a0""#),
    ("\u{65e5}\u{672c}", r#""\u65e5\u672c""#),
    ("\u{1f680} up", r#""\ud83d\ude80 up""#),
    ("\u{ffff}\u{10ffff}", r#""\uffff\udbff\udfff""#),
    ("\u{2028}\u{2029}", r#""\u2028\u2029""#),
    ("~ ", r#""~ ""#),
    ("O'Hara", r#""O'Hara""#),
];

#[test]
fn awkward_strings_come_out_as_json_dumps_prints_them() {
    for (text, printed) in PYTHON_STRINGS {
        let json = rated_by(text).to_python_json();
        assert!(json.starts_with(&format!(r#"{{"user": {printed}, "fav"#)), "{text:?}: {json}");
    }
}

/// Each number with what CPython 3.11's `json.dumps` prints for it.
const PYTHON_FLOATS: [(f64, &str); 33] = [
    (1_641_621_600.0, "1641621600.0"),
    (1_641_621_600.001, "1641621600.001"),
    (1_641_621_600.123_456_7, "1641621600.1234567"),
    (0.0, "0.0"),
    (-0.0, "-0.0"),
    (1.0, "1.0"),
    (0.0001, "0.0001"),
    (0.000_12, "0.00012"),
    (0.000_01, "1e-05"),
    (0.000_012_345, "1.2345e-05"),
    (-0.000_01, "-1e-05"),
    (9.999e-05, "9.999e-05"),
    (1e-06, "1e-06"),
    (1.5e-07, "1.5e-07"),
    (-2.5e-09, "-2.5e-09"),
    (1e-10, "1e-10"),
    (1.234e-100, "1.234e-100"),
    (5e-324, "5e-324"),
    (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
    (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
    (9_007_199_254_740_992.0, "9007199254740992.0"),
    (1e15, "1000000000000000.0"),
    (9_999_999_999_999_998.0, "9999999999999998.0"),
    (1e16, "1e+16"),
    (1e17, "1e+17"),
    (1.5e16, "1.5e+16"),
    (1e22, "1e+22"),
    (1e100, "1e+100"),
    (f64::MAX, "1.7976931348623157e+308"),
    (-1e16, "-1e+16"),
    (f64::NAN, "NaN"),
    (f64::INFINITY, "Infinity"),
    (f64::NEG_INFINITY, "-Infinity"),
];

#[test]
fn floats_come_out_as_json_dumps_prints_them() {
    for (value, printed) in PYTHON_FLOATS {
        let json = rated_at("u", value).to_python_json();
        assert!(json.ends_with(&format!(r#""timestamp": {printed}}}"#)), "{value:e}: {json}");
    }
}

#[test]
fn a_timestamp_without_a_value_is_null_in_compact_json() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let rating = rated_at("u", value);
        assert!(rating.to_json().ends_with(r#""timestamp":null}"#));
        assert!(serde_json::from_str::<CaptainRating>(&rating.to_json()).is_err());
    }
}

#[test]
fn generated_timestamps_survive_json_to_the_last_bit() {
    let start = 1_641_621_600.123_456_7;
    let step = std::time::Duration::from_nanos(999_983_417);
    for rating in RatingGenerator::with_seed(42).starting_at(start).every(step).take(20_000) {
        for json in [rating.to_json(), rating.to_python_json()] {
            let back: CaptainRating = serde_json::from_str(&json).unwrap();
            assert_eq!(back.timestamp.to_bits(), rating.timestamp.to_bits(), "{json}");
            assert_eq!(back, rating);
        }
    }
}

/// Any text at all, with more than its share of the characters that JSON treats specially.
fn text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(
        "\"\\/\u{0}\u{8}\t\n\u{c}\r\u{1f} ~\u{7f}\u{80}é😀".chars().collect::<Vec<_>>(),
    );
    let character = prop_oneof![special, any::<char>(), prop::char::range('a', 'z')];
    prop::collection::vec(character, 0..24).prop_map(String::from_iter)
}

fn rating() -> impl Strategy<Value = CaptainRating> {
    let timestamp =
        prop_oneof![any::<f64>(), any::<u64>().prop_map(f64::from_bits), 0.0..4e9, -1e-3..1e-3];
    (text(), text(), any::<i32>(), timestamp).prop_map(
        |(user, favorite_captain, rating, timestamp)| CaptainRating {
            user,
            favorite_captain,
            rating,
            timestamp,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn compact_is_what_serde_json_prints(rating in rating()) {
        prop_assert_eq!(rating.to_json(), serde_json::to_string(&rating).unwrap());
    }

    #[test]
    fn python_style_is_ascii_and_reads_back_as_the_same_record(rating in rating()) {
        prop_assume!(rating.timestamp.is_finite());
        let json = rating.to_python_json();
        prop_assert!(json.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "{}", json);
        let back: CaptainRating = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back.timestamp.to_bits(), rating.timestamp.to_bits());
        prop_assert_eq!(back, rating);
    }

    #[test]
    fn both_styles_hold_the_same_value(rating in rating()) {
        prop_assume!(rating.timestamp.is_finite());
        let compact: Value = serde_json::from_str(&rating.to_json()).unwrap();
        let python: Value = serde_json::from_str(&rating.to_python_json()).unwrap();
        prop_assert_eq!(compact, python);
    }
}
