//! The query itself: what a program holds.

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use super::aggregator::{Aggregator, Ready, StreamCounts, conform, nullable};
use super::options::QueryOptions;
use super::run::{Sql, reads};
use super::scores::ScoreColumn;
use super::table::{stream_schema, stream_table};
use super::{QueryError, checkpoint};

/// A window that is closed, and what the SQL says of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClosedWindow {
    /// Its start, in microseconds since 1970.
    pub start_micros: i64,
    /// Its end, which it does not contain, in microseconds since 1970.
    pub end_micros: i64,
    /// Rows in it.
    pub rows: u64,
    /// The SQL's answer; its schema is the same for all windows but for nullability.
    pub answer: RecordBatch,
}

/// SQL over the windows of a stream, while the stream passes.
///
/// Needs a tokio runtime, because DataFusion does.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{AsArray, Float64Array, Int32Array, RecordBatch, StringArray};
/// use arrow::datatypes::Float64Type;
/// use stream_analysis::continuous::{ContinuousQuery, QueryOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let batch = RecordBatch::try_from_iter([
///     ("captain", Arc::new(StringArray::from(vec!["Kirk", "Solo", "Kirk"])) as _),
///     ("rating", Arc::new(Int32Array::from(vec![10, 500, 30])) as _),
///     ("timestamp", Arc::new(Float64Array::from(vec![0.0, 30.0, 121.0])) as _),
/// ])?;
/// let options = QueryOptions::captain_scores("captain", "rating").with_event_time("timestamp");
/// let mut query = ContinuousQuery::start(&batch.schema(), options).await?;
/// query.push(&batch, 0.0)?; // and every further batch
/// while let Some(window) = query.next_closed().await? {
///     // 121 s lie more than a minute behind the end of the first minute.
///     assert_eq!((window.start_micros, window.rows), (0, 2));
///     let averages = window.answer.column_by_name("average_rating").unwrap();
///     assert_eq!(averages.as_primitive::<Float64Type>().values(), &[500.0, 10.0]);
/// }
/// query.finish()?; // the rest, when nothing more will come
/// assert!(query.next_closed().await?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ContinuousQuery {
    options: QueryOptions,
    input: SchemaRef,
    scores: Option<ScoreColumn>,
    aggregator: Aggregator,
    sql: Sql,
    /// A window whose SQL has not run to its end.
    running: Option<Ready>,
}

impl ContinuousQuery {
    /// Begins with a stream whose batches have this schema.
    ///
    /// # Errors
    ///
    /// [`QueryError::Analysis`] for columns and settings that cannot work, [`QueryError::Sql`] and
    /// [`QueryError::DataFusion`] for SQL that cannot.
    pub async fn start(schema: &Schema, options: QueryOptions) -> Result<Self, QueryError> {
        let reads = reads(&options.sql)?;
        let scores = options.scores.as_ref().map(|scores| ScoreColumn::new(schema, scores));
        let scores = scores.transpose()?;
        let rows = scores.as_ref().map_or(schema, |scores| scores.schema.as_ref());
        let aggregator = Aggregator::new(rows, &options, reads)?;
        let stream = match reads.stream {
            true => stream_schema(&aggregator.schema)?,
            false => SchemaRef::new(Schema::empty()),
        };
        let windows = SchemaRef::clone(&aggregator.windows_schema);
        let sql = Sql::plan(&options.sql, reads, windows, stream).await?;
        let input = nullable(schema);
        Ok(Self { options, input, scores, aggregator, sql, running: None })
    }

    /// Takes the next batch, which arrived at `arrival` (seconds since 1970). Its rows are taken in
    /// order; how the stream is cut into batches changes nothing.
    ///
    /// # Errors
    ///
    /// [`QueryError::Analysis`] if the batch does not fit the schema; nothing was taken then.
    /// [`QueryError::Memory`], [`QueryError::Overflow`], [`QueryError::Table`]: the batch is taken
    /// in part, so go on from a checkpoint.
    pub fn push(&mut self, batch: &RecordBatch, arrival: f64) -> Result<(), QueryError> {
        let batch = conform(&self.input, batch)?;
        match &mut self.scores {
            Some(scores) => self.aggregator.push(&scores.add(&batch)?, arrival),
            None => self.aggregator.push(&batch, arrival),
        }
    }

    /// Says that time has come to `now` (seconds since 1970) though no row did: an idle stream
    /// closes its windows too.
    ///
    /// # Errors
    ///
    /// [`QueryError::Overflow`], [`QueryError::Table`].
    pub fn advance(&mut self, now: f64) -> Result<(), QueryError> {
        self.aggregator.advance(now)
    }

    /// Closes the windows that are still open, when nothing more will come. What is pushed later is
    /// late.
    ///
    /// # Errors
    ///
    /// As [`advance`](Self::advance).
    pub fn finish(&mut self) -> Result<(), QueryError> {
        self.aggregator.finish()
    }

    /// The next closed window with its answer, in the order in which windows end; each comes once.
    /// `None` when none is closed that was not taken. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// [`QueryError::DataFusion`] when the SQL fails on the window's rows; the next call goes on
    /// with the next window.
    pub async fn next_closed(&mut self) -> Result<Option<ClosedWindow>, QueryError> {
        if self.running.is_none() {
            self.running = self.aggregator.take();
        }
        let Some(ready) = &self.running else { return Ok(None) };
        let (start_micros, end_micros, rows) = (ready.start, ready.end, ready.rows);
        let stream = stream_table(&self.sql.stream, (start_micros, end_micros), &ready.kept)?;
        let place = || format!("on the window from {start_micros} to {end_micros} µs");
        let answer = self.sql.run(ready.groups.clone(), stream, place).await;
        self.running = None;
        Ok(Some(ClosedWindow { start_micros, end_micros, rows, answer: answer? }))
    }

    /// Rows that came too late, since this was last asked; none unless
    /// [`with_late_rows`](QueryOptions::with_late_rows) keeps them.
    pub fn take_late_rows(&mut self) -> Vec<RecordBatch> {
        self.aggregator.take_late()
    }

    /// What became of the rows so far.
    #[must_use]
    pub fn counts(&self) -> StreamCounts {
        self.aggregator.counts
    }

    /// The latest time seen, in microseconds since 1970.
    #[must_use]
    pub fn latest_micros(&self) -> Option<i64> {
        self.aggregator.latest
    }

    /// What the windows hold, in bytes; never more than the limit for longer than a batch.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.aggregator.bytes()
    }

    /// The columns of the answers.
    #[must_use]
    pub fn answer_schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.sql.schema)
    }

    /// The columns of the batches: those that the query began with, nullable.
    #[must_use]
    pub fn input_schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.input)
    }

    /// What the query is.
    #[must_use]
    pub fn options(&self) -> &QueryOptions {
        &self.options
    }

    /// Everything that is needed to go on in another process, with `position`: what the caller
    /// wants to be kept with it, such as how far the stream was read.
    ///
    /// # Errors
    ///
    /// [`QueryError::Untaken`] while closed windows or late rows wait to be taken;
    /// [`QueryError::Table`] if Arrow cannot write the state.
    pub fn checkpoint(&self, position: &[u8]) -> Result<Vec<u8>, QueryError> {
        let windows = self.aggregator.waiting() + usize::from(self.running.is_some());
        let rows = self.aggregator.late_rows();
        if windows + rows > 0 {
            return Err(QueryError::Untaken { windows, rows });
        }
        let forest = self.scores.as_ref().map(|scores| scores.forest.to_bytes());
        checkpoint::write(&checkpoint::Parts {
            query: &self.options.fingerprint(),
            position,
            input: &self.input,
            forest: forest.as_deref(),
            aggregator: &self.aggregator,
        })
    }

    /// Goes on where a checkpoint stands; gives the position that was kept with it, too. From there
    /// on, everything is as if the query had never stopped.
    ///
    /// # Errors
    ///
    /// [`QueryError::Checkpoint`] for bytes that are none, are damaged, or are another query's;
    /// else as [`start`](Self::start).
    pub async fn resume(
        options: QueryOptions,
        checkpoint: &[u8],
    ) -> Result<(Self, Vec<u8>), QueryError> {
        let state = checkpoint::read(checkpoint)?;
        if state.query != options.fingerprint() {
            return Err(QueryError::checkpoint(format!(
                "it is another query's, whose options were {}",
                state.query
            )));
        }
        let mut query = Self::start(&state.input, options).await?;
        match (&mut query.scores, state.forest) {
            (Some(scores), Some(forest)) => scores
                .forest
                .restore(forest)
                .ok_or_else(|| QueryError::checkpoint("the forest in it is damaged"))?,
            (None, None) => {}
            _ => return Err(QueryError::checkpoint("it has a forest too many or too few")),
        }
        state.windows.restore(&mut query.aggregator)?;
        Ok((query, state.position.to_vec()))
    }
}
