//! The line that tells how it goes while it goes: on a terminal only, and gone at the end.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use firehose_sink::Stats;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{Args, TargetUri};

/// The live line, and what is said above it.
pub(crate) struct Progress<'a> {
    bar: ProgressBar,
    err: &'a mut (dyn Write + Send),
    quiet: bool,
}

impl<'a> Progress<'a> {
    /// A live line when stderr is a terminal and stdout is not: records and a line that redraws
    /// itself do not go together on one screen.
    pub(crate) fn new(args: &Args, err: &'a mut (dyn Write + Send)) -> Self {
        let shared_screen = args.to == TargetUri::Stdout && std::io::stdout().is_terminal();
        let live = !args.quiet && !shared_screen && std::io::stderr().is_terminal();
        let bar = if live { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, err, quiet: args.quiet }
    }

    /// Brings the live line up to date.
    pub(crate) fn update(&self, to: &TargetUri, stats: Stats) {
        let Stats { delivered, retried, undelivered, .. } = stats;
        self.bar.set_message(format!(
            "{to}  {delivered} delivered  {retried} retried  {undelivered} lost  {} waiting",
            stats.buffered_records
        ));
    }

    /// Says something that stays, unless quiet was asked for.
    pub(crate) fn say(&mut self, line: &str) {
        if !self.quiet {
            self.insist(line);
        }
    }

    /// Says something that stays.
    pub(crate) fn insist(&mut self, line: &str) {
        let err = &mut self.err;
        // There is nowhere left to report a stderr that fails.
        self.bar.suspend(|| drop(writeln!(err, "{line}")));
    }

    /// Takes the live line away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
