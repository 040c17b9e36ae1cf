//! Serves until it is told to end, and ends in order.

use std::{future::Future, io::Write, net::SocketAddr, time::Instant};

use anyhow::Context;
use captain_ratings::tutorial::{
    BUCKET, DATA_STREAM, DATABASE, DELIVERY_STREAM, SOURCED_DELIVERY_STREAM, TABLE,
};
use captains_cli::{ExitStatus, Interrupts};
use firehose_endpoint::{Endpoint, StreamReport};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    Args,
    args::{Auth, Command},
    failure, settings, shell, tutorial,
};

/// Does what the arguments ask; errors become sentences on `err`, and the answer an exit code.
pub async fn run_to_end(
    args: &Args,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> ExitStatus {
    let ended = match &args.command {
        Some(Command::Env(env)) => {
            // A reader who has had enough is no failure.
            let _ = out.write_all(shell::environment(env).as_bytes());
            Ok(ExitStatus::Done)
        }
        None => serve(args, err).await,
    };
    ended.unwrap_or_else(|why| {
        let failure = failure::explain(args, &why);
        // There is nowhere left to report a stderr that fails.
        let _ = write!(err, "{failure}");
        failure.status()
    })
}

async fn serve(args: &Args, err: &mut (dyn Write + Send)) -> anyhow::Result<ExitStatus> {
    let mut interrupts = Interrupts::new()?;
    let builder = settings::endpoint(args)?;
    let wanted = SocketAddr::new(args.listen, args.port);
    // The port first: who finds it taken should not find the data directory touched.
    let listener =
        TcpListener::bind(wanted).await.with_context(|| format!("failed to listen on {wanted}"))?;
    let endpoint = builder.build().await?;
    if args.tutorial {
        tutorial::prepare(&endpoint, args.relaxed).await?;
    }
    introduce(args, listener.local_addr()?, err)?;
    tell_recovered(&endpoint.reports(), err)?;

    let (stop, stopped) = oneshot::channel::<()>();
    let server = endpoint.clone();
    let mut serving = tokio::spawn(async move {
        let until = async { drop(stopped.await) };
        server.serve(listener, until).await
    });
    tokio::select! {
        // It ends by itself only when the listener fails for good.
        ended = &mut serving => ended??,
        () = interrupts.next() => {}
    }
    writeln!(err, "ending: no new connections; delivering what is buffered")?;
    drop(stop);
    let ending = end(args, &endpoint, async { drop(serving.await) });
    tokio::select! {
        reports = ending => report(args, &reports, err),
        () = interrupts.next() => Ok(ExitStatus::Interrupted),
    }
}

/// Waits for what is under way and delivers what is buffered, together within `--grace`.
async fn end(
    args: &Args,
    endpoint: &Endpoint,
    served: impl Future<Output = ()> + Send,
) -> Vec<StreamReport> {
    let began = Instant::now();
    // Whatever is still under way then is cut off; what was acknowledged is delivered.
    let _ = tokio::time::timeout(args.grace / 2, served).await;
    endpoint.close(args.grace.saturating_sub(began.elapsed())).await
}

fn introduce(args: &Args, address: SocketAddr, err: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    writeln!(err, "firehose-local listens on http://{address}")?;
    let credentials = match args.auth {
        Auth::Off => "any credentials will do",
        Auth::Verify => "signatures are verified",
    };
    let (data, region, account) = (args.data_dir.display(), &args.region, &args.account);
    writeln!(err, "  data in {data}; region {region}, account {account}; {credentials}")?;
    if args.insecure_no_auth {
        writeln!(
            err,
            "  WARNING: whoever reaches {address} may read, write and delete everything here"
        )?;
    }
    if let Some(start) = args.clock_start {
        writeln!(err, "  the clock started at {}", start.format("%Y-%m-%dT%H:%M:%SZ"))?;
    }
    if args.tutorial {
        writeln!(
            err,
            "  the tutorial stands ready: bucket {BUCKET}, table {DATABASE}.{TABLE}, delivery \
             stream {DELIVERY_STREAM},"
        )?;
        writeln!(
            err,
            "    and data stream {DATA_STREAM} with delivery stream {SOURCED_DELIVERY_STREAM} on it"
        )?;
    }
    if args.listen.is_loopback() {
        let port = match address.port() {
            crate::args::DEFAULT_PORT => String::new(),
            other => format!(" --port {other}"),
        };
        writeln!(err, "  in the shell of your clients: eval \"$(firehose-local env{port})\"")?;
    }
    writeln!(err, "  Ctrl-C ends it")?;
    Ok(())
}

/// What an earlier run had accepted and not delivered.
fn tell_recovered(reports: &[StreamReport], err: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    for StreamReport { stream, recovered_records, .. } in reports {
        if *recovered_records > 0 {
            writeln!(
                err,
                "  {stream}: {recovered_records} records of an earlier run were not delivered yet; \
                 they go out now"
            )?;
        }
    }
    Ok(())
}

fn report(
    args: &Args,
    reports: &[StreamReport],
    err: &mut (dyn Write + Send),
) -> anyhow::Result<ExitStatus> {
    let used =
        reports.iter().filter(|report| report.accepted_records + report.recovered_records > 0);
    for report in used {
        let StreamReport { stream, accepted_records, delivered_records, delivered_objects, .. } =
            report;
        write!(err, "{stream}: {accepted_records} records taken")?;
        if report.recovered_records > 0 {
            write!(err, ", {} of an earlier run", report.recovered_records)?;
        }
        write!(err, ", {delivered_records} delivered in {delivered_objects} objects")?;
        if report.failed_records > 0 {
            write!(err, ", {} to the error prefix", report.failed_records)?;
        }
        if report.buffered_records > 0 {
            write!(err, ", {} NOT DELIVERED", report.buffered_records)?;
            if args.durability.0.is_some() {
                write!(
                    err,
                    " (kept in {}: the next start delivers them)",
                    args.data_dir.display()
                )?;
            }
            if let Some(why) = &report.last_error {
                write!(err, ": {why}")?;
            }
        }
        writeln!(err)?;
    }
    let all = reports.iter().all(|report| report.delivered);
    Ok(if all { ExitStatus::Done } else { ExitStatus::Undelivered })
}
