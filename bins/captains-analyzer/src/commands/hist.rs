//! `hist`: how the numbers of a column lie, and where there are none.

use stream_analysis::{Chart, Describe, Histogram, HistogramTable, Mark, readable};

use crate::args::{HistArgs, Shared};
use crate::source::{self, Rows, VALUES_KEPT};
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &HistArgs) -> anyhow::Result<Answer> {
    let set = source::open(shared, &args.read, false).await?.columns([args.column.clone()]);
    let mut rows = Rows::of(set, shared).await?;
    source::check(&args.read, rows.report())?;
    let schema = rows.schema();
    // First pass: where the numbers begin and end.
    Histogram::new(&schema, &args.column, 0.0, 0.0, 1)?;
    let mut describe =
        Describe::of_columns(&schema, &[&args.column])?.with_values_limit(VALUES_KEPT);
    rows.each(|batch| describe.push(batch)).await?;
    let description = describe.finish()?;
    let (min, max) = description.columns.first().map(source::extent).unwrap_or_default();

    let mut histogram = Histogram::new(&schema, &args.column, min, max, args.bins)?;
    rows.each(|batch| histogram.push(batch)).await?;
    let table = histogram.finish();

    let mut section = Section::new("bins", ["from", "to", "count"]);
    section.rows = table
        .bins
        .iter()
        .map(|bin| vec![Cell::Num(bin.from), Cell::Num(bin.to), Cell::Int(bin.count.into())])
        .collect();
    section.drawn = Some(chart(&table, args.log));
    let answer = Answer {
        facts: facts(&table),
        headline: Some(headline(&table)),
        sections: vec![section],
        ..Answer::default()
    };
    Ok(source::with_report(answer, &args.read, rows.report()))
}

fn facts(table: &HistogramTable) -> Vec<(&'static str, Cell)> {
    let gap = table.gap().map(|gap| {
        Cell::Map(vec![
            ("from".to_owned(), Cell::Num(gap.from)),
            ("to".to_owned(), Cell::Num(gap.to)),
        ])
    });
    vec![
        ("value", Cell::text(&table.column)),
        ("width", Cell::Num(table.width)),
        ("missing", Cell::Int(table.missing.into())),
        ("outside", Cell::Int((table.below + table.above).into())),
        ("gap", gap.unwrap_or(Cell::Null)),
    ]
}

/// What the histogram says in words.
pub(super) fn headline(table: &HistogramTable) -> String {
    let rows: u64 = table.bins.iter().map(|bin| bin.count).sum();
    let (column, width) = (&table.column, readable(table.width));
    let gap = match table.gap() {
        Some(gap) => format!("; nothing from {} to {}", readable(gap.from), readable(gap.to)),
        None => String::new(),
    };
    format!("{} values of {column} in bins of {width}{gap}", readable(rows as f64))
}

/// A column for each bin; those above a gap in the colour of what is odd.
pub(super) fn chart(table: &HistogramTable, log: bool) -> Chart {
    let gap = table.gap();
    let title = format!("{} by bins of {}", table.column, readable(table.width));
    let marks = table.bins.iter().map(|bin| {
        let (from, to) = (readable(bin.from), readable(bin.to));
        let tip = format!("{from} to {to}: {} rows", readable(bin.count as f64));
        let mark = Mark::new(from, bin.count as f64).with_tip(tip);
        let beyond = gap.is_some_and(|gap| bin.from >= gap.to - table.width / 2.0);
        if beyond && bin.count > 0 { mark.marked() } else { mark }
    });
    let unit = if log { "rows, logarithmic" } else { "rows" };
    Chart::columns(title, unit).with_marks(marks).with_log(log)
}
