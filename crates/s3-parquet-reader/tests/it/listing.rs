//! Which keys a prefix and a time range find, and what that costs.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use s3_parquet_reader::{Error, ParquetSet, ReadOptions};

use crate::files::{key, parquet, put, ratings};
use crate::store::TestStore;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The same set listed by segments and by pages: both must find the same.
fn both(store: &TestStore, prefix: &str) -> [ParquetSet; 2] {
    let plain = ParquetSet::new(store.shared(), prefix, &ReadOptions::default());
    [plain.clone(), plain.with_pages(Arc::new(store.clone()))]
}

async fn keys(set: &ParquetSet) -> Vec<String> {
    set.list().await.unwrap().into_iter().map(|object| object.key).collect()
}

#[tokio::test]
async fn prefixes_match_by_string() {
    let store = TestStore::with_page(2);
    let all = [
        "other/2022/01/08/06/o.parquet",
        "ratings-old.parquet",
        "ratings/2022/01/08/06/a.parquet",
        "ratings2022/01/08/06/b.parquet",
        "ratings2022/01/08/07/c.parquet",
    ];
    for key in all {
        put(&*store.inner, key, "x").await;
    }
    for (prefix, want) in [
        ("", &all[..]),
        ("ratings", &all[1..]),
        ("ratings/", &all[2..3]),
        ("ratings2", &all[3..]),
        ("ratings2022", &all[3..]),
        ("ratings2022/", &all[3..]),
        ("ratings2022/01/08/06", &all[3..4]),
        ("ratings2022/01/08/06/", &all[3..4]),
        ("ratings2022/01/08/0", &all[3..]),
        ("ratings2022/01/08/06/b.parquet", &all[3..4]),
        ("rating", &all[1..]),
        ("x", &[]),
        ("ratings/x/", &[]),
    ] {
        for set in both(&store, prefix) {
            assert_eq!(keys(&set).await, want, "`{prefix}` in {set:?}");
        }
    }
}

#[tokio::test]
async fn other_subtrees_are_not_walked() {
    let store = TestStore::new();
    put(&*store.inner, "other/2022/01/08/06/o.parquet", "x").await;
    put(&*store.inner, "ratings2022/01/08/06/b.parquet", "x").await;
    let [by_segments, by_pages] = both(&store, "ratings");
    by_segments.list().await.unwrap();
    assert_eq!(store.lists(), ["/*", "ratings2022/**"]);
    by_pages.list().await.unwrap();
    assert_eq!(store.lists(), ["/*", "ratings", "ratings2022/**"]);
}

#[tokio::test]
async fn only_parquet_objects_that_are_not_hidden_count() {
    let store = TestStore::new();
    for key in [
        "d/a.parquet",
        "d/a.parquet.tmp",
        "d/_SUCCESS",
        "d/_temporary/b.parquet",
        "d/.c.parquet",
        "d/e/.hidden/f.parquet",
        "d/readme.txt",
    ] {
        put(&*store.inner, key, "x").await;
    }
    for set in both(&store, "d/") {
        assert_eq!(keys(&set).await, ["d/a.parquet"]);
    }
    for set in both(&store, "d/_temp") {
        assert_eq!(keys(&set).await, ["d/_temporary/b.parquet"]);
    }
}

#[tokio::test]
async fn a_long_listing_comes_page_by_page_in_key_order() {
    let store = TestStore::with_page(1_000);
    for number in 0..2_500 {
        put(&*store.inner, &format!("d/{number:04}.parquet"), "x").await;
    }
    let [by_segments, by_pages] = both(&store, "d/");
    let listed = keys(&by_pages).await;
    assert_eq!(listed.len(), 2_500);
    assert!(listed.is_sorted());
    assert_eq!(store.lists(), ["d/"; 3]);
    assert_eq!(keys(&by_segments).await, listed);
}

#[tokio::test]
async fn a_time_range_lists_its_hours_and_nothing_else() {
    for prefix in ["ratings", "ratings/"] {
        let store = TestStore::new();
        for hour in 0..24 {
            put(&*store.inner, &key(prefix, hour, 1), "x").await;
        }
        let (from, to) = (at("2022-01-08T06:30:00Z"), at("2022-01-08T08:00:00Z"));
        for set in both(&store, "ratings") {
            let found = keys(&set.between(from, to)).await;
            assert_eq!(found, [key(prefix, 6, 1), key(prefix, 7, 1)]);
        }
        let hours = ["2022/01/08/06", "2022/01/08/07"];
        let walked = hours.map(|hour| [format!("ratings/{hour}/**"), format!("ratings{hour}/**")]);
        let paged = hours.map(|hour| [format!("ratings/{hour}/"), format!("ratings{hour}/")]);
        let mut want: Vec<String> = walked.into_iter().chain(paged).flatten().collect();
        want.sort();
        assert_eq!(store.lists(), want, "{prefix}");
    }
}

#[tokio::test]
async fn time_ranges_meet_prefixes_of_every_depth() {
    let store = TestStore::new();
    for hour in [5, 6, 7] {
        put(&*store.inner, &key("ratings", hour, 1), "x").await;
    }
    put(&*store.inner, "ratings2022/01/07/06/x.parquet", "x").await;
    let day = (at("2022-01-08T00:00:00Z"), at("2022-01-09T00:00:00Z"));
    let hour = (at("2022-01-08T06:00:00Z"), at("2022-01-08T06:00:01Z"));
    let month = (at("2022-01-01T00:00:00Z"), at("2022-02-01T00:00:00Z"));
    let ages = (at("1970-01-01T00:00:00Z"), at("2100-01-01T00:00:00Z"));
    for (prefix, (from, to), want) in [
        ("ratings", day, 3),
        ("ratings", month, 4),
        ("ratings", ages, 4),
        ("ratings", hour, 1),
        ("rat", hour, 1),
        ("", month, 4),
        ("ratings2022", hour, 1),
        ("ratings2022/01", day, 3),
        ("ratings2022/01/08/", day, 3),
        ("ratings2022/01/0", month, 4),
        ("ratings2022/01/08/06/", day, 1),
        ("ratings2022/01/08/05/", hour, 0),
        ("ratings2022/01/07/", day, 0),
        ("x", ages, 0),
    ] {
        for set in both(&store, prefix) {
            let found = keys(&set.between(from, to)).await;
            assert_eq!(found.len(), want, "`{prefix}` {from} {to}: {found:?}");
        }
    }
}

#[tokio::test]
async fn hours_deeper_in_the_keys_are_found_after_a_look() {
    let store = TestStore::new();
    put(&*store.inner, "ratings/eu/2022/01/08/06/a.parquet", "x").await;
    put(&*store.inner, "ratings/eu/2022/01/08/07/b.parquet", "x").await;
    put(&*store.inner, "ratings/latest.parquet", "x").await;
    let (from, to) = (at("2022-01-08T06:00:00Z"), at("2022-01-08T07:00:00Z"));
    for set in both(&store, "ratings") {
        let found = keys(&set.between(from, to)).await;
        assert_eq!(found, ["ratings/eu/2022/01/08/06/a.parquet"]);
    }
}

#[tokio::test]
async fn an_empty_prefix_and_an_empty_range_can_be_told_apart() {
    let store = TestStore::new();
    for set in both(&store, "ratings") {
        let table = set.read_all().await.unwrap();
        assert_eq!((table.report().listed, table.num_rows()), (0, 0));
        assert!(table.schema().fields().is_empty());
        assert_eq!(set.head(5).await.unwrap().num_rows(), 0);
        assert_eq!(set.count().await.unwrap().rows, 0);
        assert!(set.schema().await.unwrap().schema.fields().is_empty());
        let backwards = set.between(at("2022-01-08T06:00:00Z"), at("2022-01-08T06:00:00Z"));
        assert!(matches!(backwards.list().await, Err(Error::TimeRange { .. })));
    }
}

#[tokio::test]
async fn an_object_tells_its_hour_and_size() {
    let store = TestStore::new();
    let content = parquet(&ratings(0, 3));
    put(&*store.inner, &key("ratings", 6, 4), content.clone()).await;
    let [set, _] = both(&store, "ratings");
    let objects = set.list().await.unwrap();
    assert_eq!(objects[0].hour, Some(at("2022-01-08T06:00:00Z")));
    assert_eq!(objects[0].size, content.len() as u64);
}
