//! Row 10: a stream that takes nothing, and ten million records offered to it. Alone in its
//! process, for it measures that.

use std::{sync::Arc, time::Duration};

use firehose_sink::{FaultSink, MemorySink, Producer, Record, SendError};
use futures::future::poll_immediate;

const OFFERED: u64 = 10_000_000;
const BUDGET: usize = 64 * 1024 * 1024;
const ALLOWANCE: usize = 5 * 1024 * 1024;

/// Resident memory of this process in bytes; `None` where there is no `/proc`.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kib| kib * 1024)
}

fn record(n: u64) -> Record {
    let mut data = vec![b'x'; 108];
    data[..8].copy_from_slice(&n.to_le_bytes());
    Record::new(data)
}

#[tokio::test(start_paused = true)]
async fn row_10_ten_million_records_are_offered_to_a_stuck_stream() {
    let sink = FaultSink::new(MemorySink::new("ratings"), 10).with_hanging_calls(1.0);
    let (producer, drain) = Producer::builder(Arc::new(sink)).buffer_bytes(BUDGET).start();
    // Whatever the first calls allocate is there before it is measured.
    producer.send_all((0..10_000).map(record)).await.expect("accepted");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = resident();
    let (mut accepted, mut full) = (10_000, 0);
    for n in 10_000..OFFERED {
        match producer.try_send(record(n)) {
            Ok(()) => accepted += 1,
            Err(SendError::Full { .. }) => full += 1,
            Err(other) => panic!("{other}"),
        }
        if n % 1_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let after = resident();
    assert_eq!(accepted + full, OFFERED);
    let stats = producer.stats();
    assert!(stats.buffered_bytes <= BUDGET && stats.accepted == accepted, "{stats:?}");
    assert!(poll_immediate(producer.send(record(0))).await.is_none(), "send waits");
    let grown = before.zip(after).map(|(before, after)| after.saturating_sub(before));
    eprintln!(
        "row 10 | {OFFERED} records offered, {accepted} taken, {full} told that it is full | \
         {} bytes of {BUDGET} counted, resident memory grew by {grown:?} bytes",
        stats.buffered_bytes
    );
    assert!(grown.is_none_or(|grown| grown <= BUDGET + ALLOWANCE), "{grown:?}");
    let report = drain.finish(Duration::from_secs(1)).await;
    assert_eq!((report.delivered, report.undelivered.len() as u64), (0, accepted));
    assert_eq!(producer.stats().buffered_bytes, 0);
}
