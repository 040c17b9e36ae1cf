//! Several records of the sender in one of the stream's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use proptest::prelude::*;

use super::{AMPLE, over, record, settle_down, start};
use crate::{
    DeadLetter, FaultSink, Limits, MemorySink, Record, Retry, Stop, split_mix::SplitMix64,
};

fn document(n: usize) -> Record {
    Record::new(format!("{{\"n\":{n}}}"))
}

/// The documents in the records of a stream, in their order.
fn documents(sink: &MemorySink) -> Vec<Record> {
    let records = sink.records();
    let text = |record: &Record| String::from_utf8(record.data().to_vec()).expect("text");
    let pieces = records.iter().flat_map(|record| {
        let text = text(record);
        text.split_inclusive('}').map(|piece| Record::from(piece.to_owned())).collect::<Vec<_>>()
    });
    pieces.collect()
}

#[tokio::test(start_paused = true)]
async fn documents_fill_packs_in_their_order() {
    let (sink, producer, drain) = start(|builder| builder.pack(100).in_flight(1));
    producer.send_all((10..90).map(document)).await.expect("accepted");
    producer.flush().await;
    assert_eq!(documents(&sink), (10..90).map(document).collect::<Vec<_>>());
    // Eight bytes each, twelve to a pack.
    assert_eq!((sink.len(), sink.batch_sizes().as_slice()), (7, &[7_usize][..]));
    assert!(sink.records().iter().all(|record| record.len() <= 100));
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.accepted, report.delivered, report.delivered_bytes), (80, 80, 640));
    assert_eq!(producer.watermark(), 80);
}

#[tokio::test(start_paused = true)]
async fn large_and_keyed_records_stay_alone_and_in_order() {
    let (sink, producer, drain) = start(|builder| builder.pack(20).in_flight(1));
    let keyed = Record::new("{\"k\":1}").with_partition_key("Ahab");
    let large = Record::new(vec![b'x'; 21]);
    let sent = [document(1), document(2), keyed.clone(), document(3), large.clone(), document(4)];
    producer.send_all(sent).await.expect("accepted");
    assert!(drain.finish(AMPLE).await.is_complete());
    let two = Record::from("{\"n\":1}{\"n\":2}");
    assert_eq!(sink.records(), [two, keyed, document(3), large, document(4)]);
}

#[tokio::test(start_paused = true)]
async fn a_pack_waits_for_the_linger_and_not_longer() {
    let (sink, producer, _drain) = start(|builder| builder.pack(5 * 1024));
    producer.send_all((0..3).map(document)).await.expect("accepted");
    settle_down().await;
    assert_eq!(sink.calls(), 0);
    tokio::time::sleep(Duration::from_millis(201)).await;
    assert_eq!((sink.calls(), sink.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn every_document_has_its_own_receipt() {
    let (sink, producer, drain) = start(|builder| builder.pack(5 * 1024));
    sink.refuse_next(1);
    producer.send(document(0)).await.expect("accepted");
    let tracked = producer.send_tracked(document(1)).await.expect("accepted");
    producer.send(document(2)).await.expect("accepted");
    let other = producer.send_tracked(document(3)).await.expect("accepted");
    let (one, two) = (tracked.await.expect("delivered"), other.await.expect("delivered"));
    assert_eq!((one.attempts, &one.id), (2, &two.id), "they share the id of their pack");
    let report = drain.finish(AMPLE).await;
    assert_eq!((report.refused, report.retried, report.delivered), (4, 4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_bad_document_is_found_within_its_pack() {
    let store = MemorySink::new("ratings");
    let sink = FaultSink::new(store.clone(), 7)
        .with_poison(|record| record.data().windows(9).any(|window| window == b"{\"n\":777}"));
    let letters = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&letters);
    let (producer, drain) = over(sink, |builder| {
        builder.pack(400).dead_letters(move |letter: &DeadLetter| {
            kept.lock().expect("no panic").push(letter.record.clone());
        })
    });
    producer.send_all((0..2_000).map(document)).await.expect("accepted");
    let report = drain.finish(AMPLE).await;
    assert_eq!(*letters.lock().expect("no panic"), [document(777)]);
    assert_eq!((report.delivered, report.dead_lettered), (1_999, 1));
    let mut found = documents(&store);
    found.sort_by_key(Record::len);
    assert_eq!(found.len(), 1_999);
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_comes_back_as_documents() {
    let retry = Retry { stop: Stop::Attempts(2), ..Retry::default() };
    let (sink, producer, drain) = start(|builder| builder.pack(5 * 1024).retry(retry));
    sink.refuse_every(1);
    producer.send_all((0..10).map(document)).await.expect("accepted");
    producer.flush().await;
    sink.hang();
    producer.send_all((10..20).map(document)).await.expect("accepted");
    let report = drain.finish(Duration::from_secs(1)).await;
    let back: Vec<Record> = report.undelivered.into_iter().map(|(record, _)| record).collect();
    assert_eq!(back, (0..20).map(document).collect::<Vec<_>>());
    assert_eq!(producer.stats().buffered_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn a_pack_is_no_larger_than_a_record_may_be() {
    let limits = Limits { record_bytes: 16, ..Limits::FIREHOSE };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, drain) = over(sink.clone(), |builder| builder.pack(5 * 1024));
    producer.send_all((0..9).map(record)).await.expect("accepted");
    assert!(drain.finish(AMPLE).await.is_complete());
    assert!(sink.records().iter().all(|record| record.len() <= 16));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Faults, sizes, bounds: each document is stored once, and again only as often as counted.
    #[test]
    fn packed_documents_are_accounted_for(
        seed: u64,
        pack in 1_usize..400,
        buffer_bytes in 1_usize..20_000,
        in_flight in 1_usize..5,
        refused in 0.0_f64..0.4,
        ambiguous in 0.0_f64..0.2,
        limits in (1_usize..50, 400_usize..2_000),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let limits = Limits { records: limits.0, bytes: limits.1, record_bytes: 400 };
            let store = MemorySink::new("ratings").with_limits(limits);
            let sink = FaultSink::new(store.clone(), seed)
                .with_refused_records(refused)
                .with_ambiguous_calls(ambiguous)
                .with_latency(Duration::ZERO, Duration::from_millis(3));
            let sink = Arc::new(sink);
            let builder = crate::Producer::builder(Arc::clone(&sink) as Arc<_>).seed(seed);
            let builder = builder.buffer_bytes(buffer_bytes).in_flight(in_flight);
            let (producer, drain) = builder.pack(pack).start();
            let mut random = SplitMix64::with_seed(seed);
            let mut receipts = Vec::new();
            for n in 0..300 {
                match random.up_to(2) {
                    0 => receipts.push(producer.send_tracked(document(n)).await.expect("accepted")),
                    _ => producer.send(document(n)).await.expect("accepted"),
                }
            }
            producer.flush().await;
            assert_eq!((producer.watermark(), producer.stats().buffered_bytes), (300, 0));
            let report = drain.finish(AMPLE).await;
            for receipt in receipts {
                receipt.await.expect("delivered");
            }
            let mut stored: HashMap<Bytes, u64> = HashMap::new();
            for document in documents(&store) {
                *stored.entry(document.into_data()).or_default() += 1;
            }
            assert_eq!((stored.len(), report.delivered), (300, 300));
            let duplicates: u64 = stored.values().map(|times| times - 1).sum();
            assert!(duplicates <= report.maybe_duplicated, "{duplicates}: {report}");
        });
    }
}
