//! Arguments of `sql`, whose query and location are told apart by what they look like.

use std::path::{Path, PathBuf};

use super::DEFAULT_LOCATION;
use super::read::{self, ReadArgs};

/// Arguments of `sql`.
#[derive(Debug, Clone, clap::Args)]
pub struct SqlArgs {
    /// Statements, separated by semicolons. Without any: a prompt on a terminal, else stdin
    #[arg(value_name = "QUERY")]
    pub query: Option<String>,
    /// Which objects.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Take the statements from a file
    #[arg(short, long, value_name = "FILE", conflicts_with = "preset")]
    pub file: Option<PathBuf>,
    /// Ask a query that is known by name; `list` tells the names
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// What the table is called: NAME, or DATABASE.NAME as in Glue
    #[arg(long, value_name = "NAME", default_value = "captains.ratings")]
    pub table: String,
    /// What sorting and grouping may hold in memory; beyond it they use temporary files
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = read::size)]
    pub memory: u64,
}

impl SqlArgs {
    /// The same with the words in their places: query and location may stand in either order, and a
    /// location may stand alone.
    pub(super) fn settled(mut self) -> Self {
        let Some(word) = self.query.take() else { return self };
        let elsewhere = self.file.is_some() || self.preset.is_some();
        let location = &mut self.read.location;
        let is_given = *location != DEFAULT_LOCATION
            && std::env::var_os("CAPTAINS_FROM").is_none_or(|from| *location.as_str() != *from);
        match (is_query(&word), is_given) {
            (false, false) => *location = word,
            (false, true) if !elsewhere && is_query(location) => {
                self.query = Some(std::mem::replace(location, word));
            }
            _ => self.query = Some(word),
        }
        self
    }
}

/// Whether a word is SQL rather than a place.
fn is_query(word: &str) -> bool {
    let is_place = word.contains("://") || Path::new(word).exists();
    let begins = |with: &str| word.get(..with.len()).is_some_and(|b| b.eq_ignore_ascii_case(with));
    !is_place
        && (word.trim().is_empty() || word.contains([' ', '\n', '\t', ';']) || begins("select"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::{Args, Command};

    #[test]
    fn query_and_location_stand_in_either_order() {
        let there = std::env::temp_dir().display().to_string();
        for (words, query, location) in [
            (&[][..], None, "s3://captains-rating/ratings"),
            (&["SELECT 1"], Some("SELECT 1"), "s3://captains-rating/ratings"),
            (&["select(1)"], Some("select(1)"), "s3://captains-rating/ratings"),
            (&["data"], None, "data"),
            (&["s3://b/a prefix"], None, "s3://b/a prefix"),
            (&[&there], None, &there),
            (&["SELECT 1", "data"], Some("SELECT 1"), "data"),
            (&["data", "SELECT 1"], Some("SELECT 1"), "data"),
            (&["data", "--preset", "captains"], None, "data"),
            (&["-f", "x.sql", "s3://b/p"], None, "s3://b/p"),
            // Left as it is, and refused later.
            (&["SELECT 1", "data", "-f", "x.sql"], Some("SELECT 1"), "data"),
            (&["SELECT 1", "--preset", "list"], Some("SELECT 1"), "s3://captains-rating/ratings"),
            (&["a", "b"], Some("a"), "b"),
        ] {
            let args = Args::parse_from(["captains-analyzer", "sql"].iter().chain(words));
            for args in [args.clone().settled(), args.settled().settled()] {
                let Command::Sql(sql) = args.command else { panic!("it is `sql`") };
                assert_eq!(
                    (sql.query.as_deref(), &*sql.read.location),
                    (query, location),
                    "{words:?}"
                );
            }
        }
    }
}
