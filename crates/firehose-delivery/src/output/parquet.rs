//! Parquet objects: JSON records in, the bytes of one file out.

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, Encoding, GzipLevel, Type as PhysicalType},
    file::properties::{
        EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion as PageVersion,
    },
    schema::types::{ColumnPath, SchemaDescriptor},
};

use super::{dictionaries, int96};
use crate::{
    ConversionError, Dictionaries, Error, GlueTable, JsonConverter, JsonSerDe, ParquetCompression,
    ParquetOptions, TimestampType, WriterVersion, schema::parquet_schema,
};

/// One Parquet object in the making, from JSON records.
///
/// Rows are encoded as they come: what is held is the encoded file and one batch of 8,192 rows.
///
/// ```
/// use firehose_delivery::{GlueTable, ParquetObject, ParquetOptions};
///
/// let table = GlueTable::new("captains", "ratings", [("user", "string"), ("rating", "int")])?;
/// let mut object = ParquetObject::new(&table, ParquetOptions::default());
/// assert_eq!(object.push(br#"{"user":"Ada","rating":7}"#)?, Ok(1));
/// assert!(object.push(b"not JSON")?.is_err());
/// let file = object.finish()?.expect("one row");
/// assert!(file.starts_with(b"PAR1"));
/// # Ok::<(), firehose_delivery::Error>(())
/// ```
#[derive(Debug)]
pub struct ParquetObject {
    table: GlueTable,
    options: ParquetOptions,
    converter: JsonConverter,
    rows: usize,
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl ParquetObject {
    /// An object without rows.
    #[must_use]
    pub fn new(table: &GlueTable, options: ParquetOptions) -> Self {
        Self {
            table: table.clone(),
            options,
            converter: JsonConverter::new(table),
            rows: 0,
            writer: None,
        }
    }

    /// An object without rows whose records are read as `serde` does.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a timestamp format that does not read.
    pub fn reading(
        table: &GlueTable,
        serde: &JsonSerDe,
        options: ParquetOptions,
    ) -> Result<Self, Error> {
        let converter = JsonConverter::reading(table, serde)?;
        Ok(Self { table: table.clone(), options, converter, rows: 0, writer: None })
    }

    /// Adds the rows of a record; the inner result is the record's own.
    ///
    /// # Errors
    ///
    /// The outer one: rows that had been accepted could not be written, the object is lost.
    pub fn push(&mut self, record: &[u8]) -> Result<Result<usize, ConversionError>, Error> {
        let added = self.converter.push(record);
        if let Ok(rows) = &added {
            self.rows += rows;
            while let Some(batch) = self.converter.next_batch() {
                self.write(&batch?)?;
            }
        }
        Ok(added)
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The bytes of the file; nothing when there is no row.
    ///
    /// # Errors
    ///
    /// Rows could not be written, the object is lost.
    pub fn finish(mut self) -> Result<Option<Bytes>, Error> {
        while let Some(batch) = self.converter.finish() {
            self.write(&batch?)?;
        }
        let Some(writer) = self.writer else { return Ok(None) };
        let file = writer.into_inner()?;
        match self.options.timestamps {
            TimestampType::Int64Micros => Ok(Some(file.into())),
            TimestampType::Int96 => Ok(Some(int96::relabelled(file, self.table.columns())?)),
        }
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let batch = match self.options.timestamps {
            TimestampType::Int64Micros => batch,
            TimestampType::Int96 => &int96::batch(batch)?,
        };
        if let Some(writer) = &mut self.writer {
            return Ok(writer.write(batch)?);
        }
        let schema = match self.options.timestamps {
            TimestampType::Int64Micros => {
                parquet_schema(self.table.columns(), self.options.timestamps)?
            }
            TimestampType::Int96 => int96::as_bytes(self.table.columns())?,
        };
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties(&schema, batch))
            // The Arrow schema repeats what the Parquet schema says.
            .with_skip_arrow_metadata(true)
            .with_parquet_schema(schema);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
        Ok(self.writer.insert(writer).write(batch)?)
    }

    fn properties(&self, schema: &SchemaDescriptor, first: &RecordBatch) -> WriterProperties {
        let compression = match self.options.compression {
            ParquetCompression::Snappy => Compression::SNAPPY,
            ParquetCompression::Gzip => Compression::GZIP(GzipLevel::default()),
            ParquetCompression::Uncompressed => Compression::UNCOMPRESSED,
        };
        let builder = WriterProperties::builder()
            .set_created_by(concat!("firehose-delivery ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(compression)
            .set_max_row_group_row_count(None)
            .set_max_row_group_bytes(Some(self.options.block_size_bytes))
            .set_data_page_size_limit(self.options.page_size_bytes)
            // Objects are small and read whole: statistics by row group say all there is.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_writer_version(match self.options.writer_version {
                WriterVersion::V1 => PageVersion::PARQUET_1_0,
                WriterVersion::V2 => PageVersion::PARQUET_2_0,
            });
        // The second version's encoding of decimals is one that Polars does not read.
        let decimals = schema
            .columns()
            .iter()
            .filter(|column| column.physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY);
        let builder = decimals.fold(builder, |builder, column| {
            builder.set_column_encoding(column.path().clone(), Encoding::PLAIN)
        });
        let builder = match self.options.timestamps {
            TimestampType::Int64Micros => builder,
            TimestampType::Int96 => int96::properties(builder, schema),
        };
        self.choose_dictionaries(builder, first).build()
    }

    fn choose_dictionaries(
        &self,
        builder: WriterPropertiesBuilder,
        first: &RecordBatch,
    ) -> WriterPropertiesBuilder {
        match self.options.dictionaries {
            Dictionaries::Always => builder.set_dictionary_enabled(true),
            Dictionaries::Never => builder.set_dictionary_enabled(false),
            Dictionaries::WhereValuesRepeat => {
                dictionaries::leaves(first).into_iter().fold(builder, |builder, (path, values)| {
                    let pays_off = dictionaries::pays_off(&values);
                    builder.set_column_dictionary_enabled(ColumnPath::new(path), pays_off)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
