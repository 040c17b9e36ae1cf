//! Writes an answer as tables, JSON or CSV. It decides nothing about what is in it.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table, presets};

use crate::{Answer, Cell, Format, Section};

/// Writes the whole answer.
///
/// # Errors
///
/// Those of `out`.
pub(crate) fn render(answer: &Answer, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, answer)?;
            writeln!(out)?;
        }
        Format::Csv => {
            if let Some(section) = answer.sections.first() {
                csv(section, &mut out)?;
            }
        }
        Format::Table => tables(answer, &mut out)?,
    }
    out.flush()
}

fn csv(section: &Section, out: &mut dyn Write) -> io::Result<()> {
    csv_line(section.columns.iter().map(String::as_str), out)?;
    for row in &section.rows {
        let cells: Vec<String> = row.iter().map(Cell::exact).collect();
        csv_line(cells.iter().map(String::as_str), out)?;
    }
    Ok(())
}

/// Quotes as RFC 4180 says, with a line feed alone at the end as Unix tools like it.
pub(crate) fn csv_line<'a>(
    fields: impl Iterator<Item = &'a str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (at, field) in fields.enumerate() {
        let comma = if at > 0 { "," } else { "" };
        if field.contains([',', '"', '\n', '\r']) {
            write!(out, "{comma}\"{}\"", field.replace('"', "\"\""))?;
        } else {
            write!(out, "{comma}{field}")?;
        }
    }
    writeln!(out)
}

fn tables(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    if let Some(headline) = &answer.headline {
        writeln!(out, "{headline}")?;
    }
    for section in &answer.sections {
        if let Some(title) = &section.title {
            writeln!(out, "\n{title}")?;
        }
        if let Some(chart) = &section.drawn {
            write!(out, "{}", chart.to_text(width()))?;
        } else if section.plain {
            lines(section, out)?;
        } else if !section.rows.is_empty() {
            writeln!(out, "{}", table(section))?;
        }
    }
    Ok(())
}

/// Columns of the terminal; in a pipe, where there are none, as many as a page has.
fn width() -> usize {
    let (width, _) = io::stdout()
        .is_terminal()
        .then(|| crossterm::terminal::size().ok())
        .flatten()
        .unwrap_or((100, 0));
    usize::from(width).min(160)
}

fn lines(section: &Section, out: &mut dyn Write) -> io::Result<()> {
    for row in &section.rows {
        let shown = section.shown.unwrap_or(row.len());
        let cells: Vec<String> = row.iter().take(shown).map(Cell::for_people).collect();
        writeln!(out, "{}", cells.join("  "))?;
    }
    Ok(())
}

fn table(section: &Section) -> Table {
    let shown = section.shown.unwrap_or(section.columns.len());
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    // In a terminal long cells wrap; in a pipe there is no width, and nothing wraps.
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(section.columns.iter().take(shown));
    for row in &section.rows {
        table.add_row(row.iter().take(shown).map(|cell| {
            let side = if cell.is_number() { CellAlignment::Right } else { CellAlignment::Left };
            TableCell::new(cell.for_people()).set_alignment(side)
        }));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        let mut section = Section::new("rows", ["name", "size, \"raw\""]);
        section.rows.push(vec![Cell::text("a\nb"), Cell::Bytes(1_024)]);
        section.rows.push(vec![Cell::Null, Cell::Num(0.5)]);
        let facts = vec![("location", Cell::text("x")), ("all", Cell::Int(2))];
        Answer { facts, sections: vec![section], ..Answer::default() }
    }

    fn written(format: Format) -> String {
        let mut out = Vec::new();
        render(&answer(), format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        assert_eq!(written(Format::Csv), "name,\"size, \"\"raw\"\"\"\n\"a\nb\",1024\n,0.5\n");
    }

    #[test]
    fn json_keeps_the_order_of_fields() {
        let compact: String = written(Format::Json).split_whitespace().collect();
        let expected = concat!(
            r#"{"location":"x","all":2,"rows":[{"name":"a\nb","size,\"raw\"":1024},"#,
            r#"{"name":null,"size,\"raw\"":0.5}]}"#
        );
        assert_eq!(compact, expected);
    }

    #[test]
    fn tables_set_numbers_to_the_right() {
        let table = written(Format::Table);
        assert!(table.contains("│ a\\nb ┆     1.0 KiB │"), "{table}");
        assert!(table.contains("│ -    ┆         0.5 │"), "{table}");
    }
}
