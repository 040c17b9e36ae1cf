//! The conversion of a destination: which table, and how the objects are written.

use std::sync::Arc;

use firehose_delivery::{
    ConversionError, Dictionaries, ErrorCode, GlueTable, ParquetCompression, ParquetOptions,
    SchemaReference, SchemaSource,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    destination::{Conversion, Schema},
    error::{invalid, not_built},
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Catalog, TableColumns},
};

/// A table of the endpoint's catalogue, looked up anew for each buffer.
#[derive(Debug)]
pub(super) struct CatalogTable {
    catalog: Arc<Catalog>,
    /// The account and region of the catalogue.
    owner: Caller,
    reference: SchemaReference,
}

impl CatalogTable {
    /// The table that a `SchemaConfiguration` names; `caller` owns the stream.
    pub(super) fn new(catalog: &Arc<Catalog>, caller: &Caller, schema: &Schema) -> Self {
        let text = |member: &Option<String>| member.clone().unwrap_or_default();
        let owner = Caller {
            account: schema.catalog_id.clone().unwrap_or_else(|| caller.account.clone()),
            region: schema.region.clone().unwrap_or_else(|| caller.region.clone()),
        };
        let reference = SchemaReference {
            database: text(&schema.database_name),
            table: text(&schema.table_name),
            catalog_id: owner.account.clone(),
            region: owner.region.clone(),
            version_id: schema.version_id.clone().unwrap_or_else(|| "LATEST".to_owned()),
            role_arn: text(&schema.role_arn),
        };
        Self { catalog: Arc::clone(catalog), owner, reference }
    }

    fn columns(&self) -> Result<TableColumns, String> {
        let SchemaReference { database, table, version_id, .. } = &self.reference;
        self.catalog.columns(&self.owner, database, table, Some(version_id))
    }

    fn read(&self) -> Result<Result<GlueTable, firehose_delivery::Error>, String> {
        let found = self.columns()?;
        let SchemaReference { database, table, .. } = &self.reference;
        let read = GlueTable::new(database, table, found.columns);
        Ok(read.map(|table| table.known_as(self.reference.clone())))
    }

    /// Checks that the table is there and that the engine can convert to it.
    pub(super) fn check(&self) -> Result<(), AwsError> {
        match self.read() {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) => {
                let SchemaReference { database, table, .. } = &self.reference;
                Err(invalid(format!("Glue table {database}.{table}: {why}")))
            }
            Err(why) => {
                let account = &self.owner.account;
                Err(invalid(format!(
                    "Unable to retrieve the schema of the data format conversion from the Glue \
                     catalog {account}: EntityNotFoundException: {why}"
                )))
            }
        }
    }
}

impl SchemaSource for CatalogTable {
    fn reference(&self) -> SchemaReference {
        self.reference.clone()
    }

    fn table(&self) -> Result<GlueTable, ConversionError> {
        let not_found = |why: String| {
            let words = format!("The specified table/database could not be found. {why}");
            ConversionError::new(ErrorCode::EntityNotFound, words)
        };
        self.read().map_err(not_found)?.map_err(|why| {
            ConversionError::new(ErrorCode::InvalidSchema, format!("The table's schema: {why}"))
        })
    }
}

/// AWS's `ParquetSerDe`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ParquetSerDe {
    compression: Option<String>,
    block_size_bytes: Option<usize>,
    page_size_bytes: Option<usize>,
    enable_dictionary_compression: Option<bool>,
    max_padding_bytes: u64,
    writer_version: Option<String>,
}

/// AWS's `OpenXJsonSerDe`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct OpenXJsonSerDe {
    case_insensitive: Option<bool>,
    convert_dots_in_json_keys_to_underscores: bool,
    column_to_json_key_mappings: Option<Value>,
}

/// How the objects of a conversion are written.
///
/// # Errors
///
/// A format or an option that is not built, by name.
pub(super) fn parquet_options(conversion: &Conversion) -> Result<ParquetOptions, AwsError> {
    let choice = |block: &Option<Value>, name: &str| {
        block.as_ref().and_then(|block| block.get(name)).cloned().unwrap_or_default()
    };
    let input = choice(&conversion.input_format_configuration, "Deserializer");
    let output = choice(&conversion.output_format_configuration, "Serializer");
    check_deserializer(&input)?;
    if output.get("OrcSerDe").is_some() {
        return Err(not_built("Conversion to ORC (OrcSerDe)"));
    }
    let options: ParquetSerDe = read(output.get("ParquetSerDe"))?;
    if options.max_padding_bytes > 0 {
        return Err(not_built("ParquetSerDe.MaxPaddingBytes"));
    }
    if options.writer_version.as_deref() == Some("V2") {
        return Err(not_built("ParquetSerDe.WriterVersion V2"));
    }
    let defaults = ParquetOptions::default();
    Ok(ParquetOptions {
        compression: match options.compression.as_deref() {
            Some("GZIP") => ParquetCompression::Gzip,
            Some("UNCOMPRESSED") => ParquetCompression::Uncompressed,
            _ => ParquetCompression::Snappy,
        },
        block_size_bytes: options.block_size_bytes.unwrap_or(defaults.block_size_bytes),
        page_size_bytes: options.page_size_bytes.unwrap_or(defaults.page_size_bytes),
        dictionaries: match options.enable_dictionary_compression {
            Some(true) => Dictionaries::Always,
            Some(false) => Dictionaries::Never,
            None => defaults.dictionaries,
        },
    })
}

fn check_deserializer(input: &Value) -> Result<(), AwsError> {
    if input.get("HiveJsonSerDe").is_some() {
        return Err(not_built("HiveJsonSerDe"));
    }
    let options: OpenXJsonSerDe = read(input.get("OpenXJsonSerDe"))?;
    if options.case_insensitive == Some(false) {
        return Err(not_built("OpenXJsonSerDe.CaseInsensitive false"));
    }
    if options.convert_dots_in_json_keys_to_underscores {
        return Err(not_built("OpenXJsonSerDe.ConvertDotsInJsonKeysToUnderscores"));
    }
    let mappings = options.column_to_json_key_mappings.unwrap_or_default();
    if mappings.as_object().is_some_and(|mappings| !mappings.is_empty()) {
        return Err(not_built("OpenXJsonSerDe.ColumnToJsonKeyMappings"));
    }
    Ok(())
}

fn read<T: Default + for<'a> Deserialize<'a>>(block: Option<&Value>) -> Result<T, AwsError> {
    let Some(block) = block else { return Ok(T::default()) };
    T::deserialize(block).map_err(|why| AwsError::serialization(why.to_string()))
}
