//! What an error means to the person at the terminal.

use std::io;

use captains_cli::{ExitStatus, Failure};
use firehose_endpoint::Error;

use crate::Args;

/// The flags do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Explains why the endpoint did not start or did not go on.
pub(crate) fn explain(args: &Args, error: &anyhow::Error) -> Failure {
    let (status, help) = match error.downcast_ref::<Error>() {
        _ if error.is::<Usage>() => {
            (ExitStatus::Usage, "firehose-local --help has an example for each task".to_owned())
        }
        Some(Error::Setting { .. }) => {
            (ExitStatus::Usage, "firehose-local --help says what is allowed".to_owned())
        }
        Some(Error::InUse { .. }) => (
            ExitStatus::Failed,
            "another firehose-local runs there: use it, end it, or name another --data-dir".into(),
        ),
        Some(Error::DataDirectory { .. }) => (
            ExitStatus::Failed,
            "name a directory that you may write to: --data-dir DIRECTORY".into(),
        ),
        Some(Error::Damaged { path, .. }) => (
            ExitStatus::Failed,
            format!("move `{}` away to begin without it; objects are not touched", path.display()),
        ),
        _ if is_taken(error) => (
            ExitStatus::Failed,
            format!("something listens on port {} already; --port 0 picks a free one", args.port),
        ),
        _ => (ExitStatus::Failed, String::new()),
    };
    let help = (!help.is_empty()).then_some(help);
    Failure::of(status, error.as_ref()).with_help(help)
}

fn is_taken(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::AddrInUse)
}
