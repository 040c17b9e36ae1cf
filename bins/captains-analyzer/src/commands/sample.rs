//! `sample`: rows drawn evenly from all, the same for the same seed.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use s3_parquet_reader::Batch;
use stream_analysis::Reservoir;

use crate::args::{SampleArgs, Shared};
use crate::source;
use crate::{Answer, Cell, Section};

/// What is drawn so far: rows with their place in the stream.
struct Drawn {
    columns: Vec<String>,
    rows: Reservoir<Vec<Cell>>,
}

pub(super) async fn answer(shared: &Shared, args: &SampleArgs) -> anyhow::Result<Answer> {
    let read = &args.select.read;
    let mut set = source::open(shared, read, false).await?;
    if !args.select.columns.is_empty() {
        set = set.columns(args.select.columns.iter().cloned());
    }
    let start = |schema: &Schema| {
        let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
        Ok(Drawn { columns, rows: Reservoir::new(args.rows, args.seed) })
    };
    let push = |drawn: &mut Drawn, batch: &Batch| {
        let batch = batch.record_batch();
        for row in 0..batch.num_rows() {
            // Most rows are not drawn, and are not looked at.
            drawn.rows.offer(|| cells(batch, row))?;
        }
        Ok(())
    };
    let (drawn, report) = source::pass(&set, (shared, read), start, push).await?;
    let mut section = Section::new("rows", drawn.columns);
    section.rows = drawn.rows.into_items();
    let all = report.rows;
    let headline = format!("{} of {all} rows, drawn with seed {}", section.rows.len(), args.seed);
    let answer = Answer {
        facts: vec![("seed", Cell::Int(args.seed.into()))],
        headline: Some(headline),
        sections: vec![section],
        ..Answer::default()
    };
    Ok(source::with_report(answer, read, &report))
}

fn cells(batch: &RecordBatch, row: usize) -> anyhow::Result<Vec<Cell>> {
    let columns = batch.columns().iter();
    columns.map(|column| Ok(Cell::of(column as &dyn Array, row)?)).collect()
}
