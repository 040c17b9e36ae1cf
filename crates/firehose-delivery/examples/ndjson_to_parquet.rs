//! Converts a file of JSON lines to Parquet objects, one for each 64 MiB of JSON, as a delivery
//! stream does it with each of its buffers.
//!
//! ```text
//! cargo run --release -p firehose-delivery --example ndjson_to_parquet -- ratings.ndjson out/
//! ```
//!
//! Without arguments it converts a few lines of its own, one of them broken.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    time::Instant,
};

use firehose_delivery::{Error, GlueTable, ParquetObject, ParquetOptions};

const OBJECT_BYTES: usize = 64 * 1024 * 1024;

const SAMPLE: &str = r#"{"user": "Ada King", "favoritecaptain": "Han Solo", "rating": 12, "timestamp": 1641621600.5}
{"user": "Bob Ross", "favoritecaptain": "Neil Armstrong", "rating": 8000, "timestamp": 1641621601.25}
{"user": "Cut sho
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    match (arguments.next(), arguments.next()) {
        (Some(from), Some(to)) => {
            std::fs::create_dir_all(&to)?;
            convert(BufReader::with_capacity(1 << 20, File::open(from)?), Some(&to))
        }
        (None, _) => convert(SAMPLE.as_bytes(), None),
        (Some(_), None) => Err("usage: ndjson_to_parquet [INPUT OUTPUT_DIRECTORY]".into()),
    }
}

fn ratings() -> Result<GlueTable, Error> {
    let columns = [
        ("user", "string"),
        ("favoritecaptain", "string"),
        ("rating", "int"),
        ("timestamp", "double"),
    ];
    GlueTable::new("captains", "ratings", columns)
}

fn convert(mut input: impl BufRead, to: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let (table, started) = (ratings()?, Instant::now());
    let (mut line, mut objects, mut rows, mut read) = (Vec::new(), 0, 0, 0);
    loop {
        let mut object = ParquetObject::new(&table, ParquetOptions::default());
        let mut bytes = 0;
        while bytes < OBJECT_BYTES && input.read_until(b'\n', &mut line)? > 0 {
            if let Err(why) = object.push(&line)? {
                println!("not converted: {why}");
            }
            bytes += line.len();
            line.clear();
        }
        if bytes == 0 {
            break;
        }
        read += bytes;
        rows += object.rows();
        if let Some(file) = object.finish()? {
            objects += 1;
            println!("object {objects}: {} bytes", file.len());
            if let Some(to) = to {
                std::fs::write(to.join(format!("{objects:05}.parquet")), file)?;
            }
        }
    }
    println!("{rows} rows from {read} bytes in {:.3} s", started.elapsed().as_secs_f64());
    Ok(())
}
