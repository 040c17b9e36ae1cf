//! PutRecord and PutRecords: the hot path.

mod answer;
mod request;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use kinesis_stream::{NewRecord, Placed, Throttled};

use self::request::Put;
use super::{
    Target,
    error::{invalid, rate_exceeded, rate_exceeded_message},
};
use crate::{
    protocol::{AwsError, Caller},
    state::{LiveDataStream, State},
};

/// What one PutRecords may hold, keys included.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
const CALL_BYTES: usize = 10 << 20;

/// One record.
pub(super) async fn put_record(
    state: &State,
    caller: &Caller,
    body: &Bytes,
) -> Result<Bytes, AwsError> {
    let put = request::put_record(body)?;
    let (target, outcomes) = take(state, caller, &put, |_| "data".to_owned()).await?;
    match outcomes.first() {
        Some(Ok(placed)) => Ok(answer::put_record(placed)),
        Some(Err(Throttled(shard))) => Err(rate_exceeded(&target.owner, &target.name, *shard)),
        None => Err(AwsError::internal("the stream did not answer for the record")),
    }
}

/// Up to 500 records, each with an outcome of its own.
pub(super) async fn put_records(
    state: &State,
    caller: &Caller,
    body: &Bytes,
) -> Result<Bytes, AwsError> {
    let put = request::put_records(body)?;
    if put.records.iter().map(NewRecord::bytes).sum::<usize>() > CALL_BYTES {
        return Err(invalid("Records size exceeds 10 MB limit"));
    }
    let place = |index: usize| format!("records.{}.member.data", index + 1);
    let (target, outcomes) = take(state, caller, &put, place).await?;
    let message = |shard| rate_exceeded_message(&target.owner, &target.name, shard);
    Ok(answer::put_records(&outcomes, message))
}

/// Refuses a record that is larger than the stream allows: key and data together, of which the
/// data alone has the model's words.
fn check_sizes(
    records: &[NewRecord],
    most: usize,
    place: impl Fn(usize) -> String,
) -> Result<(), AwsError> {
    let Some(index) = records.iter().position(|record| record.bytes() > most) else {
        return Ok(());
    };
    let data = records.get(index).map_or(0, |record| record.bytes() - record.key_bytes());
    let place = place(index);
    if data > most {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value at '{place}' failed to satisfy constraint: Member \
             must have length less than or equal to {most}"
        )));
    }
    Err(invalid(format!(
        "The partition key and the data at '{place}' together exceed {most} bytes"
    )))
}

/// Gives the records to the stream. `place` names a record in a message.
async fn take(
    state: &State,
    caller: &Caller,
    put: &Put,
    place: impl Fn(usize) -> String + Send,
) -> Result<(Target, Vec<Result<Placed, Throttled>>), AwsError> {
    let target = Target::new(caller, put.stream.as_deref(), put.arn.as_deref())?;
    let live = target.live(state)?;
    check_sizes(&put.records, live.max_record_bytes(), place)?;
    let now = state.settings.clock.now();
    let refused = state.faults.refused_entries(put.operation, put.records.len());
    if refused.is_empty() {
        let outcomes = live.stream.put(now, &put.records);
        keep(&live, now, &put.records, &outcomes).await?;
        return Ok((target, outcomes));
    }
    let throttled = |record: &NewRecord| Throttled(live.stream.shard_of(record.hash_key()));
    let outcomes = put.records.iter().enumerate().flat_map(|(index, record)| {
        if refused.contains(&index) {
            vec![Err(throttled(record))]
        } else {
            live.stream.put(now, std::slice::from_ref(record))
        }
    });
    let outcomes: Vec<_> = outcomes.collect();
    keep(&live, now, &put.records, &outcomes).await?;
    Ok((target, outcomes))
}

/// Waits until what was taken is as safe as the endpoint's durability says.
async fn keep(
    live: &LiveDataStream,
    now: DateTime<Utc>,
    records: &[NewRecord],
    outcomes: &[Result<Placed, Throttled>],
) -> Result<(), AwsError> {
    let Some(log) = &live.log else { return Ok(()) };
    if outcomes.iter().all(Result::is_err) {
        return Ok(());
    }
    let failed = |why: String| AwsError::internal(why);
    let batch = log.append(now, records, outcomes).map_err(|why| failed(why.to_string()))?;
    let horizon = TimeDelta::from_std(live.stream.retention()).unwrap_or(TimeDelta::MAX);
    let horizon = now.checked_sub_signed(horizon).unwrap_or(DateTime::<Utc>::MIN_UTC);
    log.commit(batch, horizon).await.map_err(failed)
}
