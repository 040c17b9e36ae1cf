//! Timestamps as INT96: eight bytes of nanoseconds of the day, four of the Julian day, both little
//! endian.
//!
//! arrow-rs reads INT96 and does not write it. On the disk an INT96 is a fixed-length byte array of
//! twelve bytes, value for value: so the columns are written as such, and the footer is written
//! again with the type that they have.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, FixedSizeBinaryArray, ListArray, MapArray, RecordBatch,
        StructArray,
    },
    buffer::Buffer,
    datatypes::{DataType, Field, FieldRef, Fields, Schema, TimestampMicrosecondType},
    error::ArrowError,
};
use bytes::Bytes;
use parquet::{
    basic::Type as PhysicalType,
    errors::{ParquetError, Result},
    file::{
        metadata::{
            ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataReader,
            ParquetMetaDataWriter, RowGroupMetaData,
        },
        properties::{EnabledStatistics, WriterPropertiesBuilder},
    },
    schema::types::{ColumnDescPtr, SchemaDescPtr, SchemaDescriptor, Type},
};

use crate::{GlueColumn, TimestampType, schema::parquet_schema};

const BYTES: i32 = 12;
/// Julian day of 1 January 1970.
const JULIAN_EPOCH: i64 = 2_440_588;
const MICROS_OF_DAY: i64 = 86_400_000_000;
/// Length of the footer behind the metadata: its size and the magic.
const FOOTER_END: usize = 8;

/// The schema to write with: byte arrays in place of INT96.
pub(super) fn as_bytes(columns: &[GlueColumn]) -> Result<SchemaDescriptor> {
    let schema = parquet_schema(columns, TimestampType::Int96)?;
    let root = schema.root_schema_ptr();
    Ok(SchemaDescriptor::new(with_bytes(&root)?))
}

fn with_bytes(schema: &Arc<Type>) -> Result<Arc<Type>> {
    let info = schema.get_basic_info();
    if schema.is_primitive() {
        if schema.get_physical_type() != PhysicalType::INT96 {
            return Ok(Arc::clone(schema));
        }
        return Type::primitive_type_builder(schema.name(), PhysicalType::FIXED_LEN_BYTE_ARRAY)
            .with_repetition(info.repetition())
            .with_length(BYTES)
            .build()
            .map(Arc::new);
    }
    let fields = schema.get_fields().iter().map(with_bytes).collect::<Result<Vec<_>>>()?;
    let mut builder = Type::group_type_builder(schema.name())
        .with_fields(fields)
        .with_logical_type(info.logical_type_ref().cloned())
        .with_converted_type(info.converted_type());
    if info.has_repetition() {
        builder = builder.with_repetition(info.repetition());
    }
    builder.build().map(Arc::new)
}

/// What holds for the columns of such bytes: INT96 has no order. Its one encoding is that of all such bytes.
pub(super) fn properties(
    builder: WriterPropertiesBuilder,
    schema: &SchemaDescriptor,
) -> WriterPropertiesBuilder {
    schema.columns().iter().filter(|column| is_int96(column)).fold(builder, |builder, column| {
        builder.set_column_statistics_enabled(column.path().clone(), EnabledStatistics::None)
    })
}

fn is_int96(column: &ColumnDescPtr) -> bool {
    column.physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY
        && column.type_length() == BYTES
        && column.logical_type_ref().is_none()
}

/// The batch with the bytes of INT96 in place of timestamps, at any depth.
pub(super) fn batch(batch: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(array).collect::<std::result::Result<Vec<_>, _>>()?;
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(&columns).map(|(field, column)| named(field, column));
    let fields: Fields = fields.collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn named(field: &FieldRef, values: &ArrayRef) -> FieldRef {
    Arc::new(Field::new(field.name(), values.data_type().clone(), field.is_nullable()))
}

fn array(values: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    Ok(match values.data_type() {
        DataType::Timestamp(..) => {
            let micros = values.as_primitive::<TimestampMicrosecondType>();
            let mut bytes = Vec::with_capacity(micros.len() * 12);
            for value in micros.values() {
                let (day, of_day) =
                    (value.div_euclid(MICROS_OF_DAY), value.rem_euclid(MICROS_OF_DAY));
                bytes.extend((of_day * 1_000).to_le_bytes());
                // 64 bits of microseconds are fewer than 110 million days.
                let julian = i32::try_from(day + JULIAN_EPOCH).unwrap_or(i32::MAX);
                bytes.extend(julian.to_le_bytes());
            }
            let nulls = micros.nulls().cloned();
            Arc::new(FixedSizeBinaryArray::try_new(BYTES, Buffer::from_vec(bytes), nulls)?)
        }
        DataType::List(field) => {
            let list = values.as_list::<i32>();
            let items = array(list.values())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(named(field, &items), offsets, items, nulls)?)
        }
        DataType::Map(field, sorted) => {
            let map = values.as_map();
            let entries = array(&(Arc::new(map.entries().clone()) as ArrayRef))?;
            let field = named(field, &entries);
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let entries = entries.as_struct().clone();
            Arc::new(MapArray::try_new(field, offsets, entries, nulls, *sorted)?)
        }
        DataType::Struct(fields) => {
            let members = values.as_struct();
            let columns = members.columns().iter().map(array);
            let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
            let fields: Fields =
                fields.iter().zip(&columns).map(|(field, column)| named(field, column)).collect();
            Arc::new(StructArray::try_new(fields, columns, members.nulls().cloned())?)
        }
        _ => ArrayRef::clone(values),
    })
}

/// The file with a footer that calls the bytes INT96.
pub(super) fn relabelled(mut file: Vec<u8>, columns: &[GlueColumn]) -> Result<Bytes> {
    let written = Bytes::from(file.clone());
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&written)?;
    let schema = Arc::new(parquet_schema(columns, TimestampType::Int96)?);
    let groups = metadata.row_groups().iter().map(|group| row_group(group, &schema));
    let groups = groups.collect::<Result<Vec<_>>>()?;
    let old = metadata.file_metadata();
    let file_metadata = FileMetaData::new(
        old.version(),
        old.num_rows(),
        old.created_by().map(ToOwned::to_owned),
        old.key_value_metadata().cloned(),
        schema,
        old.column_orders().cloned(),
    );
    let size = file.len().checked_sub(FOOTER_END).and_then(|at| file.get(at..)?.first_chunk::<4>());
    let size = size.map(|size| u32::from_le_bytes(*size) as usize);
    let end = size.and_then(|size| file.len().checked_sub(FOOTER_END + size));
    let end = end.ok_or_else(|| ParquetError::General("the file has no footer".to_owned()))?;
    file.truncate(end);
    ParquetMetaDataWriter::new(&mut file, &ParquetMetaData::new(file_metadata, groups)).finish()?;
    Ok(file.into())
}

fn row_group(group: &RowGroupMetaData, schema: &SchemaDescPtr) -> Result<RowGroupMetaData> {
    let columns = group.columns().iter().enumerate().map(|(place, chunk)| {
        let column = schema.column(place);
        if column.physical_type() != PhysicalType::INT96 {
            return Ok(chunk.clone());
        }
        chunk_of(chunk, column)
    });
    let mut builder = RowGroupMetaData::builder(Arc::clone(schema))
        .set_num_rows(group.num_rows())
        .set_total_byte_size(group.total_byte_size())
        .set_column_metadata(columns.collect::<Result<Vec<_>>>()?);
    if let Some(offset) = group.file_offset() {
        builder = builder.set_file_offset(offset);
    }
    if let Some(ordinal) = group.ordinal() {
        builder = builder.set_ordinal(ordinal);
    }
    builder.build()
}

fn chunk_of(chunk: &ColumnChunkMetaData, column: ColumnDescPtr) -> Result<ColumnChunkMetaData> {
    let mut builder = ColumnChunkMetaData::builder(column)
        .set_encodings(chunk.encodings().collect())
        .set_num_values(chunk.num_values())
        .set_compression(chunk.compression())
        .set_total_compressed_size(chunk.compressed_size())
        .set_total_uncompressed_size(chunk.uncompressed_size())
        .set_data_page_offset(chunk.data_page_offset())
        .set_dictionary_page_offset(chunk.dictionary_page_offset());
    if let Some(stats) = chunk.page_encoding_stats() {
        builder = builder.set_page_encoding_stats(stats.clone());
    }
    builder.build()
}
