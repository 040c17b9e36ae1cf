//! What a table of DataFusion needs of a set beside what everybody can ask (feature `datafusion`).

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;

use super::ParquetSet;
use crate::error::Error;
use crate::list::{ObjectInfo, TimeRange};
use crate::provenance::Provenance;
use crate::read::{ObjectReader, Want};
use crate::report::Ledger;
use crate::run::run;
use crate::stream::{BatchStream, batches, stream_schema};

impl ParquetSet {
    /// The batches of objects that the caller has listed.
    pub(crate) fn stream_of(
        &self,
        objects: BoxStream<'static, Result<ObjectInfo, Error>>,
        ledger: Ledger,
    ) -> BatchStream {
        let reader = ObjectReader { ledger: ledger.clone(), ..self.object_reader() };
        batches(run(&Arc::new(reader), objects, Want::Flow), self.shape(), ledger)
    }

    /// The set for one of several readers that share its bounds.
    pub(crate) fn for_share(
        mut self,
        readers: usize,
        at_once: Option<usize>,
        provenance: Provenance,
    ) -> Self {
        let count = u64::try_from(readers.max(1)).unwrap_or(1);
        let at_once = at_once.unwrap_or_else(|| self.options.concurrency.div_ceil(readers.max(1)));
        self.options.concurrency = at_once.max(1);
        self.options.bytes_in_flight /= count;
        self.options.provenance = provenance;
        self
    }

    /// The set with both this range and its own; `None` when they have nothing in common.
    pub(crate) fn within(mut self, range: TimeRange) -> Option<Self> {
        let own = self.range.unwrap_or(range);
        let both = TimeRange { from: own.from.max(range.from), to: own.to.min(range.to) };
        self.range = Some(both);
        (both.from < both.to).then_some(self)
    }

    pub(crate) fn declared_schema(&self) -> Option<SchemaRef> {
        self.declared.clone()
    }

    pub(crate) fn provenance(&self) -> Provenance {
        self.options.provenance
    }

    /// `schema` with the selected columns alone, as the batches of a stream have it.
    pub(crate) fn data_schema(&self, schema: &SchemaRef) -> Result<SchemaRef, Error> {
        let known = schema.fields().iter().map(|field| field.name().clone()).collect();
        stream_schema(schema, self.selection.columns.as_deref(), known)
    }
}
