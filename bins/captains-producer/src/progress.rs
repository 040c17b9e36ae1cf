//! What is told while it goes: a live line on a terminal, else a line now and then; for scripts
//! JSON lines on stdout.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use bytesize::ByteSize;
use firehose_sink::Metrics;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::{Args, OutputFormat, TargetUri, pace::Lag};

/// How often a live line changes.
const LIVE: Duration = Duration::from_millis(200);

/// The live line, and what is said above it.
pub(crate) struct Progress<'a> {
    bar: ProgressBar,
    err: &'a mut (dyn Write + Send),
    quiet: bool,
    json: bool,
    every: Duration,
    started: Instant,
    last: Instant,
    /// Records delivered when it was told last.
    delivered: u64,
}

impl<'a> Progress<'a> {
    /// A live line when stderr is a terminal and stdout is not: records and a line that redraws
    /// itself do not go together on one screen.
    pub(crate) fn new(args: &Args, err: &'a mut (dyn Write + Send)) -> Self {
        let json = args.output == OutputFormat::Json;
        let shared_screen = args.to == TargetUri::Stdout && std::io::stdout().is_terminal();
        let terminal = std::io::stderr().is_terminal();
        let live = !args.quiet && !json && !shared_screen && terminal;
        let bar = if live { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(LIVE);
        let (every, now) = (if live { LIVE } else { args.report_every }, Instant::now());
        Self { bar, err, quiet: args.quiet, json, every, started: now, last: now, delivered: 0 }
    }

    /// Whether it is time to tell how it goes.
    pub(crate) fn is_due(&self) -> bool {
        self.last.elapsed() >= self.every
    }

    /// Tells how it goes.
    pub(crate) fn update(&mut self, to: &TargetUri, metrics: &Metrics, lag: Lag) {
        let since = self.last.elapsed().as_secs_f64().max(1e-3);
        let delivered = metrics.stats.delivered;
        let rate = delivered.saturating_sub(self.delivered) as f64 / since;
        (self.last, self.delivered) = (Instant::now(), delivered);
        if self.json {
            return self.document(&progress_document(self.started.elapsed(), metrics, rate, lag));
        }
        let line = progress_line(metrics, rate, lag);
        if self.bar.is_hidden() {
            let elapsed =
                humantime::format_duration(Duration::from_secs(self.started.elapsed().as_secs()));
            self.say(&format!("{to}  {elapsed}  {line}"));
        } else {
            self.bar.set_message(format!("{to}  {line}"));
        }
    }

    /// Writes a document for scripts, when those listen.
    pub(crate) fn document(&mut self, document: &Value) {
        if self.json {
            // A script that has had enough closes the pipe; the run goes on.
            let _ = writeln!(std::io::stdout().lock(), "{document}");
        }
    }

    /// Says something that stays, unless quiet was asked for or a script listens.
    pub(crate) fn say(&mut self, line: &str) {
        if !self.quiet && !self.json {
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

fn progress_line(metrics: &Metrics, rate: f64, lag: Lag) -> String {
    let stats = metrics.stats;
    let millis = |share| metrics.call_micros.quantile(share) as f64 / 1e3;
    let mut line = format!(
        "{} sent  {rate:.1}/s  {} retried  {} refused  buffer {}  calls {:.1} ms (p99 {:.1} ms)",
        stats.delivered,
        stats.retried,
        stats.refused,
        ByteSize(stats.buffered_bytes as u64).display().iec(),
        millis(0.5),
        millis(0.99),
    );
    if stats.undelivered > 0 {
        line.push_str(&format!("  {} NOT delivered", stats.undelivered));
    }
    if lag.records > 0 {
        let behind = lag.time.as_secs_f64();
        line.push_str(&format!("  {} records ({behind:.1} s) behind the rate", lag.records));
    }
    line
}

fn progress_document(elapsed: Duration, metrics: &Metrics, rate: f64, lag: Lag) -> Value {
    let stats = metrics.stats;
    json!({
        "event": "progress",
        "elapsed_seconds": elapsed.as_secs_f64(),
        "accepted": stats.accepted,
        "delivered": stats.delivered,
        "delivered_bytes": stats.delivered_bytes,
        "delivered_per_second": rate,
        "retried": stats.retried,
        "refused": stats.refused,
        "undelivered": stats.undelivered,
        "dead_lettered": stats.dead_lettered,
        "maybe_duplicated": stats.maybe_duplicated,
        "buffered_records": stats.buffered_records,
        "buffered_bytes": stats.buffered_bytes,
        "calls": stats.calls,
        "failed_calls": stats.failed_calls,
        "in_flight": stats.in_flight,
        "in_flight_limit": metrics.in_flight_limit,
        "call_p50_seconds": metrics.call_micros.quantile(0.5) as f64 / 1e6,
        "call_p99_seconds": metrics.call_micros.quantile(0.99) as f64 / 1e6,
        "lag_records": lag.records,
        "lag_seconds": lag.time.as_secs_f64(),
    })
}
