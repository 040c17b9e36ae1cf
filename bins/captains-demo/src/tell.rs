//! What the demo prints.

use std::io::{self, Write};

use arrow::{array::RecordBatch, error::ArrowError, util::display::array_value_to_string};
use bytesize::ByteSize;
use comfy_table::{Cell, CellAlignment, Table, presets};
use firehose_endpoint::{Delivered, DeliveryEvent, Trigger};
use stream_analysis::GroupTable;

/// A headline.
pub(crate) fn headline(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n\x1b[1m{text}\x1b[0m")
}

/// A delivery, or why there was none yet.
pub(crate) fn event(out: &mut dyn Write, event: &DeliveryEvent) -> io::Result<()> {
    match event {
        DeliveryEvent::Delivered(Delivered { key, rows, bytes, trigger, records }) => {
            let why = match trigger {
                Trigger::Size => "full",
                Trigger::Age => "old",
                _ => "last",
            };
            let size = ByteSize(*bytes as u64).display().iec().to_string();
            let rows = grouped(rows.unwrap_or(*records) as u64);
            writeln!(out, "{rows:>7} rows  {size:>10}  {why:<4}  {key}")
        }
        DeliveryEvent::Retrying { key, error, pause, .. } => {
            writeln!(out, "could not write {key}: {error}; trying again in {pause:?}")
        }
        DeliveryEvent::ErrorsDelivered { key, records, .. } => {
            writeln!(out, "{records} records did not convert: {key}")
        }
        other => writeln!(out, "{other:?}"),
    }
}

/// Rows as a table.
pub(crate) fn rows(out: &mut dyn Write, batch: &RecordBatch) -> anyhow::Result<()> {
    let mut table = plain(batch.schema().fields().iter().map(|field| field.name().clone()));
    for row in 0..batch.num_rows() {
        let cells = batch.columns().iter().map(|column| array_value_to_string(column, row));
        table.add_row(cells.collect::<Result<Vec<_>, ArrowError>>()?);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

/// A row for each captain.
pub(crate) fn captains(out: &mut dyn Write, captains: &GroupTable) -> io::Result<()> {
    let columns = ["captain", "count", "share", "mean", "min", "max"];
    let mut table = plain(columns.map(str::to_owned));
    for group in &captains.groups {
        let number = |value: Option<f64>, digits: usize| match value {
            Some(value) => format!("{value:.digits$}"),
            None => "-".to_owned(),
        };
        let numbers = [
            grouped(group.count),
            format!("{:.2} %", group.share * 100.0),
            number(group.mean, 1),
            number(group.min, 0),
            number(group.max, 0),
        ];
        let name = group.group.as_deref().unwrap_or("(none)");
        let right = numbers.map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
        table.add_row(std::iter::once(Cell::new(name)).chain(right));
    }
    writeln!(out, "{table}")
}

fn plain(columns: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(columns);
    table
}

/// A count with a comma after each three digits.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn counts_are_grouped_by_three() {
        for (count, text) in [(0, "0"), (999, "999"), (4_012, "4,012"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
    }
}
