//! What an error means to the person at the terminal: one sentence, its cause, the next command,
//! and an exit code.

use captains_cli::{ExitStatus, Failure};
use s3_parquet_reader::Error as ReadError;
use stream_analysis::Error as AnalysisError;
#[cfg(feature = "sql")]
use stream_analysis::sql::SqlError;

use crate::Args;
use crate::source::Empty;

/// The flags do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Explains why a run ended without its answer.
pub(crate) fn explain(args: &Args, error: &anyhow::Error) -> Failure {
    #[cfg(feature = "sql")]
    if let Some(error) = error.downcast_ref::<SqlError>() {
        return asking(args, error);
    }
    let (status, help) = if let Some(error) = error.downcast_ref::<ReadError>() {
        reading(args, error)
    } else if let Some(error) = error.downcast_ref::<AnalysisError>() {
        analysing(args, error)
    } else if let Some(empty) = error.downcast_ref::<Empty>() {
        nothing(args, empty)
    } else if let Some(explained) = streaming(args, error) {
        explained
    } else if error.is::<Usage>() {
        let help = "captains-analyzer --help has an example for each task";
        (ExitStatus::Usage, Some(help.to_owned()))
    } else {
        (ExitStatus::Failed, None)
    };
    let failure = Failure::of(status, error.as_ref()).with_help(help);
    match error.downcast_ref::<Empty>() {
        Some(Empty::AllSkipped { reason, .. }) => failure.because(reason),
        _ => failure,
    }
}

/// A query that has no answer: because of what it asks, or because of an object.
#[cfg(feature = "sql")]
fn asking(args: &Args, error: &SqlError) -> Failure {
    let by_object = match error {
        SqlError::Objects(error) => Some(error),
        other => other.row_error().and_then(|error| error.downcast_ref::<ReadError>()),
    };
    if let Some(error) = by_object {
        let (status, help) = reading(args, error);
        return Failure::of(status, error).with_help(help);
    }
    let (status, help) = match error {
        SqlError::Query { .. } | SqlError::UnknownTable { .. } => {
            let help = format!("captains-analyzer schema {}{}", location(args), connection(args));
            (ExitStatus::Usage, Some(help))
        }
        SqlError::Refused { .. } => {
            let help = "captains-analyzer export and compact write rows elsewhere";
            (ExitStatus::Usage, Some(help.to_owned()))
        }
        error if error.is_out_of_memory() => {
            (ExitStatus::Failed, Some("--memory gives the query more".to_owned()))
        }
        _ => (ExitStatus::Failed, None),
    };
    Failure::of(status, error).with_help(help)
}

fn reading(args: &Args, error: &ReadError) -> (ExitStatus, Option<String>) {
    let (at, flags) = (location(args), connection(args));
    let (status, help) = match error {
        ReadError::Location { .. } | ReadError::TimeRange { .. } => {
            (ExitStatus::Usage, "captains-analyzer --help has an example for each task".to_owned())
        }
        ReadError::UnknownColumn { .. } => {
            (ExitStatus::Usage, format!("captains-analyzer schema {at}{flags}"))
        }
        ReadError::Credentials { .. } => (ExitStatus::Access, credentials_help(args)),
        ReadError::AccessDenied { .. } => {
            (ExitStatus::Access, "aws sts get-caller-identity tells who is asking".to_owned())
        }
        ReadError::Unreachable { endpoint, .. } => {
            (ExitStatus::Unreachable, unreachable_help(endpoint))
        }
        ReadError::NoSuchBucket { .. } => {
            (ExitStatus::Failed, format!("captains-analyzer buckets{flags}"))
        }
        ReadError::WrongRegion { region, .. } => {
            let region = region.as_deref().unwrap_or("REGION");
            (ExitStatus::Failed, format!("add --region {region}"))
        }
        ReadError::NotParquet { .. } | ReadError::Corrupt { .. } => {
            (ExitStatus::Failed, "add --on-bad skip to read the other objects".to_owned())
        }
        ReadError::SchemaMismatch { .. } => (
            ExitStatus::Failed,
            "take some columns by --columns, or hours by --from and --to".into(),
        ),
        // The list of buckets, after which there is nothing left to look at.
        _ if at.is_empty() => return (ExitStatus::Failed, None),
        _ => (ExitStatus::Failed, format!("captains-analyzer ls -l {at}{flags}")),
    };
    (status, Some(help))
}

fn analysing(args: &Args, error: &AnalysisError) -> (ExitStatus, Option<String>) {
    let usage = matches!(
        error,
        AnalysisError::UnknownColumn { .. }
            | AnalysisError::NotNumeric { .. }
            | AnalysisError::NotGroupable { .. }
            | AnalysisError::NotTime { .. }
            | AnalysisError::Range { .. }
            | AnalysisError::Setting { .. }
            | AnalysisError::Threshold { .. }
    );
    let help = format!("captains-analyzer schema {}{}", location(args), connection(args));
    (if usage { ExitStatus::Usage } else { ExitStatus::Failed }, Some(help))
}

fn nothing(args: &Args, empty: &Empty) -> (ExitStatus, Option<String>) {
    match empty {
        #[cfg(feature = "s3")]
        Empty::NoBuckets => {
            (ExitStatus::Nothing, Some("aws s3 mb s3://captains-rating creates one".to_owned()))
        }
        Empty::AllSkipped { .. } => (ExitStatus::Failed, None),
        Empty::NothingMatched { .. } => {
            let read = args.command.read();
            let ranged = read.is_some_and(|read| read.from.is_some() || read.to.is_some());
            let (at, flags) = (location(args), connection(args));
            let wider = if ranged { at } else { parent(&at) };
            (ExitStatus::Nothing, Some(format!("captains-analyzer ls {wider}{flags}")))
        }
    }
}

/// What a command on a stream ran into, if it is that.
#[cfg(feature = "stream")]
fn streaming(args: &Args, error: &anyhow::Error) -> Option<(ExitStatus, Option<String>)> {
    use crate::commands::stream::{CheckpointError, KinesisError, Undelivered};
    use firehose_sink::{PutError, PutErrorKind};
    use stream_analysis::continuous::QueryError;

    let endpoint = args.shared.endpoint_url.as_deref().unwrap_or_default();
    let usage = || (ExitStatus::Usage, Some("captains-analyzer stream --help".to_owned()));
    if let Some(error) = error.downcast_ref::<QueryError>() {
        return Some(match error {
            QueryError::Analysis(_) | QueryError::Sql { .. } => usage(),
            QueryError::Memory { .. } => {
                (ExitStatus::Failed, Some("--memory sets the limit".into()))
            }
            _ => (ExitStatus::Failed, None),
        });
    }
    if error.is::<captains_cli::aws::NoRegion>() {
        return Some((ExitStatus::Usage, Some(captains_cli::aws::NoRegion::HELP.to_owned())));
    }
    if let Some(error) = error.downcast_ref::<KinesisError>() {
        return Some(match error {
            KinesisError::NoSuchStream { .. } => {
                let flags = connection(args);
                (ExitStatus::Failed, Some(format!("aws kinesis list-streams{flags}")))
            }
            KinesisError::Access { .. } => (ExitStatus::Access, Some(credentials_help(args))),
            KinesisError::Unreachable { endpoint, .. } => {
                (ExitStatus::Unreachable, Some(unreachable_help(endpoint)))
            }
            KinesisError::Failed { .. } => (ExitStatus::Failed, None),
        });
    }
    if let Some(error) = error.downcast_ref::<PutError>() {
        return Some(match error.kind() {
            PutErrorKind::Denied => (ExitStatus::Access, Some(credentials_help(args))),
            PutErrorKind::Network | PutErrorKind::Timeout => {
                (ExitStatus::Unreachable, Some(unreachable_help(endpoint)))
            }
            _ => (ExitStatus::Failed, None),
        });
    }
    let known = error.is::<CheckpointError>() || error.is::<Undelivered>();
    known.then_some((ExitStatus::Failed, None))
}

#[cfg(not(feature = "stream"))]
fn streaming(_: &Args, _: &anyhow::Error) -> Option<(ExitStatus, Option<String>)> {
    None
}

fn credentials_help(args: &Args) -> String {
    match (&args.shared.endpoint_url, &args.shared.profile) {
        (Some(_), _) => {
            "a local endpoint takes any: AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test".into()
        }
        (None, Some(profile)) => format!("aws sso login --profile {profile}, or aws configure"),
        (None, None) => "aws configure, or name a profile by --profile".to_owned(),
    }
}

fn unreachable_help(endpoint: &str) -> String {
    // An endpoint of one's own, from a flag, the environment or the profile.
    if endpoint.contains("://") && !endpoint.contains(".amazonaws.com") {
        format!("is anything listening at {endpoint}? start it, or name another by --endpoint-url")
    } else {
        "check the network, and the region".to_owned()
    }
}

/// The location as one would type it.
fn location(args: &Args) -> String {
    let Some(location) = args.command.location() else { return String::new() };
    let safe = |c: char| c.is_alphanumeric() || "/:._-=+@,".contains(c);
    if location.chars().all(safe) {
        location.to_owned()
    } else {
        format!("'{}'", location.replace('\'', r"'\''"))
    }
}

/// The flags that lead to the same endpoint.
fn connection(args: &Args) -> String {
    let mut flags = String::new();
    let shared = &args.shared;
    for (flag, value) in [
        (" --endpoint-url ", &shared.endpoint_url),
        (" --profile ", &shared.profile),
        (" --region ", &shared.region),
    ] {
        if let Some(value) = value {
            flags.push_str(flag);
            flags.push_str(value);
        }
    }
    flags
}

/// One step up: the bucket of a prefix, the directory around a path.
fn parent(location: &str) -> String {
    let start = location.find("://").map_or(0, |at| at + 3);
    let trimmed = location.trim_end_matches(['/', '\'']);
    match trimmed.rfind('/') {
        Some(at) if at > start => trimmed.get(..at).unwrap_or(trimmed).to_owned(),
        _ if start > 0 => trimmed.to_owned(),
        _ => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_up_stays_a_location() {
        for (location, up) in [
            ("s3://captains-rating/ratings", "s3://captains-rating"),
            ("s3://b/a/b/", "s3://b/a"),
            ("s3://b", "s3://b"),
            ("data/ratings", "data"),
            ("data", "."),
            ("/data", "."),
        ] {
            assert_eq!(parent(location), up, "{location}");
        }
    }
}
