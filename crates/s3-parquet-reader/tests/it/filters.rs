//! Conditions on rows: what they keep, and what they spare.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray,
    TimestampSecondArray, UInt64Array,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, UInt64Type};
use futures::TryStreamExt;
use s3_parquet_reader::{Column, Error, Filter, ParquetSet, ReadOptions, Value};

use crate::files::{batch, ints, key, parquet, parquet_in_groups, put, ratings};
use crate::store::TestStore;

fn set(store: &TestStore) -> ParquetSet {
    ParquetSet::new(store.shared(), "", &ReadOptions::default())
}

async fn store_of(files: impl IntoIterator<Item = bytes::Bytes>) -> TestStore {
    let store = TestStore::new();
    for (number, file) in files.into_iter().enumerate() {
        put(&*store.inner, &format!("{number:03}.parquet"), file).await;
    }
    store
}

/// Values that sit on the edges, of four types, and their index as `n`.
fn edges() -> RecordBatch {
    let ints = [Some(-3), Some(0), Some(1), None, Some(3), Some(4), Some(i32::MAX), Some(i32::MIN)];
    let big = [0, 1, 2, 3, 4, 1 << 53, u64::MAX, u64::MAX - 1].map(Some);
    let doubles = [
        Some(-3.5),
        Some(0.0),
        Some(-0.0),
        None,
        Some(f64::NAN),
        Some(3.5),
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
    ];
    let texts = [Some(""), Some("a"), Some("b"), None, Some("ab"), Some("ä"), Some("z"), Some("b")];
    let rows = || 0..8_i32;
    batch([
        ("n", Arc::new(Int32Array::from_iter_values(rows()))),
        ("i", Arc::new(Int32Array::from(ints.to_vec()))),
        ("u", Arc::new(UInt64Array::from(big.to_vec()))),
        ("f", Arc::new(Float64Array::from(doubles.to_vec()))),
        ("t", Arc::new(StringArray::from(texts.to_vec()))),
    ])
}

type Comparison = (&'static str, fn(Column, Value) -> Filter, fn(std::cmp::Ordering) -> bool);

const COMPARISONS: [Comparison; 6] = [
    ("=", |c, v| c.equal_to(v), |o| o.is_eq()),
    ("<>", |c, v| c.not_equal_to(v), |o| o.is_ne()),
    ("<", |c, v| c.less_than(v), |o| o.is_lt()),
    ("<=", |c, v| c.at_most(v), |o| o.is_le()),
    (">", |c, v| c.greater_than(v), |o| o.is_gt()),
    (">=", |c, v| c.at_least(v), |o| o.is_ge()),
];

/// The rows that a comparison keeps, decided value by value.
fn kept(
    rows: &RecordBatch,
    is_not_equal: bool,
    ordering: impl Fn(&RecordBatch, usize) -> Option<Option<std::cmp::Ordering>>,
    keeps: fn(std::cmp::Ordering) -> bool,
) -> Vec<Option<i32>> {
    let n = rows.column_by_name("n").unwrap().as_primitive::<Int32Type>();
    let keep = |row: &usize| match ordering(rows, *row) {
        None => false,
        Some(None) => is_not_equal,
        Some(Some(ordering)) => keeps(ordering),
    };
    (0..rows.num_rows()).filter(keep).map(|row| Some(n.value(row))).collect()
}

fn value_at<T>(
    rows: &RecordBatch,
    column: &str,
    row: usize,
    get: fn(&ArrayRef, usize) -> T,
) -> Option<T> {
    let column = rows.column_by_name(column).unwrap();
    column.is_valid(row).then(|| get(column, row))
}

#[tokio::test]
async fn comparisons_keep_the_rows_that_meet_them_whatever_the_row_groups() {
    let rows = edges();
    for group in [1, 3, 8] {
        let store = store_of([parquet_in_groups(&rows, group)]).await;
        for (sign, build, keeps) in COMPARISONS {
            let not_equal = sign == "<>";
            for literal in [-3, 0, 1, 2, 3, i64::from(i32::MAX) + 1, i64::MIN, i64::MAX] {
                let int = |rows: &RecordBatch, row| {
                    let value =
                        value_at(rows, "i", row, |c, r| c.as_primitive::<Int32Type>().value(r))?;
                    Some(Some(i64::from(value).cmp(&literal)))
                };
                let unsigned = |rows: &RecordBatch, row| {
                    let value =
                        value_at(rows, "u", row, |c, r| c.as_primitive::<UInt64Type>().value(r))?;
                    Some(Some(i128::from(value).cmp(&i128::from(literal))))
                };
                for (column, want) in [
                    ("i", kept(&rows, not_equal, int, keeps)),
                    ("u", kept(&rows, not_equal, unsigned, keeps)),
                ] {
                    let filter = build(Filter::column(column), literal.into());
                    check(&store, filter, &want, &format!("{column} {sign} {literal}")).await;
                }
            }
            for literal in
                [-3.5, -0.0, 0.0, 0.5, 3.0, 3.5, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
            {
                let double = |rows: &RecordBatch, row| {
                    let value =
                        value_at(rows, "f", row, |c, r| c.as_primitive::<Float64Type>().value(r))?;
                    Some(value.partial_cmp(&literal))
                };
                let int = |rows: &RecordBatch, row| {
                    let value =
                        value_at(rows, "i", row, |c, r| c.as_primitive::<Int32Type>().value(r))?;
                    Some(f64::from(value).partial_cmp(&literal))
                };
                for (column, want) in [
                    ("f", kept(&rows, not_equal, double, keeps)),
                    ("i", kept(&rows, not_equal, int, keeps)),
                ] {
                    let filter = build(Filter::column(column), literal.into());
                    check(&store, filter, &want, &format!("{column} {sign} {literal:?}")).await;
                }
            }
            for literal in ["", "a", "aa", "b", "zz"] {
                let text = |rows: &RecordBatch, row| {
                    let value =
                        value_at(rows, "t", row, |c, r| c.as_string::<i32>().value(r).to_owned())?;
                    Some(Some(value.as_str().cmp(literal)))
                };
                let want = kept(&rows, not_equal, text, keeps);
                let filter = build(Filter::column("t"), literal.into());
                check(&store, filter, &want, &format!("t {sign} {literal:?}")).await;
            }
        }
    }
}

/// The condition, and every row that its negation keeps beside those with a null.
async fn check(store: &TestStore, filter: Filter, want: &[Option<i32>], what: &str) {
    for options in [
        ReadOptions::default(),
        ReadOptions::default().with_string_views(true).with_dictionary_columns(["t"]),
    ] {
        let set = ParquetSet::new(store.shared(), "", &options).columns(["n"]);
        let table = set.filter(filter.clone()).read_all().await.unwrap();
        assert_eq!(ints(table.batches(), "n"), want, "{what} {options:?}");
    }
}

#[tokio::test]
async fn conditions_combine_as_in_sql() {
    let store = store_of([parquet_in_groups(&edges(), 2)]).await;
    let (i, t) = (|| Filter::column("i"), || Filter::column("t"));
    for (filter, want) in [
        (i().at_least(1).and(t().equal_to("b")), vec![2]),
        (i().at_least(4).or(t().equal_to("a")), vec![1, 5, 6]),
        (i().is_null(), vec![3]),
        (i().is_not_null().and(t().is_null().negated()), vec![0, 1, 2, 4, 5, 6, 7]),
        (t().one_of(["z", "ä", "nobody"]), vec![5, 6]),
        (t().one_of(Vec::<&str>::new()), vec![]),
        (i().at_least(1).negated(), vec![0, 1, 7]),
        (i().at_least(1).and(t().equal_to("b")).negated(), vec![0, 1, 4, 5, 6, 7]),
        (Filter::column("f").greater_than(0).negated(), vec![0, 1, 2, 7]),
    ] {
        let table = set(&store).filter(filter.clone()).columns(["n"]).read_all().await.unwrap();
        let want: Vec<_> = want.into_iter().map(Some).collect();
        assert_eq!(ints(table.batches(), "n"), want, "{filter:?}");
    }
}

#[tokio::test]
async fn a_stream_head_and_provenance_know_the_filter() {
    let store = TestStore::new();
    for number in 0..4 {
        let first = i32::try_from(number * 100).unwrap();
        put(&*store.inner, &key("ratings", 6, number), parquet_in_groups(&ratings(first, 100), 10))
            .await;
    }
    let options = ReadOptions::default().with_provenance(true);
    let high = Filter::column("rating").at_least(195).and(Filter::column("rating").less_than(305));
    let set = ParquetSet::new(store.shared(), "ratings", &options).columns(["user"]).filter(high);
    let table = set.read_all().await.unwrap();
    assert_eq!(table.num_rows(), 110);
    let all = table.concat().unwrap();
    let rows = all.column_by_name("_row").unwrap().as_primitive::<Int64Type>();
    let want: Vec<i64> = (95..100).chain(0..100).chain(0..5).collect();
    assert_eq!(rows.values(), &want[..]);
    let streamed: Vec<_> = set.stream().unwrap().try_collect().await.unwrap();
    let streamed: usize = streamed.iter().map(|batch| batch.record_batch().num_rows()).sum();
    assert_eq!(streamed, 110);
    let head = set.head(3).await.unwrap();
    let users = head.batches()[0].column(0).as_string::<i32>();
    assert_eq!((head.num_rows(), users.value(0)), (3, "user 195"));
}

#[tokio::test]
async fn row_groups_that_cannot_match_are_not_fetched() {
    let rows = ratings(0, 400_000);
    let file = parquet_in_groups(&rows, 50_000);
    assert!(file.len() > 4 << 20);
    let size = file.len() as u64;
    let store = store_of([file]).await;
    let filter = Filter::column("rating").at_least(370_000);
    let table = set(&store).filter(filter).read_all().await.unwrap();
    assert_eq!(table.num_rows(), 30_000);
    assert!(store.bytes() < size / 4, "{} of {size}", store.bytes());
    let before = store.bytes();
    let none = set(&store).filter(Filter::column("rating").less_than(0)).read_all().await.unwrap();
    assert_eq!(none.num_rows(), 0);
    assert!(store.bytes() - before <= 64 << 10, "the footer alone");
}

#[tokio::test]
async fn a_column_that_some_objects_lack_is_null_there() {
    let old = batch([("x", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef)]);
    let new = batch([
        ("x", Arc::new(Int32Array::from(vec![3, 4])) as ArrayRef),
        ("y", Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef),
    ]);
    let store = store_of([parquet(&old), parquet(&new)]).await;
    let y = || Filter::column("y");
    for (filter, want) in [
        (y().equal_to(true), vec![3]),
        (y().equal_to(false), vec![]),
        (y().is_null(), vec![1, 2, 4]),
        (y().is_not_null(), vec![3]),
    ] {
        let table = set(&store).filter(filter).columns(["x"]).read_all().await.unwrap();
        assert_eq!(ints(table.batches(), "x"), want.into_iter().map(Some).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn instants_compare_with_timestamps_of_any_unit() {
    let seconds = TimestampSecondArray::from(vec![10, 11, 12]).with_timezone("UTC");
    let rows = batch([
        ("n", Arc::new(Int32Array::from(vec![0, 1, 2])) as ArrayRef),
        ("at", Arc::new(seconds) as ArrayRef),
    ]);
    let store = store_of([parquet(&rows)]).await;
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    for (filter, want) in [
        (Filter::column("at").at_least(at("1970-01-01T00:00:11Z")), vec![1, 2]),
        (Filter::column("at").greater_than(at("1970-01-01T00:00:10.5Z")), vec![1, 2]),
        (Filter::column("at").less_than(at("1970-01-01T00:00:11.000001Z")), vec![0, 1]),
        (Filter::column("at").equal_to(at("1970-01-01T00:00:12Z")), vec![2]),
    ] {
        let table = set(&store).filter(filter.clone()).columns(["n"]).read_all().await.unwrap();
        let want: Vec<_> = want.into_iter().map(Some).collect();
        assert_eq!(ints(table.batches(), "n"), want, "{filter:?}");
    }
}

#[tokio::test]
async fn a_condition_that_makes_no_sense_is_refused() {
    let store = store_of([parquet(&ratings(0, 3))]).await;
    let unknown = set(&store).filter(Filter::column("Rating").at_least(1));
    let streamed = unknown.stream().unwrap().try_collect::<Vec<_>>().await.unwrap_err();
    for error in [unknown.read_all().await.unwrap_err(), streamed] {
        assert!(
            matches!(&error, Error::UnknownColumn { column, .. } if column == "Rating"),
            "{error}"
        );
    }
    for filter in [Filter::column("user").at_least(1), Filter::column("rating").equal_to("ten")] {
        let error = set(&store).filter(filter).read_all().await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::SchemaMismatch { .. }), "{text}");
        assert!(text.contains("000.parquet") && text.contains("Utf8"), "{text}");
    }
}
