//! CSV that grows: rows below one header.

use std::io::Write;

use crate::{Answer, Format, Section, render};

/// Writes the header with the first rows, and rows alone from then on.
pub(in crate::commands) struct CsvLines<'a> {
    out: &'a mut (dyn Write + Send),
    has_header: bool,
}

impl<'a> CsvLines<'a> {
    pub(in crate::commands) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self { out, has_header: false }
    }

    /// Writes these rows; a reader downstream waits for them.
    pub(in crate::commands) fn write(&mut self, rows: Section) -> anyhow::Result<()> {
        let answer = Answer { sections: vec![rows], ..Answer::default() };
        let mut text = Vec::new();
        render::render(&answer, Format::Csv, &mut text)?;
        let header = text.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let skipped = if self.has_header { header } else { 0 };
        self.has_header = true;
        self.out.write_all(text.get(skipped..).unwrap_or_default())?;
        Ok(self.out.flush()?)
    }
}
