//! `sql`: queries over the objects, from the command line, a file, a pipe or a prompt.

mod prompt;
mod statements;

use std::io::{IsTerminal, Read, Write};
use std::sync::Arc;

use anyhow::Context;
use arrow::array::RecordBatch;
use stream_analysis::sql::{DatabaseOptions, PRESETS, Preset, SqlAnswer, SqlDatabase, SqlOptions};

use super::Outcome;
use crate::args::{DEFAULT_VALUE, Shared, SqlArgs};
use crate::failure::Usage;
use crate::progress::Progress;
use crate::run::write_answer;
use crate::{Answer, Args, Cell, Format, Section, render, source};

/// Rows of an answer that a table shows, unless `--limit` says otherwise.
const SHOWN: usize = 1_000;

pub(super) async fn run(
    all: &Args,
    args: &SqlArgs,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let asked = asked(args)?;
    if args.preset.as_deref() == Some("list") {
        return Ok(list().into());
    }
    let database = Database::open(&all.shared, args).await?;
    let statements = match asked {
        Some(statements) => statements,
        None if std::io::stdin().is_terminal() => {
            prompt::run(all, &database, out, err).await?;
            return Ok(Outcome::Written);
        }
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read stdin")?;
            statements::all(&text)
        }
    };
    if statements.is_empty() {
        let words = "there is no statement: give one, or -f FILE, --preset NAME, or a pipe";
        return Err(Usage(words.to_owned()).into());
    }
    for statement in statements {
        database.ask(&statement, out, err).await?;
    }
    Ok(Outcome::Written)
}

/// The statements that the command line names.
fn asked(args: &SqlArgs) -> anyhow::Result<Option<Vec<String>>> {
    if args.query.is_some() && (args.file.is_some() || args.preset.is_some()) {
        let words = "statements come from one place: the command line, -f or --preset";
        return Err(Usage(words.to_owned()).into());
    }
    if let Some(query) = &args.query {
        return Ok(Some(statements::all(query)));
    }
    if let Some(file) = &args.file {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        return Ok(Some(statements::all(&text)));
    }
    match args.preset.as_deref() {
        None | Some("list") => Ok(None),
        Some(name) => match Preset::find(name) {
            Some(preset) => Ok(Some(vec![preset.sql(names(args).1)])),
            None => {
                let known = PRESETS.map(|preset| preset.name).join(", ");
                Err(Usage(format!("there is no preset `{name}`; there are: {known}")).into())
            }
        },
    }
}

fn list() -> Answer {
    let mut section = Section::new("presets", ["name", "about", "sql"]);
    let row = |preset: &Preset| {
        vec![Cell::text(preset.name), Cell::text(preset.about), Cell::text(preset.sql("ratings"))]
    };
    section.rows = PRESETS.iter().map(row).collect();
    section.shown = Some(2);
    Answer { sections: vec![section], ..Answer::default() }
}

/// Database and table of `--table`.
fn names(args: &SqlArgs) -> (&str, &str) {
    args.table.split_once('.').unwrap_or(("captains", &args.table))
}

/// The objects as tables, and how their answers are written.
struct Database<'a> {
    shared: &'a Shared,
    args: &'a SqlArgs,
    tables: Arc<SqlDatabase>,
}

impl<'a> Database<'a> {
    async fn open(shared: &'a Shared, args: &'a SqlArgs) -> anyhow::Result<Self> {
        let (database, table) = names(args);
        if database.is_empty() || table.is_empty() {
            return Err(Usage(format!("`{}` is no NAME or DATABASE.NAME", args.table)).into());
        }
        let memory = usize::try_from(args.memory).unwrap_or(usize::MAX);
        let session = SqlOptions::default().with_memory_bytes(memory).with_database(database);
        let options = DatabaseOptions::default()
            .with_table(table)
            .with_scored(DEFAULT_VALUE)
            .with_session(session);
        let (set, meter) = source::open(shared, &args.read, false).await?.metered();
        let progress = Progress::follow(shared, "looking at footers:", move || meter.report());
        let tables = SqlDatabase::open(set, &options).await;
        drop(progress);
        let tables = Arc::new(tables?);
        source::check(&args.read, tables.found())?;
        Ok(Self { shared, args, tables })
    }

    /// Answers one statement.
    async fn ask(
        &self,
        statement: &str,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> anyhow::Result<()> {
        let tables = Arc::clone(&self.tables);
        let progress = Progress::follow(self.shared, "reading", move || tables.report());
        let found = self.tables.query(statement).await?;
        let answer = match self.shared.format {
            Format::Csv => {
                let limit = self.shared.limit.unwrap_or(usize::MAX);
                let more = csv(found, limit, out).await?;
                Answer { notes: cut(more, limit), ..Answer::default() }
            }
            Format::Table => self.rows(found, self.shared.limit.unwrap_or(SHOWN)).await?,
            Format::Json => self.rows(found, self.shared.limit.unwrap_or(usize::MAX)).await?,
        };
        drop(progress);
        let report = self.tables.report();
        // Some queries read no object, such as `SHOW TABLES`.
        let answer = match report.listed {
            0 => answer,
            _ => source::with_report(answer, &self.args.read, &report),
        };
        write_answer(answer, self.shared, out, err)?;
        Ok(())
    }

    /// The rows, held; they are to be written at once.
    async fn rows(&self, mut found: SqlAnswer, limit: usize) -> anyhow::Result<Answer> {
        let names = found.schema().fields().iter().map(|field| field.name().clone());
        let mut section = Section::new("rows", names);
        let mut more = false;
        while !more && let Some(batch) = found.next().await? {
            more = section.rows.len() + batch.num_rows() > limit;
            for row in 0..batch.num_rows().min(limit - section.rows.len()) {
                section.rows.push(cells(&batch, row)?);
            }
        }
        let headline = section.rows.is_empty().then(|| "no rows".to_owned());
        Ok(Answer {
            headline,
            notes: cut(more, limit),
            sections: vec![section],
            ..Answer::default()
        })
    }
}

/// Writes the rows as they come, and tells whether there are more than the limit.
async fn csv(
    mut found: SqlAnswer,
    limit: usize,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let mut out = std::io::BufWriter::new(out);
    render::csv_line(found.schema().fields().iter().map(|field| field.name().as_str()), &mut out)?;
    let mut written = 0;
    while let Some(batch) = found.next().await? {
        for row in 0..batch.num_rows() {
            if written == limit {
                out.flush()?;
                return Ok(true);
            }
            let cells: Vec<String> = cells(&batch, row)?.iter().map(Cell::exact).collect();
            render::csv_line(cells.iter().map(String::as_str), &mut out)?;
            written += 1;
        }
    }
    out.flush()?;
    Ok(false)
}

fn cut(more: bool, limit: usize) -> Vec<String> {
    let note = || format!("the first {limit} rows; --limit sets how many");
    more.then(note).into_iter().collect()
}

fn cells(batch: &RecordBatch, row: usize) -> anyhow::Result<Vec<Cell>> {
    batch.columns().iter().map(|column| Ok(Cell::of(column, row)?)).collect()
}
