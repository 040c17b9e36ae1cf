//! One run: answer the command, write the answer, say how it went.

use std::io::{self, Write};

use captains_cli::ExitStatus;

use crate::commands::Outcome;
use crate::{Answer, Args, Shared, commands, failure, render, source};
#[cfg(feature = "s3")]
use crate::{Command, doctor};

/// Answers the command, data to `out`, talk to `err`. A reader of `out` that has had enough, such
/// as `head -1`, is no failure.
///
/// # Errors
///
/// Whatever kept the command from its answer; [`run_to_end`] explains it.
pub async fn run(
    args: &Args,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> anyhow::Result<ExitStatus> {
    let args = &args.clone().settled();
    if let Some(flag) = args.flag_without_effect() {
        return Err(failure::Usage(flag).into());
    }
    #[cfg(feature = "s3")]
    if let Command::Doctor(doctor) = &args.command {
        return doctor::run(&args.shared, doctor, out).await;
    }
    let answer = match commands::answer(args, out, err).await {
        Ok(Outcome::Answer(answer)) => *answer,
        Ok(Outcome::Written) => return Ok(ExitStatus::Done),
        Err(error) if is_broken_pipe(&error) => return Ok(ExitStatus::Done),
        Err(error) => return Err(source::with_numeric_columns(error, args).await),
    };
    write_answer(answer, &args.shared, out, err)
}

/// Writes an answer and says how the run ends with it.
pub(crate) fn write_answer(
    mut answer: Answer,
    shared: &Shared,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> anyhow::Result<ExitStatus> {
    if let Some(limit) = shared.limit {
        answer.limit(limit);
    }
    for note in &answer.notes {
        writeln!(err, "note: {note}")?;
    }
    match render::render(&answer, shared.format, out) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(if answer.bad { ExitStatus::Failed } else { ExitStatus::Done })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}

/// As [`run`], but an error becomes sentences on `err` and an exit status.
pub async fn run_to_end(
    args: &Args,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> ExitStatus {
    match run(args, out, err).await {
        Ok(status) => status,
        Err(error) => {
            let failure = failure::explain(&args.clone().settled(), &error);
            // There is nowhere left to report a stderr that fails.
            let _ = write!(err, "{failure}");
            failure.status()
        }
    }
}
