//! The column `anomaly_score`: how odd each row is, by a random cut forest that learns as rows pass.

use std::sync::Arc;

use arrow::array::{Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::QueryError;
use super::aggregator::nullable;
use super::options::AnomalyScores;
use crate::{Error, Points, RandomCutForest};

/// The column's name.
pub(super) const ANOMALY_SCORE: &str = "anomaly_score";

#[derive(Debug)]
pub(super) struct ScoreColumn {
    points: Points,
    pub(super) forest: RandomCutForest,
    pub(super) schema: SchemaRef,
}

impl ScoreColumn {
    pub(super) fn new(schema: &Schema, scores: &AnomalyScores) -> Result<Self, Error> {
        let points = Points::new(schema, &scores.columns)?;
        let forest = RandomCutForest::new(points.dimensions(), &scores.forest)?;
        let mut fields = nullable(schema).fields().to_vec();
        fields.push(Arc::new(Field::new(ANOMALY_SCORE, DataType::Float64, true)));
        Ok(Self { points, forest, schema: Arc::new(Schema::new(fields)) })
    }

    /// The batch with its scores; null while the forest warms up, and where a number is missing.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
        let mut scores = Vec::with_capacity(batch.num_rows());
        self.points.each(batch, |_, point| scores.push(self.forest.score_and_learn(point)))?;
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(Float64Array::from(scores)));
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
