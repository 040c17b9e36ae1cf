//! The key of each row: the values of the grouping columns as bytes that compare as they do, and
//! back again.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};

use super::QueryError;
use crate::Error;
use crate::column::{Column, plain};

/// The grouping columns.
#[derive(Debug)]
pub(super) struct Keys {
    columns: Vec<Column>,
    fields: Vec<Field>,
    converter: Option<RowConverter>,
}

/// The keys of one batch.
#[derive(Debug)]
pub(super) struct BatchKeys(Option<Rows>);

impl Keys {
    pub(super) fn new(schema: &Schema, names: &[String]) -> Result<Self, QueryError> {
        let columns = names.iter().map(|name| Column::find_label(schema, name));
        let columns: Vec<Column> = columns.collect::<Result<_, Error>>()?;
        let field =
            |column: &Column| Field::new(column.name(), plain(column.data_type()).clone(), true);
        let fields: Vec<Field> = columns.iter().map(field).collect();
        let sort = fields.iter().map(|field| SortField::new(field.data_type().clone())).collect();
        let converter = match columns.is_empty() {
            true => None,
            false => Some(RowConverter::new(sort)?),
        };
        Ok(Self { columns, fields, converter })
    }

    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub(super) fn of(&self, batch: &RecordBatch) -> Result<BatchKeys, QueryError> {
        let Some(converter) = &self.converter else { return Ok(BatchKeys(None)) };
        let columns = self.columns.iter().map(|column| column.plain(batch));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        Ok(BatchKeys(Some(converter.convert_columns(&columns)?)))
    }

    /// The keys of these values, which are [`arrays`](Self::arrays).
    pub(super) fn of_arrays(&self, arrays: &[ArrayRef]) -> Result<BatchKeys, ArrowError> {
        match &self.converter {
            Some(converter) => Ok(BatchKeys(Some(converter.convert_columns(arrays)?))),
            None => Ok(BatchKeys(None)),
        }
    }

    /// A column of each key's values for each grouping column.
    pub(super) fn arrays(&self, keys: &[&[u8]]) -> Result<Vec<ArrayRef>, ArrowError> {
        let Some(converter) = &self.converter else { return Ok(Vec::new()) };
        let parser = converter.parser();
        converter.convert_rows(keys.iter().map(|key| parser.parse(key)))
    }
}

impl BatchKeys {
    pub(super) fn get(&self, row: usize) -> &[u8] {
        self.0.as_ref().map_or(&[], |rows| rows.row(row).data())
    }
}
