//! `schema`: the columns of all objects together, and where single objects differ.

use crate::args::{SchemaArgs, Shared};
use crate::source;
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &SchemaArgs) -> anyhow::Result<Answer> {
    let drift_alone = args.drift;
    let args = &args.select;
    let mut set = source::open(shared, &args.read, false).await?;
    if !args.columns.is_empty() {
        set = set.columns(args.columns.iter().cloned());
    }
    let found = source::schema(&set, shared).await?;
    source::check(&args.read, &found.report)?;

    let mut columns = Section::new("columns", ["column", "type"]);
    let fields = found.schema.fields().iter();
    columns.rows = fields
        .map(|field| vec![Cell::text(field.name()), Cell::text(field.data_type().to_string())])
        .collect();
    let mut drift = Section::new("drift", ["column", "change"]);
    drift.rows = found
        .report
        .drift
        .iter()
        .map(|drift| vec![Cell::text(&drift.column), Cell::text(drift.to_string())])
        .collect();
    if !drift.rows.is_empty() {
        drift.title = Some("objects that differ:".to_owned());
    }
    let headline = drift_alone.then(|| match drift.rows.is_empty() {
        true => format!("all {} objects have the same columns and types", found.report.read),
        false => format!("{} columns differ between objects", drift.rows.len()),
    });
    let sections = if drift_alone { vec![drift, columns] } else { vec![columns, drift] };
    let answer = Answer { headline, sections, ..Answer::default() };
    let mut answer = source::with_report(answer, &args.read, &found.report);
    // The drift is the answer here, and need not be said twice.
    answer.notes.retain(|note| !note.starts_with("schema: "));
    Ok(answer)
}
