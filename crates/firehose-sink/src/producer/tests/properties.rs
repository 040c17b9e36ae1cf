//! Properties over any limits, any sizes and any pattern of refusals.

use std::future::Future;

use proptest::{collection::vec, prelude::*};

use super::{AMPLE, over, record};
use crate::{Limits, MemorySink, Producer, Record, Retry, SendError, Stop};

fn on_a_paused_clock<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("a runtime").block_on(future)
}

/// A record of this size that tells its number as far as it has room.
fn sized(n: usize, size: usize) -> Record {
    let digits = n.to_string().into_bytes();
    Record::new(digits.into_iter().cycle().take(size).collect::<Vec<u8>>())
}

/// Sends all records, in whichever way, and gives those that were refused.
async fn send(producer: &Producer, records: Vec<Record>, singly: bool) -> Vec<Record> {
    let mut refused = Vec::new();
    let mut records = records.into_iter();
    if singly {
        for record in records {
            let answer = producer.send(record).await;
            refused.extend(answer.err().map(SendError::into_record));
        }
        return refused;
    }
    while let Err(error) = producer.send_all(records.by_ref()).await {
        assert!(error.rest.is_empty(), "nothing behind the refused record was taken");
        refused.push(error.error.into_record());
    }
    refused
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// The sink fails any call above its limits, so a complete report means that there was none.
    #[test]
    fn batches_keep_the_limits_and_the_order(
        records in 1_usize..20,
        bytes in 1_usize..200,
        record_bytes in 1_usize..250,
        sizes in vec(0_usize..250, 0..100),
        buffer_bytes in 1_usize..5_000,
        singly: bool,
    ) {
        let limits = Limits { records, bytes, record_bytes };
        let sink = MemorySink::new("ratings").with_limits(limits);
        let sent: Vec<Record> = sizes.iter().enumerate().map(|(n, &size)| sized(n, size)).collect();
        let largest = record_bytes.min(bytes);
        let (fitting, oversized): (Vec<_>, Vec<_>) =
            sent.iter().cloned().partition(|record| record.len() <= largest);
        let (refused, report) = on_a_paused_clock(async {
            let (producer, drain) = over(sink.clone(), |builder| {
                builder.in_flight(1).buffer_bytes(buffer_bytes)
            });
            let refused = send(&producer, sent, singly).await;
            (refused, drain.finish(AMPLE).await)
        });
        prop_assert_eq!(refused, oversized);
        prop_assert!(report.is_complete(), "{}", report);
        prop_assert_eq!(sink.records(), fitting);
    }

    /// Whatever is refused whenever: each record is stored once, and nothing else is sent again.
    #[test]
    fn any_pattern_of_refusals_ends_with_each_record_stored_once(
        pattern in vec(any::<bool>(), 0..2_000),
        count in 0_usize..500,
        in_flight in 1_usize..5,
    ) {
        let limits = Limits { records: 37, ..Limits::FIREHOSE };
        let sink = MemorySink::new("ratings").with_limits(limits);
        let mut pattern = pattern.into_iter();
        sink.refuse_if(move |_| pattern.next().unwrap_or(false));
        let report = on_a_paused_clock(async {
            let retry = Retry { stop: Stop::Never, ..Retry::default() };
            let (producer, drain) =
                over(sink.clone(), |builder| builder.in_flight(in_flight).retry(retry));
            producer.send_all((0..count).map(record)).await.expect("accepted");
            drain.finish(AMPLE * 24).await
        });
        prop_assert!(report.is_complete(), "{}", report);
        prop_assert_eq!(report.retried, report.refused);
        let mut stored: Vec<_> = sink.take().into_iter().map(Record::into_data).collect();
        prop_assert_eq!(stored.len(), count);
        stored.sort();
        stored.dedup();
        prop_assert_eq!(stored.len(), count);
    }
}
