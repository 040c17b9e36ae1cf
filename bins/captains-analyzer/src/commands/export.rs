//! `export`: all rows as one file or stream, without holding them.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder as CsvBuilder;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use arrow::json::writer::{LineDelimited, WriterBuilder as JsonBuilder};
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use s3_parquet_reader::{ParquetSet, Report};

use crate::args::{ExportArgs, ExportFormat, Shared};
use crate::failure::Usage;
use crate::progress::Progress;
use crate::source;
use crate::{Answer, Cell, Section};

pub(super) async fn run(
    shared: &Shared,
    args: &ExportArgs,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Option<Answer>> {
    let to_stdout = args.output == Path::new("-");
    let is_text = matches!(args.as_format, ExportFormat::Csv | ExportFormat::Jsonl);
    if to_stdout && !is_text && std::io::stdout().is_terminal() {
        let words = "this format is not for a terminal: add -o FILE, or send it into a pipe";
        return Err(Usage(words.to_owned()).into());
    }
    let read = &args.select.read;
    let mut set = source::open(shared, read, false).await?;
    if !args.select.columns.is_empty() {
        set = set.columns(args.select.columns.iter().cloned());
    }
    // A file has one schema from its start, so that of all objects is needed first.
    let found = source::schema(&set, shared).await?;
    source::check(read, &found.report)?;
    let mut set = set.with_schema(Arc::clone(&found.schema));
    if let Some(rows) = shared.limit {
        set = set.limit(rows);
    }
    let rows = Export { shared, format: args.as_format, schema: found.schema, set };
    if to_stdout {
        let has_enough = Arc::new(AtomicBool::new(false));
        let pipe = Pipe { out, has_enough: Arc::clone(&has_enough) };
        rows.write(true, pipe, &has_enough).await?;
        return Ok(None);
    }
    let partial = Partial::of(&args.output);
    let file = File::create(&partial.0).map_err(|error| not_written(&partial.0, error))?;
    let report = rows.write(false, file, &AtomicBool::new(false)).await?;
    std::fs::rename(&partial.0, &args.output).map_err(|error| not_written(&args.output, error))?;
    Ok(Some(answer(args, &report)))
}

/// The rows, and what becomes of them.
struct Export<'a> {
    shared: &'a Shared,
    format: ExportFormat,
    schema: SchemaRef,
    set: ParquetSet,
}

impl Export<'_> {
    /// Writes all rows, unless `out` has had enough before.
    async fn write(
        self,
        to_stdout: bool,
        out: impl Write + Send,
        has_enough: &AtomicBool,
    ) -> anyhow::Result<Report> {
        let (set, meter) = self.set.metered();
        let _progress = Progress::follow(self.shared, "exporting", move || meter.report());
        let mut sink = Sink::new(self.format, to_stdout, &self.schema, BufWriter::new(out))?;
        let mut batches = set.stream()?;
        while let Some(batch) = batches.try_next().await? {
            sink.write(batch.record_batch())?;
            if has_enough.load(Ordering::Relaxed) {
                return Ok(batches.report());
            }
        }
        sink.finish()?;
        Ok(batches.report())
    }
}

/// Stdout, whose reader may leave at any time, as `head` does: what comes then is swallowed, for the
/// formats' writers make their own errors of a broken pipe.
struct Pipe<'a> {
    out: &'a mut (dyn Write + Send),
    has_enough: Arc<AtomicBool>,
}

impl Pipe<'_> {
    fn or_leave<T>(&self, done: std::io::Result<T>, left: T) -> std::io::Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.has_enough.store(true, Ordering::Relaxed);
                Ok(left)
            }
            done => done,
        }
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes);
        self.or_leave(written, bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let flushed = self.out.flush();
        self.or_leave(flushed, ())
    }
}

/// Where the file grows, so that its name stands for a whole one. What is left of a failure is removed.
struct Partial(PathBuf);

impl Partial {
    fn of(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        Self(name.into())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the rename there is none.
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) fn not_written(path: &Path, error: std::io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("cannot write `{}`", path.display()))
}

fn answer(args: &ExportArgs, report: &Report) -> Answer {
    let bytes = std::fs::metadata(&args.output).map(|file| file.len()).unwrap_or_default();
    let mut section = Section::new("written", ["file", "rows", "bytes"]);
    let file = args.output.display().to_string();
    section.rows = vec![vec![Cell::text(file), Cell::Int(report.rows.into()), Cell::Bytes(bytes)]];
    let answer = Answer { sections: vec![section], ..Answer::default() };
    source::with_report(answer, &args.select.read, report)
}

/// A writer of one of the formats.
enum Sink<W: Write + Send> {
    Csv(Box<arrow::csv::Writer<W>>),
    Jsonl(Box<arrow::json::Writer<W, LineDelimited>>),
    Parquet(Box<ArrowWriter<W>>),
    Stream(Box<StreamWriter<W>>),
    File(Box<FileWriter<W>>),
}

impl<W: Write + Send> Sink<W> {
    fn new(
        format: ExportFormat,
        to_stdout: bool,
        schema: &SchemaRef,
        out: W,
    ) -> anyhow::Result<Self> {
        Ok(match format {
            ExportFormat::Csv => {
                let mut writer = CsvBuilder::new().with_header(true).build(out);
                // The header is there even where no row is.
                writer.write(&RecordBatch::new_empty(Arc::clone(schema)))?;
                Self::Csv(Box::new(writer))
            }
            ExportFormat::Jsonl => {
                Self::Jsonl(Box::new(JsonBuilder::new().with_explicit_nulls(true).build(out)))
            }
            ExportFormat::Parquet => {
                let properties =
                    WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let schema = Arc::clone(schema);
                Self::Parquet(Box::new(ArrowWriter::try_new(out, schema, Some(properties))?))
            }
            ExportFormat::Arrow if to_stdout => {
                Self::Stream(Box::new(StreamWriter::try_new(out, schema)?))
            }
            ExportFormat::Arrow => Self::File(Box::new(FileWriter::try_new(out, schema)?)),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match self {
            Self::Csv(writer) => writer.write(batch)?,
            Self::Jsonl(writer) => writer.write(batch)?,
            Self::Parquet(writer) => writer.write(batch)?,
            Self::Stream(writer) => writer.write(batch)?,
            Self::File(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Csv(writer) => writer.into_inner().flush()?,
            Self::Jsonl(mut writer) => {
                writer.finish()?;
                writer.into_inner().flush()?;
            }
            Self::Parquet(writer) => writer.into_inner()?.flush()?,
            Self::Stream(writer) => writer.into_inner()?.flush()?,
            Self::File(writer) => writer.into_inner()?.flush()?,
        }
        Ok(())
    }
}
