//! `count`: rows, by the footers alone.

use crate::args::{ReadArgs, Shared};
use crate::progress::Progress;
use crate::source;
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, read: &ReadArgs) -> anyhow::Result<Answer> {
    let (set, meter) = source::open(shared, read, false).await?.metered();
    let progress = Progress::follow(shared, "looking at footers:", move || meter.report());
    let report = set.count().await?;
    drop(progress);
    source::check(read, &report)?;
    let mut section = Section::new("count", ["objects", "rows"]);
    section.rows = vec![vec![Cell::Int(report.read.into()), Cell::Int(report.rows.into())]];
    let answer = Answer { sections: vec![section], ..Answer::default() };
    Ok(source::with_report(answer, read, &report))
}
