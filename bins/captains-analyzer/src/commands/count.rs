//! `count`: rows, by the footers alone.

use crate::args::{ReadArgs, Shared};
use crate::source;
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, read: &ReadArgs) -> anyhow::Result<Answer> {
    let report = source::open(shared, read, false).await?.count().await?;
    source::check(read, &report)?;
    let mut section = Section::new("count", ["objects", "rows"]);
    section.rows = vec![vec![Cell::Int(report.read.into()), Cell::Int(report.rows.into())]];
    let answer = Answer { sections: vec![section], ..Answer::default() };
    Ok(source::with_report(answer, read, &report))
}
