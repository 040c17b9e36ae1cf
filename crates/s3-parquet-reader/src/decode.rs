//! From an object's footer to what of it is decoded: which columns, which row groups, which rows,
//! and as which types. Says nothing about how the bytes come.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderBuilder, ArrowReaderMetadata, ArrowReaderOptions, RowFilter,
};
use parquet::arrow::{ProjectionMask, RowNumber};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use crate::filter::{self, Filter, Mismatch};
use crate::options::ReadOptions;
use crate::thrift;

/// The column in which the decoder numbers rows, where some of them are left out. No file can
/// have one of this name by accident.
pub(crate) const ROW_NUMBER: &str = "\u{0}row";

/// What is wanted of every object of a read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) filter: Option<Filter>,
}

/// How one object is decoded.
pub(crate) struct Plan {
    pub(crate) metadata: ArrowReaderMetadata,
    /// Schema of the batches, without the row numbers.
    pub(crate) schema: SchemaRef,
    /// Names of all the object's columns.
    pub(crate) known: Vec<String>,
    /// Row groups that may hold wanted rows; all of them where nothing is filtered.
    pub(crate) groups: Option<Vec<usize>>,
    mask: ProjectionMask,
    filter: Option<Filter>,
}

impl Plan {
    /// Reads the plan off the footer.
    pub(crate) fn new(
        footer: Arc<ParquetMetaData>,
        selection: &Selection,
        options: &ReadOptions,
    ) -> Result<Self, ParquetError> {
        check_rows(&footer)?;
        let metadata = ArrowReaderMetadata::try_new(footer, ArrowReaderOptions::new())?;
        let known = metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
        let wanted = decoded_as(metadata.schema(), options);
        let numbered = options.provenance.row && selection.filter.is_some();
        let metadata = match wanted != *metadata.schema() || numbered {
            true => as_wanted(&metadata, wanted, numbered)?,
            false => metadata,
        };
        let (mask, schema) = projection(&metadata, selection.columns.as_deref());
        let filter = selection.filter.clone();
        let groups = filter.as_ref().map(|filter| groups_for(filter, &metadata));
        Ok(Self { metadata, schema, known, groups, mask, filter })
    }

    /// Tells the decoder.
    pub(crate) fn apply<T>(&self, builder: ArrowReaderBuilder<T>) -> ArrowReaderBuilder<T> {
        let mut builder = builder.with_projection(self.mask.clone());
        if let Some(groups) = &self.groups {
            builder = builder.with_row_groups(groups.clone());
        }
        if let Some(filter) = &self.filter {
            builder = builder.with_row_filter(self.row_filter(filter));
        }
        builder
    }

    /// The rows that the decoded row groups hold, before they are filtered.
    pub(crate) fn promised_rows(&self) -> u64 {
        self.chosen_groups().fold(0_u64, |sum, group| {
            sum.saturating_add(u64::try_from(group.num_rows()).unwrap_or(0))
        })
    }

    /// What the decoded columns take, as the footer has it.
    pub(crate) fn promised_bytes(&self) -> u64 {
        let chunks = self.chosen_groups().flat_map(|group| {
            let columns = group.columns().iter().enumerate();
            columns.filter(|(leaf, _)| self.mask.leaf_included(*leaf))
        });
        chunks.fold(0_u64, |sum, (_, chunk)| {
            sum.saturating_add(u64::try_from(chunk.uncompressed_size()).unwrap_or(0))
        })
    }

    /// Looks over the pages that will be decoded; `object` is all of it.
    ///
    /// # Errors
    ///
    /// For what the decoder must not see.
    pub(crate) fn check_pages(&self, object: &[u8]) -> Result<(), ParquetError> {
        let compared = self.filter.as_ref().map(|filter| self.compared(filter));
        let is_decoded = |leaf: usize| {
            let is_compared = compared.as_ref().is_some_and(|mask| mask.leaf_included(leaf));
            is_compared || self.mask.leaf_included(leaf)
        };
        let columns = self.chosen_groups().flat_map(|group| group.columns().iter().enumerate());
        let mut chunks = columns.filter(|(leaf, _)| is_decoded(*leaf)).map(|(_, chunk)| chunk);
        chunks.try_for_each(|chunk| {
            let (first, length) = place(chunk);
            // The decoder tells where one lies outside.
            object.get(first..).map_or(Ok(()), |bytes| thrift::check_pages(bytes, length))
        })
    }

    fn chosen_groups(&self) -> impl Iterator<Item = &RowGroupMetaData> {
        let chosen = |index: &usize| self.groups.as_ref().is_none_or(|g| g.contains(index));
        let groups = self.metadata.metadata().row_groups().iter().enumerate();
        groups.filter(move |(index, _)| chosen(index)).map(|(_, group)| group)
    }

    /// True when rows are left out, so that fewer than promised may come.
    pub(crate) fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    /// The columns that a filter looks at.
    fn compared(&self, filter: &Filter) -> ProjectionMask {
        let schema = self.metadata.schema();
        let columns = filter.0.columns();
        let roots = columns.iter().filter_map(|name| schema.index_of(name).ok());
        ProjectionMask::roots(self.metadata.parquet_schema(), roots)
    }

    fn row_filter(&self, filter: &Filter) -> RowFilter {
        let mask = self.compared(filter);
        let node = filter.0.clone();
        let predicate =
            ArrowPredicateFn::new(mask, move |batch: RecordBatch| filter::evaluate(&node, &batch));
        RowFilter::new(vec![Box::new(predicate)])
    }

    /// Asks whether the columns compare with the values of the filter at all, before any is read.
    pub(crate) fn check_filter(&self) -> Result<(), Mismatch> {
        match &self.filter {
            Some(filter) => filter::check(&filter.0, self.metadata.schema()),
            None => Ok(()),
        }
    }
}

/// Where a column chunk begins, and how long it is. What is negative lies nowhere.
fn place(chunk: &ColumnChunkMetaData) -> (usize, usize) {
    let first = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let number = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
    (number(first), number(chunk.compressed_size()))
}

/// A footer says three times how many rows there are: in all, for each row group, and for each
/// column that is not nested. Where it contradicts itself, none of it is believed.
fn check_rows(footer: &ParquetMetaData) -> Result<(), ParquetError> {
    let promised = footer.file_metadata().num_rows();
    let mut sum = 0_i64;
    for (index, group) in footer.row_groups().iter().enumerate() {
        let rows = group.num_rows();
        let flat = group.columns().iter().filter(|c| c.column_descr().max_rep_level() == 0);
        if let Some(column) = flat.into_iter().find(|column| column.num_values() != rows) {
            return Err(ParquetError::General(format!(
                "row group {index} promises {rows} rows, its column `{}` {} values",
                column.column_path().string(),
                column.num_values()
            )));
        }
        sum = sum.saturating_add(rows.max(0));
    }
    if sum == promised {
        return Ok(());
    }
    Err(ParquetError::General(format!(
        "the footer promises {promised} rows, its row groups have {sum}"
    )))
}

/// The file's schema with the types that the options ask for.
pub(crate) fn decoded_as(schema: &SchemaRef, options: &ReadOptions) -> SchemaRef {
    if !options.string_views && options.dictionary_columns.is_empty() {
        return Arc::clone(schema);
    }
    let fields: Vec<FieldRef> =
        schema.fields().iter().map(|field| field_as(field, options)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn field_as(field: &FieldRef, options: &ReadOptions) -> FieldRef {
    if !matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        return Arc::clone(field);
    }
    let wanted = if options.dictionary_columns.contains(field.name()) {
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
    } else if options.string_views {
        DataType::Utf8View
    } else {
        return Arc::clone(field);
    };
    Arc::new(field.as_ref().clone().with_data_type(wanted))
}

fn as_wanted(
    metadata: &ArrowReaderMetadata,
    wanted: SchemaRef,
    numbered: bool,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let mut options = ArrowReaderOptions::new().with_schema(wanted);
    if numbered {
        let number = Field::new(ROW_NUMBER, DataType::Int64, false);
        options =
            options.with_virtual_columns(vec![Arc::new(number.with_extension_type(RowNumber))])?;
    }
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
}

/// The selected columns: what to decode, and the schema that this gives.
fn projection(
    metadata: &ArrowReaderMetadata,
    columns: Option<&[String]>,
) -> (ProjectionMask, SchemaRef) {
    let fields = metadata.schema().fields().iter().enumerate();
    let chosen: Vec<(usize, FieldRef)> = fields
        .filter(|(_, field)| field.name() != ROW_NUMBER)
        .filter(|(_, field)| columns.is_none_or(|columns| columns.contains(field.name())))
        .map(|(index, field)| (index, Arc::clone(field)))
        .collect();
    let mask = match columns {
        None => ProjectionMask::all(),
        Some(_) => {
            let roots = chosen.iter().map(|(index, _)| *index);
            ProjectionMask::roots(metadata.parquet_schema(), roots)
        }
    };
    let fields: Vec<FieldRef> = chosen.into_iter().map(|(_, field)| field).collect();
    (mask, Arc::new(Schema::new(fields)))
}

fn groups_for(filter: &Filter, metadata: &ArrowReaderMetadata) -> Vec<usize> {
    let kept = filter::matching_groups(&filter.0, metadata.schema(), metadata.metadata());
    kept.into_iter().enumerate().filter_map(|(index, kept)| kept.then_some(index)).collect()
}
