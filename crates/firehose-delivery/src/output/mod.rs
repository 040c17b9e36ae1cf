//! A buffer's records as the bytes of objects: what goes under the prefix, and what goes under
//! the error prefix. No I/O.

mod dictionaries;
mod error_object;
mod parquet;

use bytes::Bytes;
use object_store::PutPayload;

pub use self::parquet::ParquetObject;
use crate::{
    BufferedRecords, ConversionError, Error, ErrorCode, GlueTable, ParquetOptions, RecordFormat,
    SchemaReference, SchemaSource, worker::Sealed,
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
    pub(crate) records: usize,
    /// Rows of a converted object; none for a raw one.
    pub(crate) rows: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct PreparedErrors {
    pub(crate) payload: PutPayload,
    pub(crate) records: usize,
}

/// Makes the objects of a buffer. Runs long enough to want a thread of its own.
pub(crate) fn prepare(format: &RecordFormat, sealed: &Sealed) -> Prepared {
    match format {
        RecordFormat::Raw => raw(&sealed.records),
        RecordFormat::Parquet { schema, options } => convert_by(schema.as_ref(), *options, sealed)
            .unwrap_or_else(|why| all_failed(&schema.reference(), sealed, &why)),
    }
}

fn convert_by(
    schema: &dyn SchemaSource,
    options: ParquetOptions,
    sealed: &Sealed,
) -> Result<Prepared, ConversionError> {
    let table = schema.table()?;
    convert(&table, options, sealed)
        .map_err(|why| ConversionError::new(ErrorCode::InternalError, describe(&why)))
}

/// What becomes of a buffer whose preparation panicked: its records are kept, as they came.
pub(crate) fn after_panic(format: &RecordFormat, sealed: &Sealed) -> Prepared {
    match format {
        RecordFormat::Raw => raw(&sealed.records),
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

fn raw(records: &BufferedRecords) -> Prepared {
    let payload = records.segments().map(Bytes::copy_from_slice).collect();
    let object = PreparedObject { payload, extension: "", records: records.len(), rows: None };
    Prepared { object: Some(object), errors: None }
}

fn convert(table: &GlueTable, options: ParquetOptions, sealed: &Sealed) -> Result<Prepared, Error> {
    let mut object = ParquetObject::new(table, options);
    let mut failed = Vec::new();
    for (index, record) in sealed.records.iter().enumerate() {
        if let Err(why) = object.push(record)? {
            failed.push((index, why));
        }
    }
    let records = sealed.records.len() - failed.len();
    let rows = object.rows();
    let object = object.finish()?.map(|bytes| PreparedObject {
        payload: PutPayload::from_bytes(bytes),
        extension: ".parquet",
        records,
        rows: Some(rows),
    });
    Ok(Prepared { object, errors: error_object::write(table.reference(), sealed, &failed) })
}

fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        text = format!("{text}: {why}");
        cause = why.source();
    }
    text
}
