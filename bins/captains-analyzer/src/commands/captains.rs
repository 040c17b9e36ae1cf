//! `captains`: how the numbers of each group lie.

use stream_analysis::{Group, Groups};

use crate::args::{CaptainsArgs, Shared};
use crate::source::{self, Rows};
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &CaptainsArgs) -> anyhow::Result<Answer> {
    let set = source::open(shared, &args.read, false).await?;
    let mut rows = Rows::of(set.columns([&args.group_by, &args.column].map(Clone::clone))).await?;
    source::check(&args.read, rows.report())?;
    let mut groups = Groups::new(&rows.schema(), &args.group_by, &args.column)?;
    rows.each(|batch| groups.push(batch)).await?;
    let table = groups.finish();

    let columns = ["group", "count", "share", "min", "median", "mean", "max"];
    let mut section = Section::new("groups", columns);
    section.rows = table.groups.iter().map(row).collect();
    let (value, by) = (&table.value, &table.by);
    let headline = format!("{value} by {by}: {} rows, {} groups", table.rows, table.groups.len());
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
    Ok(source::with_report(answer, &args.read, rows.report()))
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
