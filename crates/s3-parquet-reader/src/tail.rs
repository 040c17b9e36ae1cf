//! The batches of a large object after its first, decoded ahead of the consumer by a task.
//!
//! The channel between them is short, so a slow consumer stops the decoder, and the decoder stops
//! the network.

use arrow::array::RecordBatch;
use futures::stream::{self, BoxStream, StreamExt};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStream};
use tokio::sync::mpsc;

use crate::diagnose;
use crate::error::{Error, Stage};
use crate::list::ObjectInfo;
use crate::read::RowCount;
use crate::task::Task;

/// Batches that are decoded ahead.
const BATCHES_AHEAD: usize = 2;

/// The rest of one object's batches.
pub(crate) struct Tail {
    batches: mpsc::Receiver<Result<RecordBatch, Error>>,
    task: Task<()>,
    object: ObjectInfo,
}

impl Tail {
    /// Starts decoding; `count` is what must still come, `location` and `bucket` are for messages.
    pub(crate) fn spawn<R>(
        stream: ParquetRecordBatchStream<R>,
        object: &ObjectInfo,
        count: RowCount,
        location: &str,
        bucket: &str,
    ) -> Self
    where
        R: AsyncFileReader + Unpin + Send + 'static,
    {
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let (location, bucket) = (location.to_owned(), bucket.to_owned());
        let source = object.clone();
        let task = Task::spawn(async move {
            let in_data =
                |error| diagnose::decoding(&location, &bucket, &source, Stage::Data, error);
            let mut stream = stream;
            let mut rows = 0_u64;
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(in_data);
                let (failed, more) = (batch.is_err(), batch.as_ref().map_or(0, |b| b.num_rows()));
                rows = rows.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
                if sender.send(batch).await.is_err() || failed {
                    return;
                }
            }
            if let Err(error) = count.check(rows) {
                // Nobody waits for it if this fails.
                let _ = sender.send(Err(in_data(error))).await;
            }
        });
        Self { batches, task, object: object.clone() }
    }

    /// The batches in row order. A decoder that panics ends them with an error, never in silence.
    pub(crate) fn into_stream(self) -> BoxStream<'static, Result<RecordBatch, Error>> {
        stream::unfold(Some(self), |this| async move {
            let mut this = this?;
            match this.batches.recv().await {
                Some(Err(error)) => Some((Err(error), None)),
                Some(Ok(batch)) => Some((Ok(batch), Some(this))),
                None => this.task.join(&this.object).await.err().map(|error| (Err(error), None)),
            }
        })
        .boxed()
    }
}
