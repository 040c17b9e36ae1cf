//! What an error means to the person at the terminal: one sentence, its cause, the next command,
//! and an exit code.

use captains_cli::{ExitStatus, Failure, aws::NoRegion};
use firehose_sink::{PutError, PutErrorKind, SpoolError};

use crate::{Args, TargetUri, check::NotActive};

/// The flags do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Explains why a run did not come to an end.
pub(crate) fn explain(args: &Args, error: &anyhow::Error) -> Failure {
    let (status, help) = if let Some(error) = error.downcast_ref::<PutError>() {
        putting(args, error)
    } else if error.is::<Usage>() {
        (ExitStatus::Usage, Some("captains-producer --help has an example for each task".into()))
    } else if error.is::<NotActive>() {
        (ExitStatus::Failed, Some("wait until it is ACTIVE, and start again".to_owned()))
    } else if let Some(error) = error.downcast_ref::<SpoolError>() {
        let help = match error {
            SpoolError::Busy { .. } => "end the other run, or name another --spool DIRECTORY",
            _ => "name a --spool DIRECTORY that you may write to",
        };
        (ExitStatus::Failed, Some(help.to_owned()))
    } else if error.is::<NoRegion>() {
        (ExitStatus::Usage, Some(NoRegion::HELP.to_owned()))
    } else if matches!(args.to, TargetUri::Local(_)) {
        let help = "name a directory that you may write to: --to local:DIRECTORY";
        (ExitStatus::Failed, Some(help.to_owned()))
    } else {
        (ExitStatus::Failed, None)
    };
    Failure::of(status, error.as_ref()).with_help(help)
}

fn putting(args: &Args, error: &PutError) -> (ExitStatus, Option<String>) {
    match error.kind() {
        PutErrorKind::Denied => (ExitStatus::Access, Some(credentials_help(args))),
        PutErrorKind::Network | PutErrorKind::Timeout => {
            let help = match &args.endpoint_url {
                Some(url) => format!("is anything listening at {url}? start it, or name another"),
                None => "check the network, and AWS_ENDPOINT_URL if it is set".to_owned(),
            };
            (ExitStatus::Unreachable, Some(help))
        }
        PutErrorKind::NotFound => (ExitStatus::Failed, Some(list_command(args))),
        _ => (ExitStatus::Failed, None),
    }
}

fn credentials_help(args: &Args) -> String {
    match (&args.endpoint_url, &args.profile) {
        (Some(_), _) => {
            "a local endpoint takes any: AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test".into()
        }
        (None, Some(profile)) => format!("aws sso login --profile {profile}, or aws configure"),
        (None, None) => "aws configure, or name a profile by --profile".to_owned(),
    }
}

fn list_command(args: &Args) -> String {
    let list = match args.to {
        TargetUri::Kinesis(_) => "aws kinesis list-streams",
        _ => "aws firehose list-delivery-streams",
    };
    let mut command = list.to_owned();
    for (flag, value) in [
        ("--endpoint-url", &args.endpoint_url),
        ("--profile", &args.profile),
        ("--region", &args.region),
    ] {
        if let Some(value) = value {
            command.push_str(&format!(" {flag} {value}"));
        }
    }
    command
}
