//! What every sink must do, as functions to be called from a test of yours.
//!
//! A function holds one rule and is named by it. They look at a sink from outside only; whether it
//! stores what it accepts is for its own tests to see.
//!
//! ```
//! use std::sync::Arc;
//! use firehose_sink::{FirehoseSink, MemorySink, conformance};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! conformance::all(&|| async { Arc::new(MemorySink::new("mine")) as Arc<dyn FirehoseSink> }).await;
//! # }
//! ```
//!
//! # Panics
//!
//! All of them, with a message that says which rule was broken and how.

use std::{future::Future, sync::Arc};

use futures::future::{join_all, poll_immediate};

use crate::{FirehoseSink, FirehoseSinkExt, Outcome, PutError, PutErrorKind, Record, Stored};

/// Limits above this are not tried out: filling them would take more memory than a test should.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Holds a sink to every rule. `factory` makes a fresh, empty, healthy one for each of them.
pub async fn all<F, Made>(factory: &F)
where
    F: Fn() -> Made + Sync,
    Made: Future<Output = Arc<dyn FirehoseSink>> + Send,
{
    names_its_stream(&*factory().await);
    has_limits_that_allow_a_record(&*factory().await);
    accepts_an_empty_batch(&*factory().await).await;
    gives_one_outcome_for_each_record(&*factory().await).await;
    gives_an_outcome_for_an_empty_record(&*factory().await).await;
    gives_different_ids(&*factory().await).await;
    takes_a_record_of_the_largest_size(&*factory().await).await;
    fails_a_call_with_a_larger_record(&*factory().await).await;
    takes_as_many_records_as_it_says(&*factory().await).await;
    fails_a_call_with_more_records(&*factory().await).await;
    fails_a_call_with_more_bytes(&*factory().await).await;
    serves_after_a_failed_call(&*factory().await).await;
    answers_calls_side_by_side(&*factory().await).await;
    survives_a_call_that_is_dropped(&*factory().await).await;
}

/// The name of the stream is not empty and does not change.
pub fn names_its_stream(sink: &dyn FirehoseSink) {
    assert!(!sink.stream().is_empty(), "names_its_stream: the name is empty");
    assert_eq!(sink.stream(), sink.stream(), "names_its_stream: the name changes");
}

/// The limits are the same every time, and one call can hold at least one byte in one record.
pub fn has_limits_that_allow_a_record(sink: &dyn FirehoseSink) {
    let limits = sink.limits();
    assert_eq!(limits, sink.limits(), "has_limits_that_allow_a_record: they change");
    assert!(
        limits.records > 0 && limits.bytes > 0 && limits.record_bytes > 0,
        "has_limits_that_allow_a_record: {limits:?} allow nothing"
    );
}

/// A batch without records succeeds, with no outcomes.
pub async fn accepts_an_empty_batch(sink: &dyn FirehoseSink) {
    let outcomes = put(sink, &[], "accepts_an_empty_batch").await;
    assert!(outcomes.is_empty(), "accepts_an_empty_batch: {} outcomes", outcomes.len());
}

/// As many outcomes as records, for one record and for several.
pub async fn gives_one_outcome_for_each_record(sink: &dyn FirehoseSink) {
    for count in [1, 2, 7] {
        let batch = records(count.min(sink.limits().records));
        put(sink, &batch, "gives_one_outcome_for_each_record").await;
    }
    let single = sink.put(Record::new("x")).await;
    assert!(single.is_ok(), "gives_one_outcome_for_each_record: a single put failed: {single:?}");
}

/// A record without data is a record: it has an outcome.
pub async fn gives_an_outcome_for_an_empty_record(sink: &dyn FirehoseSink) {
    let batch = [Record::new("")];
    put(sink, &batch, "gives_an_outcome_for_an_empty_record").await;
}

/// No two accepted records have the same id, in one call or in several.
pub async fn gives_different_ids(sink: &dyn FirehoseSink) {
    let batch = records(sink.limits().records.min(10));
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        for outcome in put(sink, &batch, "gives_different_ids").await {
            if let Outcome::Accepted(id) = outcome {
                let shown = id.to_string();
                assert!(seen.insert(id), "gives_different_ids: {shown} came twice");
            }
        }
    }
}

/// A record of exactly `limits().record_bytes` passes.
pub async fn takes_a_record_of_the_largest_size(sink: &dyn FirehoseSink) {
    let limits = sink.limits();
    let size = limits.record_bytes.min(limits.bytes);
    if size <= MOST_BYTES {
        put(sink, &[record_of(size)], "takes_a_record_of_the_largest_size").await;
    }
}

/// One byte more, and the whole call fails as invalid, storing nothing.
pub async fn fails_a_call_with_a_larger_record(sink: &dyn FirehoseSink) {
    let size = sink.limits().record_bytes.saturating_add(1);
    if size <= MOST_BYTES {
        let error = sink.put_batch(&[record_of(size)]).await;
        expect_invalid(sink, error, "fails_a_call_with_a_larger_record");
    }
}

/// A batch of exactly `limits().records` records passes.
pub async fn takes_as_many_records_as_it_says(sink: &dyn FirehoseSink) {
    let limits = sink.limits();
    if limits.records <= MOST_BYTES / 128 && limits.records <= limits.bytes {
        let batch = vec![Record::new("x"); limits.records];
        put(sink, &batch, "takes_as_many_records_as_it_says").await;
    }
}

/// One record more, and the whole call fails as invalid, storing nothing.
pub async fn fails_a_call_with_more_records(sink: &dyn FirehoseSink) {
    let count = sink.limits().records.saturating_add(1);
    if count <= MOST_BYTES / 128 {
        let error = sink.put_batch(&vec![Record::new("x"); count]).await;
        expect_invalid(sink, error, "fails_a_call_with_more_records");
    }
}

/// More bytes than `limits().bytes`, in records that are each allowed: the whole call fails as
/// invalid, storing nothing. Exactly as many pass.
pub async fn fails_a_call_with_more_bytes(sink: &dyn FirehoseSink) {
    let limits = sink.limits();
    let size = limits.record_bytes.min(limits.bytes);
    let (whole, left) = (limits.bytes / size, limits.bytes % size);
    if limits.bytes > MOST_BYTES || whole + 2 > limits.records {
        return;
    }
    let mut batch = vec![record_of(size); whole];
    batch.push(record_of(left));
    put(sink, &batch, "fails_a_call_with_more_bytes").await;
    batch.push(Record::new("x"));
    let error = sink.put_batch(&batch).await;
    expect_invalid(sink, error, "fails_a_call_with_more_bytes");
}

/// After a call that failed the next one is served.
pub async fn serves_after_a_failed_call(sink: &dyn FirehoseSink) {
    fails_a_call_with_a_larger_record(sink).await;
    put(sink, &[Record::new("x")], "serves_after_a_failed_call").await;
}

/// Calls side by side each get their own outcomes.
pub async fn answers_calls_side_by_side(sink: &dyn FirehoseSink) {
    let calls = (1..=8).map(|count| async move {
        let batch = records(count.min(sink.limits().records));
        put(sink, &batch, "answers_calls_side_by_side").await;
    });
    join_all(calls).await;
}

/// A call whose future is dropped half-way does not block the next ones.
pub async fn survives_a_call_that_is_dropped(sink: &dyn FirehoseSink) {
    let batch = records(sink.limits().records.min(5));
    for _ in 0..3 {
        let _half_way = poll_immediate(sink.put_batch(&batch)).await;
    }
    put(sink, &batch, "survives_a_call_that_is_dropped").await;
}

fn records(count: usize) -> Vec<Record> {
    (0..count).map(|n| Record::new(format!("{}", n % 10))).collect()
}

fn record_of(size: usize) -> Record {
    Record::new(vec![b'x'; size])
}

/// Puts a batch that must go well, and checks the number of outcomes.
async fn put(sink: &dyn FirehoseSink, batch: &[Record], rule: &str) -> Vec<Outcome> {
    match sink.put_batch(batch).await {
        Ok(outcomes) => {
            let (found, wanted) = (outcomes.len(), batch.len());
            assert_eq!(found, wanted, "{rule}: {found} outcomes for {wanted} records");
            outcomes
        }
        Err(error) => panic!("{rule}: {} records: {error}", batch.len()),
    }
}

fn expect_invalid(sink: &dyn FirehoseSink, answer: Result<Vec<Outcome>, PutError>, rule: &str) {
    let Err(error) = answer else { panic!("{rule}: the call went well") };
    assert_eq!(error.kind(), PutErrorKind::Invalid, "{rule}: the wrong kind: {error}");
    assert_eq!(error.stored(), Stored::Nothing, "{rule}: part may be stored: {error}");
    assert_eq!(error.stream(), sink.stream(), "{rule}: the error names another stream");
}
