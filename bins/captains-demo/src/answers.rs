//! From the files back to rows, and from rows to answers.

use std::path::Path;

use anyhow::Context;
use arrow::array::RecordBatch;
use aws_config::SdkConfig;
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

/// Reads the objects with these keys from S3, where `config` says it is, and analyses them.
/// `bucket` is the directory that they lie in, `prefix` what they begin with.
pub(crate) async fn of(
    config: &SdkConfig,
    bucket: &Path,
    prefix: &str,
    keys: &[String],
) -> anyhow::Result<Answers> {
    let options = ReadOptions::default();
    let set = ParquetSet::from_sdk_config(config, tutorial::BUCKET, prefix, &options)?;
    let listed = set.list().await?;
    let mut batches = Vec::new();
    for key in keys {
        let object = listed.iter().find(|object| object.key == *key);
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
