//! A report as one HTML file: facts, and sections with a chart, sentences and a table.
//!
//! The file needs nothing else: no network, no fonts, no library. A content security policy in it
//! says so to the browser. It follows the reader's light or dark scheme, tables sort by a click on a
//! column's head, and each can be downloaded as CSV. Nothing in it depends on the time or the
//! machine: the same parts give the same bytes.

mod html;

use crate::Chart;

pub(crate) use html::escape;

/// A whole report.
///
/// ```
/// use stream_analysis::{Chart, HtmlReport, Mark, ReportCell, ReportSection, ReportTable};
///
/// let mut table = ReportTable::new([("captain", false), ("mean", true)]);
/// table.rows.push(vec![ReportCell::text("Kirk"), ReportCell::number(501.6)]);
/// let chart = Chart::bars("mean by captain", "rating").with_marks([Mark::new("Kirk", 501.6)]);
/// let section = ReportSection::new("Captains").with_chart(chart).with_table(table);
///
/// let html = HtmlReport::new("Ratings").with_fact("rows", "1").with_section(section).to_html();
/// assert!(html.starts_with("<!doctype html>"));
/// assert!(!html.contains("http://") && !html.contains("https://"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct HtmlReport {
    /// The heading, and the page's title.
    pub title: String,
    /// Short facts below it: name and value.
    pub facts: Vec<(String, String)>,
    /// The sections, in order.
    pub sections: Vec<ReportSection>,
}

/// A part of a report.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ReportSection {
    /// Its heading.
    pub title: String,
    /// Sentences below it, a paragraph each.
    pub text: Vec<String>,
    /// Its charts.
    pub charts: Vec<Chart>,
    /// The table behind them.
    pub table: Option<ReportTable>,
    /// Whether the table is folded away until it is asked for.
    pub folded: bool,
}

/// A table that sorts by its columns.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ReportTable {
    /// Name of each column, and whether it holds numbers.
    pub columns: Vec<(String, bool)>,
    /// The rows, with a cell for each column.
    pub rows: Vec<Vec<ReportCell>>,
}

/// A cell: what is read, and what is exact, for sorting and for CSV.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ReportCell {
    /// What people read.
    pub shown: String,
    /// The exact value; empty for none.
    pub exact: String,
}

impl HtmlReport {
    /// An empty report.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with_fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((name.into(), value.into()));
        self
    }

    /// Adds a section.
    #[must_use]
    pub fn with_section(mut self, section: ReportSection) -> Self {
        self.sections.push(section);
        self
    }
}

impl ReportSection {
    /// An empty section.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text.push(text.into());
        self
    }

    /// Adds a chart.
    #[must_use]
    pub fn with_chart(mut self, chart: Chart) -> Self {
        self.charts.push(chart);
        self
    }

    /// Sets the table.
    #[must_use]
    pub fn with_table(mut self, table: ReportTable) -> Self {
        self.table = Some(table);
        self
    }

    /// Folds the table away until it is asked for.
    #[must_use]
    pub fn folded(mut self) -> Self {
        self.folded = true;
        self
    }
}

impl ReportTable {
    /// A table without rows: name of each column, and whether it holds numbers.
    #[must_use]
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = (S, bool)>) -> Self {
        let columns = columns.into_iter().map(|(name, number)| (name.into(), number));
        Self { columns: columns.collect(), rows: Vec::new() }
    }
}

impl ReportCell {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let exact = text.into();
        Self { shown: exact.clone(), exact }
    }

    /// A number: rounded to read, exact to sort.
    #[must_use]
    pub fn number(value: f64) -> Self {
        Self { shown: crate::readable(value), exact: value.to_string() }
    }

    /// Something that reads otherwise than it sorts, such as a size or a time.
    #[must_use]
    pub fn shown_as(exact: impl Into<String>, shown: impl Into<String>) -> Self {
        Self { shown: shown.into(), exact: exact.into() }
    }
}

#[cfg(test)]
mod tests;
