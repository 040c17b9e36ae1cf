//! The query while it runs: rows in, answers out, state kept.

use std::time::Duration;

use bytes::Bytes;
use s3_parquet_reader::{Checkpoint, FileCheckpoint};
use stream_analysis::continuous::{ContinuousQuery, QueryOptions, StreamCounts, WindowKind};
use tokio::time::Instant;

use super::View;
use super::forward::Forward;
use super::rows::Decoder;
use super::source::{Arrived, Source};
use crate::args::{ClockArg, StreamArgs, StreamSource};
use crate::cell::counted;
use crate::commands::ongoing::now;

/// How often the state is kept while rows come.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// A checkpoint that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("checkpoint `{checkpoint}` cannot be {what}")]
pub(crate) struct CheckpointError {
    checkpoint: String,
    what: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// How things stand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    pub(super) counts: StreamCounts,
    /// Records that were none.
    pub(super) bad: u64,
    /// Bytes that the windows hold.
    pub(super) held_bytes: usize,
    pub(super) is_caught_up: bool,
}

pub(super) struct Live<'a> {
    args: &'a StreamArgs,
    options: QueryOptions,
    decoder: Decoder,
    query: Option<ContinuousQuery>,
    /// How far an earlier run had read.
    position: Option<Vec<u8>>,
    checkpoint: Option<FileCheckpoint>,
    standing: Standing,
    last_row: Instant,
    last_saved: Instant,
    saved_position: Vec<u8>,
    /// Rows came, or windows went.
    is_changed: bool,
    /// Since the last row, windows were closed because nothing came.
    is_closed: bool,
    is_finished: bool,
}

impl<'a> Live<'a> {
    /// Begins, or goes on where the checkpoint stands.
    pub(super) async fn new(args: &'a StreamArgs, options: QueryOptions) -> anyhow::Result<Self> {
        let has_arrival = matches!(args.source, StreamSource::Kinesis(_));
        let schema = args.schema.as_ref().map(|schema| &schema.0);
        let mut decoder = Decoder::new(schema, has_arrival);
        if has_arrival && args.clock == ClockArg::Event {
            decoder = decoder.in_order_of(args.time());
        }
        let mut live = Self {
            args,
            options,
            decoder,
            query: None,
            position: None,
            checkpoint: args.checkpoint.as_ref().map(FileCheckpoint::new),
            standing: Standing::default(),
            last_row: Instant::now(),
            last_saved: Instant::now(),
            saved_position: Vec::new(),
            is_changed: false,
            is_closed: false,
            is_finished: false,
        };
        if let Some(kept) = live.load().await? {
            let resumed = ContinuousQuery::resume(live.options.clone(), &kept).await;
            let (query, position) = resumed.map_err(|error| live.failed("gone on from", error))?;
            live.decoder.resume(&query.input_schema());
            live.position = Some(position);
            live.query = Some(query);
            live.stand();
        }
        Ok(live)
    }

    pub(super) fn position(&self) -> Option<&[u8]> {
        self.position.as_deref()
    }

    /// Takes what came.
    pub(super) async fn take(
        &mut self,
        arrived: Arrived,
        is_caught_up: bool,
    ) -> anyhow::Result<()> {
        let batches = match arrived {
            Arrived::Records(records) if records.is_empty() => Vec::new(),
            Arrived::Records(records) => {
                self.last_row = Instant::now();
                self.decoder.decode(&records)?.into_iter().collect()
            }
            Arrived::Rows(batches) => batches,
            Arrived::End => Vec::new(),
        };
        for batch in &batches {
            let query = match &mut self.query {
                Some(query) => query,
                None => {
                    let options = self.options.clone();
                    self.query.insert(ContinuousQuery::start(&batch.schema(), options).await?)
                }
            };
            query.push(batch, now())?;
            self.is_changed = true;
            self.last_row = Instant::now();
            self.is_closed = false;
        }
        self.standing.is_caught_up = is_caught_up;
        self.stand();
        Ok(())
    }

    /// Time passes though nothing comes.
    pub(super) fn passes(&mut self) -> anyhow::Result<()> {
        let (idle, is_caught_up) = (self.idle(), self.standing.is_caught_up);
        let Some(query) = &mut self.query else { return Ok(()) };
        if self.args.clock == ClockArg::Arrival && is_caught_up {
            query.advance(now())?;
        }
        let is_due = self.args.close_idle.is_some_and(|most| is_caught_up && idle >= most);
        if let (true, false, Some(latest)) = (is_due, self.is_closed, query.latest_micros()) {
            let past = length(self.options.windows) + self.options.lateness;
            query.advance(latest as f64 / 1e6 + past.as_secs_f64())?;
            self.is_closed = true;
        }
        self.stand();
        Ok(())
    }

    /// Hands out what has closed.
    pub(super) async fn answer(
        &mut self,
        view: &mut (dyn View + Send),
        into: Option<&Forward>,
    ) -> anyhow::Result<()> {
        let Some(query) = &mut self.query else { return Ok(()) };
        while let Some(window) = query.next_closed().await? {
            self.is_changed = true;
            if let Some(into) = into {
                into.send(&window).await?;
            }
            view.closed(&window)?;
        }
        Ok(())
    }

    /// Closes all windows: nothing more comes.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        self.is_finished = true;
        if let Some(query) = &mut self.query {
            query.finish()?;
        }
        self.stand();
        Ok(())
    }

    /// Keeps the state, if it is time, after all that was answered has gone where it goes.
    pub(super) async fn save(
        &mut self,
        source: &mut Source,
        into: Option<&Forward>,
        at_once: bool,
    ) -> anyhow::Result<()> {
        let (Some(checkpoint), Some(query)) = (&self.checkpoint, &self.query) else {
            return Ok(());
        };
        let is_time = at_once || self.last_saved.elapsed() >= SAVE_EVERY;
        if !is_time {
            return Ok(());
        }
        // What was read without rows counts, too: shards end, objects may be empty.
        let position = source.position().await?.unwrap_or_default();
        if !self.is_changed && position == self.saved_position {
            return Ok(());
        }
        if let Some(into) = into {
            into.flush().await?;
        }
        let kept = Bytes::from(query.checkpoint(&position)?);
        let saved = checkpoint.save(kept).await;
        saved.map_err(|error| self.failed("written", error))?;
        (self.is_changed, self.last_saved) = (false, Instant::now());
        self.saved_position = position;
        Ok(())
    }

    /// How long nothing has come, as far as one can know.
    pub(super) fn idle(&self) -> Duration {
        if self.standing.is_caught_up { self.last_row.elapsed() } else { Duration::ZERO }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether no row has come, now or in an earlier run.
    pub(super) fn has_nothing(&self) -> bool {
        self.query.is_none()
    }

    /// What a person should know at the end.
    pub(super) fn notes(&self) -> Vec<String> {
        let Standing { counts, bad, held_bytes, .. } = self.standing;
        let mut notes = Vec::new();
        if self.has_nothing() && bad == 0 && !matches!(self.args.source, StreamSource::Objects(_)) {
            notes.push(format!("no record came from {}", self.args.source));
        }
        for (number, what) in [
            (counts.late, "came after their window was closed"),
            (counts.partly_late, "came after some of their windows were closed"),
            (counts.untimed, "have no time"),
        ] {
            if number > 0 {
                notes.push(format!("{} {what}", counted(number, "row")));
            }
        }
        if bad > 0 {
            notes.push(format!(
                "{} left out: no JSON object that fits the columns",
                counted(bad, "record")
            ));
        }
        if held_bytes > 0 && !self.is_finished {
            notes.push(match &self.args.checkpoint {
                Some(file) => format!("windows that are still open are kept in {}", file.display()),
                None => "windows that were still open were not answered; --checkpoint keeps them, --idle-exit answers them".to_owned(),
            });
        }
        notes
    }

    async fn load(&self) -> anyhow::Result<Option<Bytes>> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(None) };
        Ok(checkpoint.load().await.map_err(|error| self.failed("read", error))?)
    }

    fn failed(
        &self,
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> CheckpointError {
        let checkpoint = self.checkpoint.as_ref().map(Checkpoint::describe).unwrap_or_default();
        CheckpointError { checkpoint, what, source: source.into() }
    }

    fn stand(&mut self) {
        self.standing.bad = self.decoder.bad();
        if let Some(query) = &self.query {
            self.standing.counts = query.counts();
            self.standing.held_bytes = query.memory_bytes();
        }
    }
}

/// What has to pass after a window's last row for the window to end.
fn length(windows: WindowKind) -> Duration {
    match windows {
        WindowKind::Tumbling { length } | WindowKind::Hopping { length, .. } => length,
        WindowKind::Session { gap } => gap,
        _ => Duration::ZERO,
    }
}
