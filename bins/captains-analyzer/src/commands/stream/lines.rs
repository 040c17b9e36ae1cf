//! Answers in a pipe: a JSON object on a line for each row, or CSV.

use std::io::Write;

use arrow::array::RecordBatch;
use stream_analysis::continuous::ClosedWindow;

use super::View;
use super::live::Standing;
use crate::commands::ongoing::CsvLines;
use crate::{Cell, Section};

/// A line for each row of each answer.
pub(super) struct Json<'a>(&'a mut (dyn Write + Send));

/// The same as CSV, below one header.
pub(super) struct Csv<'a>(CsvLines<'a>);

impl<'a> Json<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self(out)
    }
}

impl<'a> Csv<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self(CsvLines::new(out))
    }
}

impl View for Json<'_> {
    fn closed(&mut self, window: &ClosedWindow) -> anyhow::Result<()> {
        let mut text = Vec::new();
        for object in objects(&window.answer)? {
            serde_json::to_writer(&mut text, &object)?;
            text.push(b'\n');
        }
        self.0.write_all(&text)?;
        // A reader downstream waits for whole windows.
        Ok(self.0.flush()?)
    }

    fn tick(&mut self, _now: &Standing) -> anyhow::Result<bool> {
        Ok(false)
    }
}

impl View for Csv<'_> {
    fn closed(&mut self, window: &ClosedWindow) -> anyhow::Result<()> {
        let mut section = Section::new("rows", names(&window.answer));
        section.rows = rows(&window.answer)?;
        self.0.write(section)
    }

    fn tick(&mut self, _now: &Standing) -> anyhow::Result<bool> {
        Ok(false)
    }
}

/// Names of a table's columns.
pub(super) fn names(table: &RecordBatch) -> Vec<String> {
    table.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
}

/// The cells of a table.
pub(super) fn rows(table: &RecordBatch) -> anyhow::Result<Vec<Vec<Cell>>> {
    let row = |row| table.columns().iter().map(|column| Cell::of(column, row)).collect();
    Ok((0..table.num_rows()).map(row).collect::<Result<_, _>>()?)
}

/// An object for each row.
pub(super) fn objects(table: &RecordBatch) -> anyhow::Result<Vec<Cell>> {
    let names = names(table);
    let object = |cells: Vec<Cell>| Cell::Map(names.iter().cloned().zip(cells).collect());
    Ok(rows(table)?.into_iter().map(object).collect())
}
