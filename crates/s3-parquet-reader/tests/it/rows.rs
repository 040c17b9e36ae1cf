//! Rows as values, and reading without async.

use std::sync::Arc;

use futures::TryStreamExt;
use s3_parquet_reader::{Error, Filter, ParquetSet, ReadOptions, blocking};
use serde::Deserialize;

use crate::files::{ints, key, parquet, put, ratings};
use crate::store::TestStore;

#[derive(Debug, PartialEq, Deserialize)]
struct Rating {
    user: String,
    favoritecaptain: String,
    rating: i64,
    timestamp: f64,
    comment: Option<String>,
}

async fn filled() -> TestStore {
    let store = TestStore::new();
    for number in 0..3 {
        let first = i32::try_from(number * 10).unwrap();
        put(&*store.inner, &key("ratings", 6, number), parquet(&ratings(first, 10))).await;
    }
    store
}

#[tokio::test]
async fn rows_become_values_with_their_key_and_number() {
    let store = filled().await;
    for options in [
        ReadOptions::default(),
        ReadOptions::default().with_string_views(true).with_dictionary_columns(["favoritecaptain"]),
    ] {
        let set = ParquetSet::new(store.shared(), "ratings", &options);
        let set = set.filter(Filter::column("rating").at_least(15));
        let rows: Vec<_> = set.rows::<Rating>().unwrap().try_collect().await.unwrap();
        assert_eq!(rows.len(), 15);
        assert_eq!((&*rows[0].key, rows[0].index), (key("ratings", 6, 1).as_str(), 5));
        let want = Rating {
            user: "user 15".to_owned(),
            favoritecaptain: "Ben Sisko".to_owned(),
            rating: 15,
            timestamp: 15.0,
            comment: None,
        };
        assert_eq!(rows[0].value, want);
    }
}

#[tokio::test]
async fn rows_that_do_not_fit_are_named() {
    #[derive(Debug, Deserialize)]
    struct Other {
        #[expect(dead_code, reason = "it is only there to be missed")]
        nickname: String,
    }
    let store = filled().await;
    let set = ParquetSet::new(store.shared(), "ratings", &ReadOptions::default());
    let error = set.rows::<Other>().unwrap().try_collect::<Vec<_>>().await.unwrap_err();
    let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(matches!(error, Error::Rows { .. }), "{text}");
    assert!(text.contains(&key("ratings", 6, 0)) && text.contains("nickname"), "{text}");
}

#[test]
fn everything_works_without_async_also_within_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(filled());
    let set =
        blocking::ParquetSet::new(store.shared(), "ratings", &ReadOptions::default()).unwrap();
    let read = |set: blocking::ParquetSet| {
        assert_eq!(set.list().unwrap().len(), 3);
        assert_eq!(set.count().unwrap().rows, 30);
        assert_eq!(set.schema().unwrap().schema.fields().len(), 4);
        assert_eq!(set.head(4).unwrap().num_rows(), 4);
        let all = set.read_all().unwrap();
        assert_eq!(ints(all.batches(), "rating"), (0..30).map(Some).collect::<Vec<_>>());
        let limited = set.clone().columns(["rating"]).limit(12);
        let mut batches = limited.stream().unwrap();
        let streamed: Vec<_> = batches.by_ref().map(|b| b.unwrap().into_record_batch()).collect();
        assert_eq!(ints(&streamed, "rating"), (0..12).map(Some).collect::<Vec<_>>());
        let error = set.columns(["Rating"]).stream().unwrap().next().unwrap().unwrap_err();
        assert!(matches!(error, Error::UnknownColumn { .. }));
    };
    read(set.clone());
    runtime.block_on(async { read(set) });
    let missing = blocking::ParquetSet::open("/no/such/place/at/all", &ReadOptions::default());
    assert!(matches!(missing.unwrap_err(), Error::Location { .. }));
    drop(Arc::new(store));
}
