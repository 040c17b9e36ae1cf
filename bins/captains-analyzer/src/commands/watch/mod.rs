//! `watch`: a table for each window of time, as objects arrive. `screen` draws it on a terminal,
//! `lines` writes it into a pipe; here the windows are made.

mod lines;
mod screen;

use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::sync::Arc;

use captains_cli::Interrupts;
use s3_parquet_reader::{
    Arrived, Checkpoint, FileCheckpoint, MemoryCheckpoint, Report, Watch, WatchOptions,
};
use stream_analysis::{RobustZFit, TumblingWindows, Window, WindowOptions};

use super::Outcome;
use super::ongoing::{TICK, now};
use crate::args::{ClockArg, Shared, WatchArgs};
use crate::{Format, source};

/// Numbers that are kept of what has passed, to know what is usual.
const USUAL: usize = 65_536;

pub(super) async fn run(
    shared: &Shared,
    args: &WatchArgs,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let mut columns = vec![args.group_by.clone(), args.column.clone()];
    if args.clock == ClockArg::Event {
        columns.push(args.time.clone());
    }
    let set = source::open(shared, &args.read, false).await?.columns(columns);
    let checkpoint: Arc<dyn Checkpoint> = match &args.checkpoint {
        Some(file) => Arc::new(FileCheckpoint::new(file)),
        None => Arc::new(MemoryCheckpoint::default()),
    };
    let mut options = WatchOptions::default().with_poll_every(args.every);
    if let Some(idle) = args.idle_exit {
        options = options.with_idle_for(idle);
    }
    let mut watch = set.watch(checkpoint, options).await?;
    let on_screen = shared.format == Format::Table && std::io::stdout().is_terminal();
    let mut view: Box<dyn View + Send> = match shared.format {
        Format::Csv => Box::new(lines::Csv::new(out)),
        Format::Table if on_screen => Box::new(screen::Display::start(args)?),
        Format::Table | Format::Json => Box::new(lines::Json::new(out)),
    };
    let mut live = Live::new(args);
    let ended = live.run(&mut watch, view.as_mut()).await;
    drop(view);
    let report = ended?;
    // With a checkpoint, nothing new is no mistake.
    if args.checkpoint.is_none() {
        source::check(&args.read, &report)?;
    }
    for skipped in &report.skipped {
        writeln!(err, "note: skipped {}: {}", skipped.key, skipped.reason)?;
    }
    if live.late() > 0 {
        writeln!(err, "note: {} rows came after their window was closed", live.late())?;
    }
    Ok(Outcome::Written)
}

/// Where windows are shown.
trait View {
    /// Windows that have closed, in order of time; each comes once.
    fn closed(&mut self, windows: &[Window]) -> anyhow::Result<()>;

    /// How things stand now. Says whether the reader has had enough.
    fn tick(&mut self, now: &Standing) -> anyhow::Result<bool>;
}

/// How things stand.
#[derive(Debug, Default)]
struct Standing {
    /// The windows that are open.
    open: Vec<Window>,
    /// Rows that came too late.
    late: u64,
    /// Objects and rows so far.
    objects: u64,
    rows: u64,
    /// The object that came last.
    last_key: Option<String>,
}

/// Why the wait for the next object ended.
enum Waited {
    Arrived(Arrived),
    /// Windows have closed, so that objects are to be acknowledged.
    Closed,
    Ended,
}

/// The windows, and the objects that they are made of.
struct Live<'a> {
    args: &'a WatchArgs,
    windows: Option<TumblingWindows>,
    usual: Option<RobustZFit>,
    /// Objects whose windows are not all closed, with the latest time in them: only when these are
    /// closed is the object acknowledged, so that a restart loses none of its rows.
    pending: Vec<(Arrived, f64)>,
    /// Objects that are to be acknowledged.
    done: Vec<Arrived>,
    standing: Standing,
}

impl<'a> Live<'a> {
    fn new(args: &'a WatchArgs) -> Self {
        Self {
            args,
            windows: None,
            usual: None,
            pending: Vec::new(),
            done: Vec::new(),
            standing: Standing::default(),
        }
    }

    fn late(&self) -> u64 {
        self.standing.late
    }

    /// Goes on until it is interrupted, idle for too long, or the reader has had enough.
    async fn run(
        &mut self,
        watch: &mut Watch,
        view: &mut (dyn View + Send),
    ) -> anyhow::Result<Report> {
        let mut interrupts = Interrupts::new()?;
        let mut tick = tokio::time::interval(TICK);
        loop {
            let waited = {
                // Ticks do not begin it anew: a list may take longer than the time between two.
                let mut next = pin!(watch.next());
                loop {
                    tokio::select! {
                        () = interrupts.next() => break Waited::Ended,
                        arrived = &mut next => break arrived?.map_or(Waited::Ended, Waited::Arrived),
                        _ = tick.tick() => match self.tick(view)? {
                            Some(waited) => break waited,
                            None => continue,
                        },
                    }
                }
            };
            match waited {
                Waited::Ended => break,
                Waited::Arrived(arrived) => {
                    self.arrived(arrived)?;
                    self.close(view)?;
                }
                Waited::Closed => {}
            }
            self.acknowledge(watch).await?;
        }
        self.end(watch, view).await
    }

    /// Closes what is due and shows how things stand; gives what the wait for the next object has to
    /// be left for.
    fn tick(&mut self, view: &mut (dyn View + Send)) -> anyhow::Result<Option<Waited>> {
        if self.args.clock == ClockArg::Arrival
            && let Some(windows) = &mut self.windows
        {
            windows.advance(now());
        }
        self.close(view)?;
        self.stand();
        if view.tick(&self.standing)? {
            return Ok(Some(Waited::Ended));
        }
        Ok((!self.done.is_empty()).then_some(Waited::Closed))
    }

    /// What is open is shown as it is; with `--idle-exit` that is the last word on it.
    async fn end(
        &mut self,
        watch: &mut Watch,
        view: &mut (dyn View + Send),
    ) -> anyhow::Result<Report> {
        self.stand();
        let mut report = watch.report();
        report.listed = report.listed.max(self.standing.objects);
        if self.args.idle_exit.is_some() {
            let open = std::mem::take(&mut self.standing.open);
            view.closed(&open)?;
            self.done.extend(self.pending.drain(..).map(|(arrived, _)| arrived));
            self.acknowledge(watch).await?;
        }
        Ok(report)
    }

    fn arrived(&mut self, arrived: Arrived) -> anyhow::Result<()> {
        self.standing.objects += 1;
        self.standing.rows += arrived.num_rows() as u64;
        self.standing.last_key = Some(arrived.key().to_owned());
        for batch in arrived.batches() {
            let schema = batch.schema();
            let usual = match &mut self.usual {
                Some(usual) => usual,
                None => self
                    .usual
                    .insert(RobustZFit::new(&schema, &self.args.column)?.with_values_limit(USUAL)),
            };
            usual.push(batch)?;
            let flags = usual.clone().finish().flags(batch)?;
            let windows = match &mut self.windows {
                Some(windows) => windows,
                None => {
                    let (by, value) = (&self.args.group_by, &self.args.column);
                    let made = TumblingWindows::new(&schema, Some(by), value, &options(self.args))?;
                    self.windows.insert(made)
                }
            };
            windows.push(batch, now(), Some(&flags))?;
        }
        let latest = self.windows.as_ref().map_or(f64::NEG_INFINITY, TumblingWindows::latest);
        self.pending.push((arrived, latest));
        Ok(())
    }

    /// Hands out the windows that are due; objects that are all in closed ones are done.
    fn close(&mut self, view: &mut (dyn View + Send)) -> anyhow::Result<()> {
        let Some(windows) = &mut self.windows else { return Ok(()) };
        let closed = windows.close_due();
        if !closed.is_empty() {
            view.closed(&closed)?;
        }
        let until = windows.closed_until();
        let (done, pending): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pending).into_iter().partition(|(_, latest)| *latest < until);
        self.pending = pending;
        self.done.extend(done.into_iter().map(|(arrived, _)| arrived));
        Ok(())
    }

    async fn acknowledge(&mut self, watch: &mut Watch) -> anyhow::Result<()> {
        if !self.done.is_empty() {
            watch.acknowledge(&self.done).await?;
            self.done.clear();
        }
        Ok(())
    }

    fn stand(&mut self) {
        if let Some(windows) = &self.windows {
            self.standing.open = windows.open();
            self.standing.late = windows.late();
        }
    }
}

fn options(args: &WatchArgs) -> WindowOptions {
    let options =
        WindowOptions::default().with_seconds(args.window).with_lateness_seconds(args.lateness);
    match args.clock {
        ClockArg::Event => options.with_event_time(&args.time),
        ClockArg::Arrival => options,
    }
}
