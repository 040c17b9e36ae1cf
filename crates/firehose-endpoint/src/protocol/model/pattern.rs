//! AWS's patterns, which are Java's, on our regular expressions.

use std::{
    iter::Peekable,
    str::{Chars, FromStr},
    sync::OnceLock,
};

use fancy_regex::Regex;
use serde::Deserialize;

/// A pattern as AWS writes it, compiled when it is first needed.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// As AWS's messages print it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the pattern takes all of `value`. A value on which the search gives up (its steps
    /// are bounded) is not matched.
    pub(super) fn matches(&self, value: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(value).unwrap_or(false))
    }

    /// None for a pattern that does not compile; a test proves that no model has one.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::from_str(&translate(&self.text)).ok()).as_ref()
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}

/// Rewrites what Java reads differently: classes are of ASCII, `.` stops at five kinds of line
/// ends, `\uXXXX` is a UTF-16 unit, and a whole match is asked for.
fn translate(java: &str) -> String {
    let mut out = String::from(r"\A(?:");
    let mut rest = java.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => escape(&mut rest, in_class, &mut out),
            '.' if !in_class => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            '[' if in_class => out.push_str(r"\["),
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(letter);
            }
            _ => {
                in_class = match letter {
                    '[' => true,
                    ']' => false,
                    _ => in_class,
                };
                out.push(letter);
            }
        }
    }
    out.push_str(r")\z");
    out
}

fn escape(rest: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) {
    const SPACES: &str = r" \t\n\x0B\x0C\r";
    let Some(letter) = rest.next() else {
        out.push_str(r"\\");
        return;
    };
    match (letter, in_class) {
        ('u', _) => unit(rest, out),
        ('d', false) => out.push_str("[0-9]"),
        ('d', true) => out.push_str("0-9"),
        ('w', false) => out.push_str("[a-zA-Z0-9_]"),
        ('w', true) => out.push_str("a-zA-Z0-9_"),
        ('s', true) => out.push_str(SPACES),
        ('s', false) => out.push_str(&format!("[{SPACES}]")),
        ('S', false) => out.push_str(&format!("[^{SPACES}]")),
        ('/' | '_' | '@' | '%' | '=' | '!' | '\'', _) => out.push(letter),
        _ => {
            out.push('\\');
            out.push(letter);
        }
    }
}

/// `XXXX`, and the second half of a pair if this is the first.
fn unit(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let first = hexadecimal(rest);
    let code = if (0xD800..0xDC00).contains(&first) && rest.peek() == Some(&'\\') {
        rest.nth(1);
        let second = hexadecimal(rest);
        0x1_0000 + ((first - 0xD800) << 10) + second.saturating_sub(0xDC00)
    } else {
        first
    };
    out.push_str(&format!(r"\x{{{code:X}}}"));
}

fn hexadecimal(rest: &mut Peekable<Chars<'_>>) -> u32 {
    let digits = rest.by_ref().take(4).map(|digit| digit.to_digit(16).unwrap_or(0));
    digits.fold(0, |code, digit| code * 16 + digit)
}
