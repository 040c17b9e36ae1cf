//! Times as Java's `DateTimeFormatter` prints them: the language of `!{timestamp:…}`.
//!
//! Source: <https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html>, to
//! which Firehose's documentation points. Names of months and days are the English ones, weeks
//! begin on Sunday as in the United States. `patterns.tsv` holds what OpenJDK prints.

mod parse;
mod print;
mod week;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use self::print::Piece;

/// A pattern, read and ready to print times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimePattern {
    pieces: Vec<Piece>,
}

impl TimePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence that follows its name.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        parse::pieces(pattern).map(|pieces| Self { pieces })
    }

    /// Prints the time at `instant` in `zone`.
    pub(crate) fn print(&self, instant: DateTime<Utc>, zone: Tz, out: &mut String) {
        let time = instant.with_timezone(&zone);
        for piece in &self.pieces {
            piece.print(&time, out);
        }
    }
}

#[cfg(test)]
mod tests;
