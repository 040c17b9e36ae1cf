//! Whether a column's values repeat enough for a dictionary.
//!
//! A dictionary of a nearly unique column is written, outgrows its page and is given up: time and
//! space for nothing. A look at some of the first rows tells the two kinds apart.

use std::{
    collections::HashSet,
    hash::{BuildHasher, Hasher, RandomState},
    iter::StepBy,
    ops::Range,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type,
        Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, ToByteSlice,
    },
};

/// Rows looked at, spread evenly over the batch.
const SAMPLE: usize = 512;

/// The columns of the file that hold values, by their path in it.
pub(super) fn leaves(batch: &RecordBatch) -> Vec<(Vec<String>, ArrayRef)> {
    let mut found = Vec::new();
    for (field, values) in batch.schema().fields().iter().zip(batch.columns()) {
        add_leaves(&[field.name().clone()], values, &mut found);
    }
    found
}

fn add_leaves(path: &[String], values: &ArrayRef, found: &mut Vec<(Vec<String>, ArrayRef)>) {
    let below = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        path.iter().cloned().chain(names).collect::<Vec<_>>()
    };
    match values.data_type() {
        DataType::List(_) => {
            add_leaves(&below(&["bag", "array_element"]), values.as_list::<i32>().values(), found);
        }
        DataType::Map(..) => {
            let map = values.as_map();
            add_leaves(&below(&["map", "key"]), map.keys(), found);
            add_leaves(&below(&["map", "value"]), map.values(), found);
        }
        DataType::Struct(fields) => {
            for (field, member) in fields.iter().zip(values.as_struct().columns()) {
                add_leaves(&below(&[field.name()]), member, found);
            }
        }
        _ => found.push((path.to_vec(), ArrayRef::clone(values))),
    }
}

/// Whether a dictionary saves something on a column that begins like `values`: when more than one
/// in twelve of the sampled values has come before. Out of 512 that says fewer than some 3,000
/// different values, whose indices take twelve bits or less.
pub(super) fn pays_off(values: &ArrayRef) -> bool {
    let step = values.len().div_ceil(SAMPLE).max(1);
    let rows = (0..values.len()).step_by(step);
    let looked_at = rows.len();
    let Some(distinct) = distinct(values, rows) else { return true };
    distinct * 12 <= looked_at * 11
}

fn distinct(values: &ArrayRef, rows: StepBy<Range<usize>>) -> Option<usize> {
    let mut seen = Seen::new();
    match values.data_type() {
        // Bits are packed; a dictionary cannot do better.
        DataType::Boolean => return Some(rows.len()),
        DataType::Int8 => seen.primitives::<Int8Type>(values, rows),
        DataType::Int16 => seen.primitives::<Int16Type>(values, rows),
        DataType::Int32 => seen.primitives::<Int32Type>(values, rows),
        DataType::Int64 => seen.primitives::<Int64Type>(values, rows),
        DataType::Float32 => seen.primitives::<Float32Type>(values, rows),
        DataType::Float64 => seen.primitives::<Float64Type>(values, rows),
        DataType::Date32 => seen.primitives::<Date32Type>(values, rows),
        DataType::Decimal128(..) => seen.primitives::<Decimal128Type>(values, rows),
        DataType::Timestamp(..) => seen.primitives::<TimestampMicrosecondType>(values, rows),
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            rows.for_each(|row| seen.add(texts.value(row).as_bytes()));
        }
        DataType::FixedSizeBinary(_) => {
            let binaries = values.as_fixed_size_binary();
            rows.for_each(|row| seen.add(binaries.value(row)));
        }
        DataType::Binary => {
            let binaries = values.as_binary::<i32>();
            rows.for_each(|row| seen.add(binaries.value(row)));
        }
        _ => return None,
    }
    Some(seen.hashes.len())
}

/// Hashes seen so far. Two values with one hash count once: close enough to judge by.
struct Seen {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

impl Seen {
    fn new() -> Self {
        Self { hasher: RandomState::new(), hashes: HashSet::with_capacity(SAMPLE) }
    }

    fn add(&mut self, value: &[u8]) {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(value);
        self.hashes.insert(hasher.finish());
    }

    fn primitives<T: ArrowPrimitiveType>(&mut self, values: &ArrayRef, rows: StepBy<Range<usize>>) {
        let values = values.as_primitive::<T>().values();
        rows.filter_map(|row| values.get(row)).for_each(|value| self.add(value.to_byte_slice()));
    }
}
