//! The Parquet schema as Hive's writer makes it: root `hive_schema`, every column optional,
//! decimals as fixed-length byte arrays whatever their precision.
//!
//! arrow-rs derives a schema of its own from the Arrow one (root `arrow_schema`, short decimals
//! as integers); readers of Firehose's objects expect Hive's.

use std::sync::Arc;

use parquet::{
    basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType},
    errors::Result,
    schema::types::{SchemaDescriptor, Type},
};

use super::{GlueColumn, GlueType};
use crate::TimestampType;

/// The Parquet schema of a table with these columns.
pub(crate) fn parquet_schema(
    columns: &[GlueColumn],
    timestamps: TimestampType,
) -> Result<SchemaDescriptor> {
    let fields = columns
        .iter()
        .map(|column| field(&column.name, &column.glue_type, Repetition::OPTIONAL, timestamps));
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let root = Type::group_type_builder("hive_schema").with_fields(fields).build()?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}

fn field(
    name: &str,
    glue_type: &GlueType,
    repetition: Repetition,
    timestamps: TimestampType,
) -> Result<Arc<Type>> {
    let optional = |name: &str, inner| field(name, inner, Repetition::OPTIONAL, timestamps);
    match glue_type {
        GlueType::Array(item) => {
            let bag = repeated("bag", vec![optional("array_element", item)?])?;
            group(name, repetition, Some((LogicalType::List, ConvertedType::LIST)), vec![bag])
        }
        GlueType::Map(key, value) => {
            let key = field("key", key, Repetition::REQUIRED, timestamps)?;
            let map = repeated("map", vec![key, optional("value", value)?])?;
            group(name, repetition, Some((LogicalType::Map, ConvertedType::MAP)), vec![map])
        }
        GlueType::Struct(fields) => {
            let fields = fields.iter().map(|(name, inner)| optional(name, inner));
            group(name, repetition, None, fields.collect::<Result<Vec<_>>>()?)
        }
        GlueType::Decimal { precision, scale } => decimal(name, *precision, *scale, repetition),
        primitive => leaf(name, primitive, repetition, timestamps),
    }
}

fn repeated(name: &str, fields: Vec<Arc<Type>>) -> Result<Arc<Type>> {
    group(name, Repetition::REPEATED, None, fields)
}

fn group(
    name: &str,
    repetition: Repetition,
    annotation: Option<(LogicalType, ConvertedType)>,
    fields: Vec<Arc<Type>>,
) -> Result<Arc<Type>> {
    let builder = Type::group_type_builder(name).with_repetition(repetition).with_fields(fields);
    let built = match annotation {
        Some((logical, converted)) => {
            builder.with_logical_type(Some(logical)).with_converted_type(converted).build()
        }
        None => builder.build(),
    };
    built.map(Arc::new)
}

fn leaf(
    name: &str,
    glue_type: &GlueType,
    repetition: Repetition,
    timestamps: TimestampType,
) -> Result<Arc<Type>> {
    let int = |bit_width| LogicalType::integer(bit_width, true);
    let (physical, logical) = match glue_type {
        GlueType::Boolean => (PhysicalType::BOOLEAN, None),
        GlueType::TinyInt => (PhysicalType::INT32, Some(int(8))),
        GlueType::SmallInt => (PhysicalType::INT32, Some(int(16))),
        GlueType::Int => (PhysicalType::INT32, None),
        GlueType::BigInt => (PhysicalType::INT64, None),
        GlueType::Float => (PhysicalType::FLOAT, None),
        GlueType::Double => (PhysicalType::DOUBLE, None),
        GlueType::Date => (PhysicalType::INT32, Some(LogicalType::Date)),
        GlueType::Timestamp if timestamps == TimestampType::Int96 => (PhysicalType::INT96, None),
        GlueType::Timestamp => {
            (PhysicalType::INT64, Some(LogicalType::timestamp(false, TimeUnit::MICROS)))
        }
        GlueType::String | GlueType::Char(_) | GlueType::VarChar(_) => {
            (PhysicalType::BYTE_ARRAY, Some(LogicalType::String))
        }
        // The others are no leaves.
        _ => (PhysicalType::BYTE_ARRAY, None),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical)
        .build()
        .map(Arc::new)
}

fn decimal(name: &str, precision: u8, scale: u8, repetition: Repetition) -> Result<Arc<Type>> {
    Type::primitive_type_builder(name, PhysicalType::FIXED_LEN_BYTE_ARRAY)
        .with_repetition(repetition)
        .with_length(decimal_bytes(precision))
        .with_precision(precision.into())
        .with_scale(scale.into())
        .with_logical_type(Some(LogicalType::decimal(scale.into(), precision.into())))
        .build()
        .map(Arc::new)
}

/// The fewest bytes whose two's complement holds every number of `precision` digits.
fn decimal_bytes(precision: u8) -> i32 {
    // A number of n bytes reaches 2^(8n-1) - 1; ten to the 38th still fits a u128.
    let most = 10u128.pow(precision.min(38).into()) - 1;
    let bits = 129 - most.leading_zeros().cast_signed();
    (bits + 7) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of Hive's writer, by precision.
    #[test]
    fn section_5_5_decimals_have_hives_byte_lengths() {
        let table = [
            (1..=2, 1),
            (3..=4, 2),
            (5..=6, 3),
            (7..=9, 4),
            (10..=11, 5),
            (12..=14, 6),
            (15..=16, 7),
            (17..=18, 8),
            (19..=21, 9),
            (22..=23, 10),
            (24..=26, 11),
            (27..=28, 12),
            (29..=31, 13),
            (32..=33, 14),
            (34..=35, 15),
            (36..=38, 16),
        ];
        for (precisions, bytes) in table {
            for precision in precisions {
                assert_eq!(decimal_bytes(precision), bytes, "precision {precision}");
            }
        }
    }
}
