use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn hours_are_read_from_the_last_date_among_the_directories() {
    for (key, want) in [
        ("ratings2022/01/08/06/x.parquet", Some("2022-01-08T06:00:00Z")),
        ("ratings/2022/01/08/06/x.parquet", Some("2022-01-08T06:00:00Z")),
        ("2022/01/08/23/x", Some("2022-01-08T23:00:00Z")),
        ("a/2021/12/31/00/b/2022/01/08/06/x", Some("2022-01-08T06:00:00Z")),
        ("2022/01/08/06/part/x.parquet", Some("2022-01-08T06:00:00Z")),
        ("ratings20222022/01/08/06/x", Some("2022-01-08T06:00:00Z")),
        ("2024/02/29/06/x", Some("2024-02-29T06:00:00Z")),
        ("2022/02/29/06/x", None),
        ("2022/01/08/24/x", None),
        ("2022/13/08/06/x", None),
        ("2022/1/8/6/x", None),
        ("2022/01/08/06", None),
        ("0202/01/08/06/x", None),
        ("año22/01/08/06/x", None),
        ("été/x", None),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(hour_of(key), want.map(at), "{key}");
    }
}

#[test]
fn a_date_at_the_end_of_a_prefix_is_found() {
    for (prefix, want) in [
        ("ratings2022/01/08/06/", Some(7)),
        ("ratings2022/01/08/06", Some(7)),
        ("ratings2022/01/", Some(7)),
        ("ratings2022/", Some(7)),
        ("ratings2022", Some(7)),
        ("ratings2022/01/0", Some(7)),
        ("ratings/2022/01/08/06/", Some(8)),
        ("2022/", Some(0)),
        ("ratings", None),
        ("ratings/", None),
        ("ratings2022/99/", None),
        ("", None),
    ] {
        assert_eq!(date_tail(prefix), want, "{prefix}");
    }
}

#[test]
fn ranges_become_the_fewest_prefixes() {
    for (from, to, want) in [
        ("2022-01-08T06:10:00Z", "2022-01-08T06:20:00Z", &["2022/01/08/06/"][..]),
        ("2022-01-08T06:00:00Z", "2022-01-08T08:00:00Z", &["2022/01/08/06/", "2022/01/08/07/"]),
        (
            "2022-01-07T23:00:00Z",
            "2022-01-09T01:00:00Z",
            &["2022/01/07/23/", "2022/01/08/", "2022/01/09/00/"],
        ),
        ("2021-12-31T00:00:00Z", "2022-02-01T00:00:00Z", &["2021/12/31/", "2022/01/"]),
        ("2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z", &["2020/", "2021/"]),
    ] {
        assert_eq!(cover(at(from), at(to)).unwrap(), want, "{from} {to}");
    }
}

#[test]
fn absurd_ranges_give_up_rather_than_run_on() {
    let (min, max) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    assert_eq!(hour_prefixes("ratings", min, max), None);
    assert!(
        hour_prefixes("ratings", at("1970-01-01T00:00:00Z"), at("2100-01-01T00:00:00Z")).is_some()
    );
}

/// Hours between 2019 and 2025.
fn hours() -> impl Strategy<Value = DateTime<Utc>> {
    (429_528_i64..482_136).prop_map(|hour| Utc.timestamp_opt(hour * 3_600, 0).unwrap())
}

proptest! {
    #[test]
    fn an_hour_is_covered_exactly_when_it_overlaps(
        from in hours(),
        minutes in 1_i64..2_000_000,
        hour in hours(),
        prefix in prop_oneof!["", "ratings", "ratings/", "a/b-"],
        slash in any::<bool>(),
    ) {
        let from = from + TimeDelta::minutes(17);
        let to = from + TimeDelta::minutes(minutes);
        let glue = if slash && !prefix.is_empty() && !prefix.ends_with('/') { "/" } else { "" };
        let key = format!("{prefix}{glue}{}x.parquet", hour.format("%Y/%m/%d/%H/"));
        prop_assert_eq!(hour_of(&key), Some(hour));
        prop_assert!(is_directly_below(&prefix, &key, hour));
        let overlaps = hour < to && hour + TimeDelta::hours(1) > from;
        let prefixes = hour_prefixes(&prefix, from, to).unwrap();
        let covered = prefixes.iter().filter(|p| key.starts_with(p.as_str())).count();
        prop_assert_eq!(covered, usize::from(overlaps), "{:?}", prefixes);
        prop_assert!(prefixes.is_sorted());
    }

    #[test]
    fn no_key_is_too_odd(key in "\\PC*", digits in "[0-9/]{0,40}") {
        hour_of(&key);
        hour_of(&digits);
        date_tail(&key);
        date_tail(&digits);
    }
}
