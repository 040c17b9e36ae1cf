//! What columns the objects have, by their footers.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::ParquetSet;
use crate::error::Error;
use crate::list::ObjectInfo;
use crate::read::{Got, ObjectReader, Want};
use crate::run::run;
use crate::schema::{SchemaReport, Unifier};

impl ParquetSet {
    /// The common schema of all objects, from their footers; of the selected columns if any are.
    ///
    /// # Errors
    ///
    /// Those of [`count`](Self::count), [`Error::SchemaMismatch`] and [`Error::UnknownColumn`].
    pub async fn schema(&self) -> Result<SchemaReport, Error> {
        self.schema_of_first(usize::MAX).await
    }

    /// The common schema of the first `objects` objects: enough where writers do not change, and
    /// cheap where there are thousands.
    ///
    /// # Errors
    ///
    /// Those of [`schema`](Self::schema).
    pub async fn schema_of_first(&self, objects: usize) -> Result<SchemaReport, Error> {
        let reader = self.reader();
        let objects = self.objects(&reader.ledger)?.take(objects).boxed();
        self.schema_of(&reader, objects).await
    }

    async fn schema_of(
        &self,
        reader: &Arc<ObjectReader>,
        objects: BoxStream<'static, Result<ObjectInfo, Error>>,
    ) -> Result<SchemaReport, Error> {
        let mut done = run(reader, objects, Want::Footer);
        let mut unifier = Unifier::default();
        while let Some(done) = done.try_next().await? {
            if let Got::Footer(footer) = done.got {
                unifier.add(&done.key, &footer.schema)?;
                reader.ledger.note(|report| {
                    report.read += 1;
                    report.rows = report.rows.saturating_add(footer.rows);
                });
            }
        }
        self.check_columns(&unifier, || unifier.names())?;
        let mut report = reader.ledger.report();
        report.drift = unifier.drift();
        Ok(SchemaReport { schema: unifier.schema(self.selection.columns.as_deref()), report })
    }

    /// The common schema of `objects` objects, evenly spread from the first to the last: cheap, and
    /// sees what changed over time. The report counts all that were listed.
    ///
    /// # Errors
    ///
    /// Those of [`schema`](Self::schema).
    pub async fn schema_of_sample(&self, objects: usize) -> Result<SchemaReport, Error> {
        let reader = self.reader();
        let listed: Vec<ObjectInfo> = self.objects(&reader.ledger)?.try_collect().await?;
        let (last, gaps) = (listed.len().saturating_sub(1), objects.saturating_sub(1).max(1));
        let mut places: Vec<usize> = (0..objects).map(|n| n.saturating_mul(last) / gaps).collect();
        places.dedup();
        let sample: Vec<_> =
            places.into_iter().filter_map(|place| listed.get(place).cloned().map(Ok)).collect();
        self.schema_of(&reader, stream::iter(sample).boxed()).await
    }
}
