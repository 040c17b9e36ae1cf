//! One run, from the first rating to the last count.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::Instant,
};

use captain_ratings::{RatingGenerator, tutorial};
use firehose_delivery::DeliveryEvent;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    Args,
    answers::{self, Answers},
    pipeline::{self, BUFFER_AGE, BUFFER_BYTES, Sent},
    tell::{self, grouped},
};

/// Runs the pipeline and prints to `out`; answers with whether all counts add up.
///
/// # Errors
///
/// Whatever kept the pipeline or the reading from its end.
pub async fn run(args: &Args, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    let started = Instant::now();
    let bucket = args.dir.join(tutorial::BUCKET);
    let ratings = pipeline::ratings(args.seed);
    introduce(args, &ratings, out)?;
    tell::headline(out, "Delivered (a buffer goes out when it is full or old)")?;
    let pipeline::Pipeline { events, work } = pipeline::start(ratings, args.count, &bucket).await?;
    let keys = follow(events, out).await?;
    let sent = work.await??;
    let answers = answers::of(&bucket, &keys).await?;
    show(&answers, out)?;
    let complete = check(args, &sent, &answers, out)?;
    conclude(args, &bucket, &answers, out)?;
    writeln!(out, "\n{:.1} s in all.", started.elapsed().as_secs_f64())?;
    Ok(complete)
}

/// As [`run`], but an error becomes a sentence on `err`, and the answer an exit code.
pub async fn run_to_end(
    args: &Args,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> ExitCode {
    match run(args, out).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) if is_broken_pipe(&why) => ExitCode::SUCCESS,
        Err(why) => {
            // There is nowhere left to report a stderr that fails.
            let _ = writeln!(err, "\x1b[1;31merror:\x1b[0m {why}");
            if let Some(cause) = why.chain().skip(1).last() {
                let _ = writeln!(err, "  cause: {cause}");
            }
            let _ = writeln!(err, "  help:  --dir DIRECTORY names another place for the files");
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of `out` has had enough, as `head` does.
fn is_broken_pipe(why: &anyhow::Error) -> bool {
    why.downcast_ref::<io::Error>().is_some_and(|why| why.kind() == io::ErrorKind::BrokenPipe)
}

fn introduce(args: &Args, ratings: &RatingGenerator, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{} ratings with seed {} -> delivery stream {} ({} MiB or {} s) -> Parquet in {}",
        grouped(args.count),
        args.seed,
        tutorial::DELIVERY_STREAM,
        BUFFER_BYTES >> 20,
        BUFFER_AGE.as_secs(),
        args.dir.display()
    )?;
    tell::headline(out, "Three of the records")?;
    for index in 0..3 {
        writeln!(out, "{}", ratings.record(index).to_json())?;
    }
    Ok(())
}

/// Prints each delivery as it comes; answers with the keys of the Parquet objects.
async fn follow(
    mut events: UnboundedReceiver<DeliveryEvent>,
    out: &mut (dyn Write + Send),
) -> io::Result<Vec<String>> {
    let mut keys = Vec::new();
    while let Some(event) = events.recv().await {
        tell::event(out, &event)?;
        out.flush()?;
        if let DeliveryEvent::Delivered(delivered) = event {
            keys.push(delivered.key);
        }
    }
    Ok(keys)
}

fn show(answers: &Answers, out: &mut dyn Write) -> anyhow::Result<()> {
    tell::headline(out, "Parquet schema")?;
    writeln!(out, "{}", answers.parquet_schema)?;
    tell::headline(out, "First rows, read back")?;
    tell::rows(out, &answers.first_rows)?;
    tell::headline(out, "Ratings by captain")?;
    tell::captains(out, &answers.captains)?;
    Ok(())
}

fn check(args: &Args, sent: &Sent, answers: &Answers, out: &mut dyn Write) -> io::Result<bool> {
    let found = answers.anomalies.found;
    tell::headline(out, "Does it add up?")?;
    let counts = [
        ("ratings acknowledged", sent.delivered, args.count),
        ("rows delivered", sent.stats.delivered_rows, args.count),
        ("rows read back", answers.rows, args.count),
        ("anomalies found of those planted", found, sent.planted),
    ];
    let mut complete = true;
    for (what, count, expected) in counts {
        let verdict = if count == expected { "ok" } else { "WRONG" };
        complete &= count == expected;
        writeln!(out, "{verdict:<5}  {} of {} {what}", grouped(count), grouped(expected))?;
    }
    if let Some(strongest) = answers.anomalies.anomalies.first() {
        writeln!(out, "       for example: {}", strongest.reason)?;
    }
    Ok(complete)
}

fn conclude(args: &Args, bucket: &Path, answers: &Answers, out: &mut dyn Write) -> io::Result<()> {
    let prefix = bucket.join(tutorial::PREFIX);
    // Under `cargo run` the other programs are not on the PATH either.
    let run = |program: &str| match std::env::var_os("CARGO") {
        Some(_) => format!("cargo run --release --bin {program} --"),
        None => program.to_owned(),
    };
    tell::headline(out, "The same by hand")?;
    let (dir, prefix) = (args.dir.display(), prefix.display());
    writeln!(
        out,
        "{} -n {} --seed {} --to local:{dir}",
        run("captains-producer"),
        args.count,
        args.seed
    )?;
    for command in ["ls", "captains", "anomalies"] {
        writeln!(out, "{} {command} {prefix}", run("captains-analyzer"))?;
    }
    writeln!(out, "\nThe files lie in {}", bucket.display())?;
    if answers.earlier_objects > 0 {
        let earlier = answers.earlier_objects;
        writeln!(out, "beside {earlier} objects of earlier runs, which were left alone.")?;
    }
    Ok(())
}
