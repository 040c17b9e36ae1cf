//! PutRecord and PutRecordBatch: the hot path.

mod answer;
mod request;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use firehose_sink::{Outcome, PutError, PutErrorKind, Record, Refusal};

use super::{
    error::{invalid, not_found, slow_down},
    limits,
    source::not_permitted,
};
use crate::{
    protocol::{AwsError, Caller},
    state::{Live, State},
};

/// How long a put waits for room in the stream before it is told to slow down: well within the
/// time after which clients give an answer up.
const PATIENCE: Duration = Duration::from_secs(5);

/// One record.
pub(super) async fn put_record(
    state: &State,
    caller: &Caller,
    body: &Bytes,
) -> Result<Bytes, AwsError> {
    let began = Instant::now();
    let put = request::put_record(body)?;
    let live = active(state, caller, &put.stream)?;
    let outcomes = hand_over(&live, caller, &put.records).await?;
    let bytes = put.records.iter().map(Record::len).sum();
    match outcomes.first() {
        Some(Outcome::Accepted(id)) => {
            live.counters.put_record(bytes, began.elapsed());
            Ok(answer::put_record(id, live.encrypted.load(Ordering::Relaxed)))
        }
        _ => {
            live.counters.throttled(1);
            Err(slow_down())
        }
    }
}

/// Up to 500 records, each with an outcome of its own.
pub(super) async fn put_record_batch(
    state: &State,
    caller: &Caller,
    body: &Bytes,
) -> Result<Bytes, AwsError> {
    let began = Instant::now();
    let put = request::put_record_batch(body)?;
    let bytes: usize = put.records.iter().map(Record::len).sum();
    if bytes > limits::BATCH_BYTES {
        return Err(invalid("Records size exceeds 4 MB limit"));
    }
    let live = active(state, caller, &put.stream)?;
    let outcomes = with_faults(state, &live, caller, put.records).await?;
    let refused = outcomes.iter().filter(|outcome| !outcome.is_accepted()).count();
    live.counters.put_record_batch(outcomes.len(), bytes, began.elapsed());
    live.counters.throttled(refused);
    Ok(answer::put_record_batch(&outcomes, refused, live.encrypted.load(Ordering::Relaxed)))
}

/// A stream that takes records now.
fn active(state: &State, caller: &Caller, name: &str) -> Result<Arc<Live>, AwsError> {
    let live = state.streams.live(caller, name).ok_or_else(|| not_found(caller, name))?;
    if !state.settings.transition.is_zero() && state.settings.clock.now() < live.active_at {
        return Err(not_found(caller, name));
    }
    if live.has_source {
        return Err(not_permitted());
    }
    Ok(live)
}

/// Puts the records that no fault rule refuses.
async fn with_faults(
    state: &State,
    live: &Live,
    caller: &Caller,
    records: Vec<Record>,
) -> Result<Vec<Outcome>, AwsError> {
    let refused = state.faults.refused_entries("PutRecordBatch", records.len());
    if refused.is_empty() {
        return hand_over(live, caller, &records).await;
    }
    let is_refused = |index: &usize| refused.contains(index);
    let kept: Vec<Record> = records
        .iter()
        .enumerate()
        .filter(|(index, _)| !is_refused(index))
        .map(|(_, record)| record.clone())
        .collect();
    let mut taken = hand_over(live, caller, &kept).await?.into_iter();
    let outcome = |index| match is_refused(&index) {
        true => Outcome::Refused(Refusal::slow_down()),
        false => taken.next().unwrap_or_else(|| Outcome::Refused(Refusal::slow_down())),
    };
    Ok((0..records.len()).map(outcome).collect())
}

/// Gives the records to the engine, whole or not at all.
async fn hand_over(
    live: &Live,
    caller: &Caller,
    records: &[Record],
) -> Result<Vec<Outcome>, AwsError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    match tokio::time::timeout(PATIENCE, live.stream.put_batch(records)).await {
        Ok(answered) => answered.map_err(|why| refusal(live, caller, &why)),
        Err(_) => Ok(vec![Outcome::Refused(Refusal::slow_down()); records.len()]),
    }
}

fn refusal(live: &Live, caller: &Caller, error: &PutError) -> AwsError {
    match error.kind() {
        // The stream was deleted between the look-up and the put.
        PutErrorKind::Closed => not_found(caller, live.stream.name()),
        PutErrorKind::Invalid => invalid(error.to_string()),
        _ => slow_down(),
    }
}
