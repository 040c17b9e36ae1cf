//! A set of objects as a database: the table, and the scores of a random cut forest beside it.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use s3_parquet_reader::{ParquetSet, ParquetSetTable, Report};

use super::set_rows::SetRows;
use super::{RowSource, ScoredRows, SqlAnswer, SqlError, SqlOptions, SqlSession};
use crate::{ForestOptions, numeric_columns};

/// The table with the scores: the set's rows in key order, and
/// [`SCORE_COLUMN`](super::SCORE_COLUMN) behind its columns.
pub const SCORED_TABLE: &str = "raw_anomalies";

/// What a database looks like.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatabaseOptions {
    /// Name of the table. Default: `ratings`, as the tutorial's table in Glue.
    pub table: String,
    /// Column of numbers that the forest looks at; where it is not there, the first one that is.
    /// Default: `rating`.
    pub scored: String,
    /// How the forest grows.
    pub forest: ForestOptions,
    /// The session; its database is `captains` by default, as the tutorial's in Glue.
    pub session: SqlOptions,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            table: "ratings".to_owned(),
            scored: "rating".to_owned(),
            forest: ForestOptions::default(),
            session: SqlOptions::default().with_database("captains"),
        }
    }
}

impl DatabaseOptions {
    /// Sets the name of the table.
    #[must_use]
    pub fn with_table(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// Sets the column that the forest looks at.
    #[must_use]
    pub fn with_scored(mut self, column: impl Into<String>) -> Self {
        self.scored = column.into();
        self
    }

    /// Sets how the forest grows.
    #[must_use]
    pub fn with_forest(mut self, forest: ForestOptions) -> Self {
        self.forest = forest;
        self
    }

    /// Sets how the session works.
    #[must_use]
    pub fn with_session(mut self, session: SqlOptions) -> Self {
        self.session = session;
        self
    }
}

/// The objects of a set as tables of SQL. Each query lists and reads them anew, the columns that it
/// needs alone, so that objects which arrived since are seen; the columns are those that there were
/// at the beginning.
#[derive(Debug)]
pub struct SqlDatabase {
    session: SqlSession,
    set: ParquetSet,
    name: String,
    /// All objects' columns, and what was found while looking.
    schema: SchemaRef,
    found: Report,
    scored: Arc<SetRows>,
    last: Mutex<Option<Arc<ParquetSetTable>>>,
}

impl SqlDatabase {
    /// Looks at the footers of all objects for the common schema.
    ///
    /// # Errors
    ///
    /// [`SqlError::Objects`]: those of [`ParquetSet::schema`]; [`SqlError::Scores`] if the forest
    /// cannot be grown so; [`SqlError::Running`] if there is no room for temporary files.
    pub async fn open(set: ParquetSet, options: &DatabaseOptions) -> Result<Self, SqlError> {
        let found = set.schema().await?;
        let session = SqlSession::new(&options.session)?;
        let scored = Arc::new(SetRows::new(set.clone(), Arc::clone(&found.schema)));
        let numbers = numeric_columns(&found.schema);
        let column = numbers.iter().find(|name| **name == options.scored).or(numbers.first());
        if let Some(column) = column {
            let rows: Arc<dyn RowSource> = Arc::<SetRows>::clone(&scored);
            let rows = ScoredRows::new(rows, [*column], options.forest.clone())?;
            session.set_rows(SCORED_TABLE, Arc::new(rows))?;
        }
        let set = set.with_schema(Arc::clone(&found.schema));
        let (schema, found) = (found.schema, found.report);
        let name = options.table.clone();
        let database = Self { session, set, name, schema, found, scored, last: Mutex::default() };
        database.refresh().await?;
        Ok(database)
    }

    /// Columns of the table.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What was found when the objects were looked at: how many there are, and where they differ.
    #[must_use]
    pub fn found(&self) -> &Report {
        &self.found
    }

    /// The session, for further tables.
    #[must_use]
    pub fn session(&self) -> &SqlSession {
        &self.session
    }

    /// Starts to answer a query. One query at a time: [`report`](Self::report) is of the last one.
    ///
    /// # Errors
    ///
    /// Those of [`SqlSession::query`].
    pub async fn query(&self, sql: &str) -> Result<SqlAnswer, SqlError> {
        self.refresh().await?;
        self.session.query(sql).await
    }

    /// What the last query has read so far; nothing is listed where it needed no object.
    #[must_use]
    pub fn report(&self) -> Report {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last.map(|table| table.report()) {
            Some(report) if report.listed > 0 => report,
            _ => self.scored.report(),
        }
    }

    /// A table of its own for each query, so that its report is that of the query.
    async fn refresh(&self) -> Result<(), SqlError> {
        self.scored.begin();
        let table = Arc::new(self.set.clone().into_table().await?);
        let provider: Arc<dyn TableProvider> = Arc::<ParquetSetTable>::clone(&table);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(table);
        self.session.set_table(&self.name, provider)
    }
}
