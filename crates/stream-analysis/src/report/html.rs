//! Writes a report's parts as HTML.

use std::fmt::Write as _;

use super::{HtmlReport, ReportSection, ReportTable};
use crate::CHART_CSS;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

impl HtmlReport {
    /// The file.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = escape(&self.title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n\
             <style>\n{STYLE}{CHART_CSS}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        );
        if !self.facts.is_empty() {
            page.push_str("<dl>\n");
            for (name, value) in &self.facts {
                let (name, value) = (escape(name), escape(value));
                let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
            }
            page.push_str("</dl>\n");
        }
        for (at, section) in self.sections.iter().enumerate() {
            section.write(at, &mut page);
        }
        let _ = write!(page, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
        page
    }
}

impl ReportSection {
    fn write(&self, at: usize, page: &mut String) {
        let title = escape(&self.title);
        let _ = writeln!(page, "<section id=\"s{at}\">\n<h2>{title}</h2>");
        for text in &self.text {
            let _ = writeln!(page, "<p>{}</p>", escape(text));
        }
        for chart in &self.charts {
            let title = escape(&chart.title);
            let _ = writeln!(
                page,
                "<figure>\n<figcaption>{title}</figcaption>\n{}\n</figure>",
                chart.to_svg()
            );
        }
        if let Some(table) = self.table.as_ref().filter(|table| !table.rows.is_empty()) {
            let open = if self.folded { "" } else { " open" };
            let rows = table.rows.len();
            let _ = writeln!(
                page,
                "<details{open}>\n<summary>Table, {rows} rows</summary>\n\
                 <button class=\"csv\" type=\"button\" data-name=\"{title}\">Download CSV</button>"
            );
            table.write(page);
            page.push_str("</details>\n");
        }
        page.push_str("</section>\n");
    }
}

impl ReportTable {
    fn write(&self, page: &mut String) {
        page.push_str("<div class=\"wide\">\n<table>\n<thead><tr>");
        for (name, number) in &self.columns {
            let class = if *number { " class=\"n\"" } else { "" };
            let name = escape(name);
            let _ = write!(
                page,
                "<th scope=\"col\"{class}><button type=\"button\">{name}</button></th>"
            );
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            page.push_str("<tr>");
            for (cell, (_, number)) in row.iter().zip(&self.columns) {
                let class = if *number { " class=\"n\"" } else { "" };
                let shown = escape(&cell.shown);
                if cell.shown == cell.exact {
                    let _ = write!(page, "<td{class}>{shown}</td>");
                } else {
                    let exact = escape(&cell.exact);
                    let _ = write!(page, "<td{class} data-v=\"{exact}\">{shown}</td>");
                }
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</tbody>\n</table>\n</div>\n");
    }
}

/// Text for HTML and SVG, in elements and in attributes. Characters that XML does not know are left
/// out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}
