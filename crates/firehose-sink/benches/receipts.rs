//! What receipts cost: the same records sent without and with them, in turns, by CPU time.
//!
//! A machine that does other things as well says little by the clock. The time that this thread had
//! a processor is taken instead where the system tells it (Unix), and the pairs change their order.

mod null_sink;

use std::{
    future::Future,
    io::Write,
    time::{Duration, Instant},
};

use null_sink::{RECORDS, send, send_tracked};
use tokio::runtime::Runtime;

const PAIRS: usize = 15;
/// Runs in one measurement.
const RUNS: u32 = 5;

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut plain, mut tracked, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let (one, other) = if pair % 2 == 0 {
            let one = nanoseconds(&runtime, send);
            (one, nanoseconds(&runtime, send_tracked))
        } else {
            let other = nanoseconds(&runtime, send_tracked);
            (nanoseconds(&runtime, send), other)
        };
        plain.push(one);
        tracked.push(other);
        ratios.push(other / one);
    }
    writeln!(
        std::io::stdout(),
        "send {:.1} ns, send_tracked {:.1} ns a record; ratio {:.3} (medians of {PAIRS} pairs)",
        median(&mut plain),
        median(&mut tracked),
        median(&mut ratios),
    )
}

/// A record's share of some runs.
fn nanoseconds<F: Future<Output = ()>>(runtime: &Runtime, run: impl Fn() -> F) -> f64 {
    let (begun, clock) = (on_processor(), Instant::now());
    for _ in 0..RUNS {
        runtime.block_on(run());
    }
    let spent = match (begun, on_processor()) {
        (Some(begun), Some(ended)) => ended.saturating_sub(begun),
        _ => clock.elapsed(),
    };
    let records = u32::try_from(RECORDS).map_or(f64::INFINITY, f64::from);
    spent.as_secs_f64() * 1e9 / f64::from(RUNS) / records
}

/// How long this thread had a processor so far.
#[cfg(unix)]
fn on_processor() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ThreadCPUTime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(unix))]
fn on_processor() -> Option<Duration> {
    None
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
