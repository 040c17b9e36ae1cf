//! `ls`: the Parquet objects, in key order.

use s3_parquet_reader::{ObjectInfo, Report};

use crate::args::{LsArgs, Shared};
use crate::cell::counted;
use crate::source::{self, rfc3339};
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &LsArgs) -> anyhow::Result<Answer> {
    let objects = source::open(shared, &args.read, false).await?.list().await?;
    let mut report = Report::default();
    report.listed = objects.len() as u64;
    source::check(&args.read, &report)?;

    let bytes: u64 = objects.iter().map(|object| object.size).sum();
    let mut section = Section::new("objects", ["key", "size", "last_modified", "hour"]);
    section.plain = !args.long;
    section.shown = Some(if args.long { 4 } else { 1 });
    section.rows = objects.iter().map(row).collect();
    let total = counted(report.listed, "object") + ", " + &Cell::Bytes(bytes).for_people();
    Ok(Answer {
        facts: vec![("location", Cell::text(&args.read.location)), ("bytes", Cell::Bytes(bytes))],
        headline: args.long.then_some(total),
        sections: vec![section],
        ..Answer::default()
    })
}

fn row(object: &ObjectInfo) -> Vec<Cell> {
    vec![
        Cell::text(&object.key),
        Cell::Bytes(object.size),
        Cell::text(rfc3339(object.last_modified)),
        object.hour.map_or(Cell::Null, |hour| Cell::text(rfc3339(hour))),
    ]
}
