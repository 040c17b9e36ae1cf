//! What was found, a line for each question, for people and for scripts.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::ExitStatus;

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, but it is not what one would want, or it could not be found out.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    fn colour(self) -> u8 {
        match self {
            Self::Ok => 32,
            Self::Warn => 33,
            Self::Fail => 31,
        }
    }
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// What was asked about, in one word.
    pub about: &'static str,
    /// How it was answered.
    pub status: Status,
    /// What was found, in a sentence.
    pub found: String,
    /// What to do about it: a command, best of all. Always there unless all is well.
    pub fix: Option<String>,
    /// How a program ends that fails for this.
    pub exit: ExitStatus,
}

impl Check {
    pub(super) fn ok(about: &'static str, found: impl Into<String>) -> Self {
        Self { about, status: Status::Ok, found: found.into(), fix: None, exit: ExitStatus::Done }
    }

    pub(super) fn warn(
        about: &'static str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let fix = Some(fix.into());
        Self { about, status: Status::Warn, found: found.into(), fix, exit: ExitStatus::Done }
    }

    pub(super) fn fail(
        about: &'static str,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let fix = Some(fix.into());
        Self { about, status: Status::Fail, found: found.into(), fix, exit: ExitStatus::Failed }
    }

    pub(super) fn ending(mut self, exit: ExitStatus) -> Self {
        self.exit = exit;
        self
    }

    fn document(&self) -> Value {
        json!({
            "check": self.about,
            "status": self.status.word(),
            "found": self.found,
            "fix": self.fix,
        })
    }
}

/// All that was found, in the order in which it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// A line for each question.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    pub(super) fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// The worst of the answers.
    #[must_use]
    pub fn worst(&self) -> Status {
        let has = |status| self.checks.iter().any(|check| check.status == status);
        match (has(Status::Fail), has(Status::Warn)) {
            (true, _) => Status::Fail,
            (false, true) => Status::Warn,
            (false, false) => Status::Ok,
        }
    }

    /// How a program ends with it: by the first failure, or well.
    #[must_use]
    pub fn exit(&self) -> ExitStatus {
        let failed = self.checks.iter().find(|check| check.status == Status::Fail);
        failed.map_or(ExitStatus::Done, |check| check.exit)
    }

    /// Writes it for people, with colours or without: a line for each check, its fix below it.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_lines(&self, out: &mut dyn Write, colours: bool) -> io::Result<()> {
        for Check { about, status, found, fix, .. } in &self.checks {
            let word = format!("{:<5}", status.word());
            let word =
                if colours { format!("\x1b[{}m{word}\x1b[0m", status.colour()) } else { word };
            writeln!(out, "{word} {about:<12} {found}")?;
            if let Some(fix) = fix {
                writeln!(out, "                   fix: {fix}")?;
            }
        }
        Ok(())
    }

    /// Writes it for scripts: one object with `status`, the worst of all, and `checks`, a list of
    /// {`check`, `status`, `found`, `fix`}. Fields are only ever added.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let checks: Vec<_> = self.checks.iter().map(Check::document).collect();
        let document = json!({ "status": self.worst().word(), "checks": checks });
        writeln!(out, "{document:#}")
    }
}
