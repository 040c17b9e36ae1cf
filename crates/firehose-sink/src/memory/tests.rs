//! What the script does, seen through the sink.

use super::MemorySink;
use crate::{FirehoseSink, Limits, PutErrorKind, Record, Stored};

fn records(count: usize) -> Vec<Record> {
    (0..count).map(|n| Record::new(n.to_string())).collect()
}

async fn refused(sink: &MemorySink, count: usize) -> Vec<usize> {
    let outcomes = sink.put_batch(&records(count)).await.expect("the call succeeds");
    (0..count).filter(|&n| !outcomes[n].is_accepted()).collect()
}

#[cfg(feature = "conformance")]
#[tokio::test]
async fn it_conforms() {
    use std::sync::Arc;
    crate::conformance::all(&|| async { Arc::new(MemorySink::new("ratings")) as _ }).await;
}

#[tokio::test]
async fn it_keeps_what_it_took_in_order_and_shares_it_between_clones() {
    let sink = MemorySink::new("ratings");
    sink.clone().put_batch(&records(3)).await.expect("taken");
    assert_eq!(sink.records(), records(3));
    assert_eq!((sink.len(), sink.calls(), sink.batch_sizes()), (3, 1, vec![3]));
    assert_eq!(sink.take(), records(3));
    assert!(sink.is_empty());
}

#[tokio::test]
async fn failures_last_as_long_as_scripted() {
    let sink = MemorySink::new("ratings");
    sink.fail_next(2, PutErrorKind::Throttled, Stored::Nothing);
    for _ in 0..2 {
        let error = sink.put_batch(&records(1)).await.expect_err("scripted");
        assert_eq!((error.kind(), error.stored()), (PutErrorKind::Throttled, Stored::Nothing));
    }
    sink.put_batch(&records(1)).await.expect("the script is over");
    sink.fail_always(PutErrorKind::NotFound, Stored::Nothing);
    for _ in 0..5 {
        sink.put_batch(&records(1)).await.expect_err("scripted");
    }
    sink.heal();
    sink.put_batch(&records(1)).await.expect("healed");
    assert_eq!((sink.len(), sink.calls()), (2, 9));
}

#[tokio::test]
async fn a_failure_that_may_have_stored_did_store() {
    let sink = MemorySink::new("ratings");
    sink.fail_next(1, PutErrorKind::Timeout, Stored::Maybe);
    sink.put_batch(&records(2)).await.expect_err("scripted");
    assert_eq!(sink.len(), 2);
}

#[tokio::test]
async fn refusals_follow_their_rule() {
    let sink = MemorySink::new("ratings");
    sink.refuse_next(2);
    assert_eq!(refused(&sink, 4).await, [0, 1]);
    sink.refuse_every(3);
    assert_eq!(refused(&sink, 7).await, [2, 5]);
    assert_eq!(refused(&sink, 2).await, [1], "the count goes on over calls");
    sink.refuse_if(|record| record.data().as_ref() == b"1");
    assert_eq!(refused(&sink, 3).await, [1]);
    sink.heal();
    assert!(refused(&sink, 3).await.is_empty());
}

#[tokio::test]
async fn a_share_is_the_same_for_the_same_seed() {
    let (one, two) = (MemorySink::new("ratings"), MemorySink::new("ratings"));
    one.refuse_share(0.3, 7);
    two.refuse_share(0.3, 7);
    let (first, second) = (refused(&one, 500).await, refused(&two, 500).await);
    assert_eq!(first, second);
    assert!((100..200).contains(&first.len()), "{}", first.len());
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_goes_on_when_healed() {
    let sink = MemorySink::new("ratings");
    sink.hang();
    let call = {
        let sink = sink.clone();
        tokio::spawn(
            async move { sink.put_batch(&records(1)).await.map(|outcomes| outcomes.len()) },
        )
    };
    tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
    assert!(!call.is_finished() && sink.is_empty());
    sink.heal();
    assert_eq!(call.await.expect("no panic").expect("taken"), 1);
}

#[tokio::test]
async fn debug_tells_sizes_and_no_contents() {
    let limits = Limits { records: 2, ..Limits::FIREHOSE };
    let sink = MemorySink::new("ratings").with_limits(limits);
    sink.put_batch(&[Record::new("secret")]).await.expect("taken");
    let shown = format!("{sink:?} {:?}", sink.records());
    assert!(shown.contains("ratings") && !shown.contains("secret"), "{shown}");
}
