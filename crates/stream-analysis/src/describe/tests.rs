//! Describe against values computed by hand, on every type, and over any cut into batches.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Decimal256Array, DictionaryArray, DurationSecondArray, Float16Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, LargeStringArray, NullArray,
    RecordBatch, RunArray, StringArray, StringViewArray, Time32SecondArray, Time64NanosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt8Array, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, i256};
use proptest::prelude::*;

use crate::{ColumnKind, ColumnSummary, Describe, Description, Distinct, Error, Value};

fn batch(column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("x", column, true)]).expect("one column")
}

fn describe(batches: &[RecordBatch]) -> Description {
    let mut describe = Describe::new(batches[0].schema_ref());
    batches.iter().for_each(|batch| describe.push(batch).expect("one schema"));
    describe.finish().expect("times are in range")
}

fn summary(column: impl Array + 'static) -> ColumnSummary {
    describe(&[batch(Arc::new(column))]).columns.remove(0)
}

fn range(summary: &ColumnSummary) -> (String, String) {
    let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
    (text(&summary.min), text(&summary.max))
}

/// Mean, std with `ddof=1`, and quantiles as numpy and pandas give them.
#[test]
fn statistics_are_those_of_pandas() {
    type Row = (&'static [f64], Option<f64>, Option<f64>, [Option<f64>; 3]);
    let table: [Row; 5] = [
        (
            &[1.0, 2.0, 3.0, 4.0],
            Some(2.5),
            Some(1.290_994_448_735_805_6),
            [Some(1.75), Some(2.5), Some(3.25)],
        ),
        (
            &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0],
            Some(5.0),
            Some(2.138_089_935_299_395),
            [Some(4.0), Some(4.5), Some(5.5)],
        ),
        (&[-3.0, -3.0, -3.0], Some(-3.0), Some(0.0), [Some(-3.0); 3]),
        (&[0.5], Some(0.5), None, [Some(0.5); 3]),
        (&[], None, None, [None; 3]),
    ];
    for (values, mean, std_dev, quantiles) in table {
        let found = summary(Float64Array::from(values.to_vec()));
        assert_eq!(found.mean, mean, "{values:?}");
        assert_eq!(found.std_dev, std_dev, "{values:?}");
        assert_eq!([found.p25, found.p50, found.p75], quantiles, "{values:?}");
        assert!(found.exact);
    }
}

#[test]
fn every_numeric_type_has_its_exact_range() {
    let decimal = Decimal128Array::from(vec![Some(-150), None, Some(275)]);
    let decimal = decimal.with_precision_and_scale(10, 2).expect("fits");
    let wide = Decimal256Array::from(vec![i256::from_i128(-150), i256::from_i128(275)]);
    let wide = wide.with_precision_and_scale(50, 2).expect("fits");
    let halves = cast(&Float32Array::from(vec![0.5, 1.5]), &DataType::Float16).expect("casts");
    let halves = halves.as_primitive::<arrow::datatypes::Float16Type>().clone();
    let table: [(ArrayRef, &str, &str, Option<f64>); 11] = [
        (Arc::new(Int8Array::from(vec![i8::MIN, i8::MAX])), "-128", "127", Some(-0.5)),
        (Arc::new(Int16Array::from(vec![Some(3), None])), "3", "3", Some(3.0)),
        (Arc::new(Int32Array::from(vec![1, 2])), "1", "2", Some(1.5)),
        (
            Arc::new(Int64Array::from(vec![i64::MAX, i64::MAX - 2])),
            "9223372036854775805",
            "9223372036854775807",
            Some(9_223_372_036_854_775_806.0),
        ),
        (Arc::new(UInt8Array::from(vec![0, 255])), "0", "255", Some(127.5)),
        (
            Arc::new(UInt64Array::from(vec![u64::MAX, 0])),
            "0",
            "18446744073709551615",
            Some(9_223_372_036_854_775_807.5),
        ),
        (Arc::new(Float32Array::from(vec![0.5, -1.0])), "-1", "0.5", Some(-0.25)),
        (Arc::new(halves) as ArrayRef, "0.5", "1.5", Some(1.0)),
        (Arc::new(decimal.clone()), "-1.50", "2.75", Some(0.625)),
        (cast(&decimal, &DataType::Decimal32(9, 2)).expect("casts"), "-1.50", "2.75", Some(0.625)),
        (Arc::new(wide), "-1.5", "2.75", Some(0.625)),
    ];
    for (column, min, max, mean) in table {
        let data_type = column.data_type().clone();
        let found = describe(&[batch(column)]).columns.remove(0);
        assert_eq!(found.kind, ColumnKind::Number, "{data_type}");
        assert_eq!(range(&found), (min.to_owned(), max.to_owned()), "{data_type}");
        assert_eq!(found.mean, mean, "{data_type}");
    }
}

#[test]
fn text_boolean_and_time_columns_have_what_applies() {
    let words = vec![Some("pear"), None, Some("apple"), Some("pear")];
    let dictionary: DictionaryArray<Int32Type> = words.iter().copied().collect();
    let runs: RunArray<Int32Type> = words.iter().copied().collect();
    let table: [(ArrayRef, ColumnKind, &str, &str, Distinct); 14] = {
        use ColumnKind::{Boolean, Text, Time};
        let two = Distinct::Exactly(2);
        let none = Distinct::NotCounted;
        let micros = vec![Some(1_641_622_821_000_000), None, Some(0)];
        let berlin = TimestampMicrosecondArray::from(micros.clone()).with_timezone("Europe/Berlin");
        let flags = vec![Some(true), None, Some(false)];
        [
            (Arc::new(StringArray::from(words.clone())), Text, "apple", "pear", two),
            (Arc::new(LargeStringArray::from(words.clone())), Text, "apple", "pear", two),
            (Arc::new(StringViewArray::from(words.clone())), Text, "apple", "pear", two),
            (Arc::new(dictionary), Text, "apple", "pear", two),
            (Arc::new(runs), Text, "apple", "pear", two),
            (Arc::new(BooleanArray::from(flags)), Boolean, "false", "true", two),
            (
                Arc::new(TimestampMicrosecondArray::from(micros)),
                Time,
                "1970-01-01T00:00:00",
                "2022-01-08T06:20:21",
                none,
            ),
            (Arc::new(berlin), Time, "1970-01-01T00:00:00Z", "2022-01-08T06:20:21Z", none),
            (
                Arc::new(TimestampNanosecondArray::from(vec![1, 2])),
                Time,
                "1970-01-01T00:00:00.000000001",
                "1970-01-01T00:00:00.000000002",
                none,
            ),
            (Arc::new(Date32Array::from(vec![0, 1])), Time, "1970-01-01", "1970-01-02", none),
            (Arc::new(Time32SecondArray::from(vec![60, 0])), Time, "00:00:00", "00:01:00", none),
            (
                Arc::new(Time64NanosecondArray::from(vec![60_000_000_000])),
                Time,
                "00:01:00",
                "00:01:00",
                none,
            ),
            (Arc::new(DurationSecondArray::from(vec![1, 90])), Time, "PT1S", "PT90S", none),
            (Arc::new(StringArray::from(vec![None::<&str>])), Text, "-", "-", Distinct::Exactly(0)),
        ]
    };
    for (column, kind, min, max, distinct) in table {
        let data_type = column.data_type().clone();
        let nulls = column.logical_null_count() as u64;
        let rows = column.len() as u64;
        let found = describe(&[batch(column)]).columns.remove(0);
        assert_eq!(found.kind, kind, "{data_type}");
        assert_eq!(range(&found), (min.to_owned(), max.to_owned()), "{data_type}");
        assert_eq!((found.count, found.nulls), (rows - nulls, nulls), "{data_type}");
        assert_eq!(found.distinct, distinct, "{data_type}");
        assert_eq!((found.std_dev, found.p50), (None, None), "{data_type}");
    }
    let flags = summary(BooleanArray::from(vec![true, true, true, false]));
    assert_eq!(flags.mean, Some(0.75));
}

#[test]
fn what_has_no_statistics_is_named_and_counted() {
    let found = summary(BinaryArray::from_vec(vec![b"a", b"b"]));
    assert_eq!((found.kind, found.count), (ColumnKind::Other, 2));
    assert_eq!(found.note.as_deref(), Some("type Binary is counted, not summarised"));
    let found = summary(NullArray::new(3));
    assert_eq!((found.kind, found.count, found.nulls), (ColumnKind::Other, 0, 3));
}

#[test]
fn nan_and_infinities_are_counted_apart() {
    let values = vec![Some(f64::NAN), Some(1.0), None, Some(f64::INFINITY), Some(3.0)];
    let found = summary(Float64Array::from(values));
    assert_eq!((found.count, found.nulls, found.nan, found.infinite), (4, 1, 1, 1));
    assert_eq!((found.mean, found.p50), (Some(2.0), Some(2.0)));
    assert_eq!(range(&found), ("1".to_owned(), "inf".to_owned()));
    assert_eq!(found.distinct, Distinct::Exactly(4));

    let nothing = summary(Float64Array::from(vec![f64::NAN, f64::NAN]));
    assert_eq!((nothing.count, nothing.mean, nothing.min), (2, None, None));
    assert_eq!(summary(Float16Array::new_null(0)).count, 0);
}

#[test]
fn distinct_is_a_lower_bound_where_f64_is_too_narrow() {
    let neighbours = vec![9_007_199_254_740_992_i64, 9_007_199_254_740_993];
    assert_eq!(summary(Int64Array::from(neighbours)).distinct, Distinct::AtLeast(1));
    assert_eq!(summary(Int64Array::from(vec![1, 2, 2])).distinct, Distinct::Exactly(2));
}

#[test]
fn the_sum_of_integers_outgrows_their_type() {
    let found = summary(Int64Array::from(vec![i64::MAX; 4]));
    assert_eq!(found.sum, Some(Value::Integer(i128::from(i64::MAX) * 4)));
    assert_eq!(summary(Int32Array::from(vec![None::<i32>])).sum, None);
}

#[test]
fn beyond_the_limit_quantiles_are_marked_and_all_else_is_exact() {
    let batch = batch(Arc::new(Int32Array::from_iter_values(0..100_000)));
    let mut describe = Describe::new(batch.schema_ref()).with_values_limit(10_000);
    describe.push(&batch).expect("one schema");
    let found = describe.finish().expect("no times").columns.remove(0);
    assert!(!found.exact);
    assert!(found.note.is_some_and(|note| note.contains("sample")));
    assert_eq!((found.count, found.mean), (100_000, Some(49_999.5)));
    assert_eq!(range_of(found.p50), 50_000);
    assert!(matches!(found.distinct, Distinct::AtLeast(5_000..=10_000)));
}

/// Rounded to ten thousands.
fn range_of(value: Option<f64>) -> i64 {
    (0..11)
        .map(|step| step * 10_000)
        .min_by_key(|step| {
            let distance = (value.unwrap_or(f64::MAX) - f64::from(*step)).abs();
            distance.to_bits()
        })
        .map_or(-1, i64::from)
}

#[test]
fn unknown_columns_and_changed_schemas_are_named() {
    let ratings = batch(Arc::new(Int32Array::from(vec![1])));
    let unknown = Describe::of_columns(ratings.schema_ref(), &["y"]).map(|_| ());
    assert_eq!(
        unknown.map_err(|error| error.to_string()),
        Err("there is no column `y`; the columns are: x".to_owned())
    );

    let mut describe = Describe::new(ratings.schema_ref());
    let other = batch(Arc::new(StringArray::from(vec!["1"])));
    let changed = describe.push(&other);
    assert!(matches!(changed, Err(Error::SchemaChanged { column, .. }) if column == "x"));
    let empty = RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert!(matches!(describe.push(&empty), Err(Error::SchemaChanged { .. })));
}

#[test]
fn no_rows_and_no_columns_are_no_error() {
    let schema = Schema::new(vec![Field::new("x", DataType::Float64, true)]);
    let empty = Describe::new(&schema).finish().expect("nothing to write");
    assert_eq!((empty.rows, empty.columns.len()), (0, 1));
    assert_eq!(empty.to_record_batch().expect("sound").num_rows(), 1);
    let nothing = Describe::new(&Schema::empty()).finish().expect("nothing to write");
    assert_eq!(nothing.to_record_batch().expect("sound").num_rows(), 0);
}

#[test]
fn two_columns_of_one_name_are_two_summaries() {
    let column = |value| Arc::new(Int32Array::from(vec![value])) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("x", column(1)), ("x", column(2))]).expect("legal");
    let found = describe(&[batch]);
    assert_eq!(found.columns[1].min, Some(Value::Integer(2)));
}

#[test]
fn the_table_of_results_has_one_row_for_each_column() {
    let table = describe(&[batch(Arc::new(Int32Array::from(vec![1, 3])))]).to_record_batch();
    let table = table.expect("sound");
    let text = |name: &str| table.column_by_name(name).expect("there").as_string::<i32>().value(0);
    assert_eq!((text("column"), text("type"), text("max")), ("x", "Int32", "3"));
}

proptest! {
    #[test]
    fn any_cut_into_batches_gives_the_same_bits(
        values in prop::collection::vec(prop::option::of(prop::num::f64::ANY), 1..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        limit in 1_usize..250,
    ) {
        let whole = batch(Arc::new(Float64Array::from(values.clone())));
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(values.len())).collect();
        at.extend([0, values.len()]);
        at.sort_unstable();
        let parts: Vec<_> = at.windows(2).map(|w| whole.slice(w[0], w[1] - w[0])).collect();

        let run = |batches: &[RecordBatch]| {
            let mut describe = Describe::new(whole.schema_ref()).with_values_limit(limit);
            batches.iter().for_each(|batch| describe.push(batch).expect("one schema"));
            format!("{:?}", describe.finish().expect("no times"))
        };
        prop_assert_eq!(run(std::slice::from_ref(&whole)), run(&parts));
    }

    #[test]
    fn statistics_keep_their_order(values in prop::collection::vec(-1e9_f64..1e9, 1..300)) {
        let found = summary(Float64Array::from(values.clone()));
        let min = found.min.and_then(|min| min.as_f64()).expect("not empty");
        let max = found.max.and_then(|max| max.as_f64()).expect("not empty");
        let chain = [Some(min), found.p25, found.p50, found.p75, Some(max)];
        prop_assert!(chain.is_sorted(), "{chain:?}");
        let naive = values.iter().sum::<f64>() / values.len() as f64;
        let mean = found.mean.expect("not empty");
        prop_assert!((mean - naive).abs() <= 1e-6, "{mean} {naive}");
        prop_assert!(found.std_dev.unwrap_or_default() <= max - min);
    }
}
