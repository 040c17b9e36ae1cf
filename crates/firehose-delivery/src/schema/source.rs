//! Where a stream finds the table to convert to.

use std::fmt;

use crate::{ConversionError, GlueTable};

/// The table that a `SchemaConfiguration` names: what error objects carry as `dataCatalogTable`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaReference {
    /// Name of the database.
    pub database: String,
    /// Name of the table.
    pub table: String,
    /// The account that owns the catalogue.
    pub catalog_id: String,
    /// The region of the catalogue.
    pub region: String,
    /// The table version, or `LATEST`.
    pub version_id: String,
    /// The role that reads the table.
    pub role_arn: String,
}

impl SchemaReference {
    /// The newest version of this table, in account `000000000000` and region `us-east-1`, read
    /// by a role named `firehose`.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            table: table.into(),
            catalog_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            version_id: "LATEST".to_owned(),
            role_arn: "arn:aws:iam::000000000000:role/firehose".to_owned(),
        }
    }
}

/// A place that knows the columns of a table. A [`GlueTable`] is one that never changes; a
/// catalogue is one where a table gets new columns, or goes.
pub trait SchemaSource: fmt::Debug + Send + Sync + 'static {
    /// The table as it is named.
    fn reference(&self) -> SchemaReference;

    /// The table as it is now. Asked once for each buffer, when it is converted, from a thread
    /// that may block.
    ///
    /// # Errors
    ///
    /// Why there is no such table: every record of the buffer goes to the error prefix with it.
    fn table(&self) -> Result<GlueTable, ConversionError>;

    /// The version of the table now, where tables have versions. Written down when a buffer of a
    /// stream with a journal is opened.
    fn version(&self) -> Option<String> {
        None
    }

    /// The table as it was in this version. Asked for a buffer that was found in a journal, so
    /// that an object that was put already gets the same columns again.
    ///
    /// # Errors
    ///
    /// As [`table`](Self::table); then that of now is asked for.
    fn table_at(&self, version: &str) -> Result<GlueTable, ConversionError> {
        let _ = version;
        self.table()
    }
}

impl SchemaSource for GlueTable {
    fn reference(&self) -> SchemaReference {
        self.reference().clone()
    }

    fn table(&self) -> Result<GlueTable, ConversionError> {
        Ok(self.clone())
    }
}
