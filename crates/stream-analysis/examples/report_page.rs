//! Writes a page with a histogram of a thousand ratings to stdout.
//!
//! Run it with `cargo run -p stream-analysis --example report_page > report.html`.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use stream_analysis::{
    Chart, Histogram, HtmlReport, Mark, ReportCell, ReportSection, ReportTable, readable,
};

fn main() -> Result<(), Box<dyn Error>> {
    // One rating in 25 lies far from the others.
    let rating = |at: i32| if at % 25 == 0 { 7_000 + at * 2 } else { 1 + at * 37 % 1_000 };
    let ratings: ArrayRef = Arc::new((0..1_000).map(rating).collect::<Int32Array>());
    let batch = RecordBatch::try_from_iter([("rating", ratings)])?;
    let mut histogram = Histogram::new(batch.schema_ref(), "rating", 1.0, 9_000.0, 50)?;
    histogram.push(&batch)?;
    let histogram = histogram.finish();

    let mark = |bin: &stream_analysis::Bin| Mark::new(readable(bin.from), bin.count as f64);
    let chart = Chart::columns("ratings by bins of 200", "rows, logarithmic")
        .with_marks(histogram.bins.iter().map(mark))
        .with_log(true);
    let mut table = ReportTable::new([("from", true), ("count", true)]);
    for bin in &histogram.bins {
        table.rows.push(vec![ReportCell::number(bin.from), ReportCell::number(bin.count as f64)]);
    }
    let section = ReportSection::new("How ratings lie").with_chart(chart).with_table(table);
    let page =
        HtmlReport::new("A thousand ratings").with_fact("rows", "1,000").with_section(section);
    io::stdout().write_all(page.to_html().as_bytes())?;
    Ok(())
}
