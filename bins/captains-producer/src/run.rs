//! One run: open the target, make and send records until the end or Ctrl-C, deliver what is under
//! way, and report.

use std::{
    io::{ErrorKind, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use captains_cli::{ExitStatus, Interrupts};
use firehose_delivery::DeliveryStream;
use firehose_sink::{
    DeadLetterFile, Drain, FirehoseSinkExt, Outcome, Producer, PutErrorKind, Reason, Record,
    SendAllError,
};
use serde_json::json;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::sleep,
};

use crate::{
    Args, OutputFormat, Rate, TargetUri, check,
    failure::{self, Usage},
    pace::{Lag, Pace},
    progress::Progress,
    source::{Source, random_seed},
    spooling::Spooling,
    summary::Summary,
    target::{self, Target},
};

/// How often the spool is brought up to date and the progress is looked at.
const TICK: Duration = Duration::from_millis(20);

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
    let spooling = Spooling::open(args)?;
    let target = target::open(args, tell).await?;
    let seed = args.seed.unwrap_or_else(random_seed);
    let mut run = Run {
        args,
        target,
        told,
        source: Source::new(args, seed),
        summary: Summary::default(),
        progress: Progress::new(args, err),
        spooling,
        lag: Lag::default(),
    };
    run.check(seed).await?;
    let started = Instant::now();
    let status = run.send_and_settle(&mut interrupts).await?;
    run.finish(status, started.elapsed(), seed);
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
            if args.output == OutputFormat::Json && args.to != TargetUri::Stdout {
                let exit_code = failure.status().code();
                let message = format!("{error:#}");
                let document =
                    json!({ "event": "error", "message": message, "exit_code": exit_code });
                let _ = writeln!(std::io::stdout().lock(), "{document}");
            }
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
    spooling: Spooling,
    /// The longest that making records lagged behind the rate.
    lag: Lag,
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
        let mut first = self.spooling.left_over()?;
        if !first.is_empty() {
            let line = format!("{} records of an earlier run are sent first", first.len());
            self.progress.say(&line);
        }
        // With a spool every record goes the same way, so that none is sent behind its back.
        if self.target.remote
            && !self.spooling.is_on()
            && let Some(due) = pace.next().await
        {
            first = self.send_first(due).await?;
        }
        let (producer, drain) = self.producer()?;
        let ending = tokio::select! {
            ending = self.send(&producer, first, &mut pace) => ending,
            () = interrupts.next() => Ending::Orderly,
        };
        let settled = tokio::select! {
            settled = self.settle(&producer, drain) => settled,
            () = interrupts.next() => return Ok(ExitStatus::Interrupted),
        };
        Ok(match settled {
            _ if ending == Ending::ReaderGone => ExitStatus::Done,
            Settled::Complete | Settled::ReaderGone => ExitStatus::Done,
            Settled::Short => ExitStatus::Undelivered,
        })
    }

    /// Asks the stream whether it is there, and says where it is and what it will cost.
    async fn check(&mut self, seed: u64) -> anyhow::Result<()> {
        let Some(found) = check::stream(&*self.target.sink, &self.args.to).await? else {
            return Ok(());
        };
        self.progress.document(&found.document());
        self.progress.say(&found.line());
        if let Some(line) = found.cost(self.args, Source::new(self.args, seed)) {
            self.progress.say(&line);
        }
        Ok(())
    }

    fn producer(&self) -> anyhow::Result<(Producer, Drain)> {
        // Here a call takes no time, and one at a time keeps the order: the same seed makes the
        // same lines.
        let in_flight = if self.target.remote { 4 } else { 1 };
        let mut builder = Producer::builder(Arc::clone(&self.target.sink)).in_flight(in_flight);
        if let Some(size) = self.args.pack {
            builder = builder.pack(usize::try_from(size.as_u64()).unwrap_or(usize::MAX));
        }
        if let Some(path) = &self.args.dead_letter {
            let file = DeadLetterFile::append(path)
                .with_context(|| format!("cannot write dead letters to `{}`", path.display()))?;
            builder = builder.dead_letters(file);
        }
        Ok(builder.start())
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
        if let Err(error) = self.while_telling(producer, pace, producer.send_all(first)).await {
            return self.ending(producer, &error);
        }
        while let Some(due) = self.while_telling_of(producer, pace).await {
            let records: Vec<Record> = self.source.next(due).collect();
            let kept = self.spooling.append(&records);
            if let Err(error) = kept {
                self.summary.undelivered += records.len() as u64;
                self.summary.reason = Some(error.to_string());
                return Ending::Failing;
            }
            if let Err(error) = self.while_telling(producer, pace, producer.send_all(records)).await
            {
                return self.ending(producer, &error);
            }
            self.lag = self.lag.max(pace.lag());
            let stats = producer.stats();
            if stats.undelivered > stats.dead_lettered {
                return self.failing(producer);
            }
        }
        Ending::Orderly
    }

    /// Waits until records are due, and meanwhile says how it goes.
    async fn while_telling_of(&mut self, producer: &Producer, pace: &mut Pace) -> Option<usize> {
        let lag = pace.lag();
        loop {
            tokio::select! {
                biased;
                due = pace.next() => return due,
                Some(line) = self.told.recv() => self.progress.say(&line),
                () = sleep(TICK) => self.tick(producer, lag),
            }
        }
    }

    /// Waits for `work`, and meanwhile says what the target has to tell, above all why it does not
    /// take anything, and how it goes.
    async fn while_telling<T>(
        &mut self,
        producer: &Producer,
        pace: &Pace,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                Some(line) = self.told.recv() => self.progress.say(&line),
                () = sleep(TICK) => self.tick(producer, pace.lag()),
            }
        };
        while let Ok(line) = self.told.try_recv() {
            self.progress.say(&line);
        }
        self.tick(producer, pace.lag());
        done
    }

    /// What is done now and then.
    fn tick(&mut self, producer: &Producer, lag: Lag) {
        // A position that cannot be noted only makes duplicates, and the next append fails.
        let _ = self.spooling.settle(producer);
        if self.progress.is_due() {
            self.progress.update(&self.args.to, &producer.metrics(), lag);
        }
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
    async fn settle(&mut self, producer: &Producer, drain: Drain) -> Settled {
        let deadline = Instant::now() + self.args.drain_timeout;
        let over = Pace::new(Rate::Max, None, 0);
        let finish = drain.finish(self.args.drain_timeout);
        let report = self.while_telling(producer, &over, finish).await;
        self.summary.add(&report);
        if let Some(stream) = self.target.stream.clone() {
            let left = deadline.saturating_duration_since(Instant::now());
            self.close(producer, &stream, left.max(Duration::from_secs(1))).await;
        }
        let gone = |reason: &Reason| reason.io_kind() == Some(ErrorKind::BrokenPipe);
        match self.summary.undelivered {
            0 => Settled::Complete,
            _ if report.undelivered.iter().any(|(_, reason)| gone(reason)) => Settled::ReaderGone,
            _ => Settled::Short,
        }
    }

    async fn close(&mut self, producer: &Producer, stream: &DeliveryStream, within: Duration) {
        let over = Pace::new(Rate::Max, None, 0);
        let closed = self.while_telling(producer, &over, stream.close_within(within)).await;
        if let Err(why) = closed {
            let left = stream.stats();
            self.summary.take_back(left.buffered_records, left.buffered_bytes);
            self.summary.reason = Some(why.to_string());
        }
    }

    fn finish(&mut self, status: ExitStatus, took: Duration, seed: u64) {
        self.summary.lag = self.lag;
        self.summary.spooled = self.spooling.unsettled();
        self.progress.clear();
        let document = self.summary.document(took, seed, status.code());
        self.progress.document(&document);
        let line = &self.summary.line(&self.args.to, took, seed);
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
