//! `captains`: how the numbers of each group lie.

use arrow::datatypes::Schema;
use s3_parquet_reader::Batch;
use stream_analysis::{Group, Groups};

use crate::args::{CaptainsArgs, Shared};
use crate::cell::counted;
use crate::source::{self, VALUES_KEPT};
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &CaptainsArgs) -> anyhow::Result<Answer> {
    let set = source::open(shared, &args.read, false).await?;
    let set = set.columns([&args.group_by, &args.column].map(Clone::clone));
    let start = |schema: &Schema| {
        let groups = Groups::new(schema, &args.group_by, &args.column)?;
        Ok(groups.with_values_limit(VALUES_KEPT))
    };
    let push = |groups: &mut Groups, batch: &Batch| Ok(groups.push(batch.record_batch())?);
    let (groups, report) = source::pass(&set, (shared, &args.read), start, push).await?;
    let table = groups.finish();

    let columns = ["group", "count", "share", "min", "median", "mean", "max"];
    let mut section = Section::new("groups", columns);
    section.rows = table.groups.iter().map(row).collect();
    let (value, by) = (&table.value, &table.by);
    let headline = format!(
        "{value} by {by}: {}, {}",
        counted(table.rows, "row"),
        counted(table.groups.len() as u64, "group")
    );
    let mut answer = Answer {
        facts: vec![
            ("group_by", Cell::text(by)),
            ("value", Cell::text(value)),
            ("rows", Cell::Int(table.rows.into())),
        ],
        headline: Some(headline),
        sections: vec![section],
        ..Answer::default()
    };
    if table.groups.iter().any(|group| !group.exact) {
        answer.notes.push("the medians of large groups come from a sample".to_owned());
    }
    Ok(source::with_report(answer, &args.read, &report))
}

fn row(group: &Group) -> Vec<Cell> {
    vec![
        group.group.as_ref().map_or(Cell::Null, Cell::text),
        Cell::Int(group.count.into()),
        Cell::Share(group.share),
        Cell::stat(group.min),
        Cell::stat(group.median),
        Cell::stat(group.mean),
        Cell::stat(group.max),
    ]
}
