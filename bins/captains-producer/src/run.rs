//! One run: open the target, make and send records until the end or Ctrl-C, deliver what is under
//! way, and report.

use std::{
    io::{ErrorKind, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use captains_cli::{ExitStatus, Interrupts};
use firehose_sink::{
    Drain, FirehoseSinkExt, Outcome, Producer, PutErrorKind, Reason, Record, SendAllError,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    Args,
    failure::{self, Usage},
    pace::Pace,
    progress::Progress,
    source::{Source, random_seed},
    summary::Summary,
    target::{self, Target},
};

/// Makes and sends records as the flags say, talk to `err`.
///
/// # Errors
///
/// Whatever kept the run from sending its first record; [`run_to_end`] explains it. Records that
/// are not delivered later end in [`ExitStatus::Undelivered`].
pub async fn run(args: &Args, err: &mut (dyn Write + Send)) -> anyhow::Result<ExitStatus> {
    if let Some(problem) = args.problem() {
        return Err(Usage(problem).into());
    }
    let mut interrupts = Interrupts::new()?;
    let (tell, told) = unbounded_channel();
    let target = target::open(args, tell).await?;
    let seed = args.seed.unwrap_or_else(random_seed);
    let mut run = Run {
        args,
        target,
        told,
        source: Source::new(args, seed),
        summary: Summary::default(),
        progress: Progress::new(args, err),
    };
    let started = Instant::now();
    let status = run.send_and_settle(&mut interrupts).await?;
    let line = run.summary.line(&args.to, started.elapsed(), seed);
    run.finish(status, &line);
    Ok(status)
}

/// As [`run`], but an error becomes sentences on `err` and an exit status.
pub async fn run_to_end(args: &Args, err: &mut (dyn Write + Send)) -> ExitStatus {
    match run(args, err).await {
        Ok(status) => status,
        Err(error) => {
            let failure = failure::explain(args, &error);
            // There is nowhere left to report a stderr that fails.
            let _ = write!(err, "{failure}");
            failure.status()
        }
    }
}

struct Run<'a> {
    args: &'a Args,
    target: Target,
    told: UnboundedReceiver<String>,
    source: Source,
    summary: Summary,
    progress: Progress<'a>,
}

/// How the sending ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    /// All records are made, or Ctrl-C was pressed.
    Orderly,
    /// Records end undelivered: there is no use in making more.
    Failing,
    /// Nobody reads stdout any more, as after `| head`.
    ReaderGone,
}

/// What became of the records that were under way.
#[derive(Debug, PartialEq, Eq)]
enum Settled {
    Complete,
    /// Some are not delivered.
    Short,
    /// Some are not, because nobody reads stdout any more.
    ReaderGone,
}

impl Run<'_> {
    async fn send_and_settle(&mut self, interrupts: &mut Interrupts) -> anyhow::Result<ExitStatus> {
        let mut pace = Pace::new(self.args.rate(), self.args.duration, self.args.most_records());
        let mut left_over = Vec::new();
        if self.target.remote
            && let Some(due) = pace.next().await
        {
            left_over = self.send_first(due).await?;
        }
        // Here a call takes no time, and one at a time keeps the order: the same seed makes the
        // same lines.
        let in_flight = if self.target.remote { 4 } else { 1 };
        let sink = Arc::clone(&self.target.sink);
        let (producer, drain) = Producer::builder(sink).in_flight(in_flight).start();
        let ending = tokio::select! {
            ending = self.send(&producer, left_over, &mut pace) => ending,
            () = interrupts.next() => Ending::Orderly,
        };
        if ending == Ending::Orderly {
            self.progress.update(&self.args.to, producer.stats());
        }
        drop(producer);
        tokio::select! {
            settled = self.settle(drain) => Ok(match settled {
                _ if ending == Ending::ReaderGone => ExitStatus::Done,
                Settled::Complete | Settled::ReaderGone => ExitStatus::Done,
                Settled::Short => ExitStatus::Undelivered,
            }),
            () = interrupts.next() => Ok(ExitStatus::Interrupted),
        }
    }

    /// Sends the first record alone: a name that does not exist, missing credentials or a closed
    /// port is told at once, and not after hours of patient retries. Answers with the records that
    /// are still to be sent.
    async fn send_first(&mut self, due: usize) -> anyhow::Result<Vec<Record>> {
        let mut records: Vec<Record> = self.source.next(due).collect();
        let Some(first) = records.first().cloned() else { return Ok(records) };
        self.summary.calls += 1;
        let bytes = first.len() as u64;
        match self.target.sink.put(first).await {
            Ok(Outcome::Accepted(_)) => {
                self.summary.delivered += 1;
                self.summary.delivered_bytes += bytes;
                records.remove(0);
            }
            // The stream is there, and busy: the producer knows how to wait.
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), PutErrorKind::Throttled | PutErrorKind::Unavailable) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(records)
    }

    async fn send(&mut self, producer: &Producer, first: Vec<Record>, pace: &mut Pace) -> Ending {
        if let Err(error) = self.while_telling(producer.send_all(first)).await {
            return self.ending(producer, &error);
        }
        while let Some(due) = pace.next().await {
            let records = self.source.next(due);
            if let Err(error) = self.while_telling(producer.send_all(records)).await {
                return self.ending(producer, &error);
            }
            let stats = producer.stats();
            self.progress.update(&self.args.to, stats);
            if stats.undelivered > 0 {
                return self.failing(producer);
            }
        }
        Ending::Orderly
    }

    /// Waits for `work`, and meanwhile says what the target has to tell: above all why it does not
    /// take anything.
    async fn while_telling<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                Some(line) = self.told.recv() => self.progress.say(&line),
            }
        };
        while let Ok(line) = self.told.try_recv() {
            self.progress.say(&line);
        }
        done
    }

    fn ending(&mut self, producer: &Producer, error: &SendAllError) -> Ending {
        self.summary.undelivered += 1 + error.rest.len() as u64;
        self.summary.reason = Some(error.error.to_string());
        self.failing(producer)
    }

    fn failing(&self, producer: &Producer) -> Ending {
        match producer.latest_failure().and_then(|reason| reason.io_kind()) {
            Some(ErrorKind::BrokenPipe) => Ending::ReaderGone,
            _ => Ending::Failing,
        }
    }

    /// Delivers what is under way.
    async fn settle(&mut self, drain: Drain) -> Settled {
        let deadline = Instant::now() + self.args.drain_timeout;
        let report = self.while_telling(drain.finish(self.args.drain_timeout)).await;
        self.summary.add(&report);
        if let Some(stream) = self.target.stream.clone() {
            let left = deadline.saturating_duration_since(Instant::now());
            self.close(&stream, left.max(Duration::from_secs(1))).await;
        }
        let gone = |reason: &Reason| reason.io_kind() == Some(ErrorKind::BrokenPipe);
        match self.summary.undelivered {
            0 => Settled::Complete,
            _ if report.undelivered.iter().any(|(_, reason)| gone(reason)) => Settled::ReaderGone,
            _ => Settled::Short,
        }
    }

    async fn close(&mut self, stream: &firehose_delivery::DeliveryStream, within: Duration) {
        if let Err(why) = self.while_telling(stream.close_within(within)).await {
            let left = stream.stats();
            self.summary.take_back(left.buffered_records, left.buffered_bytes);
            self.summary.reason = Some(why.to_string());
        }
    }

    fn finish(&mut self, status: ExitStatus, line: &str) {
        self.progress.clear();
        match status {
            ExitStatus::Done => self.progress.say(line),
            _ => self.progress.insist(line),
        }
        if let (ExitStatus::Undelivered, Some(reason)) = (status, &self.summary.reason) {
            let line = format!("\x1b[1;31merror:\x1b[0m {reason}");
            self.progress.insist(&line);
        }
        if let (ExitStatus::Done, Some(next)) = (status, &self.target.next) {
            let line = format!("next: {next}");
            self.progress.say(&line);
        }
    }
}
