//! Damaged, foreign, vanished and forbidden objects, and what each policy makes of them.

use std::error::Error as _;

use bytes::Bytes;
use futures::TryStreamExt;
use s3_parquet_reader::{Error, OnBad, OnMissing, ParquetSet, ReadOptions, Stage};

use crate::files::{ints, key, parquet, parquet_in_groups, put, ratings};
use crate::store::{Fault, TestStore};

/// A good object before and after the one in question.
async fn around(content: impl Into<Bytes>) -> TestStore {
    let store = TestStore::new();
    put(&*store.inner, &key("ratings", 6, 0), parquet(&ratings(0, 10))).await;
    put(&*store.inner, &key("ratings", 6, 1), content).await;
    put(&*store.inner, &key("ratings", 6, 2), parquet(&ratings(10, 10))).await;
    store
}

fn set(store: &TestStore, options: &ReadOptions) -> ParquetSet {
    ParquetSet::new(store.shared(), "ratings", options)
}

fn skipping() -> ReadOptions {
    ReadOptions::default().with_on_bad(OnBad::Skip)
}

#[tokio::test]
async fn a_bad_object_fails_the_read_by_name_or_is_skipped_with_its_reason() {
    let good = parquet(&ratings(0, 1_000));
    let cut = good.slice(..good.len() / 2);
    let mut flipped = good.to_vec();
    flipped[60] ^= 0xff;
    flipped[61] ^= 0xff;
    for (content, word) in [
        (Bytes::from_static(b"<html><body>503 Slow Down</body></html>"), "not Parquet"),
        (Bytes::from_static(b"PAR1"), "damaged footer"),
        (Bytes::from_static(b"PAR1xxxxxxxxPAR1"), "damaged footer"),
        (cut, "damaged footer"),
        (flipped.into(), "damaged data"),
    ] {
        let store = around(content).await;
        let error = set(&store, &ReadOptions::default()).read_all().await.unwrap_err();
        assert!(error.is_bad_object(), "{error}");
        assert_eq!(error.key(), Some(key("ratings", 6, 1).as_str()));
        assert!(error.to_string().contains(&key("ratings", 6, 1)), "{error}");
        let table = set(&store, &skipping()).read_all().await.unwrap();
        assert_eq!(ints(table.batches(), "rating"), (0..20).map(Some).collect::<Vec<_>>());
        let [skipped] = &table.report().skipped[..] else { panic!("{}", table.report()) };
        assert_eq!(skipped.key, key("ratings", 6, 1));
        assert!(skipped.reason.contains(word), "{word}: {}", skipped.reason);
        assert!(table.report().to_string().contains(&skipped.reason));
        let mut stream = set(&store, &skipping()).stream().unwrap();
        while stream.try_next().await.unwrap().is_some() {}
        assert_eq!(stream.report(), *table.report());
    }
}

#[tokio::test]
async fn footers_tell_bad_objects_too() {
    for (content, is_parquet) in [("<html></html>", false), ("PAR1 and then nothing", true)] {
        let store = around(content).await;
        let error = set(&store, &ReadOptions::default()).count().await.unwrap_err();
        assert_eq!(matches!(error, Error::Corrupt { stage: Stage::Footer, .. }), is_parquet);
        assert!(error.is_bad_object());
        let report = set(&store, &skipping()).count().await.unwrap();
        assert_eq!((report.rows, report.skipped.len()), (20, 1));
    }
}

#[tokio::test]
async fn an_object_of_zero_bytes_is_reported_and_costs_nothing() {
    let store = around("").await;
    let table = set(&store, &ReadOptions::default()).read_all().await.unwrap();
    assert_eq!((table.num_rows(), store.gets()), (20, 2));
    assert_eq!(table.report().skipped[0].reason, "zero bytes");
    let error = set(&store, &skipping()).read_object(&key("ratings", 6, 1)).await.unwrap_err();
    assert!(matches!(error, Error::NotParquet { size: 0, .. }));
}

#[tokio::test]
async fn an_object_without_rows_is_no_bad_object() {
    let store = around(parquet(&ratings(0, 0))).await;
    let table = set(&store, &ReadOptions::default()).read_all().await.unwrap();
    assert_eq!((table.num_rows(), table.report().read), (20, 3));
    assert!(table.report().skipped.is_empty());
}

#[tokio::test]
async fn a_vanished_object_is_skipped_unless_told_otherwise() {
    let store = around(parquet(&ratings(0, 5))).await;
    store.fault(&key("ratings", 6, 1), Fault::Deleted);
    let table = set(&store, &ReadOptions::default()).read_all().await.unwrap();
    assert_eq!(table.num_rows(), 20);
    assert!(table.report().skipped[0].reason.contains("deleted"));
    let strict = ReadOptions::default().with_on_missing(OnMissing::Fail);
    let error = set(&store, &strict).read_all().await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { key: k, .. } if *k == key("ratings", 6, 1)));
}

#[tokio::test]
async fn network_and_permissions_are_never_skipped() {
    for (fault, denied) in [(Fault::Denied, true), (Fault::Reset, false)] {
        let store = around(parquet(&ratings(0, 5))).await;
        store.fault(&key("ratings", 6, 1), fault);
        for error in [
            set(&store, &skipping()).read_all().await.unwrap_err(),
            set(&store, &skipping()).count().await.unwrap_err(),
            set(&store, &skipping()).stream().unwrap().try_collect::<Vec<_>>().await.unwrap_err(),
        ] {
            assert_eq!(matches!(error, Error::AccessDenied { .. }), denied, "{error}");
            assert!(error.to_string().contains(&key("ratings", 6, 1)), "{error}");
            assert!(error.source().is_some());
        }
    }
}

#[tokio::test]
async fn a_replaced_large_object_is_read_in_one_version() {
    let old = parquet_in_groups(&ratings(0, 400_000), 50_000);
    let new_rows = ratings(1_000_000, 380_000);
    let new = parquet_in_groups(&new_rows, 50_000);
    assert!(old.len() > 4 << 20 && new.len() > 4 << 20);
    // The request at which the replacement happens: before the footer, after it, amid the data.
    for turn in 0..9 {
        let store = TestStore::new();
        put(&*store.inner, "ratings/a.parquet", old.clone()).await;
        store.fault("ratings/a.parquet", Fault::Replaced(turn, new.clone()));
        let table = set(&store, &ReadOptions::default()).read_all().await.unwrap();
        let got = ints(table.batches(), "rating");
        let is_old = got == ints(&[ratings(0, 400_000)], "rating");
        let is_new = got == ints(std::slice::from_ref(&new_rows), "rating");
        assert!(is_new || (is_old && store.gets() <= turn), "turn {turn}: a mixture");
    }
}

#[tokio::test]
async fn a_streamed_object_is_skipped_whole_or_not_at_all() {
    let mut content = parquet_in_groups(&ratings(0, 400_000), 50_000).to_vec();
    let middle = content.len() / 2;
    content[middle..middle + 200_000].fill(0xff);
    let store = TestStore::new();
    put(&*store.inner, "ratings/a.parquet", content).await;
    let table = set(&store, &skipping()).read_all().await.unwrap();
    assert_eq!((table.num_rows(), table.report().skipped.len()), (0, 1));
    let mut stream = set(&store, &skipping()).stream().unwrap();
    let mut rows = 0;
    let error = loop {
        match stream.try_next().await {
            Ok(Some(batch)) => rows += batch.record_batch().num_rows(),
            Ok(None) => panic!("ended after {rows} rows without a word"),
            Err(error) => break error,
        }
    };
    assert!(rows > 0 && matches!(error, Error::Corrupt { stage: Stage::Data, .. }), "{error}");
    assert!(stream.try_next().await.unwrap().is_none(), "nothing follows an error");
}
