//! From the command line to an endpoint that is not built yet.

use anyhow::Context;
use firehose_endpoint::{Clock, Endpoint, EndpointBuilder};

use crate::{Args, args::Auth, failure::Usage, keys};

/// What the arguments ask for.
///
/// # Errors
///
/// [`Usage`] for flags that do not go together; a keys file that cannot be read.
pub(crate) fn endpoint(args: &Args) -> anyhow::Result<EndpointBuilder> {
    check_exposure(args)?;
    let mut builder = Endpoint::builder()
        .data_dir(&args.data_dir)
        .account(&args.account)
        .region(&args.region)
        .relaxed(args.relaxed)
        .int96_timestamps(args.int96)
        .durability(args.durability.0)
        .transition(args.transition)
        .without_shard_limits(args.no_shard_limits);
    if let Some(retry) = args.retry_for {
        builder = builder.retry_for(retry.0);
    }
    if let Some(size) = args.undelivered_limit {
        let bytes =
            usize::try_from(size.as_u64()).context("--undelivered-limit is beyond this machine")?;
        builder = builder.undelivered_limit(bytes);
    }
    if let Some(size) = args.buffer_size {
        let bytes =
            usize::try_from(size.as_u64()).context("--buffer-size is beyond this machine")?;
        builder = builder.buffer_size(bytes);
    }
    if let Some(interval) = args.buffer_interval {
        builder = builder.buffer_interval(interval);
    }
    if let Some(start) = args.clock_start {
        builder = builder.clock(Clock::starting_at(start));
    }
    if args.auth == Auth::Verify
        && let Some(file) = &args.keys
    {
        builder = builder.verifying(keys::read(file)?);
    }
    builder = args.host_name.iter().fold(builder, EndpointBuilder::host_name);
    builder = args.lambda.iter().cloned().fold(builder, EndpointBuilder::lambda);
    Ok(args.fault.iter().cloned().fold(builder, EndpointBuilder::fault))
}

/// An endpoint without verified signatures is for this machine alone, unless somebody insists.
fn check_exposure(args: &Args) -> Result<(), Usage> {
    let refuse = |words: &str| Err(Usage(words.to_owned()));
    if args.keys.is_some() && args.auth == Auth::Off {
        return refuse("--keys has no use without --auth verify");
    }
    if args.insecure_no_auth && args.auth == Auth::Verify {
        return refuse("--insecure-no-auth and --auth verify contradict each other");
    }
    if args.insecure_no_auth && args.listen.is_loopback() {
        return refuse("--insecure-no-auth has no use on a loopback address");
    }
    if !args.listen.is_loopback() && args.auth == Auth::Off && !args.insecure_no_auth {
        return Err(Usage(format!(
            "--listen {} lets others in: add --auth verify --keys FILE, or --insecure-no-auth to \
             let everybody read, write and delete",
            args.listen
        )));
    }
    Ok(())
}
