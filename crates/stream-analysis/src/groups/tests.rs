//! Groups against hand-computed tables, with nulls and awkward keys, over any cut into batches.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, DictionaryArray, Float64Array,
    Int32Array, Int64Array, RecordBatch, StringArray, TimestampSecondArray,
};
use arrow::datatypes::Int32Type;
use proptest::prelude::*;

use crate::{Error, GroupTable, Groups};

fn batch(keys: ArrayRef, values: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("key", keys, true), ("value", values, true)])
        .expect("columns of one length")
}

fn groups(batch: &RecordBatch) -> GroupTable {
    let mut groups = Groups::new(batch.schema_ref(), "key", "value").expect("they are there");
    groups.push(batch).expect("one schema");
    groups.finish()
}

#[test]
fn each_group_has_its_statistics_and_its_share() {
    let keys = StringArray::from(vec![Some("b"), Some("a"), None, Some("b"), Some("a"), Some("b")]);
    let values =
        Float64Array::from(vec![Some(1.0), Some(f64::NAN), Some(9.0), Some(2.0), None, Some(6.0)]);
    let table = groups(&batch(Arc::new(keys), Arc::new(values)));

    let names: Vec<_> = table.groups.iter().map(|group| group.group.as_deref()).collect();
    assert_eq!(names, [Some("b"), Some("a"), None], "largest first");
    let b = &table.groups[0];
    assert_eq!((b.count, b.share, b.missing), (3, 0.5, 0));
    assert_eq!((b.mean, b.min, b.max, b.median), (Some(3.0), Some(1.0), Some(6.0), Some(2.0)));
    let a = table.group("a").expect("it has rows");
    assert_eq!((a.count, a.missing, a.mean, a.min, a.median), (2, 2, None, None, None));
    assert_eq!(table.rows, 6);
}

#[test]
fn ties_are_ordered_by_name_with_null_first() {
    let keys = StringArray::from(vec![Some("z"), None, Some("a"), Some("")]);
    let table = groups(&batch(Arc::new(keys), Arc::new(Int32Array::from(vec![1, 2, 3, 4]))));
    let names: Vec<_> = table.groups.iter().map(|group| group.group.as_deref()).collect();
    assert_eq!(names, [None, Some(""), Some("a"), Some("z")]);
}

#[test]
fn keys_of_many_types_become_text() {
    let words: DictionaryArray<Int32Type> = [Some("x"), None].into_iter().collect();
    let zoned = TimestampSecondArray::from(vec![0, 0]).with_timezone("Europe/Berlin");
    let table: [(ArrayRef, &str); 6] = [
        (Arc::new(words), "x"),
        (Arc::new(Int64Array::from(vec![-7, -7])), "-7"),
        (Arc::new(BooleanArray::from(vec![true, true])), "true"),
        (Arc::new(Date32Array::from(vec![1, 1])), "1970-01-02"),
        (Arc::new(zoned), "1970-01-01T00:00:00Z"),
        (Arc::new(Float64Array::from(vec![f64::NAN, 0.5])), "0.5"),
    ];
    for (keys, name) in table {
        let data_type = keys.data_type().clone();
        let found = groups(&batch(keys, Arc::new(Int32Array::from(vec![1, 2]))));
        assert!(found.group(name).is_some(), "{data_type}: {found:?}");
    }
}

#[test]
fn impossible_questions_are_refused_by_name() {
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"a"]));
    let batch = batch(keys, bytes);
    let ask = |by: &str, value: &str| match Groups::new(batch.schema_ref(), by, value) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(ask("k", "value"), "there is no column `k`; the columns are: key, value");
    assert!(ask("key", "value").starts_with("column `value` is of type Binary, not a number"));
    assert!(ask("value", "key").starts_with("column `value` is of type Binary, by which"));
}

#[test]
fn too_many_groups_are_an_error_and_not_a_full_memory() {
    let keys: ArrayRef = Arc::new(Int32Array::from_iter_values(0..11));
    let batch = batch(Arc::clone(&keys), keys);
    let groups = Groups::new(batch.schema_ref(), "key", "value").expect("they are there");
    let full = groups.with_group_limit(10).push(&batch);
    assert!(matches!(full, Err(Error::TooManyGroups { limit: 10, .. })), "{full:?}");
}

#[test]
fn above_the_values_limit_large_groups_are_thinned_and_small_ones_stay_exact() {
    let keys = (0..50_000).map(|row| if row % 5_000 == 0 { "rare" } else { "common" });
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(keys));
    let batch = batch(keys, Arc::new(Int32Array::from_iter_values(0..50_000)));
    let groups = Groups::new(batch.schema_ref(), "key", "value").expect("they are there");
    let mut groups = groups.with_values_limit(4_000);
    groups.push(&batch).expect("one schema");
    let table = groups.finish();

    let rare = table.group("rare").expect("it has rows");
    assert_eq!((rare.median, rare.exact), (Some(22_500.0), true));
    let common = table.group("common").expect("it has rows");
    assert_eq!((common.count, common.max, common.exact), (49_990, Some(49_999.0), false));
    let median = common.median.expect("it has values");
    assert!((22_000.0..28_000.0).contains(&median), "{median}");
}

#[test]
fn a_limit_below_the_number_of_groups_still_ends() {
    let keys: ArrayRef = Arc::new(Int32Array::from_iter_values((0..1_000).map(|row| row % 100)));
    let batch = batch(Arc::clone(&keys), keys);
    let groups = Groups::new(batch.schema_ref(), "key", "value").expect("they are there");
    let mut groups = groups.with_values_limit(10);
    groups.push(&batch).expect("one schema");
    assert_eq!(groups.finish().groups.len(), 100);
}

#[test]
fn the_table_bears_the_name_of_the_group_column() {
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let table = groups(&batch(keys, Arc::new(Int32Array::from(vec![1]))));
    let batch = table.to_record_batch().expect("sound");
    assert_eq!(batch.schema().field(0).name(), "key");
    assert_eq!((batch.num_rows(), batch.num_columns()), (1, 9));
}

proptest! {
    #[test]
    fn any_cut_into_batches_gives_the_same_groups(
        rows in prop::collection::vec((prop::option::of(0..5_i32), prop::num::f64::ANY), 1..200),
        cut in any::<prop::sample::Index>(),
        limit in 1_usize..100,
    ) {
        let (keys, values): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        let whole =
            batch(Arc::new(Int32Array::from(keys)), Arc::new(Float64Array::from(values)));
        let at = cut.index(rows.len());
        let parts = [whole.slice(0, at), whole.slice(at, rows.len() - at)];
        let run = |batches: &[RecordBatch]| {
            let groups = Groups::new(whole.schema_ref(), "key", "value").expect("there");
            let mut groups = groups.with_values_limit(limit);
            batches.iter().for_each(|batch| groups.push(batch).expect("one schema"));
            groups.finish()
        };
        let (one, two) = (run(std::slice::from_ref(&whole)), run(&parts));
        prop_assert_eq!(format!("{one:?}"), format!("{two:?}"));
        prop_assert_eq!(one.groups.iter().map(|group| group.count).sum::<u64>(), one.rows);
    }
}
