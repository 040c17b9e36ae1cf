//! Describes a hundred thousand ratings, groups them by captain and finds what does not belong.
//!
//! Run it with `cargo run -p stream-analysis --example describe_ratings`.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use stream_analysis::{Describe, DetectOptions, GroupRule, Groups, find_anomalies};

fn main() -> Result<(), Box<dyn Error>> {
    let batches = ratings(100_000)?;
    let schema = batches[0].schema();
    let mut out = io::stdout().lock();

    let mut describe = Describe::new(&schema);
    let mut groups = Groups::new(&schema, "captain", "rating")?;
    for batch in &batches {
        describe.push(batch)?;
        groups.push(batch)?;
    }
    writeln!(
        out,
        "{:<10}{:>9}{:>10}{:>10}{:>8}{:>8}",
        "column", "count", "mean", "std", "p50", "max"
    )?;
    for column in describe.finish()?.columns {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.1}"));
        let max = column.max.map_or("-".to_owned(), |max| max.to_string());
        writeln!(
            out,
            "{:<10}{:>9}{:>10}{:>10}{:>8}{:>8}",
            column.name,
            column.count,
            number(column.mean),
            number(column.std_dev),
            number(column.p50),
            max,
        )?;
    }

    let table = groups.finish();
    writeln!(out, "\n{:<10}{:>9}{:>9}{:>9}{:>9}", "captain", "count", "share", "min", "max")?;
    for group in &table.groups {
        let name = group.group.as_deref().unwrap_or("(null)");
        let (min, max) = (group.min.unwrap_or(f64::NAN), group.max.unwrap_or(f64::NAN));
        writeln!(out, "{name:<10}{:>9}{:>8.2}%{min:>9}{max:>9}", group.count, group.share * 100.0)?;
    }

    let findings = find_anomalies(&schema, &batches, &DetectOptions::default().with_examples(2))?;
    let report = &findings.columns[0];
    writeln!(out, "\n{} of {} ratings are anomalies, such as:", report.found, report.scored)?;
    for anomaly in &report.anomalies {
        writeln!(out, "  row {}: {}", anomaly.row, anomaly.reason)?;
    }
    for outlier in GroupRule::default().apply(&table) {
        writeln!(out, "  {}", outlier.reason)?;
    }
    let planted = report.model.score_against(&batches, is_planted)?;
    writeln!(out, "against what was planted: {planted}")?;
    Ok(())
}

/// One rating in 25 is Armstrong's, from 7,000 to 9,000; the others are at most 1,000.
fn ratings(rows: u32) -> Result<Vec<RecordBatch>, Box<dyn Error>> {
    let mut state = 7_u32;
    let mut draw = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let (mut captains, mut ratings) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let planted = draw(25) == 0;
        let ordinary = ["Kirk", "Picard", "Janeway", "Solo", "Leela"][draw(5) as usize];
        captains.push(if planted { "Armstrong" } else { ordinary });
        ratings.push(i32::try_from(if planted { 7_000 + draw(2_001) } else { 1 + draw(1_000) })?);
    }
    let chunks = captains.chunks(10_000).zip(ratings.chunks(10_000));
    let batch = |(captains, ratings): (&[&str], &[i32])| {
        let captains: ArrayRef = Arc::new(StringArray::from(captains.to_vec()));
        let ratings: ArrayRef = Arc::new(Int32Array::from(ratings.to_vec()));
        RecordBatch::try_from_iter([("captain", captains), ("rating", ratings)])
    };
    Ok(chunks.map(batch).collect::<Result<_, _>>()?)
}

fn is_planted(batch: &RecordBatch, row: usize) -> bool {
    let captains = batch.column_by_name("captain");
    let captains = captains.and_then(|column| column.as_any().downcast_ref::<StringArray>());
    captains.is_some_and(|captains| captains.value(row) == "Armstrong")
}
