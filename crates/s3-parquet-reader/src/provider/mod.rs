//! A set of objects as a table of DataFusion (feature `datafusion`).
//!
//! DataFusion's own listing tables keep their listings, for ever unless told otherwise, and walk
//! prefixes level by level. This one lists for each query, only the hours that the query is about
//! where it says so, and reads as [`ParquetSet`] reads.

mod convert;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::Error;
use crate::filter::{self, Filter};
use crate::list::ObjectInfo;
use crate::provenance::{
    E_TAG_COLUMN, HOUR_COLUMN, KEY_COLUMN, LAST_MODIFIED_COLUMN, Provenance, ROW_COLUMN,
    provenance_schema, repeated_instant,
};
use crate::report::{Ledger, Report};
use crate::set::ParquetSet;

/// How many footers tell the schema, where none is declared.
const SCHEMA_SAMPLE: usize = 32;
/// Objects in flight for a query that needs only its first rows.
const IN_FLIGHT_WITH_LIMIT: usize = 2;

/// A [`ParquetSet`] as a table of DataFusion, from [`ParquetSet::into_table`].
///
/// Each query lists anew. It reads only the columns that it uses; comparisons of columns with
/// values are pushed down to row groups and rows; and where it bounds
/// [`HOUR_COLUMN`], which [`Provenance::hour`] adds, on both sides, only these hours are listed.
///
/// A NaN meets no comparison that is pushed down, except `<>`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// # use arrow::datatypes::{DataType, Field, Schema};
/// # use object_store::memory::InMemory;
/// use datafusion::prelude::SessionContext;
/// use s3_parquet_reader::{ParquetSet, ReadOptions};
///
/// let set = ParquetSet::new(Arc::new(InMemory::new()), "ratings", &ReadOptions::default());
/// # let set = set.with_schema(Arc::new(Schema::new(vec![
/// #     Field::new("favoritecaptain", DataType::Utf8, true), Field::new("rating", DataType::Int32, true),
/// # ])));
/// let context = SessionContext::new();
/// context.register_table("ratings", Arc::new(set.into_table().await?))?;
/// let answer = context
///     .sql("SELECT favoritecaptain, avg(rating) FROM ratings GROUP BY favoritecaptain")
///     .await?
///     .collect()
///     .await?;
/// # assert!(answer.iter().all(|batch| batch.num_rows() == 0));
/// # Ok(())
/// # }
/// ```
pub struct ParquetSetTable {
    set: ParquetSet,
    /// The data's columns.
    data: SchemaRef,
    /// With provenance.
    full: SchemaRef,
    last: Mutex<Ledger>,
}

impl ParquetSet {
    /// The set as a table of DataFusion. Its schema is the declared one, see
    /// [`with_schema`](Self::with_schema), else the common one of up to 32 objects from the first
    /// to the last; columns that only others have are left out, and types that are wider in others
    /// are an error of the query. `schema` looks at all of them.
    ///
    /// # Errors
    ///
    /// Those of [`schema`](Self::schema) where no schema is declared; [`Error::UnknownColumn`] when
    /// there are no objects either, so that nothing is known of the columns that were selected.
    pub async fn into_table(self) -> std::result::Result<ParquetSetTable, Error> {
        let declared = match self.declared_schema() {
            Some(declared) => declared,
            None => self.schema_of_sample(SCHEMA_SAMPLE).await?.schema,
        };
        let data = self.data_schema(&declared)?;
        let full = provenance_schema("the declared schema", &data, self.provenance())?;
        let set = self.with_schema(Arc::clone(&data));
        Ok(ParquetSetTable { set, data, full, last: Mutex::default() })
    }
}

impl ParquetSetTable {
    /// What the last query read and skipped; complete once the query has ended.
    pub fn report(&self) -> Report {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).report()
    }

    /// The columns of a query: which of the data, which provenance, and where each comes to stand.
    fn columns(&self, projection: Option<&Vec<usize>>) -> Result<Columns> {
        let all: Vec<usize> = (0..self.full.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        let schema = Arc::new(self.full.project(wanted)?);
        let in_data = |index: &&usize| **index < self.data.fields().len();
        let name = |index: &usize| self.full.field(*index).name().clone();
        let data: Vec<String> = wanted.iter().filter(in_data).map(name).collect();
        let of_origin: Vec<String> = wanted.iter().filter(|i| !in_data(i)).map(name).collect();
        let has = |column: &str| of_origin.iter().any(|name| name == column);
        let provenance = Provenance {
            key: has(KEY_COLUMN),
            row: has(ROW_COLUMN),
            hour: has(HOUR_COLUMN),
            last_modified: has(LAST_MODIFIED_COLUMN),
            e_tag: has(E_TAG_COLUMN),
        };
        Ok(Columns { schema, data, provenance })
    }

    /// True when the condition is about where rows come from alone.
    fn is_of_origin(&self, filter: &Filter) -> bool {
        filter.0.columns().iter().all(|name| self.data.index_of(name).is_err())
    }

    fn pushed_down(&self, expr: &Expr) -> Option<Filter> {
        let filter = convert::condition(expr, &self.full)?;
        let columns = filter.0.columns();
        let in_data = columns.iter().all(|name| self.data.index_of(name).is_ok());
        let of_object = matches!(columns[..], [HOUR_COLUMN | KEY_COLUMN]);
        (in_data || of_object).then_some(filter)
    }

    async fn objects(&self, set: &ParquetSet, origin: &[Filter]) -> Result<Vec<ObjectInfo>> {
        let objects: Vec<ObjectInfo> = set.list().await.map_err(external)?;
        Ok(objects.into_iter().filter(|object| may_hold(object, origin)).collect())
    }
}

/// Whether an object can meet conditions on its hour and its key.
fn may_hold(object: &ObjectInfo, origin: &[Filter]) -> bool {
    let hour = repeated_instant(object.hour, 1);
    let key: arrow::array::ArrayRef =
        Arc::new(arrow::array::StringArray::from_iter_values([&object.key]));
    origin.iter().all(|filter| {
        filter::may_match_constant(&filter.0, HOUR_COLUMN, &hour)
            && filter::may_match_constant(&filter.0, KEY_COLUMN, &key)
    })
}

/// What a query wants to see.
struct Columns {
    schema: SchemaRef,
    data: Vec<String>,
    provenance: Provenance,
}

#[async_trait]
impl TableProvider for ParquetSetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.full)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let of = |expr: &&Expr| match self.pushed_down(expr) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(of).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Columns { schema, data, provenance } = self.columns(projection)?;
        let filters = filters.iter().filter_map(|expr| self.pushed_down(expr));
        let (origin, rows): (Vec<Filter>, Vec<Filter>) =
            filters.partition(|filter| self.is_of_origin(filter));
        let mut set = self.set.clone();
        if let Some(hours) = convert::hours(&origin) {
            let Some(narrowed) = set.within(hours) else {
                let none = StreamingTableExec::try_new(schema, vec![], None, [], false, limit)?;
                return Ok(Arc::new(none));
            };
            set = narrowed;
        }
        let objects = self.objects(&set, &origin).await?;
        let ledger = Ledger::default();
        let listed = u64::try_from(objects.len()).unwrap_or(u64::MAX);
        ledger.note(|report| report.listed = listed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = ledger.clone();
        let set = rows.into_iter().fold(set.columns(data), ParquetSet::filter);
        let partitions = if limit.is_some() { 1 } else { state.config().target_partitions() };
        let parts = shares(objects, partitions);
        let at_once = if limit.is_some() { Some(IN_FLIGHT_WITH_LIMIT) } else { None };
        let set = set.for_share(parts.len(), at_once, provenance);
        let part = |objects| {
            let (set, schema, ledger) = (set.clone(), Arc::clone(&schema), ledger.clone());
            Arc::new(Share { set, schema, objects, ledger }) as Arc<dyn PartitionStream>
        };
        let parts = parts.into_iter().map(part).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, parts, None, [], false, limit)?))
    }
}

impl fmt::Debug for ParquetSetTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetSetTable")
            .field("set", &self.set)
            .field("schema", &self.full)
            .finish_non_exhaustive()
    }
}

/// Runs of objects of about the same size together, at least one run.
fn shares(objects: Vec<ObjectInfo>, most: usize) -> Vec<Vec<ObjectInfo>> {
    let all: u64 = objects.iter().map(|object| object.size).sum();
    let each = all / u64::try_from(most.max(1)).unwrap_or(1) + 1;
    let mut shares: Vec<Vec<ObjectInfo>> = vec![Vec::new()];
    let mut filled = 0;
    for object in objects {
        if filled >= each {
            shares.push(Vec::new());
            filled = 0;
        }
        filled += object.size;
        if let Some(share) = shares.last_mut() {
            share.push(object);
        }
    }
    shares
}

/// The objects of one partition of a query.
#[derive(Debug)]
struct Share {
    set: ParquetSet,
    schema: SchemaRef,
    objects: Vec<ObjectInfo>,
    ledger: Ledger,
}

impl PartitionStream for Share {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let objects = stream::iter(self.objects.clone().into_iter().map(Ok)).boxed();
        let schema = Arc::clone(&self.schema);
        let batches = self.set.stream_of(objects, self.ledger.clone()).map_err(external).and_then(
            move |batch| std::future::ready(in_order(&batch.into_record_batch(), &schema)),
        );
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

/// The columns in the order of the query.
fn in_order(batch: &RecordBatch, schema: &Schema) -> Result<RecordBatch> {
    let places = schema.fields().iter().map(|field| batch.schema_ref().index_of(field.name()));
    Ok(batch.project(&places.collect::<std::result::Result<Vec<_>, _>>()?)?)
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
