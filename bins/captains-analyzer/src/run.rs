//! One run: answer the command, write the answer, say how it went.

use std::io::{self, Write};

use captains_cli::ExitStatus;

use crate::{Args, Command, commands, doctor, failure, render};

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
    if let Some(flag) = args.flag_without_effect() {
        return Err(failure::Usage(format!("{flag} has no effect on a directory")).into());
    }
    if let Command::Doctor(doctor) = &args.command {
        return doctor::run(&args.shared, doctor, out).await;
    }
    let answer = commands::answer(args).await?;
    for note in &answer.notes {
        writeln!(err, "note: {note}")?;
    }
    match render::render(&answer, args.shared.format, out) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitStatus::Done),
        written => {
            written?;
            Ok(ExitStatus::Done)
        }
    }
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
            let failure = failure::explain(args, &error);
            // There is nowhere left to report a stderr that fails.
            let _ = write!(err, "{failure}");
            failure.status()
        }
    }
}
