//! From the files back to rows, and from rows to answers.

use std::path::Path;

use anyhow::Context;
use arrow::array::RecordBatch;
use captain_ratings::tutorial;
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    schema::printer::print_schema,
};
use s3_parquet_reader::{ParquetSet, ReadOptions};
use stream_analysis::{AnomalyReport, GroupTable, Groups, RobustZFit};

/// What the files say.
pub(crate) struct Answers {
    pub(crate) parquet_schema: String,
    pub(crate) first_rows: RecordBatch,
    pub(crate) rows: u64,
    pub(crate) captains: GroupTable,
    pub(crate) anomalies: AnomalyReport,
    /// Objects under the prefix that this run did not write.
    pub(crate) earlier_objects: usize,
}

/// Reads the objects with these keys and analyses them.
pub(crate) async fn of(bucket: &Path, keys: &[String]) -> anyhow::Result<Answers> {
    let location = bucket.join(tutorial::PREFIX);
    let location = location.to_str().context("the directory's name is not UTF-8")?;
    let set = ParquetSet::open(location, &ReadOptions::default()).await?;
    let listed = set.list().await?;
    let mut batches = Vec::new();
    for key in keys {
        // The set's keys are relative to the store it opened, ours to the bucket.
        let object = listed.iter().find(|object| object.key.ends_with(key.as_str()));
        let object = object.with_context(|| format!("object `{key}` is not listed"))?;
        batches.extend(set.read_object(&object.key).await?.into_batches());
    }
    let first = batches.first().zip(keys.first());
    let (first, first_key) = first.context("no object was written")?;
    let schema = first.schema();
    let mut groups = Groups::new(&schema, "favoritecaptain", "rating")?;
    let mut fit = RobustZFit::new(&schema, "rating")?;
    for batch in &batches {
        groups.push(batch)?;
        fit.push(batch)?;
    }
    let mut scorer = fit.finish().scorer(&schema)?;
    for batch in &batches {
        scorer.push(batch)?;
    }
    Ok(Answers {
        parquet_schema: parquet_schema(&bucket.join(first_key))?,
        rows: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
        first_rows: first.slice(0, first.num_rows().min(5)),
        captains: groups.finish(),
        anomalies: scorer.finish(),
        earlier_objects: listed.len() - keys.len(),
    })
}

fn parquet_schema(file: &Path) -> anyhow::Result<String> {
    let opened = std::fs::File::open(file)
        .with_context(|| format!("file `{}` cannot be opened", file.display()))?;
    let reader = SerializedFileReader::new(opened)?;
    let mut text = Vec::new();
    print_schema(&mut text, reader.metadata().file_metadata().schema());
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}
