//! Damaged, foreign, vanished and forbidden objects, and what each policy makes of them.

use std::error::Error as _;

use bytes::Bytes;
use futures::TryStreamExt;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter};
use s3_parquet_reader::{Error, Filter, OnBad, OnMissing, ParquetSet, ReadOptions, Stage};

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

/// Two thousand million truth values in a field that nobody knows: nine bytes, which the decoder alone would pass over
/// one by one, for seconds each time.
const ENDLESS: [u8; 9] = [0x09, 0x90, 0x03, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07];

/// In the footer, before the byte that ends it, so often.
fn endless_footer(file: &[u8], times: usize) -> Bytes {
    let (before, tail) = file.split_last_chunk::<8>().unwrap();
    let length = u32::from_le_bytes(tail[..4].try_into().unwrap());
    let longer = length + u32::try_from(ENDLESS.len() * times).unwrap();
    let (last, before) = before.split_last().unwrap();
    [before, &ENDLESS.repeat(times), &[*last], &longer.to_le_bytes(), &tail[4..]].concat().into()
}

/// In the header of the first page.
fn endless_page(file: &[u8]) -> Bytes {
    let mut changed = file.to_vec();
    changed[4..13].copy_from_slice(&ENDLESS);
    changed.into()
}

#[tokio::test]
async fn what_would_take_hours_to_decode_is_refused_at_once() {
    let small = parquet(&ratings(0, 1_000));
    let large = parquet(&ratings(0, 600_000));
    assert!(large.len() > 4 << 20, "{}", large.len());
    for (content, word) in [
        (endless_footer(&small, 1_000), "footer: 2147483647 truth values"),
        (endless_footer(&large, 1_000), "footer: 2147483647 truth values"),
        // Longer than what is fetched of a large object's end at first.
        (endless_footer(&large, 10_000), "footer: 2147483647 truth values"),
        (endless_page(&small), "page header: 2147483647 truth values"),
        (endless_page(&large), "page header: 2147483647 truth values"),
    ] {
        let store = around(content).await;
        let error = set(&store, &ReadOptions::default()).read_all().await.unwrap_err();
        assert_eq!(error.key(), Some(key("ratings", 6, 1).as_str()));
        let told = error.source().unwrap().to_string();
        assert!(error.is_bad_object() && told.contains(word), "{error}: {told}");
        let table = set(&store, &skipping()).read_all().await.unwrap();
        assert_eq!((table.num_rows(), table.report().skipped.len()), (20, 1));
    }
}

/// Whether whole or by ranges: what is not decoded does no harm, what is compared is decoded.
#[tokio::test]
async fn pages_of_columns_that_nobody_asks_for_are_left_alone() {
    for rows in [1_000, 600_000] {
        // The first page is of the column `user`.
        let store = around(endless_page(&parquet(&ratings(0, rows)))).await;
        let ratings = set(&store, &ReadOptions::default()).columns(["rating"]);
        let table = ratings.clone().read_all().await.unwrap();
        assert_eq!(table.num_rows(), 20 + usize::try_from(rows).unwrap());
        let compared = ratings.filter(Filter::column("user").equal_to("user 1"));
        assert!(compared.read_all().await.unwrap_err().is_bad_object());
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

/// The file with another footer, whose row groups promise as many rows as `change` says.
fn with_groups(file: &[u8], change: impl Fn(i64) -> i64) -> Bytes {
    let bytes = Bytes::copy_from_slice(file);
    let old = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    let groups = old.row_groups().iter().map(|group| {
        let rows = change(group.num_rows());
        group.clone().into_builder().set_num_rows(rows).build().unwrap()
    });
    let footer = ParquetMetaData::new(old.file_metadata().clone(), groups.collect());
    let length = u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap());
    let mut changed = file[..file.len() - 8 - usize::try_from(length).unwrap()].to_vec();
    ParquetMetaDataWriter::new(&mut changed, &footer).finish().unwrap();
    changed.into()
}

/// The file of 100 rows, whose footer promises 101 in all: the number is patched where it stands
/// in Thrift's compact form, before the list of row groups.
fn with_one_row_more(file: &[u8]) -> Bytes {
    let (old, new) = ([0x16, 0xc8, 0x01, 0x19], [0x16, 0xca, 0x01, 0x19]);
    let places: Vec<_> = (0..file.len() - 4).filter(|at| file[*at..*at + 4] == old).collect();
    let [at] = places[..] else { panic!("{places:?}") };
    let mut changed = file.to_vec();
    changed[at..at + 4].copy_from_slice(&new);
    changed.into()
}

#[tokio::test]
async fn a_footer_that_contradicts_itself_is_reported() {
    let file = parquet_in_groups(&ratings(0, 100), 50);
    let store = around(with_groups(&file, |rows| rows)).await;
    assert_eq!(set(&store, &ReadOptions::default()).read_all().await.unwrap().num_rows(), 120);
    for (content, word) in [
        (with_one_row_more(&file), "the footer promises 101 rows, its row groups have 100"),
        (with_groups(&file, |_| 49), "row group 0 promises 49 rows, its column `user` 50 values"),
        (with_groups(&file, |_| 51), "row group 0 promises 51 rows"),
        (with_groups(&file, |_| -1), "row group 0 promises -1 rows"),
    ] {
        let store = around(content).await;
        let error = set(&store, &ReadOptions::default()).read_all().await.unwrap_err();
        assert!(matches!(&error, Error::Corrupt { stage: Stage::Footer, .. }), "{error:?}");
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(word), "{cause}");
        let table = set(&store, &skipping()).read_all().await.unwrap();
        assert_eq!((table.num_rows(), table.report().skipped.len()), (20, 1), "{word}");
        let report = set(&store, &skipping()).count().await.unwrap();
        assert_eq!((report.rows, report.skipped.len()), (20, 1));
    }
}

#[tokio::test]
async fn page_checksums_let_no_flipped_byte_through() {
    let file: &[u8] = include_bytes!("../foreign/checksums/a.parquet");
    let store = TestStore::new();
    put(&*store.inner, "a.parquet", file).await;
    let set = ParquetSet::new(store.shared(), "", &ReadOptions::default());
    let good = set.read_all().await.unwrap().concat().unwrap();
    let (mut noticed, mut harmless) = (0, 0);
    for at in (4..file.len() - 8).step_by(11) {
        let mut flipped = file.to_vec();
        flipped[at] ^= 0x10;
        put(&*store.inner, "a.parquet", flipped).await;
        match set.read_all().await {
            Err(error) => {
                assert!(error.is_bad_object() || matches!(error, Error::Memory { .. }), "{error}");
                noticed += 1;
            }
            // In the parts that say nothing about the rows: names of writers, statistics.
            Ok(table) if table.concat().unwrap().columns() == good.columns() => harmless += 1,
            Ok(_) if at > file.len() - 3_000 => harmless += 1,
            Ok(_) => panic!("byte {at} changed the rows unnoticed"),
        }
    }
    assert!(noticed > 4 * harmless, "{noticed} noticed, {harmless} harmless");
}

#[tokio::test]
async fn a_decoder_that_panics_is_contained() {
    let store = around(parquet(&ratings(0, 5))).await;
    store.fault(&key("ratings", 6, 1), Fault::Panic);
    let error = set(&store, &ReadOptions::default()).read_all().await.unwrap_err();
    assert_eq!(error.key(), Some(key("ratings", 6, 1).as_str()));
    assert!(error.source().unwrap().to_string().contains("panicked"), "{error:?}");
    let table = set(&store, &skipping()).read_all().await.unwrap();
    assert_eq!((table.num_rows(), table.report().skipped.len()), (20, 1));
}

#[tokio::test]
async fn an_object_of_another_length_than_its_listing_is_a_failure_of_the_store() {
    let store = around(parquet(&ratings(0, 1_000))).await;
    store.fault(&key("ratings", 6, 1), Fault::Short);
    for options in [ReadOptions::default(), skipping()] {
        let error = set(&store, &options).read_all().await.unwrap_err();
        assert!(matches!(error, Error::Store { .. }), "never skipped: {error:?}");
        assert!(error.source().unwrap().to_string().contains("instead of"), "{error:?}");
    }
}

#[tokio::test]
async fn markers_of_folders_are_no_objects() {
    let store = around(parquet(&ratings(0, 5))).await;
    for marker in ["ratings2022/01/08/06", "ratings2022/01/08/07", "ratings_$folder$"] {
        put(&*store.inner, marker, "").await;
    }
    let table = set(&store, &ReadOptions::default()).read_all().await.unwrap();
    assert_eq!((table.num_rows(), table.report().skipped.len()), (25, 0));
    assert!(table.report().ignored >= 2, "{}", table.report());
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
