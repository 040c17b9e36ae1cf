//! What reading costs, in which order rows come, and what stays bounded.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use futures::TryStreamExt;
use s3_parquet_reader::{Error, OnBad, Order, ParquetSet, ReadOptions};

use crate::files::{ints, key, parquet, parquet_in_groups, put, ratings};
use crate::store::{Fault, TestStore};

/// Objects of 100 rows; the ratings count on from one to the next.
async fn filled(objects: u32) -> TestStore {
    let store = TestStore::new();
    for number in 0..objects {
        let first = i32::try_from(number * 100).unwrap();
        put(&*store.inner, &key("ratings", 6, number), parquet(&ratings(first, 100))).await;
    }
    store
}

fn set(store: &TestStore, options: &ReadOptions) -> ParquetSet {
    ParquetSet::new(store.shared(), "ratings", options).with_pages(Arc::new(store.clone()))
}

/// One object above the limit for whole GETs, in eight row groups.
async fn large() -> (TestStore, RecordBatch) {
    let store = TestStore::new();
    let rows = ratings(0, 400_000);
    let content = parquet_in_groups(&rows, 50_000);
    assert!(content.len() > 4 << 20, "{}", content.len());
    put(&*store.inner, &key("ratings", 6, 0), content).await;
    (store, rows)
}

#[tokio::test]
async fn an_object_that_was_listed_costs_one_get_whatever_the_options_say() {
    let store = filled(2).await;
    put(&*store.inner, &key("ratings", 6, 2), "<html>").await;
    let options = ReadOptions::default().with_on_bad(OnBad::Skip);
    let set = set(&store, &options);
    let objects = set.list().await.unwrap();
    let before = store.gets();
    let batches: Vec<_> = set.stream_object(objects[1].clone()).try_collect().await.unwrap();
    assert_eq!(store.gets() - before, 1);
    let record_batches: Vec<_> = batches.iter().map(|batch| batch.record_batch().clone()).collect();
    assert_eq!(ints(&record_batches, "rating"), (100..200).map(Some).collect::<Vec<_>>());
    let bad = set.stream_object(objects[2].clone()).try_next().await;
    assert!(matches!(bad, Err(Error::NotParquet { .. })), "{bad:?}");
}

#[tokio::test(start_paused = true)]
async fn a_meter_tells_how_far_a_call_has_come() {
    let store = filled(3).await;
    store.fault(&key("ratings", 6, 2), Fault::Late(Duration::from_millis(200)));
    let (metered, meter) = set(&store, &ReadOptions::default()).metered();
    assert_eq!(meter.report().read, 0);
    let call = tokio::spawn(async move { metered.read_all().await });
    while meter.report().read < 2 {
        tokio::task::yield_now().await;
    }
    let seen = meter.report();
    assert_eq!((seen.listed, seen.rows), (3, 200));
    let table = call.await.unwrap().unwrap();
    assert_eq!(meter.report().rows, 300);
    assert_eq!(table.report(), &meter.report());
}

#[tokio::test]
async fn every_small_object_costs_one_get() {
    let store = filled(40).await;
    let table = set(&store, &ReadOptions::default()).read_all().await.unwrap();
    assert_eq!((store.gets(), store.lists().len()), (40, 1));
    let report = table.report();
    assert_eq!((report.listed, report.read, report.rows), (40, 40, 4_000));
    assert_eq!(report.bytes, store.bytes());
    let want: Vec<_> = (0..4_000).map(Some).collect();
    assert_eq!(ints(table.batches(), "rating"), want);
    assert_eq!(table.concat().unwrap().num_rows(), 4_000);
}

#[tokio::test]
async fn head_stops_after_the_objects_that_it_needs() {
    for (rows, objects) in [(1, 1), (5, 1), (100, 1), (101, 3), (350, 7)] {
        let store = filled(40).await;
        let table = set(&store, &ReadOptions::default()).head(rows).await.unwrap();
        assert_eq!((store.gets(), store.lists().len()), (objects, 1), "head({rows})");
        let want: Vec<_> = (0..i32::try_from(rows).unwrap()).map(Some).collect();
        assert_eq!(ints(table.batches(), "rating"), want);
        assert_eq!(table.report().rows, rows as u64);
    }
    let store = filled(3).await;
    let all = set(&store, &ReadOptions::default()).head(1_000).await.unwrap();
    assert_eq!(all.num_rows(), 300);
    let none = set(&store, &ReadOptions::default()).head(0).await.unwrap();
    assert_eq!((none.num_rows(), none.schema().fields().len()), (0, 4));
}

#[tokio::test]
async fn counting_reads_footers_only() {
    let (store, _) = large().await;
    let report = set(&store, &ReadOptions::default()).count().await.unwrap();
    assert_eq!((report.rows, report.read, store.gets()), (400_000, 1, 1));
    assert_eq!(store.bytes(), 64 << 10);
    let schema = set(&store, &ReadOptions::default()).schema().await.unwrap();
    assert_eq!((schema.schema.fields().len(), store.gets()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn rows_come_in_key_order_however_late_the_answers() {
    for seed in 0..20_u64 {
        let store = filled(30).await;
        for number in 0..30 {
            let delay = (u64::from(number) * 7_919 + seed * 104_729) % 97;
            let late = Fault::Late(Duration::from_millis(delay));
            store.fault(&key("ratings", 6, number), late);
        }
        let set = set(&store, &ReadOptions::default().with_concurrency(8));
        let table = set.read_all().await.unwrap();
        let want: Vec<_> = (0..3_000).map(Some).collect();
        assert_eq!(ints(table.batches(), "rating"), want, "seed {seed}");
        assert!(store.most_in_flight() <= 8);
        let batches: Vec<_> = set.stream().unwrap().try_collect().await.unwrap();
        let batches: Vec<_> = batches.into_iter().map(|b| b.into_record_batch()).collect();
        assert_eq!(ints(&batches, "rating"), want, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn objects_and_bytes_in_flight_are_bounded() {
    let size = parquet(&ratings(0, 100)).len() as u64;
    for (concurrency, budget, most) in
        [(32, 64 << 20, 32), (5, 64 << 20, 5), (32, 3 * size + 2_048, 3), (32, 1, 1)]
    {
        let store = filled(40).await;
        for number in 0..40 {
            store.fault(&key("ratings", 6, number), Fault::Late(Duration::from_millis(20)));
        }
        let options =
            ReadOptions::default().with_concurrency(concurrency).with_bytes_in_flight(budget);
        let set = set(&store, &options);
        assert_eq!(set.read_all().await.unwrap().num_rows(), 4_000);
        // Permits are whole kibibytes, so one more may fit; none may be missing.
        let seen = store.most_in_flight();
        assert!((most..=most + 1).contains(&seen), "{seen} in flight with {options:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_order_of_completion_nothing_waits_for_what_is_late() {
    let store = filled(6).await;
    store.fault(&key("ratings", 6, 0), Fault::Late(Duration::from_secs(60)));
    let options = ReadOptions::default().with_order(Order::Completion);
    let begin = tokio::time::Instant::now();
    let mut stream = set(&store, &options).stream().unwrap();
    let (mut keys, mut rows) = (Vec::new(), Vec::new());
    while let Some(batch) = stream.try_next().await.unwrap() {
        keys.push((batch.key().to_owned(), begin.elapsed() < Duration::from_secs(60)));
        rows.extend(ints(&[batch.into_record_batch()], "rating"));
    }
    let (last, early) = keys.split_last().unwrap();
    assert_eq!(*last, (key("ratings", 6, 0), false));
    assert!(early.len() == 5 && early.iter().all(|(_, early)| *early), "{keys:?}");
    rows.sort();
    assert_eq!(rows, (0..600).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_limit_ends_the_read_at_that_row() {
    for rows in [0, 1, 150, 250, 4_000, 9_999] {
        let store = filled(40).await;
        let set = set(&store, &ReadOptions::default().with_concurrency(4)).limit(rows);
        let want: Vec<_> = (0..i32::try_from(rows.min(4_000)).unwrap()).map(Some).collect();
        let mut stream = set.stream().unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = stream.try_next().await.unwrap() {
            batches.push(batch.into_record_batch());
        }
        assert_eq!(ints(&batches, "rating"), want);
        assert_eq!(stream.report().rows, want.len() as u64);
        assert!(store.gets() <= rows as u64 / 100 + 6, "{} for {rows}", store.gets());
        let table = set.read_all().await.unwrap();
        assert_eq!(ints(table.batches(), "rating"), want);
    }
}

#[tokio::test]
async fn keys_count_by_how_they_end() {
    let store = TestStore::new();
    put(&*store.inner, "ratings/a.parquet", parquet(&ratings(0, 5))).await;
    put(&*store.inner, "ratings/b.snappy", parquet(&ratings(5, 5))).await;
    let set = set(&store, &ReadOptions::default().with_suffix(".snappy"));
    assert_eq!(ints(set.read_all().await.unwrap().batches(), "rating")[0], Some(5));
    assert_eq!(set.read_all().await.unwrap().report().ignored, 1);
}

#[tokio::test]
async fn columns_come_in_the_order_asked_for() {
    let store = filled(3).await;
    let set = set(&store, &ReadOptions::default()).columns(["rating", "user", "rating"]);
    let table = set.read_all().await.unwrap();
    let names: Vec<_> = table.schema().fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["rating", "user"]);
    assert_eq!(
        set.stream().unwrap().try_next().await.unwrap().unwrap().record_batch().schema(),
        *table.schema()
    );
    assert_eq!(set.schema().await.unwrap().schema, *table.schema());
}

#[tokio::test]
async fn an_unknown_column_is_refused_with_the_known_ones() {
    let store = filled(3).await;
    let set = set(&store, &ReadOptions::default()).columns(["Rating"]);
    let streamed = set.stream().unwrap().try_collect::<Vec<_>>().await.unwrap_err();
    let errors = [
        set.read_all().await.unwrap_err(),
        set.head(1).await.unwrap_err(),
        streamed,
        set.schema().await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::UnknownColumn { .. }));
        let text = error.to_string();
        assert!(text.contains("`Rating`") && text.contains("favoritecaptain"), "{text}");
    }
}

#[tokio::test]
async fn provenance_names_key_and_row() {
    let store = filled(2).await;
    let options = ReadOptions::default().with_provenance(true).with_batch_size(60);
    let set = set(&store, &options).columns(["rating"]);
    let table = set.read_all().await.unwrap();
    let batches: Vec<_> = set.stream().unwrap().try_collect().await.unwrap();
    assert_eq!(batches.len(), table.batches().len());
    for (streamed, batch) in batches.iter().zip(table.batches()) {
        assert_eq!(streamed.record_batch(), batch);
    }
    let last = table.batches().last().unwrap();
    let keys = last.column(1).as_dictionary::<Int32Type>();
    let keys = keys.downcast_dict::<arrow::array::StringArray>().unwrap();
    assert_eq!(arrow::array::ArrayAccessor::value(&keys, 0), key("ratings", 6, 1));
    let rows = last.column(2).as_primitive::<Int64Type>();
    assert_eq!((rows.value(0), rows.len()), (60, 40));
}

#[tokio::test]
async fn a_large_object_is_read_by_ranges() {
    let (store, rows) = large().await;
    let options = ReadOptions::default();
    let table = set(&store, &options).read_all().await.unwrap();
    assert_eq!(table.concat().unwrap().columns(), rows.columns());
    assert!(store.gets() > 1);
    let one_column = set(&store, &options).columns(["rating"]);
    let before = store.bytes();
    assert_eq!(one_column.read_all().await.unwrap().num_rows(), 400_000);
    let size = parquet_in_groups(&rows, 50_000).len() as u64;
    assert!(store.bytes() - before < size / 2, "{} of {size}", store.bytes() - before);
    let before = store.bytes();
    assert_eq!(set(&store, &options).head(5).await.unwrap().num_rows(), 5);
    assert!(store.bytes() - before < size / 4);
    let mut stream = set(&store, &options).stream().unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = stream.try_next().await.unwrap() {
        batches.push(batch.into_record_batch());
    }
    assert_eq!(ints(&batches, "rating"), ints(&[rows], "rating"));
    assert_eq!(stream.report().rows, 400_000);
}

#[tokio::test]
async fn a_table_stays_below_its_memory_limit() {
    let store = filled(10).await;
    let options = ReadOptions::default().with_memory_limit_bytes(20_000);
    let error = set(&store, &options).read_all().await.unwrap_err();
    assert!(matches!(&error, Error::Memory { limit_bytes: 20_000, .. }), "{error}");
    assert!(error.to_string().contains("stream()"), "{error}");
    let mut rows = 0;
    let mut stream = set(&store, &options).stream().unwrap();
    while let Some(batch) = stream.try_next().await.unwrap() {
        rows += batch.record_batch().num_rows();
    }
    assert_eq!(rows, 1_000);
}

#[tokio::test]
async fn strings_come_as_views_when_asked_for() {
    let store = filled(2).await;
    let options = ReadOptions::default().with_string_views(true);
    let set = set(&store, &options);
    let table = set.read_all().await.unwrap();
    assert_eq!(table.schema().field(0).data_type(), &DataType::Utf8View);
    assert_eq!(set.schema().await.unwrap().schema, *table.schema());
    let users = table.batches()[1].column(0).as_string_view();
    assert_eq!(users.value(0), "user 100");
}

#[tokio::test]
async fn one_object_is_read_by_its_key() {
    let store = filled(2).await;
    let set = set(&store, &ReadOptions::default());
    let table = set.read_object(&key("ratings", 6, 1)).await.unwrap();
    assert_eq!(ints(table.batches(), "rating").first(), Some(&Some(100)));
    let missing = set.read_object("nowhere.parquet").await.unwrap_err();
    assert!(matches!(&missing, Error::NotFound { key, .. } if key == "nowhere.parquet"));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_stream_stops_its_requests() {
    let store = filled(20).await;
    for number in 1..20 {
        store.fault(&key("ratings", 6, number), Fault::Late(Duration::from_hours(1)));
    }
    let mut stream = set(&store, &ReadOptions::default().with_concurrency(4)).stream().unwrap();
    stream.try_next().await.unwrap().unwrap();
    drop(stream);
    let before = store.bytes();
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(store.bytes(), before);
}
