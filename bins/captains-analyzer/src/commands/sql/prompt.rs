//! The prompt: statements over several lines, history across runs, completion by Tab.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use captains_cli::Interrupts;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};
use stream_analysis::sql::{PRESETS, Preset, SCORE_COLUMN};
use tokio::sync::oneshot;

use super::{Database, list, names, statements};
use crate::cell::counted;
use crate::run::write_answer;
use crate::{Args, failure};

const HELP: &str = "\
A statement ends with a semicolon and may go over several lines. Tab completes, the arrows go
through what was asked before, Ctrl-C drops what is typed or ends what is being answered.
  .schema    the columns        .presets   queries known by name
  .NAME      asks such a query  .quit      leaves, as Ctrl-D does
";

/// Words of SQL that are completed.
const WORDS: [&str; 24] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "HAVING",
    "DISTINCT",
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "DESC",
    "ASC",
    "AND",
    "OR",
    "NOT",
    "BETWEEN",
    "INTERVAL",
    "DATE_BIN",
    "TO_TIMESTAMP",
    "APPROX_PERCENTILE_CONT",
    "STDDEV",
];

/// The prompt, and where answers go.
struct Talk<'a> {
    all: &'a Args,
    database: &'a Database<'a>,
    interrupts: Interrupts,
    out: &'a mut (dyn Write + Send),
    err: &'a mut (dyn Write + Send),
}

pub(super) async fn run(
    all: &Args,
    database: &Database<'_>,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let objects = database.tables.found().listed;
    let table = names(database.args).1;
    writeln!(err, "table {table}, {}; .help says more", counted(objects, "object"))?;
    let typing = Typing::start(words(database));
    let mut talk = Talk { all, database, interrupts: Interrupts::new()?, out, err };
    let (mut typed, mut finished) = (String::new(), None);
    loop {
        let sign = if typed.is_empty() { "sql> " } else { "...> " };
        match typing.line(sign, finished.take()).await {
            Ok(line) => typed.push_str(&line),
            // Ctrl-C drops what was typed so far.
            Err(ReadlineError::Interrupted) => {
                typed.clear();
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        typed.push('\n');
        match talk.take(&mut typed).await? {
            Taken::Quit => return Ok(()),
            Taken::Done(line) => finished = Some(line),
            Taken::Unfinished => {}
        }
    }
}

/// What became of the lines that are typed so far.
enum Taken {
    /// They are to be remembered.
    Done(String),
    Unfinished,
    Quit,
}

/// A line that is none of SQL: `.help`, and what people type who come from other prompts.
fn word_of_ours(line: &str) -> Option<&str> {
    let line = line.trim_end_matches(';');
    match line.to_ascii_lowercase().as_str() {
        "exit" | "quit" | ".exit" | ".quit" | "\\q" => Some("quit"),
        "help" | "?" | "\\?" => Some("help"),
        "\\d" => Some("schema"),
        _ => line.strip_prefix('.'),
    }
}

impl Talk<'_> {
    /// Answers what is complete, and leaves the rest.
    async fn take(&mut self, typed: &mut String) -> anyhow::Result<Taken> {
        let line = typed.trim().to_owned();
        match word_of_ours(&line) {
            Some("quit") => return Ok(Taken::Quit),
            Some(word) => {
                typed.clear();
                self.word(word).await?;
                return Ok(Taken::Done(line));
            }
            None => {}
        }
        let (asked, rest) = statements::split(typed);
        if asked.is_empty() {
            // An empty line is no beginning of a statement.
            if line.is_empty() {
                typed.clear();
            }
            return Ok(Taken::Unfinished);
        }
        *typed = rest;
        for statement in asked {
            self.ask(&statement).await?;
        }
        Ok(Taken::Done(line))
    }

    /// Does what a word of ours says.
    async fn word(&mut self, word: &str) -> anyhow::Result<()> {
        let table = names(self.database.args).1;
        match word {
            "presets" => {
                write_answer(list(), self.database.shared, self.out, self.err)?;
            }
            "schema" => self.ask(&format!("DESCRIBE \"{table}\"")).await?,
            name => match Preset::find(name) {
                Some(preset) => self.ask(&preset.sql(table)).await?,
                None => self.err.write_all(HELP.as_bytes())?,
            },
        }
        Ok(())
    }

    /// Asks one statement; a mistake in it is told and ends nothing.
    async fn ask(&mut self, statement: &str) -> anyhow::Result<()> {
        let answered = tokio::select! {
            answered = self.database.ask(statement, self.out, self.err) => answered,
            () = self.interrupts.next() => {
                writeln!(self.err, "interrupted")?;
                return Ok(());
            }
        };
        if let Err(error) = answered {
            write!(self.err, "{}", failure::explain(self.all, &error))?;
        }
        Ok(())
    }
}

/// The line editor, on a thread of its own: it waits for a person.
struct Typing {
    asked: mpsc::Sender<Request>,
}

/// The sign to show, what to remember, and where the line goes.
type Request = (&'static str, Option<String>, oneshot::Sender<rustyline::Result<String>>);

impl Typing {
    fn start(words: Vec<String>) -> Self {
        let (asked, requests) = mpsc::channel::<Request>();
        std::thread::spawn(move || type_lines(words, &requests));
        Self { asked }
    }

    async fn line(
        &self,
        sign: &'static str,
        remember: Option<String>,
    ) -> rustyline::Result<String> {
        let (answer, line) = oneshot::channel();
        if self.asked.send((sign, remember, answer)).is_err() {
            return Err(ReadlineError::Eof);
        }
        line.await.unwrap_or(Err(ReadlineError::Eof))
    }
}

fn type_lines(words: Vec<String>, requests: &mpsc::Receiver<Request>) {
    let mut editor: Editor<Words, FileHistory> = match Editor::new() {
        Ok(editor) => editor,
        Err(error) => {
            if let Ok((_, _, answer)) = requests.recv() {
                let _ = answer.send(Err(error));
            }
            return;
        }
    };
    editor.set_helper(Some(Words(words)));
    let history = history();
    if let Some(history) = &history {
        // The first time there is none.
        let _ = editor.load_history(history);
    }
    while let Ok((sign, remember, answer)) = requests.recv() {
        if let Some(entry) = remember {
            let _ = editor.add_history_entry(entry);
            // At once: the program may end in many ways.
            if let Some(history) = &history {
                keep(&mut editor, history);
            }
        }
        let _ = answer.send(editor.readline(sign));
    }
}

/// A history that cannot be kept is no reason to fail.
fn keep(editor: &mut Editor<Words, FileHistory>, history: &Path) {
    if let Some(folder) = history.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = editor.save_history(history);
}

/// Where the history is kept: in the user's folder for state.
fn history() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty());
    let state = state.map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME").filter(|path| !path.is_empty())?;
        Some(PathBuf::from(home).join(".local/state"))
    });
    Some(state?.join("captains-analyzer/sql-history"))
}

fn words(database: &Database<'_>) -> Vec<String> {
    let (schema, table) = names(database.args);
    let columns = database.tables.schema().fields().iter().map(|field| {
        // These two are words of SQL.
        match field.name().as_str() {
            name @ ("user" | "timestamp") => format!("\"{name}\""),
            name => name.to_owned(),
        }
    });
    let tables = database.tables.session().tables();
    let tables = tables.into_iter().chain([format!("{schema}.{table}"), SCORE_COLUMN.to_owned()]);
    let dots = PRESETS.iter().map(|preset| format!(".{}", preset.name));
    let dots = dots.chain([".help", ".schema", ".presets", ".quit"].map(str::to_owned));
    let mut words: Vec<String> = WORDS.map(str::to_owned).into();
    words.extend(columns.chain(tables).chain(dots));
    words
}

/// Completes the word before the cursor.
struct Words(Vec<String>);

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..at).unwrap_or(line);
        let is_word = |c: char| c.is_alphanumeric() || "_.\"-".contains(c);
        let start = before.rfind(|c| !is_word(c)).map_or(0, |at| at + 1);
        Ok((start, self.matching(before.get(start..).unwrap_or_default())))
    }
}

impl Words {
    fn matching(&self, typed: &str) -> Vec<Pair> {
        if typed.is_empty() {
            return Vec::new();
        }
        let typed = typed.trim_start_matches('"').to_lowercase();
        let fits = |word: &&String| word.trim_start_matches('"').to_lowercase().starts_with(&typed);
        let pair = |word: &String| Pair { display: word.clone(), replacement: word.clone() };
        self.0.iter().filter(fits).map(pair).collect()
    }
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}
impl Hinter for Words {
    type Hint = String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_elsewhere_is_understood() {
        for (line, word) in [
            (".presets", Some("presets")),
            ("exit", Some("quit")),
            ("QUIT;", Some("quit")),
            ("\\q", Some("quit")),
            ("help", Some("help")),
            ("\\d", Some("schema")),
            ("SELECT 1", None),
            ("", None),
        ] {
            assert_eq!(word_of_ours(line), word, "{line}");
        }
    }

    #[test]
    fn words_are_completed_whatever_their_case() {
        let words = Words(vec!["SELECT".into(), "\"user\"".into(), "raw_anomalies".into()]);
        let found = |typed: &str| {
            words.matching(typed).into_iter().map(|pair| pair.replacement).collect::<Vec<_>>()
        };
        assert_eq!(found("sel"), ["SELECT"]);
        assert_eq!(found("US"), ["\"user\""]);
        assert_eq!(found("\"us"), ["\"user\""]);
        assert!(found("").is_empty() && found("x").is_empty());
    }
}
