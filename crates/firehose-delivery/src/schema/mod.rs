//! The table that a delivery stream converts to: Glue columns, and what they are in Arrow and
//! Parquet.

mod glue_type;
mod parquet_schema;
mod source;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

pub use self::glue_type::GlueType;
pub(crate) use self::parquet_schema::parquet_schema;
pub use self::source::{SchemaReference, SchemaSource};
use crate::Error;

/// One column of a Glue table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueColumn {
    name: String,
    glue_type: GlueType,
}

impl GlueColumn {
    /// Name, in lower case as Glue keeps it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Type.
    #[must_use]
    pub fn glue_type(&self) -> &GlueType {
        &self.glue_type
    }
}

/// The Glue table that describes the rows: what a `SchemaConfiguration` names, and its columns.
///
/// ```
/// use firehose_delivery::GlueTable;
///
/// let table = GlueTable::new("captains", "ratings", [("user", "string"), ("rating", "int")])?;
/// assert_eq!(table.columns()[1].name(), "rating");
/// # Ok::<(), firehose_delivery::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueTable {
    reference: SchemaReference,
    columns: Vec<GlueColumn>,
}

impl GlueTable {
    /// A table with these columns, each given as name and Glue type (`int`, `decimal(10,2)`, …).
    ///
    /// Names are folded to lower case, as Glue does. Account, region, version and role appear
    /// only in the error objects; they start as `000000000000`, `us-east-1`, `LATEST` and a role
    /// named `firehose`.
    ///
    /// # Errors
    ///
    /// [`Error::Column`] for a type that is unknown or not supported yet, for a name that is
    /// empty or given twice, and [`Error::Config`] when there is no column at all.
    pub fn new<N: AsRef<str>, T: AsRef<str>>(
        database: impl Into<String>,
        table: impl Into<String>,
        columns: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, Error> {
        let (database, table) = (database.into(), table.into());
        let mut read: Vec<GlueColumn> = Vec::new();
        for (name, glue_type) in columns {
            let name = name.as_ref().to_lowercase();
            if name.is_empty() {
                return Err(Error::column(&name, "has no name"));
            }
            if read.iter().any(|other| other.name == name) {
                return Err(Error::column(&name, "is there twice; case does not count"));
            }
            let glue_type =
                glue_type.as_ref().parse().map_err(|problem| Error::column(&name, problem))?;
            read.push(GlueColumn { name, glue_type });
        }
        if read.is_empty() {
            let table = format!("{database}.{table}");
            return Err(Error::config(
                &table,
                "SchemaConfiguration",
                "names a table without columns",
            ));
        }
        Ok(Self { reference: SchemaReference::new(database, table), columns: read })
    }

    /// Sets the account and region that error objects name.
    #[must_use]
    pub fn in_account(mut self, catalog_id: impl Into<String>, region: impl Into<String>) -> Self {
        self.reference.catalog_id = catalog_id.into();
        self.reference.region = region.into();
        self
    }

    /// Sets the table version that error objects name.
    #[must_use]
    pub fn at_version(mut self, version_id: impl Into<String>) -> Self {
        self.reference.version_id = version_id.into();
        self
    }

    /// Sets the role that error objects name.
    #[must_use]
    pub fn with_role(mut self, role_arn: impl Into<String>) -> Self {
        self.reference.role_arn = role_arn.into();
        self
    }

    /// Sets the whole name under which the table stands in a catalogue.
    #[must_use]
    pub fn known_as(mut self, reference: SchemaReference) -> Self {
        self.reference = reference;
        self
    }

    /// The name under which the table stands in a catalogue.
    #[must_use]
    pub fn reference(&self) -> &SchemaReference {
        &self.reference
    }

    /// The columns, in table order.
    #[must_use]
    pub fn columns(&self) -> &[GlueColumn] {
        &self.columns
    }

    /// The columns as an Arrow schema: in table order, every one nullable.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, arrow_type(&column.glue_type), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// The Arrow type of a column, with Hive's names for what is inside.
pub(crate) fn arrow_type(glue_type: &GlueType) -> DataType {
    match glue_type {
        GlueType::Boolean => DataType::Boolean,
        GlueType::TinyInt => DataType::Int8,
        GlueType::SmallInt => DataType::Int16,
        GlueType::Int => DataType::Int32,
        GlueType::BigInt => DataType::Int64,
        GlueType::Float => DataType::Float32,
        GlueType::Double => DataType::Float64,
        GlueType::String | GlueType::Char(_) | GlueType::VarChar(_) => DataType::Utf8,
        GlueType::Binary => DataType::Binary,
        GlueType::Decimal { precision, scale } => {
            DataType::Decimal128(*precision, scale.cast_signed())
        }
        GlueType::Date => DataType::Date32,
        GlueType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        GlueType::Array(item) => {
            DataType::List(Arc::new(Field::new("array_element", arrow_type(item), true)))
        }
        GlueType::Map(key, value) => {
            let key = Field::new("key", arrow_type(key), false);
            let value = Field::new("value", arrow_type(value), true);
            let entries = DataType::Struct(vec![key, value].into());
            DataType::Map(Arc::new(Field::new("map", entries, false)), false)
        }
        GlueType::Struct(fields) => DataType::Struct(
            fields.iter().map(|(name, field)| Field::new(name, arrow_type(field), true)).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_cannot_be_are_refused_by_name() {
        let table: [(&[(&str, &str)], &str); 4] = [
            (&[("a", "int"), ("A", "string")], "column `a`: is there twice"),
            (&[("a", "array<void>")], "column `a`: has the type `array<void>`"),
            (&[("", "int")], "has no name"),
            (&[], "without columns"),
        ];
        for (columns, expected) in table {
            let error = GlueTable::new("db", "t", columns.iter().copied()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
