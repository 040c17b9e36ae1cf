//! `describe`: every column at a glance.

use arrow::datatypes::Schema;
use s3_parquet_reader::Batch;
use stream_analysis::{ColumnSummary, Describe, Value};

use crate::args::{SelectArgs, Shared};
use crate::cell::counted;
use crate::source::{self, VALUES_KEPT};
use crate::{Answer, Cell, Section};

const COLUMNS: [&str; 13] = [
    "column", "type", "count", "nulls", "distinct", "min", "p25", "p50", "p75", "max", "mean",
    "std", "note",
];

pub(super) async fn answer(shared: &Shared, args: &SelectArgs) -> anyhow::Result<Answer> {
    let mut set = source::open(shared, &args.read, false).await?;
    if !args.columns.is_empty() {
        set = set.columns(args.columns.iter().cloned());
    }
    let start = |schema: &Schema| Ok(Describe::new(schema).with_values_limit(VALUES_KEPT));
    let push = |describe: &mut Describe, batch: &Batch| Ok(describe.push(batch.record_batch())?);
    let (describe, report) = source::pass(&set, (shared, &args.read), start, push).await?;
    let description = describe.finish()?;

    let mut section = Section::new("columns", COLUMNS);
    section.rows = description.columns.iter().map(row).collect();
    let noted = description.columns.iter().any(|column| note(column).is_some());
    section.shown = Some(COLUMNS.len() - usize::from(!noted));
    let answer = Answer {
        facts: vec![("rows", Cell::Int(description.rows.into()))],
        headline: Some(format!(
            "{} in {}",
            counted(description.rows, "row"),
            counted(report.read, "object")
        )),
        sections: vec![section],
        ..Answer::default()
    };
    Ok(source::with_report(answer, &args.read, &report))
}

/// The cells of a column, in the order of the table.
pub(super) fn row(column: &ColumnSummary) -> Vec<Cell> {
    vec![
        Cell::text(&column.name),
        Cell::text(column.data_type.to_string()),
        Cell::Int(column.count.into()),
        Cell::Int(column.nulls.into()),
        column.distinct.at_least().map_or(Cell::Null, |count| Cell::Int(count.into())),
        value(column.min.as_ref()),
        Cell::stat(column.p25),
        Cell::stat(column.p50),
        Cell::stat(column.p75),
        value(column.max.as_ref()),
        Cell::stat(column.mean),
        Cell::stat(column.std_dev),
        note(column).map_or(Cell::Null, Cell::Text),
    ]
}

fn value(value: Option<&Value>) -> Cell {
    match value {
        None => Cell::Null,
        Some(Value::Integer(value)) => Cell::Int(*value),
        Some(Value::Number(value)) => Cell::Num(*value),
        Some(Value::Boolean(value)) => Cell::Bool(*value),
        Some(other) => Cell::text(other.to_string()),
    }
}

/// What a reader of the numbers must know.
fn note(column: &ColumnSummary) -> Option<String> {
    let mut notes: Vec<String> = column.note.iter().cloned().collect();
    if column.distinct.at_least().is_some() && !column.distinct.is_exact() {
        notes.push("distinct is a lower bound".to_owned());
    }
    for (count, what) in [(column.nan, "NaN"), (column.infinite, "infinite")] {
        if count > 0 {
            notes.push(format!("{count} {what} left out of the mean"));
        }
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}
