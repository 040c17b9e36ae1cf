//! The commands, a file each. Each reads what it needs and returns an [`Answer`]; those whose output
//! is long, or goes on, write it themselves.

mod anomalies;
#[cfg(feature = "s3")]
mod buckets;
mod captains;
mod check;
mod compact;
mod count;
mod describe;
mod export;
mod head;
mod hist;
mod ls;
mod ongoing;
mod report;
mod sample;
mod schema;
mod shell;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "stream")]
pub(crate) mod stream;
mod tail;
mod timeline;
mod watch;

use std::io::Write;

use crate::{Answer, Args, Command};

/// How a command ended.
pub(crate) enum Outcome {
    /// With this, to be written.
    Answer(Box<Answer>),
    /// All was written already.
    Written,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Answer(Box::new(answer))
    }
}

impl From<Option<Answer>> for Outcome {
    fn from(answer: Option<Answer>) -> Self {
        answer.map_or(Self::Written, Self::from)
    }
}

/// Answers the command; data that it writes itself goes to `out`, talk to `err`.
pub(crate) async fn answer(
    all: &Args,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> anyhow::Result<Outcome> {
    let shared = &all.shared;
    Ok(match &all.command {
        #[cfg(feature = "s3")]
        Command::Buckets => buckets::answer(shared).await?.into(),
        Command::Ls(args) => ls::answer(shared, args).await?.into(),
        Command::Head(args) => head::answer(shared, args).await?.into(),
        Command::Tail(args) => tail::answer(shared, args).await?.into(),
        Command::Sample(args) => sample::answer(shared, args).await?.into(),
        Command::Count(read) => count::answer(shared, read).await?.into(),
        Command::Schema(args) => schema::answer(shared, args).await?.into(),
        Command::Describe(args) => describe::answer(shared, args).await?.into(),
        Command::Captains(args) => captains::answer(shared, args).await?.into(),
        Command::Hist(args) => hist::answer(shared, args).await?.into(),
        Command::Timeline(args) => timeline::answer(shared, args).await?.into(),
        Command::Anomalies(args) => anomalies::answer(shared, args).await?.into(),
        #[cfg(feature = "sql")]
        Command::Sql(args) => sql::run(all, args, out, err).await?,
        Command::Watch(args) => watch::run(shared, args, out, err).await?,
        #[cfg(feature = "stream")]
        Command::Stream(args) => stream::run(shared, args, out, err).await?,
        // It ends in its own way: see `run`.
        #[cfg(feature = "s3")]
        Command::Doctor(_) => Outcome::Written,
        Command::Check(read) => check::answer(shared, read).await?.into(),
        Command::Compact(args) => compact::answer(shared, args).await?.into(),
        Command::Export(args) => export::run(shared, args, out).await?.into(),
        Command::Report(args) => report::run(shared, args, out).await?.into(),
        Command::Completions(args) => {
            shell::completions(*args, out)?;
            Outcome::Written
        }
        Command::Man(args) => {
            shell::man(args, out)?;
            Outcome::Written
        }
    })
}
