//! The conversion of a destination: which table, and how the objects are written.

use std::{collections::BTreeMap, sync::Arc};

use firehose_delivery::{
    ConversionError, Dictionaries, ErrorCode, GlueTable, HiveJsonSerDe, JsonSerDe, OpenXJsonSerDe,
    ParquetCompression, ParquetOptions, SchemaReference, SchemaSource, TimestampType,
    WriterVersion,
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

    fn columns(&self, version: &str) -> Result<TableColumns, String> {
        let SchemaReference { database, table, .. } = &self.reference;
        self.catalog.columns(&self.owner, database, table, Some(version))
    }

    fn read(&self, version: &str) -> Result<Result<GlueTable, firehose_delivery::Error>, String> {
        let found = self.columns(version)?;
        let SchemaReference { database, table, .. } = &self.reference;
        let read = GlueTable::new(database, table, found.columns);
        Ok(read.map(|table| table.known_as(self.reference.clone())))
    }

    /// Checks that the table is there and that the engine can convert to it.
    pub(super) fn check(&self) -> Result<(), AwsError> {
        match self.read(&self.reference.version_id) {
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
        self.table_at(&self.reference.version_id)
    }

    fn version(&self) -> Option<String> {
        Some(self.columns(&self.reference.version_id).ok()?.version_id)
    }

    fn table_at(&self, version: &str) -> Result<GlueTable, ConversionError> {
        let not_found = |why: String| {
            let words = format!("The specified table/database could not be found. {why}");
            ConversionError::new(ErrorCode::EntityNotFound, words)
        };
        self.read(version).map_err(not_found)?.map_err(|why| {
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
struct OpenXOptions {
    case_insensitive: Option<bool>,
    convert_dots_in_json_keys_to_underscores: bool,
    column_to_json_key_mappings: BTreeMap<String, String>,
}

/// AWS's `HiveJsonSerDe`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HiveOptions {
    timestamp_formats: Vec<String>,
}

/// How the objects of a conversion are written.
///
/// # Errors
///
/// A format that is not built, by name.
pub(super) fn parquet_options(
    conversion: &Conversion,
    timestamps: TimestampType,
) -> Result<ParquetOptions, AwsError> {
    let output = choice(conversion.output_format_configuration.as_ref(), "Serializer");
    if output.get("OrcSerDe").is_some() {
        return Err(not_built("Conversion to ORC (OrcSerDe)"));
    }
    let options: ParquetSerDe = read(output.get("ParquetSerDe"))?;
    if options.max_padding_bytes > 0 {
        return Err(not_built("ParquetSerDe.MaxPaddingBytes"));
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
        writer_version: match options.writer_version.as_deref() {
            Some("V2") => WriterVersion::V2,
            _ => WriterVersion::V1,
        },
        timestamps,
    })
}

/// How the records of a conversion are read.
pub(super) fn json_serde(conversion: &Conversion) -> Result<JsonSerDe, AwsError> {
    let input = choice(conversion.input_format_configuration.as_ref(), "Deserializer");
    if let Some(hive) = input.get("HiveJsonSerDe") {
        let HiveOptions { timestamp_formats } = read(Some(hive))?;
        return Ok(JsonSerDe::Hive(HiveJsonSerDe { timestamp_formats }));
    }
    let given: OpenXOptions = read(input.get("OpenXJsonSerDe"))?;
    Ok(JsonSerDe::OpenX(OpenXJsonSerDe {
        case_insensitive: given.case_insensitive.unwrap_or(true),
        convert_dots_in_json_keys_to_underscores: given.convert_dots_in_json_keys_to_underscores,
        column_to_json_key_mappings: given.column_to_json_key_mappings.into_iter().collect(),
    }))
}

fn choice(block: Option<&Value>, name: &str) -> Value {
    block.and_then(|block| block.get(name)).cloned().unwrap_or_default()
}

fn read<T: Default + for<'a> Deserialize<'a>>(block: Option<&Value>) -> Result<T, AwsError> {
    let Some(block) = block else { return Ok(T::default()) };
    T::deserialize(block).map_err(|why| AwsError::serialization(why.to_string()))
}
