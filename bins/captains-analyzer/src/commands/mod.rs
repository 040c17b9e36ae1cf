//! The commands, a file each. Each reads what it needs and returns an [`Answer`]; none writes.

mod anomalies;
mod buckets;
mod captains;
mod count;
mod describe;
mod head;
mod ls;
mod schema;

use crate::{Answer, Args, Command};

/// Answers the command.
pub(crate) async fn answer(args: &Args) -> anyhow::Result<Answer> {
    let shared = &args.shared;
    match &args.command {
        Command::Buckets => buckets::answer(shared).await,
        Command::Ls(args) => ls::answer(shared, args).await,
        Command::Head(args) => head::answer(shared, args).await,
        Command::Count(read) => count::answer(shared, read).await,
        Command::Schema(args) => schema::answer(shared, args).await,
        Command::Describe(args) => describe::answer(shared, args).await,
        Command::Captains(args) => captains::answer(shared, args).await,
        Command::Anomalies(args) => anomalies::answer(shared, args).await,
        // It ends in its own way: see `run`.
        Command::Doctor(_) => Ok(Answer::default()),
    }
}
