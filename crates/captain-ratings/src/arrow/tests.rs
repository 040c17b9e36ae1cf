//! Columns hold the values that the other ways give.

use arrow::array::Array as _;
use arrow::array::AsArray;
use arrow::datatypes::{DataType, Float64Type, Int32Type};
use arrow::error::ArrowError;

use crate::{COLUMNS, CaptainRating, MAX_BATCH_ROWS, RatingGenerator, arrow_schema};

#[test]
fn columns_hold_the_same_values_as_records() {
    let ratings = RatingGenerator::with_seed(42).timed_by(|index| index as f64 / 3.0).shared_by(7);
    let mut columns = ratings.clone().at_index(1_000);
    let batch = columns.record_batch(3_000).unwrap();
    let users = batch.column(0).as_string::<i32>();
    let captains = batch.column(1).as_string::<i32>();
    let values = batch.column(2).as_primitive::<Int32Type>();
    let times = batch.column(3).as_primitive::<Float64Type>();
    for (row, expected) in ratings.at_index(1_000).take(3_000).enumerate() {
        let rating = CaptainRating {
            user: users.value(row).to_owned(),
            favorite_captain: captains.value(row).to_owned(),
            rating: values.value(row),
            timestamp: times.value(row),
        };
        assert_eq!(rating, expected, "row {row}");
    }
    assert_eq!(columns.index(), 4_000);
    assert!(batch.columns().iter().all(|column| column.null_count() == 0));
}

#[test]
fn the_schema_is_the_glue_table() {
    let schema = arrow_schema();
    let glue = |kind: &DataType| match kind {
        DataType::Utf8 => "string",
        DataType::Int32 => "int",
        DataType::Float64 => "double",
        _ => "something else",
    };
    let fields =
        schema.fields().iter().map(|field| (field.name().as_str(), glue(field.data_type())));
    assert_eq!(fields.collect::<Vec<_>>(), COLUMNS);
    assert_eq!(RatingGenerator::with_seed(1).record_batch(1).unwrap().schema(), schema);
}

#[test]
fn an_empty_batch_has_the_schema_too() {
    let batch = RatingGenerator::with_seed(1).record_batch(0).unwrap();
    assert_eq!((batch.num_rows(), batch.schema()), (0, arrow_schema()));
}

#[test]
fn a_batch_too_large_for_its_columns_is_refused_and_nothing_is_made() {
    let mut ratings = RatingGenerator::with_seed(1);
    let refused = ratings.record_batch(MAX_BATCH_ROWS + 1);
    assert!(matches!(refused, Err(ArrowError::InvalidArgumentError(_))));
    assert_eq!(ratings.index(), 0);
}

#[test]
fn the_largest_batch_of_the_longest_names_fits() {
    let longest = |table: &[&str]| table.iter().map(|name| name.len()).max().unwrap_or(0);
    let user = longest(crate::FIRST_NAMES) + 1 + longest(crate::LAST_NAMES);
    assert!(user * MAX_BATCH_ROWS < i32::MAX as usize);
}
