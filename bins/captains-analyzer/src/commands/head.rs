//! `head`: the first rows.

use arrow::array::RecordBatch;

use crate::args::{HeadArgs, Shared};
use crate::source;
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared, args: &HeadArgs) -> anyhow::Result<Answer> {
    let mut set = source::open(shared, &args.select.read, false).await?;
    if !args.select.columns.is_empty() {
        set = set.columns(args.select.columns.iter().cloned());
    }
    let table = set.head(args.rows).await?;
    source::check(&args.select.read, table.report())?;

    let names = table.schema().fields().iter().map(|field| field.name().clone());
    let mut section = Section::new("rows", names);
    for batch in table.batches() {
        for row in 0..batch.num_rows() {
            section.rows.push(cells(batch, row)?);
        }
    }
    let headline = section.rows.is_empty().then(|| "no rows".to_owned());
    let answer = Answer { headline, sections: vec![section], ..Answer::default() };
    Ok(source::with_report(answer, &args.select.read, table.report()))
}

fn cells(batch: &RecordBatch, row: usize) -> anyhow::Result<Vec<Cell>> {
    batch.columns().iter().map(|column| Ok(Cell::of(column, row)?)).collect()
}
