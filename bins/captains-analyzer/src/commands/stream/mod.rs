//! `stream`: SQL on the windows of what arrives, from a data stream, new objects or stdin. `source`
//! reads, `live` runs the query, `lines` and `screen` show its answers, `forward` sends them on.

mod forward;
mod kinesis;
mod lines;
mod live;
mod rows;
mod screen;
mod shards;
mod source;

use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::time::Duration;

use captains_cli::Interrupts;
use stream_analysis::continuous::{ClosedWindow, QueryOptions, WindowKind};

use self::forward::Forward;
use self::live::{Live, Standing};
use self::source::{Arrived, Source};
use super::Outcome;
use super::ongoing::TICK;
use crate::Format;
use crate::args::{ClockArg, PresetArg, Shared, StreamArgs, StreamSource};
use crate::failure::Usage;
use crate::source::Empty;

pub(crate) use self::forward::Undelivered;
pub(crate) use self::kinesis::KinesisError;
pub(crate) use self::live::CheckpointError;

/// Where answers are shown.
trait View {
    /// A window that has closed, with its answer; each comes once.
    fn closed(&mut self, window: &ClosedWindow) -> anyhow::Result<()>;

    /// How things stand now. Says whether the reader has had enough.
    fn tick(&mut self, now: &Standing) -> anyhow::Result<bool>;
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By Ctrl-C, or a reader who has had enough.
    Asked,
    /// Nothing more comes.
    Finished,
}

pub(super) async fn run(
    shared: &Shared,
    args: &StreamArgs,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let mut live = Live::new(args, options(args)?).await?;
    let mut source = Source::open(shared, args, live.position()).await?;
    let into = match &args.into {
        Some(stream) => Some(Forward::start(shared, stream).await?),
        None => None,
    };
    let on_screen = shared.format == Format::Table && std::io::stdout().is_terminal();
    let mut view: Box<dyn View + Send> = match shared.format {
        Format::Csv => Box::new(lines::Csv::new(out)),
        Format::Table if on_screen => Box::new(screen::Display::start(args)?),
        Format::Table | Format::Json => Box::new(lines::Json::new(out)),
    };
    let ended = follow(args, &mut source, &mut live, view.as_mut(), into.as_ref()).await;
    drop(view);
    let sent = match into {
        Some(into) => into.finish().await,
        None => Ok(None),
    };
    ended?;
    if let Some(sent) = sent? {
        writeln!(err, "{sent}")?;
    }
    for note in live.notes() {
        writeln!(err, "note: {note}")?;
    }
    match &args.source {
        StreamSource::Objects(location) if live.has_nothing() => {
            let (range, others) = (String::new(), String::new());
            Err(Empty::NothingMatched { location: location.clone(), range, others }.into())
        }
        _ => Ok(Outcome::Written),
    }
}

/// Goes on until it is interrupted, nothing more comes, or the reader has had enough.
async fn follow(
    args: &StreamArgs,
    source: &mut Source,
    live: &mut Live<'_>,
    view: &mut (dyn View + Send),
    into: Option<&Forward>,
) -> anyhow::Result<()> {
    let mut interrupts = Interrupts::new()?;
    let mut tick = tokio::time::interval(TICK);
    let end = 'run: loop {
        let arrived = {
            // Ticks do not begin it anew: a call may take longer than the time between two.
            let mut next = pin!(source.next());
            loop {
                tokio::select! {
                    () = interrupts.next() => break 'run End::Asked,
                    arrived = &mut next => break arrived?,
                    _ = tick.tick() => {
                        live.passes()?;
                        live.answer(view, into).await?;
                        if view.tick(live.standing())? {
                            break 'run End::Asked;
                        }
                    }
                }
            }
        };
        if arrived == Arrived::End {
            break End::Finished;
        }
        live.take(arrived, source.is_caught_up()).await?;
        live.answer(view, into).await?;
        live.save(source, into, false).await?;
        if args.idle_exit.is_some_and(|most| live.idle() >= most) {
            break End::Finished;
        }
    };
    if end == End::Finished && args.checkpoint.is_none() {
        live.finish()?;
        live.answer(view, into).await?;
    }
    live.save(source, into, true).await?;
    view.tick(live.standing())?;
    Ok(())
}

/// The query that these arguments describe.
fn options(args: &StreamArgs) -> anyhow::Result<QueryOptions> {
    let one = |names: &[String], flag: &str| match names {
        [one] => Ok(one.clone()),
        _ => Err(Usage(format!("captain-scores needs one column in {flag}; for more write --sql"))),
    };
    let (keys, values) = (&args.group_by(), &args.column.0);
    let options = match (&args.sql, args.preset) {
        (Some(sql), _) => QueryOptions::default().with_keys(keys).with_values(values).with_sql(sql),
        (None, Some(PresetArg::OrderedAnomalies)) => {
            if values.is_empty() {
                return Err(Usage("ordered-anomalies needs columns in --column".to_owned()).into());
            }
            let columns: Vec<&str> = values.iter().map(String::as_str).collect();
            QueryOptions::ordered_anomalies(&columns)
        }
        (None, _) => {
            QueryOptions::captain_scores(&one(keys, "--group-by")?, &one(values, "--column")?)
        }
    };
    let options = match args.clock {
        ClockArg::Event => options.with_event_time(args.time()),
        // A data stream says when it took each record.
        ClockArg::Arrival if matches!(args.source, StreamSource::Kinesis(_)) => {
            options.with_event_time(rows::ARRIVAL)
        }
        ClockArg::Arrival => options,
    };
    let windows = windows(args, options.windows);
    let memory = usize::try_from(args.memory).unwrap_or(usize::MAX);
    Ok(options.with_windows(windows).with_lateness(args.lateness).with_memory_limit_bytes(memory))
}

fn windows(args: &StreamArgs, usual: WindowKind) -> WindowKind {
    let length = args.window.unwrap_or(match usual {
        WindowKind::Tumbling { length } => length,
        _ => Duration::from_mins(1),
    });
    match (args.session, args.hop) {
        (Some(gap), _) => WindowKind::Session { gap },
        (None, Some(hop)) => WindowKind::Hopping { length, hop },
        (None, None) => WindowKind::Tumbling { length },
    }
}
