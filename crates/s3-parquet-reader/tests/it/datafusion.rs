//! A set as a table of DataFusion: what it answers, what it fetches, and what it lists.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};
use s3_parquet_reader::{OnBad, ParquetSet, ParquetSetTable, Provenance, ReadOptions};

use crate::files::{key, parquet, put, ratings};
use crate::store::{Fault, TestStore};

/// Objects of 100 rows in the hours from 6 to 9, four in each.
async fn filled() -> TestStore {
    let store = TestStore::new();
    for number in 0..16_u32 {
        let first = i32::try_from(number * 100).unwrap();
        let key = key("ratings", 6 + number / 4, number);
        put(&*store.inner, &key, parquet(&ratings(first, 100))).await;
    }
    store
}

async fn table(store: &TestStore, options: &ReadOptions) -> Arc<ParquetSetTable> {
    let set = ParquetSet::new(store.shared(), "ratings", options);
    let set = set.with_pages(Arc::new(store.clone()));
    Arc::new(set.into_table().await.unwrap())
}

fn context(table: &Arc<ParquetSetTable>) -> SessionContext {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
    context.register_table("ratings", Arc::clone(table) as _).unwrap();
    context
}

async fn ask(context: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    context.sql(sql).await.unwrap().collect().await.unwrap()
}

fn number(batches: &[RecordBatch]) -> i64 {
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn a_query_answers_over_all_objects() {
    let store = filled().await;
    let context = context(&table(&store, &ReadOptions::default()).await);
    let answer = ask(
        &context,
        "SELECT favoritecaptain, count(*) AS n, avg(rating) AS mean FROM ratings \
         GROUP BY favoritecaptain ORDER BY favoritecaptain",
    )
    .await;
    let means = answer[0].column(2).as_primitive::<Float64Type>();
    assert_eq!((answer[0].num_rows(), means.value(0)), (4, 801.0));
    assert_eq!(number(&ask(&context, "SELECT count(*) FROM ratings").await), 1_600);
}

#[tokio::test]
async fn new_objects_are_seen_by_the_next_query() {
    let store = filled().await;
    let context = context(&table(&store, &ReadOptions::default()).await);
    assert_eq!(number(&ask(&context, "SELECT count(*) FROM ratings").await), 1_600);
    put(&*store.inner, &key("ratings", 11, 1), parquet(&ratings(0, 7))).await;
    assert_eq!(number(&ask(&context, "SELECT count(*) FROM ratings").await), 1_607);
}

#[tokio::test]
async fn conditions_are_pushed_down_and_mean_what_they_say() {
    let store = filled().await;
    let options = ReadOptions::default().with_provenance_columns(Provenance::all());
    let table = table(&store, &options).await;
    let context = context(&table);
    for (condition, want) in [
        ("rating >= 1590", 10),
        ("1590 <= rating", 10),
        ("rating BETWEEN 10 AND 19", 10),
        ("rating NOT BETWEEN 10 AND 1589", 20),
        ("rating IN (1, 2, 5000)", 2),
        ("rating NOT IN (1, 2, 5000)", 1_598),
        ("rating > 1589.5 OR \"user\" = 'user 3'", 11),
        ("NOT (rating > 9)", 10),
        ("rating IS NULL", 0),
        ("rating IS NOT NULL AND timestamp < 5", 5),
        ("favoritecaptain = 'Ben Sisko' AND rating < 100", 25),
        ("rating % 2 = 0 AND rating < 10", 5),
        ("\"user\" LIKE 'user 1_'", 10),
        ("_key LIKE '%/06/%'", 400),
        ("_row < 3", 48),
        ("_hour = '2022-01-08T07:00:00Z' AND rating >= 750", 50),
        ("_hour > '2022-01-08T08:00:00Z'", 400),
        ("_hour < '2022-01-08T05:00:00Z' AND _hour > '2022-01-08T06:00:00Z'", 0),
    ] {
        let sql = format!("SELECT count(*) FROM ratings WHERE {condition}");
        assert_eq!(number(&ask(&context, &sql).await), want, "{condition}");
    }
    let plan = ask(&context, "EXPLAIN SELECT \"user\" FROM ratings WHERE rating >= 1590").await;
    let plan = pretty_format_batches(&plan).unwrap().to_string();
    assert!(!plan.contains("FilterExec"), "{plan}");
}

#[tokio::test]
async fn only_the_hours_of_the_query_are_listed() {
    let store = filled().await;
    let options = ReadOptions::default()
        .with_provenance_columns(Provenance { hour: true, ..Provenance::default() });
    let context = context(&table(&store, &options).await);
    store.forget_lists();
    let before = store.gets();
    let sql = "SELECT count(rating) FROM ratings \
               WHERE _hour >= '2022-01-08T07:00:00Z' AND _hour < '2022-01-08T09:00:00Z'";
    assert_eq!(number(&ask(&context, sql).await), 800);
    let hours = [
        "ratings/2022/01/08/07/",
        "ratings/2022/01/08/08/",
        "ratings2022/01/08/07/",
        "ratings2022/01/08/08/",
    ];
    assert_eq!(store.lists(), hours);
    assert_eq!(store.gets() - before, 8);
}

#[tokio::test]
async fn columns_come_in_the_order_of_the_query() {
    let store = filled().await;
    let options = ReadOptions::default().with_provenance(true);
    let context = context(&table(&store, &options).await);
    let sql = "SELECT _row, rating, _key, \"user\" FROM ratings ORDER BY rating DESC LIMIT 1";
    let answer = ask(&context, sql).await;
    let text = pretty_format_batches(&answer).unwrap().to_string();
    assert!(text.contains("| 99   | 1599   | ratings2022/01/08/09/"), "{text}");
    assert!(text.contains("| user 1599 |"), "{text}");
}

#[tokio::test]
async fn a_query_for_a_few_rows_fetches_few_objects() {
    let store = filled().await;
    let context = context(&table(&store, &ReadOptions::default()).await);
    let before = store.gets();
    let answer = ask(&context, "SELECT * FROM ratings LIMIT 5").await;
    assert_eq!(answer.iter().map(RecordBatch::num_rows).sum::<usize>(), 5);
    assert!(store.gets() - before <= 4, "{}", store.gets() - before);
}

#[tokio::test]
async fn bad_objects_end_a_query_by_name_or_are_reported() {
    let store = filled().await;
    let bad = key("ratings", 8, 99);
    let options = ReadOptions::default().with_on_bad(OnBad::Skip);
    let (strict, lenient) =
        (table(&store, &ReadOptions::default()).await, table(&store, &options).await);
    put(&*store.inner, &bad, "<html>").await;
    let sql = "SELECT count(*) FROM ratings";
    let error = context(&strict).sql(sql).await.unwrap().collect().await.unwrap_err();
    assert!(error.to_string().contains(&bad), "{error}");
    assert_eq!(number(&ask(&context(&lenient), sql).await), 1_600);
    let report = lenient.report();
    assert_eq!((report.listed, report.read, report.skipped.len()), (17, 16, 1));
    store.fault(&key("ratings", 6, 1), Fault::Denied);
    let error = context(&lenient).sql(sql).await.unwrap().collect().await.unwrap_err();
    assert!(error.to_string().contains("denied"), "{error}");
}
