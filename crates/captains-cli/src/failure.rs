//! What an error means to the person at the terminal: one sentence, its cause, the next command,
//! and an exit code.

use std::{error::Error, fmt};

use crate::ExitStatus;

/// How long a cause may be; what stores say runs to pages.
const CAUSE_CHARS: usize = 400;

/// An error, explained. Its `Display` is what stderr shows.
#[derive(Debug)]
pub struct Failure {
    status: ExitStatus,
    message: String,
    cause: Option<String>,
    help: Option<String>,
}

impl Failure {
    /// Explains `error`: its own words, and the innermost cause that says something new.
    #[must_use]
    pub fn of(status: ExitStatus, error: &(dyn Error + 'static)) -> Self {
        let message = one_line(&error.to_string());
        let mut innermost = error.source();
        while let Some(deeper) = innermost.and_then(Error::source) {
            innermost = Some(deeper);
        }
        let cause = innermost.map(|cause| one_line(&cause.to_string()));
        let cause = cause.filter(|cause| !cause.is_empty() && !message.contains(cause.as_str()));
        Self { status, message, cause, help: None }
    }

    /// Sets the cause.
    #[must_use]
    pub fn because(mut self, cause: &str) -> Self {
        self.cause = Some(one_line(cause));
        self
    }

    /// Says what to do next: a command, best of all.
    #[must_use]
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// How the run ends with it.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\x1b[1;31merror:\x1b[0m {}", self.message)?;
        if let Some(cause) = &self.cause {
            writeln!(f, "  cause: {cause}")?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "  \x1b[1mhelp:\x1b[0m  {help}")?;
        }
        Ok(())
    }
}

/// On one line, without control characters, and not longer than a reader's patience.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
    match text.char_indices().nth(CAUSE_CHARS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn causes_are_short_and_on_one_line() {
        assert_eq!(one_line("a\n  b\x1b[0m"), "a b[0m");
        assert!(one_line(&"é".repeat(900)).chars().count() <= CAUSE_CHARS + 1);
    }

    #[test]
    fn a_failure_says_what_why_and_what_next() {
        let error = io::Error::other("no such thing");
        let failure = Failure::of(ExitStatus::Failed, &error).with_help(Some("make one".into()));
        let text = failure.because("it\nis gone").to_string();
        for words in ["error:", "no such thing", "cause: it is gone", "make one"] {
            assert!(text.contains(words), "{text}");
        }
    }
}
