//! A table of DataFusion whose rows are streamed anew for each query, only the columns that it needs.

use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::StreamExt;
use futures::stream::BoxStream;

/// What rows fail with.
pub type RowError = Box<dyn std::error::Error + Send + Sync>;

/// Something that can stream its rows, again and again.
///
/// Implementations promise: batches have exactly the columns asked for, in that order, with the
/// types of the schema; dropping the stream ends the work behind it.
pub trait RowSource: fmt::Debug + Send + Sync + 'static {
    /// The schema of all rows.
    fn schema(&self) -> SchemaRef;

    /// The rows, of these columns alone, at least one.
    fn rows(&self, columns: &[String]) -> BoxStream<'static, Result<RecordBatch, RowError>>;
}

/// A [`RowSource`] as a table of DataFusion.
#[derive(Debug, Clone)]
pub struct StreamTable {
    rows: Arc<dyn RowSource>,
    schema: SchemaRef,
}

impl StreamTable {
    /// Asks for the schema once.
    #[must_use]
    pub fn new(rows: Arc<dyn RowSource>) -> Self {
        Self { schema: rows.schema(), rows }
    }
}

#[async_trait]
impl TableProvider for StreamTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let part = Part { rows: Arc::clone(&self.rows), schema: Arc::clone(&schema) };
        let parts: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(part)];
        let unordered = Vec::<LexOrdering>::new();
        Ok(Arc::new(StreamingTableExec::try_new(schema, parts, None, unordered, false, limit)?))
    }
}

/// The rows of one query.
#[derive(Debug)]
struct Part {
    rows: Arc<dyn RowSource>,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let names: Vec<String> =
            self.schema.fields().iter().map(|field| field.name().clone()).collect();
        let schema = Arc::clone(&self.schema);
        let batches = if names.is_empty() {
            // To count rows some column is needed, and the narrowest says as much as any.
            let all = self.rows.schema();
            self.rows
                .rows(&narrowest(&all))
                .map(|batch| batch.and_then(|batch| bare(&batch)))
                .boxed()
        } else {
            self.rows.rows(&names)
        };
        let batches = batches.map(|batch| batch.map_err(DataFusionError::External));
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }
}

fn narrowest(schema: &Schema) -> Vec<String> {
    let width = |field: &&Arc<arrow::datatypes::Field>| {
        field.data_type().primitive_width().unwrap_or(usize::MAX)
    };
    schema.fields().iter().min_by_key(width).map(|field| field.name().clone()).into_iter().collect()
}

/// The batch without its columns.
fn bare(batch: &RecordBatch) -> Result<RecordBatch, RowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)?)
}
