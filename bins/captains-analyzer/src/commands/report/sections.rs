//! The report's sections. Nothing here depends on the time or the machine: the same objects give the
//! same page.

use stream_analysis::{
    Chart, ColumnSummary, HtmlReport, Mark, ReportCell, ReportSection, ReportTable, Steps, readable,
};

use super::gather::Findings;
use crate::Cell;
use crate::args::ReportArgs;
use crate::commands::{describe, hist, timeline};

/// Groups that are drawn as bars.
const BARS: usize = 40;

pub(super) fn report(args: &ReportArgs, findings: &Findings, rows: usize) -> HtmlReport {
    let bytes: u64 = findings.objects.iter().map(|object| object.size).sum();
    let anomalies = &findings.anomalies;
    let mut report = HtmlReport::new(format!("Report on {}", args.read.location))
        .with_fact("objects", readable(findings.objects.len() as f64))
        .with_fact("size", size(bytes))
        .with_fact("rows", readable(findings.description.rows as f64))
        .with_fact(args.group_by.clone(), readable(findings.groups.groups.len() as f64))
        .with_fact("anomalies", readable(anomalies.found as f64))
        .with_section(summary(findings))
        .with_section(groups(args, findings, rows))
        .with_section(histogram(findings));
    if findings.timeline.is_some() {
        report = report.with_section(arrivals(findings, rows));
    }
    report.with_section(odd(args, findings, rows)).with_section(objects(findings, rows))
}

fn summary(findings: &Findings) -> ReportSection {
    let report = &findings.report;
    let mut section = ReportSection::new("Summary");
    for skipped in report.skipped.iter().take(20) {
        section = section.with_text(format!("Left out: {}: {}", skipped.key, skipped.reason));
    }
    for drift in report.drift.iter().take(20) {
        section = section.with_text(format!("Schema: {drift}"));
    }
    let names = [
        "column", "type", "count", "nulls", "distinct", "min", "p25", "p50", "p75", "max", "mean",
        "std",
    ];
    let mut table = ReportTable::new(
        names.map(|name| (name, !matches!(name, "column" | "type" | "min" | "max"))),
    );
    let row =
        |column: &ColumnSummary| describe::row(column).iter().take(names.len()).map(cell).collect();
    table.rows = findings.description.columns.iter().take(300).map(row).collect();
    section.with_table(table)
}

fn groups(args: &ReportArgs, findings: &Findings, rows: usize) -> ReportSection {
    let table = &findings.groups;
    let (by, value) = (&table.by, &table.value);
    let apart = |name: &Option<String>| findings.apart.iter().any(|group| group.group == *name);
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "(null)".to_owned());
    let marks = table.groups.iter().take(BARS).map(|group| {
        let mean = group.mean.unwrap_or_default();
        let tip = format!(
            "{}: mean {}, {} rows",
            name(&group.group),
            readable(mean),
            readable(group.count as f64)
        );
        let mark = Mark::new(name(&group.group), mean).with_tip(tip);
        if apart(&group.group) { mark.marked() } else { mark }
    });
    let mut section = ReportSection::new(format!("{value} by {by}"))
        .with_chart(Chart::bars(format!("mean {value} by {by}"), value).with_marks(marks));
    for group in &findings.apart {
        section = section.with_text(sentence(&group.reason));
    }
    let more = table.groups.len().saturating_sub(rows);
    if more > 0 {
        section = section.with_text(format!(
            "The table has the {rows} largest groups; {more} more are left out."
        ));
    }
    let names = ["count", "share", "min", "median", "mean", "max"].map(|name| (name, true));
    let head = std::iter::once((args.group_by.as_str(), false)).chain(names);
    let mut cells = ReportTable::new(head);
    cells.rows = table
        .groups
        .iter()
        .take(rows)
        .map(|group| {
            let number =
                |value: Option<f64>| value.map_or_else(ReportCell::default, ReportCell::number);
            vec![
                ReportCell::text(name(&group.group)),
                ReportCell::number(group.count as f64),
                ReportCell::shown_as(
                    group.share.to_string(),
                    format!("{:.2} %", group.share * 100.0),
                ),
                number(group.min),
                number(group.median),
                number(group.mean),
                number(group.max),
            ]
        })
        .collect();
    section.with_table(cells)
}

fn histogram(findings: &Findings) -> ReportSection {
    let table = &findings.histogram;
    let mut cells = ReportTable::new([("from", true), ("to", true), ("count", true)]);
    cells.rows = table
        .bins
        .iter()
        .map(|bin| [bin.from, bin.to, bin.count as f64].map(ReportCell::number).to_vec())
        .collect();
    ReportSection::new(format!("How {} lies", table.column))
        .with_text(sentence(&hist::headline(table)))
        .with_chart(hist::chart(table, false))
        .with_chart(hist::chart(table, true))
        .with_table(cells)
        .folded()
}

fn arrivals(findings: &Findings, rows: usize) -> ReportSection {
    let Some((table, lateness)) = &findings.timeline else { return ReportSection::default() };
    let drawn = table.clone().coarsened(timeline::DRAWN);
    let mut cells = ReportTable::new([("start", false), ("rows", true)]);
    cells.rows = drawn
        .steps
        .iter()
        .take(rows.max(1) * 2)
        .map(|step| {
            vec![ReportCell::text(timeline::time(step.start)), ReportCell::number(step.rows as f64)]
        })
        .collect();
    ReportSection::new("Arrivals")
        .with_text(sentence(&timeline::headline(table, lateness)))
        .with_chart(timeline::chart(drawn))
        .with_table(cells)
        .folded()
}

fn odd(args: &ReportArgs, findings: &Findings, rows: usize) -> ReportSection {
    let found = &findings.anomalies;
    let (column, model) = (&args.column, &found.model);
    let mut section = ReportSection::new("Anomalies").with_text(format!(
        "{} of {} values of {column} have a robust z-score beyond {}: the distance from the median {} \
         in units of the median distance, times 0.6745.",
        readable(found.found as f64),
        readable(found.scored as f64),
        model.threshold,
        readable(model.median),
    ));
    if let Some(confusion) = &findings.confusion {
        let part = |part: Option<f64>| part.map_or("-".to_owned(), |part| format!("{part:.4}"));
        section = section.with_text(format!(
            "Against what the generator planted: {confusion}; precision {}, recall {}.",
            part(confusion.precision()),
            part(confusion.recall()),
        ));
    }
    if found.anomalies.is_empty() {
        return section;
    }
    let shown = found.anomalies.iter().take(rows.max(10));
    // By place in the stream rather than by strength, so that bursts are seen.
    let mut by_row: Vec<_> = shown.clone().collect();
    by_row.sort_by_key(|anomaly| anomaly.row);
    let marks = by_row.into_iter().map(|anomaly| {
        let tip =
            format!("row {}: {} scores {:.2}", anomaly.row, readable(anomaly.value), anomaly.score);
        Mark::new(format!("row {}", anomaly.row), anomaly.score.abs()).with_tip(tip).marked()
    });
    let chart = Chart::dots("scores of the strongest, in the order of the rows", "score")
        .with_marks(marks)
        .with_line(Some(model.threshold));
    let head = [
        ("object", false),
        ("row", true),
        (column.as_str(), true),
        ("score", true),
        ("reason", false),
    ];
    let mut cells = ReportTable::new(head);
    cells.rows = shown
        .map(|anomaly| {
            let origin = findings.origins.find(anomaly.row);
            vec![
                ReportCell::text(origin.map_or("", |(key, _)| key)),
                ReportCell::number(origin.map_or(anomaly.row, |(_, row)| row) as f64),
                ReportCell::number(anomaly.value),
                ReportCell::number(anomaly.score),
                ReportCell::text(&anomaly.reason),
            ]
        })
        .collect();
    section.with_chart(chart).with_table(cells).folded()
}

fn objects(findings: &Findings, rows: usize) -> ReportSection {
    let objects = &findings.objects;
    let mut sizes: Vec<u64> = objects.iter().map(|object| object.size).collect();
    sizes.sort_unstable();
    // Steps of a power of two: sizes of objects spread over several.
    let mut steps = Steps::new(1);
    sizes.iter().for_each(|size| steps.add(f64::from(size.max(&1).ilog2()), 1));
    let power = |start: f64| 1_u64.checked_shl(exponent(start)).map_or_else(String::new, size);
    let marks = steps.finish().filled(64).into_iter().map(|step| {
        let (from, to) = (power(step.start), power(step.start + 1.0));
        let tip = format!("{from} to {to}: {} objects", readable(step.rows as f64));
        Mark::new(from, step.rows as f64).with_tip(tip)
    });
    let chart = Chart::columns("objects by size", "objects").with_marks(marks);
    let middle = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    let (least, most) = (sizes.first().copied(), sizes.last().copied());
    let (least, most) = (size(least.unwrap_or_default()), size(most.unwrap_or_default()));
    let mut section = ReportSection::new("Objects")
        .with_text(format!(
            "The smallest has {least}, the middle one {}, the largest {most}.",
            size(middle)
        ))
        .with_chart(chart);
    let more = objects.len().saturating_sub(rows);
    if more > 0 {
        section =
            section.with_text(format!("The table has the first {rows}; {more} more are left out."));
    }
    let mut cells = ReportTable::new([("key", false), ("size", true), ("hour", false)]);
    cells.rows = objects
        .iter()
        .take(rows)
        .map(|object| {
            let hour = object.hour.map(crate::source::rfc3339).unwrap_or_default();
            let shown = size(object.size);
            vec![
                ReportCell::text(&object.key),
                ReportCell::shown_as(object.size.to_string(), shown),
                ReportCell::text(hour),
            ]
        })
        .collect();
    section.with_table(cells).folded()
}

fn exponent(step: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 64")]
    let exponent = step.clamp(0.0, 64.0) as u32;
    exponent
}

fn size(bytes: u64) -> String {
    Cell::Bytes(bytes).for_people()
}

/// A cell of an answer as one of the page.
fn cell(cell: &Cell) -> ReportCell {
    ReportCell::shown_as(
        cell.exact(),
        match cell {
            Cell::Null => String::new(),
            cell => cell.for_people(),
        },
    )
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
