//! Rows with the score of a random cut forest beside them, as Kinesis Data Analytics'
//! `RANDOM_CUT_FOREST` gives them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::StreamExt;
use futures::stream::BoxStream;

use super::{RowError, RowSource};
use crate::{Error, ForestOptions, Points, RandomCutForest};

/// The column that is added: nullable Float64, null while the forest warms up.
pub const SCORE_COLUMN: &str = "anomaly_score";

/// The rows of another source with [`SCORE_COLUMN`] behind the others. Each query grows a forest of
/// its own, in the order of the rows, so that the same rows have the same scores.
#[derive(Debug, Clone)]
pub struct ScoredRows {
    rows: Arc<dyn RowSource>,
    columns: Vec<String>,
    options: ForestOptions,
    schema: SchemaRef,
}

impl ScoredRows {
    /// Scores the points that these columns of numbers make.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::NotNumeric`], [`Error::Setting`].
    pub fn new<S: Into<String>>(
        rows: Arc<dyn RowSource>,
        columns: impl IntoIterator<Item = S>,
        options: ForestOptions,
    ) -> Result<Self, Error> {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        let plain = rows.schema();
        let points = Points::new(&plain, &columns)?;
        RandomCutForest::new(points.dimensions(), &options)?;
        let score = Arc::new(Field::new(SCORE_COLUMN, DataType::Float64, true));
        let fields: Vec<_> = plain.fields().iter().cloned().chain([score]).collect();
        Ok(Self { rows, columns, options, schema: Arc::new(Schema::new(fields)) })
    }
}

impl RowSource for ScoredRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn rows(&self, columns: &[String]) -> BoxStream<'static, Result<RecordBatch, RowError>> {
        let wanted: Vec<String> = columns.to_vec();
        let scored = wanted.iter().any(|name| name == SCORE_COLUMN);
        let mut needed: Vec<String> =
            wanted.iter().filter(|name| *name != SCORE_COLUMN).cloned().collect();
        if !scored {
            return self.rows.rows(&needed);
        }
        for column in &self.columns {
            if !needed.contains(column) {
                needed.push(column.clone());
            }
        }
        let forest = RandomCutForest::new(self.columns.len(), &self.options);
        let points_of = self.columns.clone();
        let schema = Arc::new(Schema::new(
            wanted
                .iter()
                .filter_map(|name| self.schema.field_with_name(name).ok().cloned())
                .collect::<Vec<_>>(),
        ));
        let mut forest = match forest {
            Ok(forest) => forest,
            Err(error) => return futures::stream::iter([Err(error.into())]).boxed(),
        };
        let score = move |batch: Result<RecordBatch, RowError>| {
            let batch = batch?;
            let points = Points::new(batch.schema_ref(), &points_of)?;
            let mut scores = Vec::with_capacity(batch.num_rows());
            points.each(&batch, |_, point| scores.push(forest.score_and_learn(point)))?;
            let scores: ArrayRef = Arc::new(Float64Array::from(scores));
            let column = |name: &String| match name == SCORE_COLUMN {
                true => Some(Arc::clone(&scores)),
                false => batch.column_by_name(name).cloned(),
            };
            let columns: Vec<ArrayRef> = wanted.iter().filter_map(column).collect();
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        };
        self.rows.rows(&needed).map(score).boxed()
    }
}
