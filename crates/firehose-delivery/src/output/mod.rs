//! A buffer's records as the bytes of objects: what goes under the prefix, and what goes under
//! the error prefix. No I/O.

mod compression;
mod dictionaries;
mod error_object;
mod int96;
mod parquet;

use bytes::Bytes;
use object_store::PutPayload;

pub use self::parquet::ParquetObject;
use crate::{
    ConversionError, Error, ErrorCode, GlueTable, JsonSerDe, ParquetCompression, ParquetOptions,
    RawCompression, RecordFormat, SchemaReference, SchemaSource, key::ErrorOutputType,
    worker::Sealed,
};

/// What one buffer becomes.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The object under the prefix; none when no record converted.
    pub(crate) object: Option<PreparedObject>,
    /// The object under the error prefix; none when every record converted.
    pub(crate) errors: Option<PreparedErrors>,
}

#[derive(Debug)]
pub(crate) struct PreparedObject {
    pub(crate) payload: PutPayload,
    pub(crate) extension: &'static str,
    pub(crate) content_encoding: Option<&'static str>,
    pub(crate) records: usize,
    /// Bytes of these records.
    pub(crate) source_bytes: usize,
    /// Rows of a converted object; none for a raw one.
    pub(crate) rows: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct PreparedErrors {
    pub(crate) kind: ErrorOutputType,
    pub(crate) payload: PutPayload,
    pub(crate) records: usize,
    /// Bytes of these records.
    pub(crate) source_bytes: usize,
}

/// Makes the objects of a buffer. Runs long enough to want a thread of its own.
pub(crate) fn prepare(format: &RecordFormat, sealed: &Sealed) -> Prepared {
    if !sealed.failures.is_empty() {
        return Prepared { object: None, errors: error_object::of_processing(sealed) };
    }
    match format {
        RecordFormat::Raw { compression } => raw(*compression, sealed),
        RecordFormat::Parquet { schema, serde, options } => {
            convert_by(schema.as_ref(), serde, *options, sealed)
                .unwrap_or_else(|why| all_failed(&schema.reference(), sealed, &why))
        }
    }
}

fn convert_by(
    schema: &dyn SchemaSource,
    serde: &JsonSerDe,
    options: ParquetOptions,
    sealed: &Sealed,
) -> Result<Prepared, ConversionError> {
    let recorded = sealed.schema_version.as_deref().map(|version| schema.table_at(version));
    let table = match recorded {
        Some(Ok(table)) => table,
        // A version that has gone since is no reason to turn records away.
        _ => schema.table()?,
    };
    convert(&table, serde, options, sealed)
        .map_err(|why| ConversionError::new(ErrorCode::InternalError, why.with_causes()))
}

/// What becomes of a buffer whose preparation panicked: its records are kept, as they came.
pub(crate) fn after_panic(format: &RecordFormat, sealed: &Sealed) -> Prepared {
    if !sealed.failures.is_empty() {
        return Prepared { object: None, errors: error_object::of_processing(sealed) };
    }
    match format {
        RecordFormat::Raw { .. } => raw(RawCompression::Uncompressed, sealed),
        RecordFormat::Parquet { schema, .. } => {
            let why = ConversionError::new(ErrorCode::InternalError, "The conversion panicked.");
            all_failed(&schema.reference(), sealed, &why)
        }
    }
}

/// Sends a whole buffer to the error object, so that nothing is lost when it cannot be written.
fn all_failed(table: &SchemaReference, sealed: &Sealed, why: &ConversionError) -> Prepared {
    let failed: Vec<_> = (0..sealed.records.len()).map(|index| (index, why.clone())).collect();
    Prepared { object: None, errors: error_object::write(table, sealed, &failed) }
}

fn raw(compression: RawCompression, sealed: &Sealed) -> Prepared {
    let segments = sealed.records.segments();
    // The hints keep a buffer below what the containers hold; a larger one goes out as it came.
    let compressed = match compression {
        RawCompression::Uncompressed => None,
        other => other.compress(segments, sealed.object_id).ok(),
    };
    let (compression, payload) = match compressed {
        Some(bytes) => (compression, PutPayload::from(bytes)),
        None => {
            let segments = sealed.records.segments().map(Bytes::copy_from_slice);
            (RawCompression::Uncompressed, segments.collect())
        }
    };
    let object = PreparedObject {
        payload,
        extension: compression.extension(),
        content_encoding: compression.content_encoding(),
        records: sealed.records.len(),
        source_bytes: sealed.records.bytes(),
        rows: None,
    };
    Prepared { object: Some(object), errors: None }
}

fn convert(
    table: &GlueTable,
    serde: &JsonSerDe,
    options: ParquetOptions,
    sealed: &Sealed,
) -> Result<Prepared, Error> {
    let mut object = ParquetObject::reading(table, serde, options)?;
    let (mut failed, mut failed_bytes) = (Vec::new(), 0);
    for (index, record) in sealed.records.iter().enumerate() {
        if let Err(why) = object.push(record)? {
            failed.push((index, why));
            failed_bytes += record.len();
        }
    }
    let records = sealed.records.len() - failed.len();
    let rows = object.rows();
    let object = object.finish()?.map(|bytes| PreparedObject {
        payload: PutPayload::from_bytes(bytes),
        extension: ".parquet",
        // AWS says so of plain Parquet whose pages have its default codec; that of others was not
        // seen.
        content_encoding: (options.compression == ParquetCompression::Snappy)
            .then_some("hadoop-snappy"),
        records,
        source_bytes: sealed.records.bytes() - failed_bytes,
        rows: Some(rows),
    });
    Ok(Prepared { object, errors: error_object::write(table.reference(), sealed, &failed) })
}
