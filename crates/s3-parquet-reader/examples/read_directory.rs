//! Writes three small Parquet files where Firehose would put them, reads them back as one table,
//! and prints what the reader has to say: one file has a narrower type, one is cut off.
//!
//! `cargo run -p s3-parquet-reader --example read_directory`

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::util::display::array_value_to_string;
use parquet::arrow::ArrowWriter;
use s3_parquet_reader::{OnBad, ParquetSet, ReadOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    write(dir.path(), "06/PUT-S3-qrZbv-1.parquet", Arc::new(Int32Array::from(vec![512, 8_021])))?;
    write(dir.path(), "07/PUT-S3-qrZbv-2.parquet", Arc::new(Int64Array::from(vec![77, 260])))?;
    write(dir.path(), "08/PUT-S3-qrZbv-3.parquet", Arc::new(Int32Array::from(vec![1, 2])))?;
    let third = dir.path().join("ratings2022/01/08/08/PUT-S3-qrZbv-3.parquet");
    let content = fs::read(&third)?;
    fs::write(&third, content.get(..content.len() / 2).unwrap_or_default())?;

    let prefix = dir.path().join("ratings");
    let options = ReadOptions::default().with_on_bad(OnBad::Skip).with_provenance(true);
    let set = ParquetSet::open(&prefix.to_string_lossy(), &options).await?;
    let mut out = std::io::stdout().lock();
    for object in set.list().await? {
        let hour = object.hour.map_or_else(String::new, |hour| hour.to_rfc3339());
        writeln!(out, "{hour}  {} bytes  {}", object.size, object.key)?;
    }
    let table = set.columns(["favoritecaptain", "rating"]).read_all().await?;
    writeln!(out, "\n{}\n", table.report())?;
    for batch in table.batches() {
        print_rows(&mut out, batch)?;
    }
    Ok(())
}

fn write(root: &Path, name: &str, ratings: ArrayRef) -> Result<(), Box<dyn Error>> {
    let captains = StringArray::from(vec!["Kathryn Janeway", "Neil Armstrong"]);
    let batch = RecordBatch::try_from_iter([
        ("favoritecaptain", Arc::new(captains) as ArrayRef),
        ("rating", ratings),
    ])?;
    let path = root.join("ratings2022/01/08").join(name);
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    let mut writer = ArrowWriter::try_new(fs::File::create(path)?, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

fn print_rows(out: &mut impl Write, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
    for row in 0..batch.num_rows() {
        for column in batch.columns() {
            write!(out, "{:<20} ", array_value_to_string(column, row)?)?;
        }
        writeln!(out)?;
    }
    Ok(())
}
