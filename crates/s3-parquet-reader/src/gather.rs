//! Puts the rows of objects together to one table, once all of them are there and the common
//! schema is known.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::Error;
use crate::list::ObjectInfo;
use crate::provenance::{Origin, Provenance, provenance_schema, with_provenance};
use crate::read::{Got, ObjectRows};
use crate::report::Ledger;
use crate::schema::{Drift, Unifier, conform};

/// Rows of objects, in key order.
#[derive(Default)]
pub(crate) struct Gather {
    unifier: Unifier,
    known: BTreeSet<String>,
    objects: Vec<(ObjectInfo, Vec<RecordBatch>)>,
    rows: usize,
}

impl Gather {
    pub(crate) fn add(&mut self, got: Got) -> Result<(), Error> {
        let Got::Rows(rows) = got else { return Ok(()) };
        let ObjectRows { object, schema, known, batches, .. } = *rows;
        self.unifier.add(&object.key, &schema)?;
        self.known.extend(known);
        self.rows += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        self.objects.push((object, batches));
        Ok(())
    }

    /// Tells how far the read has come.
    pub(crate) fn note_progress(&self, ledger: &Ledger) {
        ledger.note(|report| {
            report.read = u64::try_from(self.objects.len()).unwrap_or(u64::MAX);
            report.rows = u64::try_from(self.rows).unwrap_or(u64::MAX);
        });
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// True before the first object.
    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(crate) fn unifier(&self) -> &Unifier {
        &self.unifier
    }

    /// Names of all columns of all objects, selected or not.
    pub(crate) fn known(&self) -> Vec<String> {
        self.known.iter().cloned().collect()
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        let mut left = rows;
        for batches in self.objects.iter_mut().map(|(_, batches)| batches) {
            for batch in batches.iter_mut() {
                *batch = batch.slice(0, batch.num_rows().min(left));
                left -= batch.num_rows();
            }
            batches.retain(|batch| batch.num_rows() > 0);
        }
        self.rows = rows.saturating_sub(left);
    }

    /// The common schema, the batches brought to it, and the differences that were met.
    pub(crate) fn assemble(
        self,
        columns: Option<&[String]>,
        provenance: Provenance,
        ledger: &Ledger,
    ) -> Result<(SchemaRef, Vec<RecordBatch>, Vec<Drift>), Error> {
        let plain = self.unifier.schema(columns);
        let first = self.objects.first().map_or("", |(object, _)| object.key.as_str());
        let full = provenance_schema(first, &plain, provenance)?;
        self.note_progress(ledger);
        let mut shaped = Vec::new();
        for (object, batches) in &self.objects {
            let mut first_row = 0;
            for decoded in batches {
                let batch = conform(&object.key, decoded, &plain)?;
                let origin = Origin { object, first_row, decoded };
                shaped.push(with_provenance(&origin, batch, &full)?);
                first_row += i64::try_from(decoded.num_rows()).unwrap_or(i64::MAX);
            }
        }
        Ok((full, shaped, self.unifier.drift()))
    }
}
