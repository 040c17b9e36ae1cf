//! How far a long read has come: one line on stderr, on a terminal alone, gone when the read is done.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use s3_parquet_reader::Report;

use crate::args::Shared;

/// The line. It draws nothing in a pipe, with `--quiet`, and with `-v`, whose logs it would garble.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts to show what is being done, such as `reading`.
    pub(crate) fn start(shared: &Shared, doing: &'static str) -> Self {
        Self::with(shared, doing, style("{spinner} {prefix} {msg} {elapsed}"))
    }

    /// As [`start`](Self::start), and shows by itself what was read so far.
    pub(crate) fn follow(
        shared: &Shared,
        doing: &'static str,
        report: impl Fn() -> Report + Clone + Send + Sync + 'static,
    ) -> Self {
        let seen = move |_: &ProgressState, out: &mut dyn Write| {
            // A line that cannot be formatted is not shown.
            let _ = out.write_str(&line(&report()));
        };
        let style = style("{spinner} {prefix} {seen} {elapsed}").with_key("seen", seen);
        Self::with(shared, doing, style)
    }

    fn with(shared: &Shared, doing: &'static str, style: ProgressStyle) -> Self {
        let shown = std::io::stderr().is_terminal() && !shared.quiet && shared.verbose == 0;
        if !shown {
            return Self(ProgressBar::hidden());
        }
        // Ten times a second is as often as anybody reads.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(style);
        bar.set_prefix(doing);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Shows a number of objects out of a known one.
    pub(crate) fn show_objects(&self, done: usize, all: usize, bytes: u64) {
        if self.0.is_hidden() {
            return;
        }
        self.0.set_message(format!("{done} of {all} objects, {}", bytesize::ByteSize::b(bytes)));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn line(report: &Report) -> String {
    let Report { read, listed, rows, bytes, .. } = report;
    let bytes = bytesize::ByteSize::b(*bytes);
    format!("{read} of {listed} objects, {bytes}, {rows} rows")
}
