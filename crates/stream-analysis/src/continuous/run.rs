//! The user's SQL over one window, by DataFusion.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};

use super::QueryError;
use super::aggregator::Reads;

/// The table of a window's groups.
pub(super) const WINDOWS: &str = "windows";
/// The table of a window's rows.
pub(super) const STREAM: &str = "stream";

/// A query that was checked once and runs on every window.
pub(super) struct Sql {
    context: SessionContext,
    text: String,
    windows: SchemaRef,
    pub(super) stream: SchemaRef,
    reads: Reads,
    pub(super) schema: SchemaRef,
}

/// Which of the two tables the SQL reads.
pub(super) fn reads(text: &str) -> Result<Reads, QueryError> {
    let state = SessionContext::new().state();
    let dialect = state.config().options().sql_parser.dialect;
    let before = |source| failed("before the first window".to_owned(), source);
    let statement = state.sql_to_statement(text, &dialect).map_err(before)?;
    let mut reads = Reads { windows: false, stream: false };
    for table in state.resolve_table_references(&statement).map_err(before)? {
        match (table.schema(), table.table()) {
            (None, WINDOWS) => reads.windows = true,
            (None, STREAM) => reads.stream = true,
            _ => {
                return Err(QueryError::sql(format!(
                    "there is no table `{table}`; a window has two: `{WINDOWS}`, with a row for each key, and `{STREAM}`, with its rows"
                )));
            }
        }
    }
    match reads {
        Reads { windows: false, stream: false } => Err(QueryError::sql(format!(
            "it reads neither `{WINDOWS}` nor `{STREAM}`, so every window would give the same"
        ))),
        reads => Ok(reads),
    }
}

impl Sql {
    /// Checks the query against empty tables.
    pub(super) async fn plan(
        text: &str,
        reads: Reads,
        windows: SchemaRef,
        stream: SchemaRef,
    ) -> Result<Self, QueryError> {
        // A window is small: one partition keeps the order of rows, too.
        let config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
        let context = SessionContext::new_with_config(config);
        let schema = Arc::new(Schema::empty());
        let mut sql = Self { context, text: text.to_owned(), windows, stream, reads, schema };
        sql.register(RecordBatch::new_empty(Arc::clone(&sql.windows)), Vec::new())
            .map_err(|source| failed("before the first window".to_owned(), source))?;
        let answer = sql.collect().await;
        let answer =
            answer.map_err(|source| failed("before the first window".to_owned(), source))?;
        sql.schema = answer.schema();
        Ok(sql)
    }

    /// Runs on the tables of one window, which `place` names.
    pub(super) async fn run(
        &self,
        windows: RecordBatch,
        stream: Vec<RecordBatch>,
        place: impl FnOnce() -> String,
    ) -> Result<RecordBatch, QueryError> {
        let answer = match self.register(windows, stream) {
            Ok(()) => self.collect().await,
            Err(error) => Err(error),
        };
        answer.map_err(|source| failed(place(), source))
    }

    fn register(
        &self,
        windows: RecordBatch,
        stream: Vec<RecordBatch>,
    ) -> Result<(), DataFusionError> {
        let tables = [
            (self.reads.windows, WINDOWS, &self.windows, vec![windows]),
            (self.reads.stream, STREAM, &self.stream, stream),
        ];
        for (read, name, schema, batches) in tables {
            if read {
                let table = MemTable::try_new(Arc::clone(schema), vec![batches])?;
                self.context.deregister_table(name)?;
                self.context.register_table(name, Arc::new(table))?;
            }
        }
        Ok(())
    }

    async fn collect(&self) -> Result<RecordBatch, DataFusionError> {
        let reading = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self.context.sql_with_options(&self.text, reading).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await?;
        // The plan may know less of nulls than its batches do.
        let schema = batches.first().map_or(schema, RecordBatch::schema);
        Ok(concat_batches(&schema, &batches)?)
    }
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sql")
            .field("text", &self.text)
            .field("reads", &self.reads)
            .finish_non_exhaustive()
    }
}

fn failed(place: String, source: DataFusionError) -> QueryError {
    QueryError::DataFusion { place, source: Box::new(source) }
}
