//! Runs SQL on each minute of a stream of ratings, as they come: JSON records, some out of order.
//!
//! Run it with `cargo run -p stream-analysis --features sql --example sql_on_a_stream`.

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use stream_analysis::continuous::{ContinuousQuery, JsonRecords, QueryOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let records: Vec<String> = (0..12_000).map(rating).collect();
    let mut json = JsonRecords::new(&JsonRecords::infer(records.iter().map(String::as_bytes))?);

    // The tutorial's first analysis, and one of our own.
    let scores = QueryOptions::captain_scores("favoritecaptain", "rating")
        .with_event_time("timestamp")
        .with_lateness(Duration::from_secs(10));
    let own = "SELECT window_start, median(rating) AS median, count(DISTINCT user) AS users FROM stream GROUP BY 1";
    for options in [scores.clone(), scores.with_sql(own)] {
        let mut query = ContinuousQuery::start(&json.schema(), options).await?;
        for records in records.chunks(500) {
            let batch = json.decode(records.iter().map(String::as_bytes))?;
            query.push(&batch, 0.0)?;
            while let Some(window) = query.next_closed().await? {
                show(&window.answer, &mut out)?;
            }
        }
        query.finish()?;
        while let Some(window) = query.next_closed().await? {
            show(&window.answer, &mut out)?;
        }
        let counts = query.counts();
        let (rows, windows, late) = (counts.rows, counts.windows, counts.late);
        writeln!(out, "{rows} rows in {windows} windows, {late} came late\n")?;
    }
    Ok(())
}

/// A hundred ratings a second, one in a hundred of them twenty seconds late.
fn rating(at: u32) -> String {
    let captain = ["Kirk", "Picard", "Janeway", "Solo"][(at as usize * 7) % 4];
    let (user, rating) = (at * 31 % 900, 1 + at * 7_919 % 1_000);
    let late = if at % 100 == 99 { 20.0 } else { 0.0 };
    let time = 1_641_622_800.0 + f64::from(at) / 100.0 - late;
    format!(
        r#"{{"user":"user {user}","favoritecaptain":"{captain}","rating":{rating},"timestamp":{time}}}"#
    )
}

fn show(batch: &RecordBatch, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let options = FormatOptions::default();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns: Vec<ArrayFormatter<'_>> = columns.collect::<Result<_, _>>()?;
    for row in 0..batch.num_rows() {
        let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
        writeln!(out, "{}", cells.join("  "))?;
    }
    Ok(())
}
