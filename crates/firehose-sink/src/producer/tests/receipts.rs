//! Receipts tell what became of their record, and nothing depends on them.

use std::time::Duration;

use futures::future::{join_all, poll_immediate};

use super::conservation::seeds;
use super::{AMPLE, over, record, settle_down, start};
use crate::{Limits, MemorySink, Record, Stored, split_mix::SplitMix64};

#[tokio::test(start_paused = true)]
async fn a_receipt_names_the_id_and_the_attempts() {
    let (sink, producer, _drain) = start(|builder| builder);
    sink.refuse_next(1);
    let first = producer.send_tracked(record(1)).await.expect("accepted");
    let second = producer.send_tracked(record(2)).await.expect("accepted");
    let (first, second) = (first.await.expect("delivered"), second.await.expect("delivered"));
    assert_eq!((first.attempts, second.attempts), (2, 1));
    assert_eq!(first.id.to_string(), "ratings-2");
    assert_eq!(second.id.to_string(), "ratings-1");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_receipts_each_get_their_own_answer() {
    let limits = Limits { records: 7, ..Limits::FIREHOSE };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, _drain) = over(sink.clone(), |builder| builder.in_flight(1));
    let mut receipts = Vec::new();
    for n in 0..1_000 {
        receipts.push(producer.send_tracked(record(n)).await.expect("accepted"));
    }
    for (n, answer) in join_all(receipts).await.into_iter().enumerate() {
        let id = answer.expect("delivered").id.to_string();
        assert_eq!(id, format!("ratings-{:x}", n + 1));
    }
}

/// Some records are tracked and some not, some packed, three in ten refused each time: a receipt's
/// id is always that under which the stream has its record.
#[tokio::test(start_paused = true)]
async fn every_receipt_has_the_outcome_of_its_own_record() {
    for seed in seeds() {
        let mut random = SplitMix64::with_seed(seed);
        let records = 1 + usize::try_from(random.up_to(90)).expect("small");
        let sink = MemorySink::new("ratings").with_limits(Limits { records, ..Limits::FIREHOSE });
        sink.refuse_share(0.3, seed);
        let packs = seed % 2 == 0;
        let (producer, _drain) =
            over(sink.clone(), |builder| if packs { builder.pack(64) } else { builder });
        let mut receipts = Vec::new();
        for n in 0..3_000 {
            let record = Record::from(format!("<{n}>"));
            match random.up_to(3) {
                0 => producer.send(record).await.expect("accepted"),
                _ => receipts.push((n, producer.send_tracked(record).await.expect("accepted"))),
            }
        }
        producer.flush().await;
        let (stored, mut again) = (sink.records(), 0);
        for (n, mut receipt) in receipts {
            let delivered = (&mut receipt).await.expect("delivered");
            assert_eq!(receipt.await.expect("delivered"), delivered, "seed {seed}: asked again");
            let id = delivered.id.to_string();
            let number = id.strip_prefix("ratings-").expect("the sink's prefix");
            let place = usize::from_str_radix(number, 16).expect("a number") - 1;
            let text = String::from_utf8_lossy(stored[place].data());
            assert!(text.contains(&format!("<{n}>")), "seed {seed}: {n} is not in {text}");
            again += usize::from(delivered.attempts > 1);
        }
        assert!(again > 0, "seed {seed}: something was refused");
    }
}

/// On real threads: whoever asks at the very moment of the answer gets it or is woken.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_receipt_is_left_asleep() {
    let limits = Limits { records: 3, ..Limits::FIREHOSE };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, drain) = over(sink, |builder| builder.linger(Duration::ZERO));
    let mut tasks = Vec::new();
    for n in 0..20_000 {
        let receipt = producer.send_tracked(record(n)).await.expect("accepted");
        tasks.push(tokio::spawn(receipt));
    }
    for task in tasks {
        task.await.expect("no panic").expect("delivered");
    }
    assert!(drain.finish(AMPLE).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn dropped_receipts_change_nothing() {
    let (sink, producer, drain) = start(|builder| builder);
    for n in 0..1_000 {
        let receipt = producer.send_tracked(record(n)).await.expect("accepted");
        let _polled_once = poll_immediate(receipt).await;
    }
    assert!(drain.finish(AMPLE).await.is_complete());
    assert_eq!((sink.len(), producer.stats().buffered_bytes), (1_000, 0));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_moved_to_another_task_wakes_that_task() {
    let (sink, producer, _drain) = start(|builder| builder);
    sink.hang();
    let mut receipt = producer.send_tracked(record(1)).await.expect("accepted");
    assert!(poll_immediate(&mut receipt).await.is_none());
    let other = tokio::spawn(receipt);
    settle_down().await;
    sink.heal();
    assert_eq!(other.await.expect("no panic").expect("delivered").attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_resolves_at_the_deadline_and_says_what_may_be_stored() {
    let limits = Limits { records: 1, ..Limits::FIREHOSE };
    let sink = MemorySink::new("ratings").with_limits(limits);
    let (producer, drain) = over(sink.clone(), |builder| builder.in_flight(1));
    sink.hang();
    let in_call = producer.send_tracked(record(1)).await.expect("accepted");
    let queued = producer.send_tracked(record(2)).await.expect("accepted");
    drain.finish(Duration::from_secs(5)).await;
    let (in_call, queued) = (in_call.await.expect_err("hung"), queued.await.expect_err("queued"));
    assert_eq!((in_call.stored, in_call.attempts), (Stored::Maybe, 1));
    assert_eq!((queued.stored, queued.attempts), (Stored::Nothing, 0));
}

#[test]
fn a_receipt_resolves_when_the_runtime_is_gone() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let first = runtime().expect("a runtime");
    let (receipts, drain) = first.block_on(async {
        let limits = Limits { records: 1, ..Limits::FIREHOSE };
        let sink = MemorySink::new("ratings").with_limits(limits);
        sink.hang();
        let (producer, drain) = over(sink, |builder| builder.in_flight(1));
        let one = producer.send_tracked(record(1)).await.expect("accepted");
        let two = producer.send_tracked(record(2)).await.expect("accepted");
        settle_down().await;
        ([one, two], drain)
    });
    drop(first);
    let report = runtime().expect("a runtime").block_on(drain.finish(Duration::ZERO));
    assert_eq!((report.accepted, report.undelivered.len()), (2, 2));
    for receipt in receipts {
        let answer = runtime().expect("a runtime").block_on(receipt);
        answer.expect_err("nothing was delivered");
    }
}
