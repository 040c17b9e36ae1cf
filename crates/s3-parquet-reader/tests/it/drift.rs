//! Schemas that differ from object to object.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int32Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, UInt8Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::DataType;
use futures::TryStreamExt;
use s3_parquet_reader::{Change, Error, ParquetSet, ReadOptions, Table};

use crate::files::{batch, parquet, put};
use crate::store::TestStore;

async fn store_of(batches: impl IntoIterator<Item = RecordBatch>) -> TestStore {
    let store = TestStore::new();
    for (number, batch) in batches.into_iter().enumerate() {
        put(&*store.inner, &format!("{number}.parquet"), parquet(&batch)).await;
    }
    store
}

fn set(store: &TestStore) -> ParquetSet {
    ParquetSet::new(store.shared(), "", &ReadOptions::default())
}

fn column(array: ArrayRef) -> RecordBatch {
    batch([("x", array)])
}

/// One of each type, by name; all hold the value 1.
fn kinds() -> Vec<(&'static str, ArrayRef)> {
    let decimal = |precision, scale| {
        let one = 10_i128.pow(u32::try_from(scale).unwrap());
        let array = Decimal128Array::from(vec![one]).with_precision_and_scale(precision, scale);
        Arc::new(array.unwrap()) as ArrayRef
    };
    vec![
        ("i8", Arc::new(Int8Array::from(vec![1]))),
        ("i32", Arc::new(Int32Array::from(vec![1]))),
        ("i64", Arc::new(Int64Array::from(vec![1]))),
        ("u8", Arc::new(UInt8Array::from(vec![1]))),
        ("u32", Arc::new(UInt32Array::from(vec![1]))),
        ("u64", Arc::new(UInt64Array::from(vec![1]))),
        ("f32", Arc::new(Float32Array::from(vec![1.0]))),
        ("f64", Arc::new(Float64Array::from(vec![1.0]))),
        ("utf8", Arc::new(StringArray::from(vec!["1"]))),
        ("large", Arc::new(LargeStringArray::from(vec!["1"]))),
        ("bool", Arc::new(BooleanArray::from(vec![true]))),
        ("null", Arc::new(NullArray::new(1))),
        ("ms", Arc::new(TimestampMillisecondArray::from(vec![1]))),
        ("us", Arc::new(TimestampMicrosecondArray::from(vec![1_000]))),
        ("usz", Arc::new(TimestampMicrosecondArray::from(vec![1_000]).with_timezone("UTC"))),
        ("d(9,2)", decimal(9, 2)),
        ("d(20,4)", decimal(20, 4)),
    ]
}

/// What two kinds make together, where it is neither of the refusals nor the kind itself.
const WIDER: [(&str, &str, &str); 24] = [
    ("i8", "i32", "Int32"),
    ("i8", "i64", "Int64"),
    ("i32", "i64", "Int64"),
    ("u8", "u32", "UInt32"),
    ("u8", "u64", "UInt64"),
    ("u32", "u64", "UInt64"),
    ("i8", "u8", "Int16"),
    ("i32", "u8", "Int32"),
    ("i64", "u8", "Int64"),
    ("i8", "u32", "Int64"),
    ("i32", "u32", "Int64"),
    ("i64", "u32", "Int64"),
    ("f32", "f64", "Float64"),
    ("i8", "f32", "Float32"),
    ("i8", "f64", "Float64"),
    ("i32", "f32", "Float64"),
    ("i32", "f64", "Float64"),
    ("u8", "f32", "Float32"),
    ("u8", "f64", "Float64"),
    ("u32", "f32", "Float64"),
    ("u32", "f64", "Float64"),
    ("utf8", "large", "LargeUtf8"),
    ("ms", "us", "Timestamp(µs)"),
    ("d(9,2)", "d(20,4)", "Decimal128(20, 4)"),
];

fn expected(a: (&str, &ArrayRef), b: (&str, &ArrayRef)) -> Option<String> {
    if a.0 == b.0 || b.0 == "null" {
        return Some(a.1.data_type().to_string());
    }
    if a.0 == "null" {
        return Some(b.1.data_type().to_string());
    }
    let same = |(x, y, _): &&(&str, &str, &str)| (*x, *y) == (a.0, b.0) || (*y, *x) == (a.0, b.0);
    WIDER.iter().find(same).map(|(_, _, wider)| (*wider).to_owned())
}

#[tokio::test]
async fn every_pair_of_types_widens_or_is_refused_by_name() {
    let kinds = kinds();
    for a in &kinds {
        for b in &kinds {
            let store = store_of([column(Arc::clone(&a.1)), column(Arc::clone(&b.1))]).await;
            let (read, asked) = (set(&store).read_all().await, set(&store).schema().await);
            let pair = format!("{} and {}", a.0, b.0);
            match expected((a.0, &a.1), (b.0, &b.1)) {
                Some(wider) => check_wide(&pair, &wider, &read.unwrap()),
                None => {
                    for error in [read.unwrap_err(), asked.unwrap_err()] {
                        let Error::SchemaMismatch { key, column, want, got } = &error else {
                            panic!("{pair}: {error}")
                        };
                        assert_eq!((key.as_str(), column.as_str()), ("1.parquet", "x"), "{pair}");
                        assert_eq!(*want, a.1.data_type().to_string(), "{pair}");
                        assert_eq!(*got, b.1.data_type().to_string(), "{pair}");
                    }
                }
            }
        }
    }
}

fn check_wide(pair: &str, wider: &str, table: &Table) {
    assert_eq!(table.schema().field(0).data_type().to_string(), wider, "{pair}");
    let all = table.concat().unwrap();
    let nulls = pair.matches("null").count();
    let unknown = all.column(0).logical_nulls().map_or(0, |nulls| nulls.null_count());
    assert_eq!((all.num_rows(), unknown), (2, nulls), "{pair}");
    if nulls == 0 {
        assert_eq!(all.slice(0, 1).column(0), all.slice(1, 1).column(0), "{pair}: value lost");
    }
    let noted = table.report().drift.iter().any(|d| matches!(d.change, Change::Widened { .. }));
    let differs = pair.split(" and ").collect::<std::collections::HashSet<_>>().len() > 1;
    assert_eq!(noted, differs, "{pair}: {}", table.report());
}

#[tokio::test]
async fn columns_unite_and_what_is_missing_is_null() {
    let int = |n: i32| Arc::new(Int32Array::from(vec![n])) as ArrayRef;
    let store = store_of([
        batch([("a", int(1)), ("b", int(2))]),
        batch([("b", int(3)), ("c", int(4))]),
        batch([("B", int(5))]),
    ])
    .await;
    let table = set(&store).read_all().await.unwrap();
    let names: Vec<_> = table.schema().fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "B"]);
    let values = |name| crate::files::ints(table.batches(), name);
    assert_eq!(values("a"), [Some(1), None, None]);
    assert_eq!(values("b"), [Some(2), Some(3), None]);
    assert_eq!(values("c"), [None, Some(4), None]);
    let drift: Vec<String> = table.report().drift.iter().map(ToString::to_string).collect();
    assert_eq!(
        drift,
        [
            "column `a` is missing (read as null) in 2 objects, first in 1.parquet",
            "column `b` is missing (read as null) in 1 objects, first in 2.parquet",
            "column `c` is missing (read as null) in 2 objects, first in 0.parquet",
            "column `B` is missing (read as null) in 2 objects, first in 0.parquet",
            "column `B` and column `b` differ in case only (both kept)",
        ]
    );
    assert_eq!(set(&store).schema().await.unwrap().report.drift, table.report().drift);
    let selected = set(&store).columns(["c"]).read_all().await.unwrap();
    assert_eq!(crate::files::ints(selected.batches(), "c"), [None, Some(4), None]);
}

#[tokio::test]
async fn a_stream_keeps_the_schema_it_began_with() {
    let int = |n: i32| Arc::new(Int32Array::from(vec![n])) as ArrayRef;
    let long = |n: i64| Arc::new(Int64Array::from(vec![n])) as ArrayRef;
    let narrow_first = [batch([("a", int(1))]), batch([("a", long(2)), ("b", int(3))])];
    let store = store_of(narrow_first).await;
    let error = set(&store).stream().unwrap().try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(&error, Error::SchemaMismatch { key, .. } if key == "1.parquet"), "{error}");

    let schema = set(&store).schema().await.unwrap().schema;
    let mut stream = set(&store).with_schema(Arc::clone(&schema)).stream().unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = stream.try_next().await.unwrap() {
        assert_eq!(batch.record_batch().schema(), schema);
        rows.push(batch.into_record_batch());
    }
    let table = set(&store).read_all().await.unwrap();
    assert_eq!(rows, table.batches());
    assert_eq!(stream.report().drift.len(), 2, "{}", stream.report());

    let wide_first = [batch([("a", long(1))]), batch([("a", int(2)), ("b", int(3))])];
    let store = store_of(wide_first).await;
    let mut stream = set(&store).stream().unwrap();
    while let Some(batch) = stream.try_next().await.unwrap() {
        assert_eq!(batch.record_batch().column(0).data_type(), &DataType::Int64);
    }
    let drift: Vec<_> = stream.report().drift.into_iter().map(|d| d.change).collect();
    let widened = Change::Widened { from: "Int32".to_owned(), to: "Int64".to_owned() };
    assert_eq!(drift, [widened, Change::Dropped]);
}

#[tokio::test]
async fn the_order_of_objects_does_not_matter_for_the_schema() {
    let kinds: Vec<ArrayRef> = vec![
        Arc::new(Int8Array::from(vec![1])),
        Arc::new(Float32Array::from(vec![1.0])),
        Arc::new(Int32Array::from(vec![1])),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let store = store_of(order.map(|kind: usize| column(Arc::clone(&kinds[kind])))).await;
        let table = set(&store).read_all().await.unwrap();
        assert_eq!(table.schema().field(0).data_type(), &DataType::Float64, "{order:?}");
    }
}
