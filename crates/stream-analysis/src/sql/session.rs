//! Tables by name, and queries over them.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use futures::stream::BoxStream;

use super::{RowSource, SqlError, StreamTable, statement};

/// DataFusion's name for what databases lie in.
const CATALOG: &str = "datafusion";

/// How a session works.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqlOptions {
    /// What sorting and grouping may hold in memory, in bytes; beyond it they use temporary files.
    /// Default: 1 GiB.
    pub memory_bytes: usize,
    /// Database that the tables belong to: a table answers to its name, and to `database.name`.
    /// Default: `public`.
    pub database: String,
    /// Parts that a query is divided into. Default: one for each core.
    pub partitions: Option<usize>,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, database: "public".to_owned(), partitions: None }
    }
}

impl SqlOptions {
    /// Sets what may be held in memory.
    #[must_use]
    pub fn with_memory_bytes(mut self, bytes: usize) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Sets the database that the tables belong to.
    #[must_use]
    pub fn with_database(mut self, database: impl Into<String>) -> Self {
        self.database = database.into();
        self
    }

    /// Sets into how many parts a query is divided.
    #[must_use]
    pub fn with_partitions(mut self, partitions: usize) -> Self {
        self.partitions = Some(partitions.max(1));
        self
    }
}

/// Answers queries over the tables that were made known to it. It reads alone: what would create,
/// change or set something is refused.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Int32Array, RecordBatch};
/// use stream_analysis::sql::{SqlOptions, SqlSession};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ratings = RecordBatch::try_from_iter([("rating", Arc::new(Int32Array::from(vec![1, 2, 3])) as _)])?;
/// let session = SqlSession::new(&SqlOptions::default().with_database("captains"))?;
/// session.set_batches("ratings", ratings.schema(), vec![ratings])?;
///
/// let answer = session.query("SELECT count(*) AS n FROM captains.ratings WHERE rating > 1").await?;
/// let batches = answer.collect().await?;
/// assert_eq!(arrow::util::pretty::pretty_format_batches(&batches)?.to_string().lines().nth(3), Some("| 2 |"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqlSession {
    context: SessionContext,
    database: String,
}

/// The answer to a query, batch by batch as it is found. Dropping it ends the work behind it.
pub struct SqlAnswer {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch, SqlError>>,
}

impl SqlSession {
    /// A session without tables.
    ///
    /// # Errors
    ///
    /// [`SqlError::Running`] if there is no room for temporary files.
    pub fn new(options: &SqlOptions) -> Result<Self, SqlError> {
        let mut config = SessionConfig::new()
            .with_information_schema(true)
            .with_default_catalog_and_schema(CATALOG, &options.database);
        if let Some(partitions) = options.partitions {
            config = config.with_target_partitions(partitions);
        }
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(options.memory_bytes, 1.0);
        let runtime = runtime.build_arc().map_err(SqlError::running)?;
        let context = SessionContext::new_with_config_rt(config, runtime);
        Ok(Self { context, database: options.database.clone() })
    }

    /// Makes a table known that is read anew for each query. One of the same name is replaced.
    ///
    /// # Errors
    ///
    /// [`SqlError::Table`].
    pub fn set_rows(&self, name: &str, rows: Arc<dyn RowSource>) -> Result<(), SqlError> {
        self.set_table(name, Arc::new(StreamTable::new(rows)))
    }

    /// Makes batches known that are there. A table of the same name is replaced.
    ///
    /// # Errors
    ///
    /// [`SqlError::Table`], also if a batch does not have the schema.
    pub fn set_batches(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), SqlError> {
        let table = MemTable::try_new(schema, vec![batches])
            .map_err(|source| SqlError::table(name, source))?;
        self.set_table(name, Arc::new(table))
    }

    /// Makes any table known. One of the same name is replaced.
    ///
    /// # Errors
    ///
    /// [`SqlError::Table`].
    pub fn set_table(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), SqlError> {
        // Quoted, so that a name is taken as it is.
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        self.context
            .deregister_table(quoted.as_str())
            .and_then(|_| self.context.register_table(quoted.as_str(), table))
            .map(|_| ())
            .map_err(|source| SqlError::table(name, source))
    }

    /// Names of the tables, in order.
    #[must_use]
    pub fn tables(&self) -> Vec<String> {
        let catalog = self.context.catalog(CATALOG);
        let database = catalog.and_then(|catalog| catalog.schema(&self.database));
        let mut names = database.map(|database| database.table_names()).unwrap_or_default();
        names.sort_unstable();
        names
    }

    /// Starts to answer a query.
    ///
    /// # Errors
    ///
    /// [`SqlError::Query`], [`SqlError::UnknownTable`], [`SqlError::Refused`]; [`SqlError::Running`]
    /// if a table cannot be listed. What goes wrong later is an item of the answer.
    pub async fn query(&self, sql: &str) -> Result<SqlAnswer, SqlError> {
        statement::check(sql)?;
        let planning = |source| SqlError::planning(source, || self.tables());
        // Once more, for what hides behind a query: `WITH … INSERT`.
        let reading = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self.context.sql_with_options(sql, reading).await.map_err(planning)?;
        let schema = Arc::clone(frame.schema().inner());
        let batches = frame.execute_stream().await.map_err(planning)?;
        let batches = batches.map(|batch| batch.map_err(SqlError::running)).boxed();
        Ok(SqlAnswer { schema, batches })
    }
}

impl SqlAnswer {
    /// Columns of the answer.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next batch.
    ///
    /// # Errors
    ///
    /// [`SqlError::Running`].
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, SqlError> {
        self.batches.next().await.transpose()
    }

    /// All batches.
    ///
    /// # Errors
    ///
    /// [`SqlError::Running`].
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>, SqlError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await? {
            batches.push(batch);
        }
        Ok(batches)
    }
}

impl fmt::Debug for SqlSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSession").field("tables", &self.tables()).finish_non_exhaustive()
    }
}

impl fmt::Debug for SqlAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlAnswer").field("schema", &self.schema).finish_non_exhaustive()
    }
}
