//! One run, from the first rating to the last count.

use std::{
    io::{self, Write},
    path::Path,
    time::Instant,
};

use captain_ratings::{RatingGenerator, tutorial};
use captains_cli::{ExitStatus, Failure};
use firehose_endpoint::DeliveryEvent;

use tokio::task::JoinHandle;

use crate::{
    Args,
    answers::{self, Answers},
    pipeline::{self, BUFFER_AGE, BUFFER_BYTES, Cloud, Sent},
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
    let mut cloud = pipeline::start(&args.dir).await?;
    introduce(args, &cloud, &ratings, out)?;
    tell::headline(out, "Delivered (a buffer goes out when it is full or old)")?;
    let work = cloud.send(ratings, args.count, args.kinesis);
    let (sent, delivered) = follow(&mut cloud, work, out).await?;
    let answers = answers::of(&cloud.config, &bucket, prefix(args), &delivered.keys).await?;
    show(&answers, out)?;
    let complete = check(args, &sent, &delivered, &answers, out)?;
    conclude(args, &bucket, &answers, out)?;
    writeln!(out, "\n{:.1} s in all.", started.elapsed().as_secs_f64())?;
    Ok(complete)
}

/// What the keys of the objects begin with.
fn prefix(args: &Args) -> &'static str {
    if args.kinesis { tutorial::SOURCED_PREFIX } else { tutorial::PREFIX }
}

/// As [`run`], but an error becomes a sentence on `err`, and the answer an exit code.
pub async fn run_to_end(
    args: &Args,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> ExitStatus {
    match run(args, out).await {
        Ok(true) => ExitStatus::Done,
        Ok(false) => ExitStatus::Failed,
        Err(why) if is_broken_pipe(&why) => ExitStatus::Done,
        Err(why) => {
            // There is nowhere left to report a stderr that fails.
            let help = "--dir DIRECTORY names another place for the files".to_owned();
            let failure = Failure::of(ExitStatus::Failed, why.as_ref()).with_help(Some(help));
            let _ = write!(err, "{failure}");
            failure.status()
        }
    }
}

/// Whether the reader of `out` has had enough, as `head` does.
fn is_broken_pipe(why: &anyhow::Error) -> bool {
    why.downcast_ref::<io::Error>().is_some_and(|why| why.kind() == io::ErrorKind::BrokenPipe)
}

fn introduce(
    args: &Args,
    cloud: &Cloud,
    ratings: &RatingGenerator,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (data_stream, delivery_stream) = if args.kinesis {
        (format!("data stream {} -> ", tutorial::DATA_STREAM), tutorial::SOURCED_DELIVERY_STREAM)
    } else {
        (String::new(), tutorial::DELIVERY_STREAM)
    };
    writeln!(
        out,
        "{} ratings with seed {} -> AWS SDK -> {} -> {}delivery stream {} ({} MiB or {} s) -> \
         Parquet in {}",
        grouped(args.count),
        args.seed,
        cloud.url,
        data_stream,
        delivery_stream,
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

/// What the delivery stream wrote.
#[derive(Debug, Default)]
struct Written {
    /// Keys of the Parquet objects.
    keys: Vec<String>,
    rows: u64,
}

/// Prints each delivery as it comes; answers with what was sent and what was written.
async fn follow(
    cloud: &mut Cloud,
    mut work: JoinHandle<anyhow::Result<Sent>>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<(Sent, Written)> {
    let mut written = Written::default();
    let sent = loop {
        // Events first: when the work is done, all of them have been told.
        tokio::select! {
            biased;
            Some(event) = cloud.events.recv() => {
                tell::event(out, &event)?;
                out.flush()?;
                if let DeliveryEvent::Delivered(delivered) = event {
                    written.rows += delivered.rows.unwrap_or_default() as u64;
                    written.keys.push(delivered.key);
                }
            }
            sent = &mut work => break sent??,
        }
    };
    Ok((sent, written))
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

fn check(
    args: &Args,
    sent: &Sent,
    written: &Written,
    answers: &Answers,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let found = answers.anomalies.found;
    tell::headline(out, "Does it add up?")?;
    let counts = [
        ("ratings acknowledged", sent.delivered, args.count),
        ("rows delivered", written.rows, args.count),
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
    let prefix_name = prefix(args);
    let prefix = bucket.join(prefix_name);
    // Under `cargo run` the other programs are not on the PATH either.
    let run = |program: &str| match std::env::var_os("CARGO") {
        Some(_) => format!("cargo run --release -p {program} --"),
        None => program.to_owned(),
    };
    tell::headline(out, "The same by hand")?;
    let target = match args.kinesis {
        true => format!("kinesis://{}", tutorial::DATA_STREAM),
        false => format!("firehose://{}", tutorial::DELIVERY_STREAM),
    };
    let limits = if args.kinesis { " --no-shard-limits" } else { "" };
    let (producer, analyzer) = (run("captains-producer"), run("captains-analyzer"));
    writeln!(
        out,
        "{} --tutorial{limits} --buffer-interval 2s   # and in a second shell:",
        run("firehose-local")
    )?;
    writeln!(out, "eval \"$({} env)\"", run("firehose-local"))?;
    // Towards AWS the producer is slow unless it is told not to be.
    writeln!(out, "{producer} -n {} --rate max --seed {} --to {target}", args.count, args.seed)?;
    for command in ["ls", "captains", "anomalies"] {
        writeln!(out, "{analyzer} {command} s3://{}/{prefix_name}", tutorial::BUCKET)?;
    }
    writeln!(out, "{analyzer} ls {}", prefix.display())?;
    writeln!(out, "\nThe files lie in {}", bucket.display())?;
    if answers.earlier_objects > 0 {
        let earlier = answers.earlier_objects;
        writeln!(out, "beside {earlier} objects of earlier runs, which were left alone.")?;
    }
    Ok(())
}
