//! jq queries for partition keys.

use std::fmt;

use jaq_core::{
    Compiler, Ctx, Filter, Vars, data,
    load::{Arena, File, Loader},
    unwrap_valr,
};
use jaq_json::{Val, read};

use super::{EMPTY_KEY, FoundKey, projection::Projection};
use crate::prefix::KeySource;

/// Words of jq that end the process, write to its outputs, read its environment, or may never
/// end. A query for partition keys has no use for them.
const REFUSED: &[&str] = &[
    "def",
    "halt",
    "halt_error",
    "debug",
    "stderr",
    "input",
    "inputs",
    "env",
    "$ENV",
    "recurse",
    "repeat",
    "while",
    "until",
    "range",
    "combinations",
    "foreach",
    "import",
    "include",
];
/// Levels of a document: those that the conversion takes.
const MOST_LEVELS: usize = 128;

/// A query, read: its answer is an object of partition keys.
pub(super) struct Query {
    text: String,
    /// The quick way, when there is one.
    projection: Option<Projection>,
    filter: Filter<data::JustLut<Val>>,
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.text).finish()
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence that follows its name.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if let Some(word) = words(text).find(|word| REFUSED.contains(word)) {
            return Err(format!("`{text}` has `{word}`, which is not taken here"));
        }
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let wrong = |what: &str| format!("`{text}` is no query that jq {what}");
        let modules = Loader::new(definitions)
            .load(&arena, File { code: text, path: () })
            .map_err(|_| wrong("reads"))?;
        let filter = Compiler::default()
            .with_funs(functions)
            .compile(modules)
            .map_err(|_| wrong("knows all functions of"))?;
        Ok(Self { text: text.to_owned(), projection: Projection::of(text), filter })
    }

    /// The partition keys of a JSON document.
    pub(super) fn keys(&self, document: &[u8]) -> Result<Vec<FoundKey>, String> {
        if levels(document) > MOST_LEVELS {
            return Err(format!("The record has more than {MOST_LEVELS} levels"));
        }
        let quickly = self.projection.as_ref().and_then(|paths| paths.keys(document));
        quickly.map_or_else(|| self.run(document), Ok)
    }

    /// Runs the query.
    pub(super) fn run(&self, document: &[u8]) -> Result<Vec<FoundKey>, String> {
        let value = read::parse_single(document)
            .map_err(|why| format!("Non JSON record provided: {why}"))?;
        let context = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let answer = self.filter.id.run((context, value)).map(unwrap_valr).next();
        match answer {
            Some(Ok(Val::Obj(members))) => {
                let read = |(key, value): (&Val, &Val)| {
                    let name = plain(key).ok_or("A partition key has no name")?;
                    let value = plain(value).filter(|value| !value.is_empty());
                    let value = value.ok_or(EMPTY_KEY)?;
                    Ok((KeySource::Query, name, value))
                };
                let keys: Result<_, &str> = members.iter().map(read).collect();
                Ok(keys?)
            }
            Some(Ok(other)) => Err(format!("The query answered with {other} and not an object")),
            Some(Err(why)) => Err(format!("The query failed: {why}")),
            None => Err("The query answered with nothing".to_owned()),
        }
    }
}

/// The text of a value that has one.
fn plain(value: &Val) -> Option<String> {
    match value {
        Val::TStr(text) => Some(String::from_utf8_lossy(text).into_owned()),
        Val::Num(_) | Val::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Words of a query that are no members: what follows a dot, as in `.env`, is one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    text.split(move |c: char| !inside(c)).filter(move |word| {
        // Both are slices of one text.
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let before = text.get(..start).and_then(|before| before.chars().last());
        !word.is_empty() && before != Some('.')
    })
}

/// How deep the brackets go, wherever they stand: what is deeper is no document for the parser,
/// which goes down with each of them.
fn levels(document: &[u8]) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in document {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' if !in_text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}
