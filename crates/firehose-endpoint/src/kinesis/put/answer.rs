//! The answers to puts, written by hand.

use std::io::Write;

use bytes::Bytes;
use kinesis_stream::{Placed, ShardId, Throttled};

/// Bytes of one entry of an answer, about.
const ENTRY: usize = 120;

/// `{"ShardId":"…","SequenceNumber":"…"}`
pub(super) fn put_record(placed: &Placed) -> Bytes {
    let mut answer = Vec::with_capacity(ENTRY);
    accepted(&mut answer, placed);
    answer.into()
}

/// One entry for each record, in order. `message` is that of a refusal.
pub(super) fn put_records(
    outcomes: &[Result<Placed, Throttled>],
    message: impl Fn(ShardId) -> String,
) -> Bytes {
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let mut answer = Vec::with_capacity(64 + ENTRY * outcomes.len());
    // A write to memory does not fail.
    let _ = write!(answer, r#"{{"FailedRecordCount":{refused},"Records":["#);
    for (index, outcome) in outcomes.iter().enumerate() {
        if index > 0 {
            answer.push(b',');
        }
        match outcome {
            Ok(placed) => accepted(&mut answer, placed),
            Err(Throttled(shard)) => {
                let entry = serde_json::json!({
                    "ErrorCode": "ProvisionedThroughputExceededException",
                    "ErrorMessage": message(*shard),
                });
                let _ = write!(answer, "{entry}");
            }
        }
    }
    answer.extend_from_slice(b"]}");
    answer.into()
}

/// Names of shards and numbers need no escaping.
fn accepted(answer: &mut Vec<u8>, placed: &Placed) {
    let Placed { shard, sequence_number, .. } = placed;
    let _ = write!(answer, r#"{{"SequenceNumber":"{sequence_number}","ShardId":"{shard}"}}"#);
}
